//! Reads runs of groups, and computes their chaining values.

use super::read_back::ReadBack;
use super::spot::{BLOCK_BYTES, Spot};
use crate::error::Result;
use crate::hash::{Cv, GROUP_BYTES, group_cv};
use crate::storage::{Aligned, Storage};

/// Groups that are read in one call.
pub(super) const RUN_GROUPS: u64 = 16;
const RUN_BYTES: usize = RUN_GROUPS as usize * GROUP_BYTES as usize;
/// Readers per thread, if there is more than one thread, and the maximum in
/// total. A medium serves several requests as fast as one, and even more of
/// them if they are for single blocks. Each reader may hold a whole run.
pub(super) const RUN_READERS: (usize, usize) = (2, 8);
pub(super) const SPOT_READERS: (usize, usize) = (8, 16);

/// The number of readers for `runs` runs. Readers wait for the medium most of
/// the time.
pub(super) fn run_readers(threads: usize, runs: u64) -> usize {
    readers(threads, RUN_READERS).min(usize::try_from(runs).unwrap_or(usize::MAX))
}

pub(super) fn readers(threads: usize, (each, most): (usize, usize)) -> usize {
    if threads > 1 { (threads * each).min(most) } else { 1 }
}

/// One of several readers of a file.
pub(super) struct Run<'r, 's, S: Storage> {
    pub(super) from: &'r ReadBack<'s, S>,
    pub(super) cached: Option<&'r S::File>,
    pub(super) memory: Aligned,
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
    pub(super) fn cvs_of(&mut self, spots: &[Spot], size: u64) -> Result<Vec<Option<Cv>>> {
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
