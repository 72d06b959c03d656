//! Reads a text as UTF-8.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use super::decode::Place;
use super::encoding::Encoding;

/// Bytes read from the source at a time.
const INPUT_BYTES: usize = 64 << 10;
/// Less space is not written to directly.
const OUTPUT_BYTES_MIN: usize = 16;

/// Reads a text in an encoding as UTF-8, with [sequences](super::sequence) for
/// what is not text. No input is an error.
pub struct TextDecoder<R> {
    source: R,
    encoding: Encoding,
    input: Vec<u8>,
    /// What of `input` is still to be decoded.
    rest: Range<usize>,
    has_ended: bool,
    /// Decoded bytes for which the caller had no space.
    ready: [u8; OUTPUT_BYTES_MIN],
    ready_range: Range<usize>,
}

impl<R: Read> TextDecoder<R> {
    /// Decodes `source`.
    #[must_use]
    pub fn new(source: R, encoding: Encoding) -> Self {
        Self {
            source,
            encoding,
            input: vec![0; INPUT_BYTES],
            rest: 0..0,
            has_ended: false,
            ready: [0; OUTPUT_BYTES_MIN],
            ready_range: 0..0,
        }
    }

    /// The source.
    pub fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Whether a call of `read` returns something, or the end, without reading
    /// the source.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        // A unit of UTF-16 and half of the next one may wait.
        self.has_ended || !self.ready_range.is_empty() || self.rest.len() > 3
    }

    /// The source. Bytes of it that were read ahead are lost.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.source
    }

    /// Reads more of the source after what is left.
    fn fill(&mut self) -> io::Result<()> {
        self.input.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        loop {
            match self.source.read(&mut self.input[self.rest.end..]) {
                Ok(count) => {
                    self.has_ended = count == 0;
                    self.rest.end += count;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read> Read for TextDecoder<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.ready_range.is_empty() {
                let count = output.len().min(self.ready_range.len());
                let from = self.ready_range.start;
                output[..count].copy_from_slice(&self.ready[from..from + count]);
                self.ready_range.start += count;
                return Ok(count);
            }
            let is_direct = output.len() >= OUTPUT_BYTES_MIN;
            let space = if is_direct { &mut *output } else { &mut self.ready[..] };
            let place = if self.has_ended { Place::Last } else { Place::Inner };
            let step = self.encoding.decode(&self.input[self.rest.clone()], space, place);
            self.rest.start += step.read;
            match step.written {
                0 if self.has_ended => return Ok(0),
                0 => self.fill()?,
                written if is_direct => return Ok(written),
                written => self.ready_range = 0..written,
            }
        }
    }
}

impl<R> std::fmt::Debug for TextDecoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextDecoder").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}
