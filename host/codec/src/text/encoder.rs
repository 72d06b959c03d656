//! Writes UTF-8 as a text in an encoding.

use std::io::{self, Write};

use super::decode::Place;
use super::encode::Stop;
use super::encoding::Encoding;
use super::error::Error;

/// Bytes handed to the sink at a time.
const OUTPUT_BYTES: usize = 64 << 10;

/// Writes decoded text in its encoding again. What a
/// [`TextDecoder`](super::TextDecoder) returned becomes the bytes that it read.
///
/// [`finish`](Self::finish) must be called: a sequence may be incomplete.
pub struct TextEncoder<W> {
    sink: W,
    encoding: Encoding,
    /// The beginning of a sequence, at most 3 bytes.
    held: Vec<u8>,
    output: Vec<u8>,
    /// Offset in the text of the first byte that is not encoded.
    offset: u64,
    /// Its line, from 1.
    line: u64,
}

impl<W: Write> TextEncoder<W> {
    /// Encodes to `sink`.
    #[must_use]
    pub fn new(sink: W, encoding: Encoding) -> Self {
        Self { sink, encoding, held: Vec::new(), output: vec![0; OUTPUT_BYTES], offset: 0, line: 1 }
    }

    /// Ends the text, and returns the sink, which is not flushed.
    ///
    /// # Errors
    /// When the text ends within a character, or the sink fails.
    pub fn finish(mut self) -> io::Result<W> {
        let held = std::mem::take(&mut self.held);
        let read = self.encode(&held, Place::Last)?;
        debug_assert_eq!(read, held.len());
        Ok(self.sink)
    }

    /// Encodes and writes as much of `text` as can be. Returns the length of that.
    fn encode(&mut self, text: &[u8], place: Place) -> io::Result<usize> {
        let mut done = 0;
        loop {
            let rest = &text[done..];
            let (step, problem) = match self.encoding.encode(rest, &mut self.output, place) {
                Ok(step) => (step, None),
                Err(Stop { step, problem }) => (step, Some(problem)),
            };
            self.sink.write_all(&self.output[..step.written])?;
            self.offset += step.read as u64;
            self.line += memchr::memchr_iter(b'\n', &rest[..step.read]).count() as u64;
            done += step.read;
            if let Some(problem) = problem {
                let Self { offset, line, .. } = *self;
                return Err(Error { encoding: self.encoding.name(), offset, line, problem }.into());
            }
            if step.read == 0 {
                return Ok(done);
            }
        }
    }
}

impl<W: Write> Write for TextEncoder<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut rest = text;
        // The sequence that was begun is completed byte by byte.
        while let Some((byte, after)) = rest.split_first().filter(|_| !self.held.is_empty()) {
            self.held.push(*byte);
            rest = after;
            let mut held = std::mem::take(&mut self.held);
            let read = self.encode(&held, Place::Inner)?;
            held.drain(..read);
            self.held = held;
        }
        let read = self.encode(rest, Place::Inner)?;
        self.held.extend_from_slice(&rest[read..]);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<W> std::fmt::Debug for TextEncoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextEncoder")
            .field("encoding", &self.encoding)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
