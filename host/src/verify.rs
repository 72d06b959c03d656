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

    /// Reads one group of a file that is to have `size` bytes; `None` when
    /// there is less of it, or more.
    fn group<'b>(
        &self,
        path: &Path,
        index: u64,
        size: u64,
        buffer: &'b mut Aligned,
    ) -> Result<Option<&'b [u8]>> {
        let bytes = buffer.as_mut_slice();
        let at = index * GROUP_BYTES;
        let count = self
            .storage
            .read_full_at(&self.file, bytes, at)
            .map_err(|e| Error::io(&format!("read back at byte {at} of"), path, e))?;
        let is_whole = count as u64 == GROUP_BYTES.min(size.saturating_sub(at));
        Ok(is_whole.then_some(&buffer.as_mut_slice()[..count]))
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
            let bytes = file.group(path, group.index, size, &mut buffer)?;
            if bytes.is_none_or(|bytes| group_cv(bytes, group.index, size) != after) {
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
    // Where the last group is full, what comes behind it must be nothing.
    for index in 0..=size / GROUP_BYTES {
        cancel.check()?;
        match file.group(path, index, size, &mut buffer)? {
            Some([]) => {}
            Some(bytes) => tree.push(group_cv(bytes, index, size)),
            None => return Err(differs(path, index)),
        }
    }
    if tree.finish() != *root {
        return Err(Error::new(
            Kind::Verification,
            format!("{} reads back different from what was written", path.display()),
        )
        .hint("the medium or its controller is at fault: check it before anything else"));
    }
    Ok(())
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
        storage
            .read_full_at(target, &mut bytes, range.start)
            .map_err(|e| Error::io(&format!("read at byte {} of", range.start), path, e))?;
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::fs::OsStorage;
    use crate::mapping::Mapping;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("written");
        file.as_file().sync_all().expect("synced");
        file
    }

    #[test]
    fn size_and_every_byte_of_a_whole_file_count() {
        static NEVER: AtomicBool = AtomicBool::new(false);
        let group = GROUP_BYTES as usize;
        for size in [0, 1, 1000, group - 1, group, group + 1, 2 * group, 3 * group + 5] {
            let right: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            let check = |content: &[u8], wanted| {
                let file = file(content);
                let read_back = ReadBack::open(&OsStorage, file.path(), wanted).expect("it can be read");
                let root = blake3::hash(&right);
                whole(file.path(), &read_back, size as u64, &root, Cancel::new(&NEVER)).map_err(|e| e.kind())
            };
            for wanted in [Wanted::Deepest, Wanted::Exactly(Level::Cached)] {
                assert_eq!(check(&right, wanted), Ok(()), "{size}");
                assert_eq!(check(&[&right[..], b"x"].concat(), wanted), Err(Kind::Verification), "{size}");
                for at in [0, size / 2, size.saturating_sub(1)] {
                    let mut wrong = right.clone();
                    if let Some(byte) = wrong.get_mut(at) {
                        *byte ^= 1;
                        assert_eq!(check(&wrong, wanted), Err(Kind::Verification), "{at} of {size}");
                        assert_eq!(check(&right[..at], wanted), Err(Kind::Verification), "{at} of {size}");
                    }
                }
            }
        }
    }

    /// Pages that somebody has mapped stay in memory.
    #[test]
    fn evicted_is_said_of_no_file_that_stays_in_memory() {
        let file = file(&[7; 100_000]);
        let evicted = Wanted::Exactly(Level::Evicted);
        let mapping = Mapping::new(file.as_file(), 100_000, file.path()).expect("mapped");
        assert!(mapping.bytes().iter().all(|byte| *byte == 7));
        let refused = ReadBack::open(&OsStorage, file.path(), evicted).map(|file| file.level);
        assert_eq!(refused.map_err(|e| e.kind()), Err(Kind::Verification));
        drop(mapping);
        if cachestat_works(&file) {
            let level = ReadBack::open(&OsStorage, file.path(), evicted).expect("evicted").level;
            assert_eq!(level, Level::Evicted);
        }
    }

    /// Where the kernel cannot tell, nothing is ever said to be evicted.
    fn cachestat_works(file: &tempfile::NamedTempFile) -> bool {
        OsStorage.evict(file.as_file()).expect("advice")
    }
}
