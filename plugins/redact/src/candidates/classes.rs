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
    /// `a`, `e` and `y`, in any case.
    pub(super) after_b: u64,
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
    pub(super) comma: u64,
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
        let parts =
            Parts([u8x16::new(parts[0]), u8x16::new(parts[1]), u8x16::new(parts[2]), u8x16::new(parts[3])]);
        Self {
            digit: parts.bits(|part| within(part, b'0', 10)),
            zero: parts.bits(|part| is(part, b'0')),
            four: parts.bits(|part| is(part, b'4')),
            letter: parts.bits(|part| within(lower(part), b'a', 26)),
            letter_b: parts.bits(|part| is(lower(part), b'b')),
            after_b: parts.bits(|part| is(lower(part), b'a') | is(lower(part), b'e') | is(lower(part), b'y')),
            capital: parts.bits(|part| within(part, b'A', 26)),
            dot: parts.bits(|part| is(part, b'.')),
            hyphen: parts.bits(|part| is(part, b'-')),
            underscore: parts.bits(|part| is(part, b'_')),
            colon: parts.bits(|part| is(part, b':')),
            slash: parts.bits(|part| is(part, b'/')),
            at: parts.bits(|part| is(part, b'@')),
            percent: parts.bits(|part| is(part, b'%')),
            equals: parts.bits(|part| is(part, b'=')),
            quote: parts.bits(|part| is(part, b'"') | is(part, b'\'')),
            space: parts.bits(|part| is(part, b' ')),
            blank: parts.bits(|part| within(part, 0, 0x21)),
            plus: parts.bits(|part| is(part, b'+')),
            comma: parts.bits(|part| is(part, b',')),
            open: parts.bits(|part| is(part, b'(')),
            close: parts.bits(|part| is(part, b')')),
            bracket: parts.bits(|part| is(part, b'[')),
            hash: parts.bits(|part| is(part, b'#')),
            operator: parts.bits(|part| is(part, b'>') | is(part, b']') | is(part, b'&') | is(part, b'\\')),
        }
    }
}

/// The bytes of a block.
#[derive(Clone, Copy)]
struct Parts([u8x16; 4]);

impl Parts {
    /// A bit for each byte for which `is` has all ones.
    // Written out: compilers do not always inline the methods of arrays.
    #[inline(always)]
    fn bits(self, is: impl Fn(u8x16) -> u8x16) -> u64 {
        let Self([first, second, third, last]) = self;
        u64::from(is(first).to_bitmask())
            | u64::from(is(second).to_bitmask()) << 16
            | u64::from(is(third).to_bitmask()) << 32
            | u64::from(is(last).to_bitmask()) << 48
    }
}

/// All ones where a byte is this one.
#[inline(always)]
fn is(part: u8x16, byte: u8) -> u8x16 {
    part.simd_eq(u8x16::splat(byte))
}

/// Letters in lower case, and other bytes changed.
#[inline(always)]
fn lower(part: u8x16) -> u8x16 {
    part | u8x16::splat(0x20)
}

/// All ones where a byte is one of `count` from `first` on.
#[inline(always)]
fn within(part: u8x16, first: u8, count: u8) -> u8x16 {
    let offset = part - u8x16::splat(first);
    offset.min(u8x16::splat(count - 1)).simd_eq(offset)
}
