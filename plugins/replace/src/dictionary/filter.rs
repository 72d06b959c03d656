//! Rules out places where no text of a dictionary begins.

use std::ops::Range;

/// In ASCII, letters differ from the other case in this bit. Other characters
/// may become equal, which costs time but no result.
const CASE_BITS: u32 = 0x2020_2020;

/// Bits of a bitmap for each entry. So few bits are set that nearly no place
/// passes by chance.
const BITS_PER_ENTRY: usize = 32;
const MIN_BITS: u32 = 15;
const MAX_BITS: u32 = 24;

/// The largest distance between the places that are looked at.
const MAX_STEP: usize = 6;

/// Whether letters match either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

/// Texts by their first bytes.
///
/// If each text has at least `3 + step` bytes, its first `step` groups of four
/// bytes are known, so every `step`-th place needs a look.
#[derive(Debug)]
pub(super) struct Filter {
    groups: Bits,
    step: usize,
    /// A bit for each pair of bytes that begins a text shorter than a group, if
    /// there is any.
    short: Vec<u64>,
    /// The keys that begin with four bytes, in a hash table with linear
    /// probing.
    slots: Vec<Slot>,
    used: usize,
    /// Bits that are set in all bytes before a look.
    mask: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    begin: u32,
    first: u32,
    /// One past the last key; zero in an empty slot.
    end: u32,
}

const EMPTY: Slot = Slot { begin: 0, first: 0, end: 0 };

/// A set of hashes: it may hold others by chance.
#[derive(Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
    shift: u32,
}

impl Bits {
    pub(super) fn new(entries: usize) -> Self {
        let bits = (entries * BITS_PER_ENTRY).next_power_of_two().ilog2().clamp(MIN_BITS, MAX_BITS);
        Self { words: vec![0; 1 << (bits - 6)], shift: 32 - bits }
    }

    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        8 * self.words.len()
    }

    #[inline]
    pub(super) fn has(&self, hash: u32) -> bool {
        is_set(&self.words, (hash >> self.shift) as usize)
    }

    pub(super) fn insert(&mut self, hash: u32) {
        set(&mut self.words, (hash >> self.shift) as usize);
    }
}

#[inline]
fn hash(begin: u32) -> u32 {
    begin.wrapping_mul(0x9E37_79B1)
}

#[inline]
fn load(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[inline]
fn is_set(bits: &[u64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
}

fn set(bits: &mut [u64], index: usize) {
    bits[index / 64] |= 1 << (index % 64);
}

impl Filter {
    /// A filter for keys that are at least `shortest` bytes long in a text.
    pub(super) fn new(keys: usize, shortest: usize, case: Case) -> Self {
        let mask = match case {
            Case::Sensitive => 0,
            Case::Insensitive => CASE_BITS,
        };
        let step = shortest.saturating_sub(3).clamp(1, MAX_STEP);
        let slots = vec![EMPTY; 16];
        Self { groups: Bits::new(keys * step), step, short: Vec::new(), slots, used: 0, mask }
    }

    /// The number of bytes of a beginning that [`Self::add`] needs.
    pub(super) fn width(&self) -> usize {
        self.step + 3
    }

    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        self.groups.memory_bytes() + 8 * self.short.len() + size_of::<Slot>() * self.slots.len()
    }

    /// Adds a way in which a key may begin. Keys must come in order.
    pub(super) fn add(&mut self, begin: &[u8], key: u32) {
        let Some(first) = load(begin, 0) else { return self.add_short(begin) };
        for at in 0..self.step {
            if let Some(group) = load(begin, at) {
                self.groups.insert(hash(group | self.mask));
            }
        }
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
        let begin = first | self.mask;
        let at = self.slot(begin);
        let slot = &mut self.slots[at];
        if slot.end == 0 {
            *slot = Slot { begin, first: key, end: key + 1 };
            self.used += 1;
        }
        slot.end = slot.end.max(key + 1);
    }

    fn add_short(&mut self, begin: &[u8]) {
        if self.short.is_empty() {
            self.short = vec![0; 1 << 10];
        }
        let mask = self.mask as u8;
        match *begin {
            [] => {}
            // The next byte may be any, or lie beyond the end.
            [first] => (0..=255).for_each(|second| set(&mut self.short, pair(first | mask, second))),
            [first, second, ..] => set(&mut self.short, pair(first | mask, second | mask)),
        }
    }

    fn grow(&mut self) {
        let slots = vec![EMPTY; 2 * self.slots.len()];
        for slot in std::mem::replace(&mut self.slots, slots) {
            if slot.end != 0 {
                let at = self.slot(slot.begin);
                self.slots[at] = slot;
            }
        }
    }

    /// The slot of these bytes, or the empty one where they belong.
    fn slot(&self, begin: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (hash(begin) >> 7) as usize & mask;
        while self.slots[at].end != 0 && self.slots[at].begin != begin {
            at = (at + 1) & mask;
        }
        at
    }

    /// The next places in `from..end`, at or after `from`, where a key may
    /// begin.
    pub(super) fn next(&self, text: &[u8], from: usize, end: usize) -> Option<Range<usize>> {
        if !self.short.is_empty() {
            return self.next_short(text, from, end).map(|at| at..at + 1);
        }
        let text = text.get(..end)?;
        let mut at = from + self.step - 1;
        while let Some(group) = load(text, at) {
            if self.groups.has(hash(group | self.mask)) {
                return Some(at + 1 - self.step..at + 1);
            }
            at += self.step;
        }
        None
    }

    fn next_short(&self, text: &[u8], from: usize, end: usize) -> Option<usize> {
        (from..end).find(|at| {
            let begin = load(text, *at).unwrap_or_else(|| {
                let byte = |after: usize| text.get(at + after).copied().map_or(0, u32::from);
                byte(0) | byte(1) << 8 | byte(2) << 16
            });
            let begin = begin | self.mask;
            is_set(&self.short, begin as usize & 0xFFFF) || self.groups.has(hash(begin))
        })
    }

    /// The keys that may stand at the start of a text, of `keys` in all. Those
    /// that the keys in this range begin with may stand there as well.
    pub(super) fn candidates(&self, text: &[u8], keys: u32) -> Range<u32> {
        // Keys in one slot may differ in the bits of the mask, and so need not
        // begin with the same short key.
        if self.mask != 0 && !self.short.is_empty() {
            return 0..keys;
        }
        if let Some(begin) = load(text, 0) {
            let slot = self.slots[self.slot(begin | self.mask)];
            if slot.end != 0 {
                return slot.first..slot.end;
            }
            if self.short.is_empty() {
                return keys..keys;
            }
        }
        0..keys
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) | usize::from(second) << 8
}
