//! The classes of the bytes of a block: a word of 64 bits for each class, with
//! a bit for each byte.

use wide::u8x16;

/// Number of bytes in a block.
pub(super) const BLOCK: usize = 64;

/// Which bytes of a block belong to each class.
#[derive(Clone, Copy, Default)]
pub(super) struct Classes {
    pub(super) digit: u64,
    pub(super) zero: u64,
    pub(super) four: u64,
    pub(super) letter: u64,
    pub(super) letter_b: u64,
    pub(super) capital: u64,
    pub(super) dot: u64,
    pub(super) hyphen: u64,
    pub(super) underscore: u64,
    pub(super) colon: u64,
    pub(super) slash: u64,
    pub(super) at: u64,
    pub(super) percent: u64,
    pub(super) equals: u64,
    /// `"` and `'`.
    pub(super) quote: u64,
    pub(super) space: u64,
    /// Spaces and control characters.
    pub(super) blank: u64,
    pub(super) plus: u64,
    pub(super) open: u64,
    pub(super) close: u64,
    pub(super) bracket: u64,
    pub(super) hash: u64,
    /// `>` `]` `&` `\`.
    pub(super) operator: u64,
}

impl Classes {
    /// The classes of the block that begins at `start`. Bytes after the end of
    /// the text are line ends.
    #[inline(always)]
    pub(super) fn at(text: &[u8], start: usize) -> Self {
        let rest = text.get(start..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Self::of(block),
            None => {
                let mut block = [b'\n'; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                Self::of(&block)
            }
        }
    }

    #[inline(always)]
    fn of(block: &[u8; BLOCK]) -> Self {
        let (parts, _) = block.as_chunks::<16>();
        let parts: [u8x16; 4] = [parts[0], parts[1], parts[2], parts[3]].map(u8x16::new);
        let lower = parts.map(|part| part | u8x16::splat(0x20));
        let is = |byte: u8| word(parts.map(|part| part.simd_eq(u8x16::splat(byte))));
        let is_any = |bytes: [u8; 2]| {
            parts.map(|part| part.simd_eq(u8x16::splat(bytes[0])) | part.simd_eq(u8x16::splat(bytes[1])))
        };
        let [operators, others] = [is_any([b'>', b']']), is_any([b'&', b'\\'])];
        let digits = within(parts, b'0', 10);
        let blanks = within(parts, 0, 0x21);
        Self {
            digit: word(digits),
            zero: is(b'0'),
            four: is(b'4'),
            letter: word(within(lower, b'a', 26)),
            letter_b: word(lower.map(|part| part.simd_eq(u8x16::splat(b'b')))),
            capital: word(within(parts, b'A', 26)),
            dot: is(b'.'),
            hyphen: is(b'-'),
            underscore: is(b'_'),
            colon: is(b':'),
            slash: is(b'/'),
            at: is(b'@'),
            percent: is(b'%'),
            equals: is(b'='),
            quote: word(is_any([b'"', b'\''])),
            space: is(b' '),
            blank: word(blanks),
            plus: is(b'+'),
            open: is(b'('),
            close: is(b')'),
            bracket: is(b'['),
            hash: is(b'#'),
            operator: word([0, 1, 2, 3].map(|part| operators[part] | others[part])),
        }
    }
}

/// All ones where a byte is one of `count` from `first` on.
#[inline(always)]
fn within(parts: [u8x16; 4], first: u8, count: u8) -> [u8x16; 4] {
    parts.map(|part| {
        let offset = part - u8x16::splat(first);
        offset.min(u8x16::splat(count - 1)).simd_eq(offset)
    })
}

/// A bit for each byte that is all ones.
#[inline(always)]
fn word(parts: [u8x16; 4]) -> u64 {
    parts.iter().rev().fold(0, |word, part| word << 16 | u64::from(part.to_bitmask()))
}
