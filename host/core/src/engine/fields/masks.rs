//! One bit for each of sixty-four bytes.

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;

/// The bytes from `at` on, filled up with zeros at the end, and a bit for each
/// of them that is there.
pub(super) fn block(bytes: &[u8], at: usize) -> ([u8; BLOCK], u64) {
    let rest = &bytes[at..];
    if let Some(block) = rest.first_chunk::<BLOCK>() {
        return (*block, u64::MAX);
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    (block, (1 << rest.len()) - 1)
}

/// A bit for each byte that is `wanted`.
#[inline]
pub(super) fn mask(block: &[u8; BLOCK], wanted: u8) -> u64 {
    /// Moves the lowest bit of each byte of a word to the word's highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut equal = [0; BLOCK];
    for (equal, byte) in equal.iter_mut().zip(block) {
        *equal = u8::from(*byte == wanted);
    }
    let words = equal.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    words.rev().fold(0, |mask, word| mask << 8 | word.wrapping_mul(GATHER) >> 56)
}

/// Each bit is the parity of the bits up to it.
#[inline]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}
