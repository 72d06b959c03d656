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
    /// The seed, if the manifest takes one and the user gives one.
    pub seed: Option<u64>,
}

impl<'a> FileHead<'a> {
    /// The head of a file of this size, without a seed.
    #[must_use]
    pub fn new(size: Option<u64>, head: &'a [u8]) -> Self {
        Self { size, head, seed: None }
    }
}

/// The prefilters that a record matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMatch {
    /// The position in the window where the record starts.
    pub start: u32,
    /// A bit for each prefilter that matches: bit `n` for the id `n`.
    pub ids: u64,
}

/// A field that a projection shows. It ends one byte before the next one
/// starts, or one byte before the window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownField {
    /// The position in the window where the field starts.
    pub start: u32,
    /// Which field of its record it is, counted from 0. Where this is not
    /// greater than that of the field before, another record begins.
    pub field: u32,
}

/// What a plugin sees in one call. It is empty only for an empty file, and only
/// if the job [shows one](crate::Job::show_empty).
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
    /// Whether `bytes` begins at the start of the file. With a projection,
    /// whether its first field belongs to the first record.
    pub first: bool,
    /// With a framing that has records, those that match a prefilter, in order,
    /// if the job has several prefilters or shows all records.
    pub matches: &'a [RecordMatch],
    /// The fields that a projection shows, in order; empty without one.
    pub fields: &'a [ShownField],
}

impl<'a> Window<'a> {
    /// A window without matches and fields, all of which is owned. It does not
    /// end at the end of the file.
    #[must_use]
    pub fn new(offset: u64, bytes: &'a [u8]) -> Self {
        let owned = 0..bytes.len();
        Self { offset, bytes, owned, last: false, first: offset == 0, matches: &[], fields: &[] }
    }

    /// The same window at the end of the file, or not.
    #[must_use]
    pub fn last(self, last: bool) -> Self {
        Self { last, ..self }
    }

    /// The same window, of which only a part is owned.
    #[must_use]
    pub fn owning(self, owned: Range<usize>) -> Self {
        Self { owned, ..self }
    }

    /// The fields of a projection: where each starts in the window, its index
    /// in the record, and its bytes.
    pub fn shown_fields(&self) -> impl Iterator<Item = (usize, u32, &'a [u8])> + use<'a> {
        let (bytes, fields) = (self.bytes, self.fields);
        fields.iter().enumerate().map(move |(index, shown)| {
            let start = shown.start as usize;
            let next = fields.get(index + 1).map_or(bytes.len(), |next| next.start as usize);
            (start, shown.field, bytes.get(start..next.saturating_sub(1)).unwrap_or_default())
        })
    }
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
