//! What a plugin sees: the file's head once, then windows.

use std::ops::Range;

use crate::ByteOrder;
use crate::records::{Delimited, Fixed, LengthPrefixed, Lines, Quoted};

/// What [`Plugin::begin`](crate::Plugin::begin) may know of the file.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The size in bytes; absent when the input is a stream.
    pub size: Option<u64>,
    /// The first 64 KiB, or the whole of a shorter file. Of a stream, what has
    /// come up to its first pause, which may be less: a plugin that needs more
    /// to decide answers with an error, and as long as the head holds no `\n`
    /// it is asked again when more has come.
    pub head: &'a [u8],
}

/// What a plugin sees in one call: always less than 4 GiB.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    /// The file offset of the first byte of `bytes`. When records were left
    /// out by the prefilter, the rest are packed together and only the first
    /// one stands at this offset.
    pub offset: u64,
    /// The content.
    pub bytes: &'a [u8],
    /// Where edits may start, as a range of `bytes`: all of it, but for an
    /// overlapping framing.
    pub owned: Range<usize>,
    /// Whether `bytes` ends at the end of the file.
    pub last: bool,
}

/// The window's records, each with the place in `bytes` where it starts. They
/// are those of the framing of the same name; a plugin that asked for another
/// framing must not rely on them being whole.
impl<'a> Window<'a> {
    /// The lines, without the `\n` that ends each (the file's last one may
    /// have none).
    pub fn lines(&self) -> Lines<'a> {
        Lines(self.delimited(b"\n"))
    }

    /// Records that end with `delimiter`, which belongs to them.
    ///
    /// In a delimiter that can overlap itself (`aa`, `\n.\n`), only the
    /// occurrences that lie wholly in the window are seen.
    pub fn delimited<'d>(&self, delimiter: &'d [u8]) -> Delimited<'a, 'd> {
        Delimited::new(self.bytes, delimiter)
    }

    /// Records that end with a `delimiter` outside quotes, which belongs to
    /// them.
    pub fn quoted(&self, delimiter: u8, quote: u8) -> Quoted<'a> {
        Quoted::new(self.bytes, delimiter, quote)
    }

    /// Records of `size` bytes; the file's last one may be shorter.
    pub fn fixed(&self, size: usize) -> Fixed<'a> {
        Fixed::new(self.bytes, size)
    }

    /// Records of `offset + width + field + adjustment` bytes; the file's
    /// last one may be shorter.
    pub fn length_prefixed(
        &self,
        offset: u32,
        width: u8,
        order: ByteOrder,
        adjustment: i64,
    ) -> LengthPrefixed<'a> {
        LengthPrefixed::new(self.bytes, offset, width, order, adjustment)
    }
}
