//! Reads back written blocks from the medium. Unwritten bytes between them may
//! come from the page cache.

use std::io;
use std::path::Path;

use super::edit_cursor::EditCursor;
use super::{Level, VerifyChoice};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::storage::{ALIGN_BYTES, Access, Aligned, Entry, Identity, Storage};

/// Groups that are read in one call.
pub(super) const RUN_GROUPS: u64 = 16;
const RUN_BYTES: usize = RUN_GROUPS as usize * GROUP_BYTES as usize;
/// Readers per thread, if there is more than one thread, and the maximum in
/// total. A medium serves several requests as fast as one, and even more of
/// them if they are for single blocks. Each reader may hold a whole run.
const RUN_READERS: (usize, usize) = (2, 8);
const SPOT_READERS: (usize, usize) = (8, 16);

/// Size of a block. Writing one byte writes the whole block that holds it.
const BLOCK_BYTES: usize = ALIGN_BYTES;
/// All blocks of a group.
const ALL: u16 = u16::MAX;
const _: () = assert!(GROUP_BYTES as usize / BLOCK_BYTES == u16::BITS as usize, "one bit per block");

/// A group to be read back.
pub(super) struct Spot {
    group: u64,
    /// The blocks that were written, one bit per block.
    blocks: u16,
}

impl Spot {
    /// A group to be read back in full.
    pub(super) fn whole(group: u64) -> Self {
        Self { group, blocks: ALL }
    }

    /// A group whose pages with new bytes are read back; the whole group if all
    /// its pages are.
    pub(super) fn written<S: Storage>(
        cursor: &mut EditCursor<'_, '_, S>,
        group: u64,
        size: u64,
    ) -> Result<Self> {
        let start = group * GROUP_BYTES;
        let there = GROUP_BYTES.min(size.saturating_sub(start)) as usize;
        let page = rustix::param::page_size().clamp(BLOCK_BYTES, GROUP_BYTES as usize);
        let mut blocks = 0_u16;
        cursor.each(&(start..start + GROUP_BYTES), |at, new| {
            let (first, end) = (at / page * page, (at + new.len()).next_multiple_of(page));
            for block in first / BLOCK_BYTES..end / BLOCK_BYTES {
                blocks |= 1 << block;
            }
        })?;
        let all = blocks.trailing_ones() as usize >= there.div_ceil(BLOCK_BYTES);
        Ok(Self { group, blocks: if all { ALL } else { blocks } })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.blocks == ALL
    }

    pub(super) fn group(&self) -> u64 {
        self.group
    }
}

/// The number of readers for `runs` runs. Readers wait for the medium most of
/// the time.
pub(super) fn run_readers(threads: usize, runs: u64) -> usize {
    readers(threads, RUN_READERS).min(usize::try_from(runs).unwrap_or(usize::MAX))
}

fn readers(threads: usize, (each, most): (usize, usize)) -> usize {
    if threads > 1 { (threads * each).min(most) } else { 1 }
}

/// A file opened for reading back.
pub struct ReadBack<'s, S: Storage> {
    storage: &'s S,
    entry: Entry,
    /// The identity of the written file.
    written: Identity,
    file: S::File,
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
        let written = storage.stat(written).map_err(Error::at("look at", path))?.identity;
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
        let found = self.storage.stat(file).map_err(Error::at("look at", path))?.identity;
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
    fn read(&self, file: &S::File, at: u64, memory: &mut [u8]) -> Result<usize> {
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

/// One of several readers of a file.
pub(super) struct Run<'r, 's, S: Storage> {
    from: &'r ReadBack<'s, S>,
    cached: Option<&'r S::File>,
    memory: Aligned,
}

impl<S: Storage> Run<'_, '_, S> {
    /// Chaining values of the groups from `first` on that are read in one call.
    pub(super) fn cvs(&mut self, first: u64, size: u64) -> Result<Vec<Option<Cv>>> {
        let count = RUN_GROUPS.min(size.div_ceil(GROUP_BYTES) - first);
        let spots: Vec<_> = (first..first + count).map(Spot::whole).collect();
        self.cvs_of(&spots, size)
    }

    /// Chaining values of groups. Consecutive groups to be read in full are
    /// read in one call.
    fn cvs_of(&mut self, spots: &[Spot], size: u64) -> Result<Vec<Option<Cv>>> {
        let mut cvs = vec![None; spots.len()];
        let mut longest = spots.len().min(RUN_GROUPS as usize);
        let mut done = 0;
        while let Some(first) = spots.get(done) {
            let follows = |(spot, index): &(&Spot, u64)| spot.group == first.group + index && spot.is_whole();
            let run = spots[done..].iter().zip(0..longest as u64).take_while(follows).count().max(1);
            let count = match self.read(first, run) {
                Ok(count) => count,
                // One by one, to find the group that fails.
                Err(_) if run > 1 => {
                    longest = 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (index, cv) in (first.group..).zip(&mut cvs[done..done + run]) {
                let at = (index - first.group) * GROUP_BYTES;
                let there = GROUP_BYTES.min((count as u64).saturating_sub(at));
                let wanted = GROUP_BYTES.min(size.saturating_sub(index * GROUP_BYTES));
                // Other processes may have appended to the last group.
                if wanted > 0 && there >= wanted {
                    let bytes = &self.memory.as_slice()[at as usize..(at + wanted) as usize];
                    *cv = Some(group_cv(bytes, index, size));
                }
            }
            done += run;
        }
        Ok(cvs)
    }

    /// Reads a run of groups. Returns how many bytes were there.
    fn read(&mut self, first: &Spot, groups: usize) -> Result<usize> {
        let len = groups * GROUP_BYTES as usize;
        if self.memory.as_slice().len() < len {
            self.memory = Aligned::new(if groups > 1 { RUN_BYTES } else { len });
        }
        let memory = &mut self.memory.as_mut_slice()[..len];
        let (from, at) = (self.from, first.group * GROUP_BYTES);
        let Some(cached) = self.cached.filter(|_| !first.is_whole()) else {
            return from.read(&from.file, at, memory);
        };
        let mut count = from.read(cached, at, memory)?;
        let mut block = 0;
        while let Some(next) = (block..u16::BITS).find(|block| first.blocks >> block & 1 == 1) {
            // Up to the end of the consecutive blocks.
            block = next + (first.blocks >> next).trailing_ones();
            let (start, end) = (next as usize * BLOCK_BYTES, block as usize * BLOCK_BYTES);
            let there = from.read(&from.file, at + start as u64, &mut memory[start..end])?;
            // The medium decides where the file ends.
            if start + there < end.min(count) {
                count = start + there;
            }
        }
        Ok(count)
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
