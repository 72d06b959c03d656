//! Finds keys by their first bytes, as numbers.

use std::ops::Range;

use super::filter::Bits;

/// The first bytes of a text, in the order of texts; zeros if it is shorter.
pub(super) type Head = u128;
pub(super) const HEAD_BYTES: usize = size_of::<Head>();

pub(super) fn head(text: &[u8]) -> Head {
    let mut bytes = [0; HEAD_BYTES];
    match text.first_chunk() {
        Some(chunk) => bytes = *chunk,
        None => bytes[..text.len()].copy_from_slice(text),
    }
    Head::from_be_bytes(bytes)
}

/// The first bytes of all keys. Nearly all keys have `long_bytes` bytes; those
/// are found by a hash of these.
#[derive(Debug)]
pub(super) struct Heads {
    heads: Vec<Head>,
    long_bytes: usize,
    bits: Bits,
    /// Keys with the same first bytes, in a hash table with linear probing; an
    /// empty range in an empty slot.
    slots: Vec<(u32, u32)>,
    /// The keys that are not long.
    short: Vec<u32>,
    /// The number of those before each key, and of all.
    short_before: Vec<u32>,
}

impl Heads {
    /// The heads of sorted keys.
    pub(super) fn new<'a>(keys: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Self {
        let long_bytes = long_bytes(keys.clone());
        let heads = keys.clone().map(head).collect::<Vec<_>>();
        let slots = vec![(0, 0); (2 * keys.len()).next_power_of_two()];
        let mut made = Self {
            bits: Bits::new(keys.len()),
            heads,
            long_bytes,
            slots,
            short: Vec::new(),
            short_before: Vec::new(),
        };
        for (index, key) in keys.enumerate() {
            let index = index as u32;
            made.short_before.push(made.short.len() as u32);
            if key.len() < long_bytes {
                made.short.push(index);
                continue;
            }
            let begin = made.begin(made.heads[index as usize]);
            made.bits.insert(hash(begin));
            let slot = made.slot(begin);
            let (first, end) = &mut made.slots[slot];
            if *first == *end {
                *first = index;
            }
            *end = index + 1;
        }
        made.short_before.push(made.short.len() as u32);
        made
    }

    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        HEAD_BYTES * self.heads.capacity()
            + self.bits.memory_bytes()
            + size_of::<(u32, u32)>() * self.slots.len()
            + 4 * (self.short.capacity() + self.short_before.capacity())
    }

    fn begin(&self, head: Head) -> Head {
        head >> (8 * (HEAD_BYTES - self.long_bytes))
    }

    /// The slot of these first bytes, or the empty one where they belong.
    fn slot(&self, begin: Head) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash(begin) as usize & mask;
        loop {
            let (first, end) = self.slots[at];
            if first == end || self.begin(self.heads[first as usize]) == begin {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    /// Among `candidates`, the last key that is not greater than a text, or one
    /// that begins with every other key that the text begins with. `is_at_most`
    /// compares whole keys.
    pub(super) fn find(&self, first: Head, candidates: &Range<u32>, is_at_most: impl Fn(u32) -> bool) -> u32 {
        let is_before = |key: u32| match self.heads[key as usize] {
            head if head == first => is_at_most(key),
            head => head < first,
        };
        let begin = self.begin(first);
        if self.bits.has(hash(begin)) {
            let (from, end) = self.slots[self.slot(begin)];
            if from < end {
                let count = partition_point((end - from) as usize, |at| is_before(from + at as u32));
                return from + (count as u32).saturating_sub(1);
            }
        }
        // No long key stands here.
        let before = |key: u32| self.short_before[key as usize] as usize;
        let short = &self.short[before(candidates.start)..before(candidates.end)];
        let count = partition_point(short.len(), |at| is_before(short[at]));
        // If all are greater, one that the first key begins with may be there.
        short.get(count.saturating_sub(1)).copied().unwrap_or(candidates.start)
    }
}

fn hash(begin: Head) -> u32 {
    let folded = (begin as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (begin >> 64) as u64;
    (folded.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as u32
}

/// The largest number of first bytes that 15 of 16 keys have.
fn long_bytes<'a>(keys: impl ExactSizeIterator<Item = &'a [u8]>) -> usize {
    let few = keys.len() / 16;
    let mut shorter = [0; HEAD_BYTES + 1];
    for key in keys {
        shorter[key.len().min(HEAD_BYTES)] += 1;
    }
    let mut count = 0;
    let fits = |length: &usize| {
        count += shorter[length - 1];
        count <= few
    };
    (1..=HEAD_BYTES).take_while(fits).last().unwrap_or(1)
}

/// The number of items at the start of `count` ones for which `is_before`
/// holds; for the others it does not.
fn partition_point(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
