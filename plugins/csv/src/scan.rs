//! Finds the bytes that structure a file: delimiters, quotes, escapes and line
//! ends.
//!
//! Fields are short, so a search from each one to the next would cost a call
//! per field. Instead, 64 bytes are classified at once, and the positions are
//! bits of a word. Compilers vectorise the classification, also for
//! WebAssembly, because it has no branches.

/// Number of bytes that are classified at once.
const BLOCK: usize = 64;

/// Finds the next special byte of a text.
///
/// Some of them end records or hide their ends, the others only divide
/// records. The former can be looked for alone.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    wanted: Wanted,
    /// The position of the classified block: a multiple of [`BLOCK`].
    base: usize,
    found: Found,
}

/// The special bytes. A byte may be listed more than once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Quotes and line ends.
    pub(crate) outer: [u8; 3],
    /// Delimiters and escapes.
    pub(crate) inner: [u8; 2],
}

/// One bit per byte of a block, the lowest for the first.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    all: u64,
    outer: u64,
}

impl<'a> Scanner<'a> {
    /// A scanner for these bytes.
    pub(crate) fn new(bytes: &'a [u8], wanted: Wanted) -> Self {
        let mut scanner = Self { bytes, wanted, base: 0, found: Found::default() };
        scanner.load(0);
        scanner
    }

    /// The first position of a special byte that is not before `from`. The
    /// length of the text if there is none. Calls are fastest with ascending
    /// positions.
    #[inline]
    pub(crate) fn next_from(&mut self, from: usize) -> usize {
        self.next(from, |found| found.all)
    }

    /// The same for the outer bytes alone.
    #[inline]
    pub(crate) fn next_outer_from(&mut self, from: usize) -> usize {
        self.next(from, |found| found.outer)
    }

    #[inline]
    fn next(&mut self, from: usize, bits: impl Fn(Found) -> u64) -> usize {
        let mut place = from.wrapping_sub(self.base);
        if place >= BLOCK {
            if from >= self.bytes.len() {
                return self.bytes.len();
            }
            self.load(from - from % BLOCK);
            place = from % BLOCK;
        }
        let mut here = bits(self.found) & (u64::MAX << place);
        while here == 0 {
            let next = self.base + BLOCK;
            if next >= self.bytes.len() {
                return self.bytes.len();
            }
            self.load(next);
            here = bits(self.found);
        }
        self.base + here.trailing_zeros() as usize
    }

    #[inline]
    fn load(&mut self, base: usize) {
        self.base = base;
        let rest = &self.bytes[base..];
        self.found = match rest.first_chunk() {
            Some(block) => classify(block, self.wanted),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                let found = classify(&block, self.wanted);
                let inside = (1 << rest.len()) - 1;
                Found { all: found.all & inside, outer: found.outer & inside }
            }
        };
    }
}

#[inline]
fn classify(block: &[u8; BLOCK], wanted: Wanted) -> Found {
    let Wanted { outer: [first, second, third], inner: [fourth, fifth] } = wanted;
    // The lowest bit of a flag says whether the byte is special, the next one
    // whether it is an outer one.
    let mut flags = [0_u8; BLOCK];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let outer = u8::from(byte == first) | u8::from(byte == second) | u8::from(byte == third);
        let inner = u8::from(byte == fourth) | u8::from(byte == fifth);
        *flag = outer | inner | outer << 1;
    }
    let mut found = Found::default();
    for (place, word) in flags.as_chunks().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        found.all |= packed(word) << (place * 8);
        found.outer |= packed(word >> 1) << (place * 8);
    }
    found
}

/// The lowest bits of eight bytes, in eight bits.
#[inline]
fn packed(word: u64) -> u64 {
    // The product moves each bit to its place in the highest byte.
    (word & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_position_is_found(
            text in prop::collection::vec(prop::sample::select(b"abc\0".to_vec()), 0..300),
            steps in prop::collection::vec(0_usize..90, 0..20),
        ) {
            let mut scanner = Scanner::new(&text, Wanted { outer: [0; 3], inner: [b'b', 0] });
            let mut from = 0;
            for step in steps {
                let found = scanner.next_from(from);
                let expected = (from..text.len()).find(|&at| matches!(text[at], b'b' | 0));
                prop_assert_eq!(found, expected.unwrap_or(text.len()));
                from += step;
            }
            let position = |found: Option<usize>| found.unwrap_or(text.len());
            prop_assert_eq!(scanner.next_from(0), position(text.iter().position(|byte| matches!(byte, b'b' | 0))));
            prop_assert_eq!(scanner.next_outer_from(0), position(text.iter().position(|byte| *byte == 0)));
        }
    }
}
