//! The bytes of a buffer, in memory that another process can see if they fit
//! there.

use std::ops::Range;

use crate::memory::{Denied, Lease};
use crate::storage::CopyMemory;

/// The least space for which a read is worth while.
const LEAST_BYTES: usize = 64 << 10;

/// Consecutive bytes. They leave at the front and arrive at the end.
pub(super) struct Bytes {
    /// Memory that is given. It counts elsewhere.
    given: Option<Box<dyn CopyMemory>>,
    /// Memory of our own, if there is none or it is too small.
    own: Vec<u8>,
    lease: Lease,
    is_in_given: bool,
    /// Where the bytes are in their memory.
    range: Range<usize>,
}

impl Bytes {
    /// No bytes. `lease` counts memory.
    pub(super) fn new(lease: Lease) -> Self {
        Self { given: None, own: Vec::new(), lease, is_in_given: false, range: 0..0 }
    }

    pub(super) fn get(&self) -> &[u8] {
        let given = self.given.as_ref().filter(|_| self.is_in_given);
        &given.map_or(&*self.own, |given| given.bytes())[self.range.clone()]
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Uses this memory from now on, as far as the bytes fit.
    pub(super) fn give(&mut self, memory: Box<dyn CopyMemory>) {
        self.given = Some(memory);
        self.return_to_given();
    }

    /// Space for up to `want` more bytes, without moving any: it may be empty.
    pub(super) fn space(&mut self, want: usize) -> &mut [u8] {
        let from = self.range.end;
        let memory = self.memory_mut();
        let to = memory.len().min(from.saturating_add(want));
        &mut memory[from..to]
    }

    /// The same after making space.
    ///
    /// # Errors
    /// When the budget has no room for it.
    pub(super) fn make_space(&mut self, want: usize) -> Result<&mut [u8], Denied> {
        let least = want.min(LEAST_BYTES);
        if self.space(want).len() < least {
            let len = self.range.len();
            let from = self.range.clone();
            self.memory_mut().copy_within(from, 0);
            self.range = 0..len;
            if self.memory_mut().len() - len < least {
                self.grow(want)?;
            }
        }
        Ok(self.space(want))
    }

    /// Appends bytes that were written to the space.
    pub(super) fn append(&mut self, count: usize) {
        self.range.end += count;
    }

    /// Drops bytes at the front.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.range.start += count;
        if self.range.is_empty() {
            self.range = 0..0;
        }
        self.return_to_given();
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        match &mut self.given {
            Some(given) if self.is_in_given => given.bytes_mut(),
            _ => &mut self.own,
        }
    }

    /// Makes memory of our own that has space for so many more bytes.
    fn grow(&mut self, want: usize) -> Result<(), Denied> {
        let more = self.len().saturating_add(want).saturating_sub(self.own.len());
        self.lease.reserve(&mut self.own, more)?;
        self.own.resize(self.own.capacity(), 0);
        if let Some(given) = self.given.as_ref().filter(|_| self.is_in_given) {
            self.own[..self.range.len()].copy_from_slice(&given.bytes()[self.range.clone()]);
        }
        self.is_in_given = false;
        Ok(())
    }

    /// Moves the bytes back to the memory that is given, once most of it would
    /// be free.
    fn return_to_given(&mut self) {
        let Some(given) = self.given.as_mut().filter(|_| !self.is_in_given) else { return };
        let bytes = &self.own[self.range.clone()];
        if bytes.len() > given.bytes().len() / 4 {
            return;
        }
        given.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        self.range = 0..bytes.len();
        self.is_in_given = true;
        self.own = Vec::new();
        self.lease.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::Budget;
    use crate::storage::Aligned;

    proptest! {
        /// Whatever is given, read and dropped: the bytes are those of a queue.
        #[test]
        fn they_are_a_queue(
            given in prop::option::of(1_usize..300_000),
            steps in prop::collection::vec((0_usize..200_000, any::<bool>(), 0_usize..200_000), 1..20),
        ) {
            let budget = Budget::new(&crate::memory::Plan {
                workers: 1, total_bytes: 1 << 30, pool_bytes: 1 << 30, reply_bytes: 0, files: 1, file_bytes: 0,
            });
            let (mut bytes, mut queue, mut next) = (Bytes::new(budget.lease()), Vec::new(), 0_u8);
            for (number, (want, in_place, gone)) in steps.into_iter().enumerate() {
                if let Some(given) = given.filter(|_| number == 1) {
                    bytes.give(Box::new(Aligned::new(given)));
                }
                let before = bytes.get().as_ptr();
                let space = if in_place { bytes.space(want) } else { bytes.make_space(want).unwrap() };
                prop_assert!(space.len() <= want);
                prop_assert!(in_place || want == 0 || !space.is_empty());
                for byte in &mut *space {
                    *byte = next;
                    queue.push(next);
                    next = next.wrapping_add(1);
                }
                let count = space.len();
                bytes.append(count);
                prop_assert!(!in_place || bytes.get().as_ptr() == before);
                prop_assert_eq!(bytes.get(), &queue[..]);
                let gone = gone.min(queue.len());
                queue.drain(..gone);
                bytes.drop_front(gone);
                prop_assert_eq!(bytes.get(), &queue[..]);
                prop_assert_eq!(budget.leased_bytes(), bytes.own.capacity() as u64);
            }
        }
    }
}
