//! Reads ahead, for many short reads of a file front to back.

use std::io::ErrorKind;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::storage::{OpenFile, Storage};

const BUFFER_BYTES: usize = 1 << 20;

/// A window of a file.
pub(super) struct ReadAhead<'a, S: Storage> {
    source: OpenFile<'a, S>,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a, S: Storage> ReadAhead<'a, S> {
    pub(super) fn new(source: OpenFile<'a, S>) -> Self {
        Self { source, start: 0, bytes: Vec::new() }
    }

    /// The bytes of a range of at most 1 MiB.
    ///
    /// # Errors
    /// Any I/O error; when the file ends inside the range.
    pub(super) fn read(&mut self, range: &Range<u64>) -> Result<&[u8]> {
        let want = usize::try_from(range.end - range.start).expect("at most 1 MiB");
        if range.start < self.start || range.end > self.start + self.bytes.len() as u64 {
            self.bytes.resize(BUFFER_BYTES, 0);
            let count = self.source.read_full_at(&mut self.bytes, range.start)?;
            self.bytes.truncate(count);
            self.start = range.start;
            if count < want {
                return Err(Error::io("read", self.source.path, ErrorKind::UnexpectedEof.into()));
            }
        }
        let skip = usize::try_from(range.start - self.start).expect("inside the window");
        Ok(&self.bytes[skip..skip + want])
    }
}
