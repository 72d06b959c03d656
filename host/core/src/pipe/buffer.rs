//! The part of a stream that is still needed.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Input;
use crate::engine::framing::View;
use crate::error::{Error, Result};
use crate::memory::Lease;

/// How long what has come waits for what comes next, at most. Short enough for
/// people who look on; long enough for a writer that is merely slow to fill a
/// window, as each call of a plugin has its cost.
const PATIENCE: Duration = Duration::from_millis(50);
/// Bytes asked for in one read; as many as the last reads have brought.
const READ_BYTES: (usize, usize) = (64 << 10, 1 << 20);

/// What came of waiting for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// All that was asked for is there, or the input has ended.
    Enough,
    /// The input pauses.
    Paused,
}

/// The bytes of the input from `base` on that have been read.
pub(super) struct Buffer<'a> {
    input: &'a mut dyn Input,
    /// Offset of the first byte held.
    pub(super) base: u64,
    pub(super) bytes: Vec<u8>,
    /// Their memory.
    lease: Lease,
    /// Whether the input ends where the buffer does.
    pub(super) end: bool,
    /// When the first byte came that the last pause was not told of.
    news: Instant,
    /// Whether a pause was told of, and nothing has come since.
    paused: bool,
    read_bytes: usize,
}

impl<'a> Buffer<'a> {
    pub(super) fn new(input: &'a mut dyn Input, lease: Lease) -> Self {
        Self {
            input,
            base: 0,
            bytes: Vec::new(),
            lease,
            end: false,
            news: Instant::now(),
            paused: true,
            read_bytes: READ_BYTES.0,
        }
    }

    /// Offset of the first byte that has not been read.
    pub(super) fn reach(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(super) fn view(&self) -> View<'_> {
        View { base: self.base, bytes: &self.bytes, end: self.end }
    }

    /// Whether a pause was told of, and nothing has come since.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Tells of the last pause once more, if it lasts.
    pub(super) fn tell_again(&mut self) {
        self.paused = false;
    }

    /// Reads until the buffer reaches `offset`, the input ends, or it pauses.
    /// A pause is told once for all that has come before it; when asked again,
    /// this waits until more has come.
    pub(super) fn fill_to(&mut self, offset: u64) -> Result<Filled> {
        while !self.end && self.reach() < offset {
            let most = (!self.paused).then(|| PATIENCE.saturating_sub(self.news.elapsed()));
            if !self.input.wait(most).map_err(failed)? {
                // A wait for good that was cut short is begun again.
                if self.paused {
                    continue;
                }
                self.paused = true;
                return Ok(Filled::Paused);
            }
            self.read(usize::try_from(offset - self.reach()).unwrap_or(usize::MAX))?;
        }
        Ok(Filled::Enough)
    }

    /// Reads once, at most so many bytes.
    fn read(&mut self, most: usize) -> Result<()> {
        let old = self.bytes.len();
        let want = most.min(self.read_bytes);
        self.lease.reserve(&mut self.bytes, want)?;
        self.bytes.resize(old + want, 0);
        let read = self.input.read(&mut self.bytes[old..]);
        self.bytes.truncate(old + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(0) => self.end = true,
            Ok(count) => {
                if self.paused {
                    (self.paused, self.news) = (false, Instant::now());
                }
                let (least, most) = READ_BYTES;
                self.read_bytes = (2 * count).clamp(least, most);
            }
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(e) => return Err(failed(e)),
        }
        Ok(())
    }

    pub(super) fn drop_to(&mut self, offset: u64) {
        let count =
            usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..count);
        self.base += count as u64;
    }
}

fn failed(error: io::Error) -> Error {
    if error.kind() == ErrorKind::BrokenPipe {
        return Error::io("write to", Path::new("standard output"), error);
    }
    Error::io("read", Path::new("standard input"), error)
}
