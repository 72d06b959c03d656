//! How large a channel is, and where in its files everything lies.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Messages begin at multiples of it, so that a file can be read straight into
/// a request, past the page cache. The page before holds heads and bells.
pub(crate) const PAGE_BYTES: usize = 4096;

/// How large a channel is. Both sides must use the same shape; as text
/// (`Display` and `FromStr`), it fits into an argument of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Slots, at least one.
    pub slots: usize,
    /// Bytes of a block.
    pub block_bytes: usize,
    /// The largest request, in bytes.
    pub request_bytes: usize,
    /// The largest reply, in bytes.
    pub reply_bytes: usize,
    /// Bytes of a worker's [`Notes`](crate::Notes).
    pub note_bytes: usize,
}

/// One of the two files: for each slot a page of heads, a block (or a worker's
/// notes), and the bytes of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) slots: usize,
    /// Bytes of a block or of notes, which come before the message.
    pub(crate) block_bytes: usize,
    /// Bytes of the largest message.
    pub(crate) message_bytes: usize,
    /// From one slot to the next; a multiple of [`PAGE_BYTES`].
    pub(crate) stride: usize,
    /// Bytes of the file; fits into an `isize`.
    pub(crate) file_bytes: usize,
}

impl Shape {
    pub(crate) fn requests(&self) -> Result<Layout> {
        Layout::new(self.slots, self.block_bytes, self.request_bytes)
    }

    pub(crate) fn replies(&self) -> Result<Layout> {
        Layout::new(self.slots, self.note_bytes, self.reply_bytes)
    }
}

impl Layout {
    fn new(slots: usize, block_bytes: usize, message_bytes: usize) -> Result<Self> {
        let pages = |bytes: usize| bytes.checked_next_multiple_of(PAGE_BYTES);
        let stride = pages(block_bytes)
            .and_then(|bytes| bytes.checked_add(pages(message_bytes)?))
            .and_then(|bytes| bytes.checked_add(PAGE_BYTES));
        let file_bytes = stride
            .and_then(|stride| stride.checked_mul(slots))
            .filter(|bytes| isize::try_from(*bytes).is_ok());
        match (stride, file_bytes) {
            (Some(stride), Some(file_bytes)) if slots > 0 => {
                Ok(Self { slots, block_bytes, message_bytes, stride, file_bytes })
            }
            _ => Err(Error::misuse(format!(
                "{slots} slots of {block_bytes} and {message_bytes} bytes make no channel"
            ))),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slots, block_bytes, request_bytes, reply_bytes, note_bytes } = self;
        write!(f, "{slots}x{block_bytes}:{request_bytes}:{reply_bytes}:{note_bytes}")
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (slots, sizes) = text.split_once('x')?;
            let sizes: Vec<_> = sizes.split(':').map(|size| size.parse().ok()).collect::<Option<_>>()?;
            let [block_bytes, request_bytes, reply_bytes, note_bytes] = sizes[..] else { return None };
            Some(Self { slots: slots.parse().ok()?, block_bytes, request_bytes, reply_bytes, note_bytes })
        };
        parse().ok_or_else(|| Error::misuse(format!("{text:?} is not the shape of a channel")))
    }
}
