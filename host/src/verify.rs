//! Reads back what was written, from as deep as the system allows, and says
//! how deep that was.

mod fits;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;

pub use fits::fits;
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{ALIGN_BYTES, Access, Aligned, Storage};
use crate::hash::{Cv, GROUP_BYTES, Tree, group_cv};
use crate::patch::{Direction, Patch};

/// Groups that are read in one go, and how often a thread does that between
/// two looks at whether to stop.
const READ_GROUPS: usize = 16;
const READS: usize = 16;
/// Readers for each thread, where there is more than one: a medium answers
/// several as fast as one.
const READERS: usize = 4;
/// Readers in all: each may hold 1 MiB, whatever the number of threads.
const MOST_READERS: usize = 16;

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

    /// Reads at an offset; how much there was.
    fn read(&self, path: &Path, at: u64, memory: &mut [u8]) -> Result<usize> {
        self.storage
            .read_full_at(&self.file, memory, at)
            .map_err(|e| Error::io(&format!("read back at byte {at} of"), path, e))
    }

    /// Chaining values of groups, sorted, of a file that is to have `size`
    /// bytes; `None` for a group of which there is less, or more.
    fn cvs(&self, path: &Path, groups: &[u64], size: u64, threads: usize) -> Result<Vec<Option<Cv>>> {
        // They wait for the medium most of the time.
        let readers = if threads > 1 { (threads * READERS).min(MOST_READERS) } else { 1 };
        let share = groups.len().div_ceil(readers).max(1);
        let mut cvs = vec![None; groups.len()];
        let read = |groups: &[u64], cvs: &mut [Option<Cv>]| self.cvs_of(path, groups, size, cvs);
        std::thread::scope(|scope| {
            let mut parts = groups.chunks(share).zip(cvs.chunks_mut(share)).peekable();
            let mut others = Vec::new();
            let mut own = Ok(());
            while let Some((groups, cvs)) = parts.next() {
                // The last part is done here.
                if parts.peek().is_some() {
                    others.push(scope.spawn(move || read(groups, cvs)));
                } else {
                    own = read(groups, cvs);
                }
            }
            // The first error in the order of the file.
            others.into_iter().try_for_each(|other| other.join().unwrap_or_else(|_| Err(panicked())))?;
            own
        })?;
        Ok(cvs)
    }

    /// The same, on this thread: groups that follow each other are read in one
    /// go.
    fn cvs_of(&self, path: &Path, groups: &[u64], size: u64, cvs: &mut [Option<Cv>]) -> Result<()> {
        let mut longest = READ_GROUPS.min(groups.len());
        let mut memory = Aligned::new(longest * GROUP_BYTES as usize);
        let mut done = 0;
        while let Some(&first) = groups.get(done) {
            let follows = |(group, index): &(&u64, u64)| **group == first + index;
            let run = groups[done..].iter().zip(0..longest as u64).take_while(follows).count();
            let memory = &mut memory.as_mut_slice()[..run * GROUP_BYTES as usize];
            let count = match self.read(path, first * GROUP_BYTES, memory) {
                Ok(count) => count,
                // One by one, to tell where it fails.
                Err(_) if run > 1 => {
                    longest = 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (index, cv) in (first..).zip(&mut cvs[done..done + run]) {
                let at = (index - first) * GROUP_BYTES;
                let there = GROUP_BYTES.min((count as u64).saturating_sub(at));
                if there > 0 && there == GROUP_BYTES.min(size.saturating_sub(at + first * GROUP_BYTES)) {
                    let bytes = &memory[at as usize..(at + there) as usize];
                    *cv = Some(group_cv(bytes, index, size));
                }
            }
            done += run;
        }
        Ok(())
    }
}

fn panicked() -> Error {
    Error::new(Kind::Usage, "a thread that reads back has panicked")
}

/// Opening is not enough: some filesystems accept the flag and refuse the
/// read.
fn open_direct<S: Storage>(storage: &S, path: &Path) -> io::Result<S::File> {
    let file = storage.open(path, Access::Direct)?;
    storage.read_full_at(&file, Aligned::new(ALIGN_BYTES).as_mut_slice(), 0)?;
    Ok(file)
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
    threads: usize,
) -> Result<()> {
    let stats = &patch.seal().stats;
    let size = match direction {
        Direction::Forward => stats.post_size(),
        Direction::Reverse => stats.pre_size,
    };
    let mut reader = patch.reader(direction);
    while let Some(batch) = reader.next_batch()? {
        let wanted = batch.groups().iter().filter_map(|group| Some((group.index, group.after?)));
        let (groups, wanted): (Vec<_>, Vec<_>) = wanted.unzip();
        let found = file.cvs(path, &groups, size, threads)?;
        let differing = found.iter().zip(&wanted).position(|(found, wanted)| *found != Some(*wanted));
        if let Some(at) = differing {
            return Err(differs(path, groups[at]));
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
    threads: usize,
    cancel: Cancel<'_>,
) -> Result<()> {
    let mut tree = Tree::new();
    let (all, step) = (size.div_ceil(GROUP_BYTES), READ_GROUPS * READS * threads.max(1));
    for first in (0..all).step_by(step) {
        cancel.check()?;
        let groups: Vec<_> = (first..all).take(step).collect();
        for (index, cv) in (first..).zip(file.cvs(path, &groups, size, threads)?) {
            tree.push(cv.ok_or_else(|| differs(path, index))?);
        }
    }
    // Where the last group is full, what comes behind it must be nothing.
    let behind = size / GROUP_BYTES;
    let end = file.read(path, behind * GROUP_BYTES, Aligned::new(GROUP_BYTES as usize).as_mut_slice())?;
    if end as u64 != size % GROUP_BYTES {
        return Err(differs(path, behind));
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
