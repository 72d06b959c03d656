//! Finds the bytes that structure a file: delimiters, quotes, escapes and line
//! ends.
//!
//! Fields are short, so a search from each one to the next would cost a call
//! per field. Instead, 64 bytes are classified at once, and the positions are
//! bits of a word. Compilers vectorise the classification, also for
//! WebAssembly, because it has no branches.

/// Number of bytes that are classified at once.
const BLOCK: usize = 64;

/// Finds the next of `N` bytes in a text.
#[derive(Debug)]
pub(crate) struct Scanner<'a, const N: usize> {
    bytes: &'a [u8],
    wanted: [u8; N],
    /// The position of the classified block: a multiple of [`BLOCK`].
    base: usize,
    /// One bit per byte of the block, the lowest for the first.
    bits: u64,
}

impl<'a, const N: usize> Scanner<'a, N> {
    /// A scanner for these bytes. A byte may occur in `wanted` more than once.
    pub(crate) fn new(bytes: &'a [u8], wanted: [u8; N]) -> Self {
        let mut scanner = Self { bytes, wanted, base: 0, bits: 0 };
        scanner.load(0);
        scanner
    }

    /// The first position of a wanted byte that is not before `from`. The
    /// length of the text if there is none. Calls are fastest with ascending
    /// positions.
    #[inline]
    pub(crate) fn next_from(&mut self, from: usize) -> usize {
        let mut place = from.wrapping_sub(self.base);
        if place >= BLOCK {
            if from >= self.bytes.len() {
                return self.bytes.len();
            }
            self.load(from - from % BLOCK);
            place = from % BLOCK;
        }
        let mut bits = self.bits & (u64::MAX << place);
        while bits == 0 {
            let next = self.base + BLOCK;
            if next >= self.bytes.len() {
                return self.bytes.len();
            }
            self.load(next);
            bits = self.bits;
        }
        self.base + bits.trailing_zeros() as usize
    }

    #[inline]
    fn load(&mut self, base: usize) {
        self.base = base;
        let rest = &self.bytes[base..];
        self.bits = match rest.first_chunk() {
            Some(block) => classify(block, &self.wanted),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                classify(&block, &self.wanted) & ((1 << rest.len()) - 1)
            }
        };
    }
}

/// One bit per byte: whether it is one of `wanted`.
#[inline]
fn classify<const N: usize>(block: &[u8; BLOCK], wanted: &[u8; N]) -> u64 {
    let mut flags = [0_u8; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        let mut any = false;
        for one in wanted {
            any |= byte == one;
        }
        *flag = u8::from(any);
    }
    let mut bits = 0;
    for (place, word) in flags.as_chunks().0.iter().enumerate() {
        // The product moves the lowest bit of each byte into the highest byte.
        let packed = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= packed << (place * 8);
    }
    bits
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
            let mut scanner = Scanner::new(&text, [b'b', 0, b'b']);
            let mut from = 0;
            for step in steps {
                let found = scanner.next_from(from);
                let expected = (from..text.len()).find(|&at| matches!(text[at], b'b' | 0));
                prop_assert_eq!(found, expected.unwrap_or(text.len()));
                from += step;
            }
            prop_assert_eq!(scanner.next_from(0), text.iter().position(|byte| matches!(byte, b'b' | 0)).unwrap_or(text.len()));
        }
    }
}
