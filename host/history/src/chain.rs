//! The chain of lines: each names the hash of the one before.

use std::io::{self, BufRead, Read as _};

use runner_pipeline::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::entry::Entry;

/// Maximum number of bytes of a line. Paths have at most 4 KiB, twice as many in
/// hex.
pub(crate) const MAX_LINE_BYTES: u64 = 1 << 17;

/// The end of a history: its last line, with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of lines.
    pub lines: u64,
    /// BLAKE3 of the last line without its line feed; of none, zeros.
    pub hash: blake3::Hash,
}

impl Head {
    /// The head of an empty history.
    pub const EMPTY: Self = Self { lines: 0, hash: blake3::Hash::from_bytes([0; blake3::OUT_LEN]) };
}

/// A line of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it records.
    pub entry: Entry,
    /// Its hash.
    pub hash: blake3::Hash,
}

#[derive(Serialize, Deserialize)]
struct Linked<E> {
    previous: String,
    #[serde(flatten)]
    entry: E,
}

/// The line for an entry, without a line feed, after the line with this hash.
pub(crate) fn link(previous: blake3::Hash, entry: &Entry) -> Result<String> {
    serde_json::to_string(&Linked { previous: previous.to_hex().to_string(), entry })
        .map_err(|error| Error::new(Kind::Internal, "cannot encode an entry of the history").because(error))
}

/// Reads lines, and checks that each follows the one before.
#[derive(Debug)]
pub struct Chain<R> {
    reader: R,
    head: Head,
    /// Where the next line begins.
    offset: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> Chain<R> {
    /// Begins at the first line.
    pub fn new(reader: R) -> Self {
        Self { reader, head: Head::EMPTY, offset: 0, bytes: Vec::new() }
    }

    /// The lines that were read.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The next line; `None` at the end. What follows the last line feed is an
    /// append that was cut off, and no line.
    ///
    /// # Errors
    /// [`Kind::Verification`] with offset and line if the line is not one of a
    /// history, or does not follow the one before; any I/O error.
    pub fn next_line(&mut self) -> Result<Option<Line>> {
        self.bytes.clear();
        let limit = MAX_LINE_BYTES + 1;
        let read = (&mut self.reader).take(limit).read_until(b'\n', &mut self.bytes);
        let count = read.map_err(|error| self.at("cannot read it").because(error))? as u64;
        if self.bytes.pop_if(|byte| *byte == b'\n').is_none() {
            if count == limit {
                return Err(self.at("the line is too long"));
            }
            return Ok(None);
        }
        let linked: Linked<Entry> = serde_json::from_slice(&self.bytes)
            .map_err(|error| self.at("the line is not an entry").because(io::Error::other(error)))?;
        if linked.previous != self.head.hash.to_hex().as_str() {
            return Err(
                self.at("the line does not follow the one before: lines were changed, removed or put in")
            );
        }
        self.offset += count;
        self.head = Head { lines: self.head.lines + 1, hash: blake3::hash(&self.bytes) };
        Ok(Some(Line { entry: linked.entry, hash: self.head.hash }))
    }

    fn at(&self, what: &str) -> Error {
        let (offset, line) = (self.offset, self.head.lines + 1);
        Error::new(
            Kind::Verification,
            format!("the history is damaged at offset {offset}, line {line}: {what}"),
        )
    }
}
