//! The parts of a file that a plugin sees: the head, then windows.

use std::ops::Range;

use crate::ByteOrder;
use crate::records::{Delimited, Fixed, LengthPrefixed, Lines, Quoted};

/// Maximum number of bytes of a file's head. See [`FileHead::head`].
pub const HEAD_BYTES: usize = 64 * 1024;

/// What a plugin learns about the file when it begins.
#[derive(Debug, Clone, Copy)]
pub struct FileHead<'a> {
    /// The size of the whole file in bytes; `None` for a stream.
    pub size: Option<u64>,
    /// The first [`HEAD_BYTES`], or the whole of a shorter file.
    ///
    /// For a stream, these are the bytes that arrived before its first pause,
    /// which may be fewer. A plugin that needs more to decide returns an error.
    /// As long as the head contains no `\n`, it is called again when more bytes
    /// have arrived.
    pub head: &'a [u8],
}

/// What a plugin sees in one call. It is never empty, so there is no call for
/// an empty file.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    /// The file offset of the first byte of `bytes`. If the prefilter has left
    /// records out, the others are packed together, and only the first one is
    /// at this offset.
    pub offset: u64,
    /// The content. The host ensures that it is less than 4 GiB.
    pub bytes: &'a [u8],
    /// Where edits may start, as a range of `bytes`. This is the whole window,
    /// unless the framing is [`Overlapping`](crate::Framing::Overlapping).
    pub owned: Range<usize>,
    /// Whether `bytes` ends at the end of the file. No window does if the
    /// prefilter leaves the last record out, or if a stream ends after a pause.
    pub last: bool,
}

/// Iterators over the window's records. Each item is the position in `bytes`
/// where a record starts, and the record. They borrow the content and copy
/// nothing.
///
/// The records are those of the framing of the same name. A plugin that asked
/// for a different framing must not rely on complete records.
impl<'a> Window<'a> {
    /// The lines, without the `\n` that ends each (the file's last one may
    /// have none).
    #[must_use]
    pub fn lines(&self) -> Lines<'a> {
        Lines(self.delimited(b"\n"))
    }

    /// Records that end with `delimiter`, which belongs to them.
    ///
    /// If a delimiter can overlap itself (`aa`, `\n.\n`), only the occurrences
    /// that lie completely in the window are found.
    #[must_use]
    pub fn delimited<'d>(&self, delimiter: &'d [u8]) -> Delimited<'a, 'd> {
        Delimited::new(self.bytes, delimiter)
    }

    /// Records that end with a `delimiter` outside quotes, which belongs to
    /// them.
    #[must_use]
    pub fn quoted(&self, delimiter: u8, quote: u8) -> Quoted<'a> {
        Quoted::new(self.bytes, delimiter, quote)
    }

    /// Records of `size` bytes; the file's last one may be shorter.
    #[must_use]
    pub fn fixed(&self, size: usize) -> Fixed<'a> {
        Fixed::new(self.bytes, size)
    }

    /// Records of `offset + width + field + adjustment` bytes; the file's last
    /// one may be shorter.
    #[must_use]
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
