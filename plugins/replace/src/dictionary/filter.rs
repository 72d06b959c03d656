//! Rules out places where no text of a dictionary begins.

use std::ops::Range;

/// In ASCII, letters differ from the other case in this bit. Other characters
/// may become equal, which costs time but no result.
const CASE_BITS: u32 = 0x2020_2020;

/// Bits of a bitmap for each text. So few bits are set that nearly no place
/// passes by chance.
const BITS_PER_KEY: usize = 32;
const MIN_BITS: u32 = 16;
const MAX_BITS: u32 = 24;

/// Texts by their first four bytes.
#[derive(Debug)]
pub(super) struct Filter {
    /// A bit for each hash of four bytes.
    bits: Vec<u64>,
    shift: u32,
    /// A bit for each pair of bytes that begins a shorter text, if there is
    /// any.
    short: Vec<u64>,
    /// The keys that begin with four bytes, in a hash table with linear
    /// probing.
    slots: Vec<Slot>,
    used: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    begin: u32,
    first: u32,
    /// One past the last key; zero in an empty slot.
    end: u32,
}

const EMPTY: Slot = Slot { begin: 0, first: 0, end: 0 };

fn hash(begin: u32) -> u32 {
    begin.wrapping_mul(0x9E37_79B1)
}

fn load(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn is_set(bits: &[u64], index: usize) -> bool {
    bits[index / 64] >> (index % 64) & 1 != 0
}

fn set(bits: &mut [u64], index: usize) {
    bits[index / 64] |= 1 << (index % 64);
}

impl Filter {
    pub(super) fn new(keys: usize) -> Self {
        let bits = (keys * BITS_PER_KEY).next_power_of_two().ilog2().clamp(MIN_BITS, MAX_BITS);
        let slots = vec![EMPTY; (2 * keys).next_power_of_two()];
        Self { bits: vec![0; 1 << (bits - 6)], shift: 32 - bits, short: Vec::new(), slots, used: 0 }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        8 * (self.bits.len() + self.short.len()) + size_of::<Slot>() * self.slots.len()
    }

    /// Adds a way in which a key may begin. Keys must come in order.
    pub(super) fn add(&mut self, begin: &[u8], key: u32) {
        let Some(begin) = load(begin) else { return self.add_short(begin) };
        set(&mut self.bits, (hash(begin) >> self.shift) as usize);
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
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
        match *begin {
            [] => {}
            // The next byte may be any, or lie beyond the end.
            [first] => (0..=255).for_each(|second| set(&mut self.short, pair(first, second))),
            [first, second, ..] => set(&mut self.short, pair(first, second)),
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

    /// The next place in `from..end` where a key may begin.
    pub(super) fn next(&self, text: &[u8], from: usize, end: usize, folds: bool) -> Option<usize> {
        let mask = if folds { CASE_BITS } else { 0 };
        let bytes = text.get(from..end)?;
        let found = if self.short.is_empty() {
            bytes.array_windows().position(|window| self.passes(u32::from_le_bytes(*window) | mask))
        } else {
            bytes.array_windows().position(|window| {
                let begin = u32::from_le_bytes(*window) | mask;
                self.passes(begin) || is_set(&self.short, begin as usize & 0xFFFF)
            })
        };
        if found.is_some() || self.short.is_empty() {
            return found.map(|at| from + at);
        }
        // The last bytes can only begin a short key.
        let tail = from.max(end.saturating_sub(3));
        (tail..end).find(|at| {
            let (first, second) =
                (text[*at] | mask as u8, text.get(at + 1).copied().unwrap_or(0) | mask as u8);
            is_set(&self.short, pair(first, second))
        })
    }

    #[inline]
    fn passes(&self, begin: u32) -> bool {
        is_set(&self.bits, (hash(begin) >> self.shift) as usize)
    }

    /// The keys that may stand at the start of a text, of `keys` in all. Those
    /// that the keys in this range begin with may stand there as well.
    pub(super) fn candidates(&self, text: &[u8], folds: bool, keys: u32) -> Range<u32> {
        if let Some(begin) = load(text) {
            let slot = self.slots[self.slot(if folds { begin | CASE_BITS } else { begin })];
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

/// The bytes at which a filter that ignores case looks.
pub(super) fn fold(bytes: &mut [u8]) {
    for byte in bytes {
        *byte |= CASE_BITS as u8;
    }
}
