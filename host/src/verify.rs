//! Reads back what was written, from as deep as the system allows, and says
//! how deep that was.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Access, Storage};
use crate::hash::{GROUP_BYTES, Tree, group_cv};
use crate::patch::{Direction, Edits, Patch};

/// How deep a verification reaches, shallowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not read back.
    None,
    /// Read through the page cache: shows that the right bytes were handed to
    /// the kernel.
    Cached,
    /// Read after the kernel said that no page of the file is cached.
    Evicted,
    /// Read past the page cache.
    Direct,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Cached => "cached",
            Self::Evicted => "evicted",
            Self::Direct => "direct",
        })
    }
}

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The deepest level that the filesystem can do.
    Deepest,
    /// This one, or an error.
    Exactly(Level),
}

/// A file opened for reading back.
pub struct ReadBack<'s, S: Storage> {
    storage: &'s S,
    file: S::File,
    /// The level that reads reach.
    pub level: Level,
}

impl<'s, S: Storage> ReadBack<'s, S> {
    /// Opens a file that was synced before.
    ///
    /// # Errors
    /// When the wanted level cannot be reached, or on any I/O error.
    pub fn open(storage: &'s S, path: &Path, wanted: Wanted) -> Result<Self> {
        if matches!(wanted, Wanted::Deepest | Wanted::Exactly(Level::Direct)) {
            match open_direct(storage, path) {
                Ok(file) => return Ok(Self { storage, file, level: Level::Direct }),
                Err(e) if wanted != Wanted::Deepest || e.kind() != io::ErrorKind::InvalidInput => {
                    return Err(Error::io("read directly from the medium of", path, e)
                        .hint("`--verify evicted` or `--verify cached` works on every filesystem"));
                }
                Err(_) => {}
            }
        }
        let file = storage.open(path, Access::Read).map_err(Error::at("open", path))?;
        let evicted = match wanted {
            Wanted::Exactly(Level::Cached | Level::None) => false,
            _ => storage.evict(&file).map_err(Error::at("evict", path))?,
        };
        if wanted == Wanted::Exactly(Level::Evicted) && !evicted {
            return Err(Error::new(
                Kind::Verification,
                format!("{} stays in the page cache", path.display()),
            )
            .hint("another process may have it mapped; `--verify cached` reads it from there"));
        }
        Ok(Self { storage, file, level: if evicted { Level::Evicted } else { Level::Cached } })
    }

    /// Reads one group, or what there is of it.
    fn group<'b>(&self, path: &Path, index: u64, buffer: &'b mut Aligned) -> Result<&'b [u8]> {
        let bytes = buffer.as_mut_slice();
        let count = self
            .storage
            .read_full_at(&self.file, bytes, index * GROUP_BYTES)
            .map_err(|e| Error::io(&format!("read back at byte {} of", index * GROUP_BYTES), path, e))?;
        Ok(&buffer.as_mut_slice()[..count])
    }
}

/// Opening is not enough: some filesystems accept the flag and refuse the
/// read.
fn open_direct<S: Storage>(storage: &S, path: &Path) -> io::Result<S::File> {
    let file = storage.open(path, Access::Direct)?;
    storage.read_full_at(&file, Aligned::new().as_mut_slice(), 0)?;
    Ok(file)
}

/// A group of memory that direct reads accept.
struct Aligned(Vec<u8>);

const ALIGN_BYTES: usize = 4096;

impl Aligned {
    fn new() -> Self {
        Self(vec![0; GROUP_BYTES as usize + ALIGN_BYTES])
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        let skip = self.0.as_ptr().align_offset(ALIGN_BYTES);
        &mut self.0[skip..skip + GROUP_BYTES as usize]
    }
}

/// Reads back the groups that a patch touches, and compares each one's
/// chaining value with what it must be after the patch.
///
/// # Errors
/// [`Kind::Verification`] with the offset of the first group that differs.
pub fn touched<S: Storage>(
    path: &Path,
    file: &ReadBack<'_, S>,
    patch: &Patch<'_, S>,
    direction: Direction,
) -> Result<()> {
    let stats = &patch.seal().stats;
    let size = match direction {
        Direction::Forward => stats.post_size(),
        Direction::Reverse => stats.pre_size,
    };
    let mut reader = patch.reader(direction);
    let mut buffer = Aligned::new();
    while let Some(batch) = reader.next_batch()? {
        for group in batch.groups() {
            let Some(after) = group.after else { continue };
            let bytes = file.group(path, group.index, &mut buffer)?;
            if group_cv(bytes, group.index, size) != after {
                return Err(differs(path, group.index));
            }
        }
    }
    Ok(())
}

/// Reads back the whole file and compares its root.
///
/// # Errors
/// [`Kind::Verification`] when size or root differ; when somebody asked to
/// stop.
pub fn whole<S: Storage>(
    path: &Path,
    file: &ReadBack<'_, S>,
    size: u64,
    root: &blake3::Hash,
    cancel: Cancel<'_>,
) -> Result<()> {
    let mut tree = Tree::new();
    let mut buffer = Aligned::new();
    let mut at = 0;
    while at < size {
        cancel.check()?;
        let bytes = file.group(path, at / GROUP_BYTES, &mut buffer)?;
        if bytes.is_empty() {
            break;
        }
        tree.push(group_cv(bytes, at / GROUP_BYTES, size));
        at += bytes.len() as u64;
    }
    if at == size && tree.finish() == *root {
        return Ok(());
    }
    Err(Error::new(
        Kind::Verification,
        format!("{} reads back different from what was written", path.display()),
    )
    .hint("the medium or its controller is at fault: check it before anything else"))
}

fn differs(path: &Path, group: u64) -> Error {
    Error::new(
        Kind::Verification,
        format!(
            "{} reads back different from what was written, at bytes {} to {}",
            path.display(),
            group * GROUP_BYTES,
            (group + 1) * GROUP_BYTES
        ),
    )
    .hint("the medium or its controller is at fault: check it before anything else")
}

/// Whether a target is the one that a patch in in-place form was made for,
/// applied not at all, in part, or in full: it must have a size that is on the
/// way, and with all edits written over it (in memory), every touched group
/// must have the right chaining value. With `whole`, all other groups are
/// hashed too, and the root must be right.
///
/// # Errors
/// On any I/O error. A target that does not fit is `Ok(false)`.
pub fn fits<S: Storage>(
    storage: &S,
    path: &Path,
    target: &S::File,
    patch: &Patch<'_, S>,
    direction: Direction,
    whole: bool,
) -> Result<bool> {
    let seal = patch.seal();
    let (size, root) = match direction {
        Direction::Forward => (seal.stats.post_size(), &seal.post_root),
        Direction::Reverse => (seal.stats.pre_size, &seal.pre_root),
    };
    // Whatever part of the edits is written, the size is that before, that
    // after, or between: on the way to a longer file.
    let sizes = [seal.stats.pre_size, seal.stats.post_size()];
    let now = storage.stat(target).map_err(Error::at("look at", path))?.identity.size;
    if now < sizes[0].min(sizes[1]) || now > sizes[0].max(sizes[1]) {
        return Ok(false);
    }
    let mut edits = Edits::new(patch.reader(direction));
    let mut shift = 0_i64;
    let mut check = |index: u64| -> Result<[u8; 32]> {
        let range = index * GROUP_BYTES..((index + 1) * GROUP_BYTES).min(size);
        let mut bytes = vec![0; usize::try_from(range.end - range.start).expect("a group fits")];
        storage.read_full_at(target, &mut bytes, range.start).map_err(Error::at("read", path))?;
        lay_over(&mut edits, &mut shift, &range, &mut bytes)?;
        Ok(group_cv(&bytes, index, size))
    };
    if whole {
        let mut tree = Tree::new();
        for index in 0..size.div_ceil(GROUP_BYTES) {
            tree.push(check(index)?);
        }
        return Ok(tree.finish() == *root);
    }
    let mut reader = patch.reader(direction);
    while let Some(batch) = reader.next_batch()? {
        for group in batch.groups() {
            if group.after.is_some_and(|_| group.index * GROUP_BYTES < size)
                && Some(check(group.index)?) != group.after
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Writes over `bytes`, which stand at `range`, what the edits bring there.
fn lay_over<S: Storage>(
    edits: &mut Edits<'_, '_, S>,
    shift: &mut i64,
    range: &Range<u64>,
    bytes: &mut [u8],
) -> Result<()> {
    while let Some(edit) = edits.peek()? {
        let start = edit.start.wrapping_add_signed(*shift);
        let end = start + edit.new.len() as u64;
        let (from, to) = (start.max(range.start), end.min(range.end));
        if from < to {
            let new = &edit.new[(from - start) as usize..(to - start) as usize];
            bytes[(from - range.start) as usize..(to - range.start) as usize].copy_from_slice(new);
        }
        if end > range.end || start >= range.end {
            // It has a part in a later group.
            return Ok(());
        }
        *shift += edit.new.len() as i64 - edit.old.len() as i64;
        edits.advance();
    }
    Ok(())
}
