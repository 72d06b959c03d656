//! Reads back written blocks from the medium. Unwritten bytes between them may
//! come from the page cache.

use std::io;
use std::path::Path;

use super::group_run::{RUN_READERS, Run, SPOT_READERS, readers};
use super::spot::{BLOCK_BYTES, Spot};
use super::{Level, VerifyChoice};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES};
use crate::storage::{ALIGN_BYTES, Access, Aligned, Entry, Identity, Storage};

/// A file opened for reading back.
pub struct ReadBack<'s, S: Storage> {
    storage: &'s S,
    entry: Entry,
    /// The identity of the written file.
    written: Identity,
    pub(super) file: S::File,
    /// The level at which written bytes are read.
    pub level: Level,
}

impl<'s, S: Storage> ReadBack<'s, S> {
    /// Reopens a file that was written through `written` and synced.
    ///
    /// # Errors
    /// When the name belongs to a different file by now, when the wanted level
    /// cannot be reached, or on any I/O error.
    pub fn open(storage: &'s S, written: &S::File, entry: &Entry, wanted: VerifyChoice) -> Result<Self> {
        let path = entry.path();
        let written = storage.stat(written).map_err(Error::at("inspect", path))?.identity;
        let opened = |file, level| {
            let back = Self { storage, entry: entry.clone(), written: written.clone(), file, level };
            back.check_same(&back.file).map(|()| back)
        };
        let direct = match wanted {
            VerifyChoice::Deepest | VerifyChoice::Exactly(Level::Direct) => {
                open_direct(storage, entry).map(Some)
            }
            VerifyChoice::Exactly(_) => Ok(None),
        };
        match direct {
            Ok(Some(file)) => return opened(file, Level::Direct),
            Ok(None) => {}
            Err(e) if wanted == VerifyChoice::Deepest && e.kind() == io::ErrorKind::InvalidInput => {}
            Err(e) => {
                return Err(Error::io("read directly from the medium of", path, e)
                    .hint("`--verify evicted` or `--verify cached` works on every filesystem"));
            }
        }
        let file = storage.open(entry, Access::Read).map_err(Error::at("open", path))?;
        let evicted = match wanted {
            VerifyChoice::Exactly(Level::Cached | Level::None) => false,
            _ => storage.evict(&file).map_err(Error::at("evict", path))?,
        };
        if wanted == VerifyChoice::Exactly(Level::Evicted) && !evicted {
            return Err(Error::new(
                Kind::Verification,
                format!("{} remains in the page cache", path.shown()),
            )
            .hint("another process may have it mapped; `--verify cached` reads it from the page cache"));
        }
        let level = if evicted { Level::Evicted } else { Level::Cached };
        opened(file, level)
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        self.entry.path()
    }

    /// Reading back a different file would prove nothing about the written one.
    fn check_same(&self, file: &S::File) -> Result<()> {
        let path = self.entry.path();
        let found = self.storage.stat(file).map_err(Error::at("inspect", path))?.identity;
        if found.same_inode(&self.written) {
            Ok(())
        } else {
            Err(Error::new(
                Kind::Verification,
                format!("{} was replaced before it could be read back", path.shown()),
            ))
        }
    }

    /// Opens the file again through the page cache. Unwritten bytes are read
    /// there.
    pub(super) fn through_cache(&self) -> Result<S::File> {
        let file =
            self.storage.open(&self.entry, Access::Read).map_err(Error::at("open", self.entry.path()))?;
        self.check_same(&file).map(|()| file)
    }

    /// The number of bytes in a group.
    pub(super) fn count(&self, group: u64) -> Result<u64> {
        let mut memory = Aligned::new(GROUP_BYTES as usize);
        Ok(self.read(&self.file, group * GROUP_BYTES, memory.as_mut_slice())? as u64)
    }

    /// Reads at an offset. Returns how many bytes were there.
    pub(super) fn read(&self, file: &S::File, at: u64, memory: &mut [u8]) -> Result<usize> {
        read_blocks(self.storage, file, memory, at)
            .map_err(|e| Error::io(&format!("read back at byte {at} of"), self.path(), e))
    }

    /// Chaining values of groups, in ascending order, of a file that must have
    /// at least `size` bytes. The value is `None` for a group that ends too
    /// early. `cached` is required unless all groups are read in full.
    pub(super) fn cvs<'p>(
        &self,
        spots: &'p [Spot],
        cached: Option<&S::File>,
        size: u64,
        threads: usize,
    ) -> Result<Vec<Option<Cv>>> {
        let kind = if spots.iter().all(Spot::is_whole) { RUN_READERS } else { SPOT_READERS };
        let readers = readers(threads, kind).min(spots.len());
        let mut cvs = Vec::with_capacity(spots.len());
        let work = || {
            let mut run = self.run(cached);
            move |spots: &'p [Spot]| run.cvs_of(spots, size)
        };
        let feed = |put: &mut dyn FnMut(&'p [Spot]) -> Result<()>| {
            spots.chunks(spots.len().div_ceil(readers.max(1)).max(1)).try_for_each(put)
        };
        in_order(readers, work, feed, |found| {
            cvs.extend(found?);
            Ok(())
        })?;
        Ok(cvs)
    }

    /// Creates a reader.
    pub(super) fn run<'r>(&'r self, cached: Option<&'r S::File>) -> Run<'r, 's, S> {
        Run { from: self, cached, memory: Aligned::new(0) }
    }
}

/// Opens a file for direct reads, and tries one: some filesystems accept the
/// flag and refuse the read.
fn open_direct<S: Storage>(storage: &S, entry: &Entry) -> io::Result<S::File> {
    let file = storage.open(entry, Access::Direct)?;
    read_blocks(storage, &file, Aligned::new(ALIGN_BYTES).as_mut_slice(), 0)?;
    Ok(file)
}

/// Reads until the buffer is full or the file ends. A direct read cannot
/// continue within a block: if other processes appended to the last block
/// during the read, that block is read again.
fn read_blocks<S: Storage>(storage: &S, file: &S::File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    let mut from = 0;
    while done < buffer.len() {
        match storage.read_at(file, &mut buffer[from..], at + from as u64) {
            Ok(count) if from + count <= done => break,
            Ok(count) => (done, from) = (from + count, from + count),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::InvalidInput && from % BLOCK_BYTES > 0 => {
                from -= from % BLOCK_BYTES;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
