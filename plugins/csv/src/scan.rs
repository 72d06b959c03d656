//! Finds the bytes that structure a file: delimiters, quotes, escapes and line
//! ends.
//!
//! Fields are short, so a search from each one to the next would cost a call
//! per field. Instead, 64 bytes are classified at once, and their flags are read
//! as words. Compilers vectorise the classification, also for WebAssembly,
//! because it has no branches.

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
    /// One byte of flags per byte of the block.
    flags: [u8; BLOCK],
}

/// The special bytes. A byte may be listed more than once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Quotes and line ends.
    pub(crate) outer: [u8; 3],
    /// Delimiters and escapes.
    pub(crate) inner: [u8; 2],
}

/// The flag of every special byte.
const ALL: u64 = u64::from_le_bytes([1; 8]);

/// The flag of the outer bytes.
const OUTER: u64 = u64::from_le_bytes([2; 8]);

impl<'a> Scanner<'a> {
    /// A scanner for these bytes.
    pub(crate) fn new(bytes: &'a [u8], wanted: Wanted) -> Self {
        let mut scanner = Self { bytes, wanted, base: 0, flags: [0; BLOCK] };
        scanner.load(0);
        scanner
    }

    /// The first position of a special byte that is not before `from`. The
    /// length of the text if there is none. Calls are fastest with ascending
    /// positions.
    #[inline]
    pub(crate) fn next_from(&mut self, from: usize) -> usize {
        self.next::<ALL>(from)
    }

    /// The same for the outer bytes alone.
    #[inline]
    pub(crate) fn next_outer_from(&mut self, from: usize) -> usize {
        self.next::<OUTER>(from)
    }

    #[inline(always)]
    fn next<const FLAG: u64>(&mut self, from: usize) -> usize {
        let mut place = from.wrapping_sub(self.base);
        if place >= BLOCK {
            if from >= self.bytes.len() {
                return self.bytes.len();
            }
            self.load(from - from % BLOCK);
            place = from % BLOCK;
        }
        // The flags are looked at eight at a time.
        let mut here = self.word(place / 8) & FLAG & (u64::MAX << (place % 8 * 8));
        place &= !7;
        while here == 0 {
            place += 8;
            if place == BLOCK {
                if self.base + BLOCK >= self.bytes.len() {
                    return self.bytes.len();
                }
                self.load(self.base + BLOCK);
                place = 0;
            }
            here = self.word(place / 8) & FLAG;
        }
        self.base + place + here.trailing_zeros() as usize / 8
    }

    #[inline]
    fn word(&self, place: usize) -> u64 {
        u64::from_le_bytes(self.flags.as_chunks().0[place])
    }

    #[inline(never)]
    fn load(&mut self, base: usize) {
        self.base = base;
        let rest = &self.bytes[base..];
        match rest.first_chunk() {
            Some(block) => classify(block, self.wanted, &mut self.flags),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                classify(&block, self.wanted, &mut self.flags);
                self.flags[rest.len()..].fill(0);
            }
        }
    }
}

#[inline]
fn classify(block: &[u8; BLOCK], wanted: Wanted, flags: &mut [u8; BLOCK]) {
    let Wanted { outer: [first, second, third], inner: [fourth, fifth] } = wanted;
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let outer = u8::from(byte == first) | u8::from(byte == second) | u8::from(byte == third);
        let inner = u8::from(byte == fourth) | u8::from(byte == fifth);
        *flag = outer | inner | outer << 1;
    }
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
