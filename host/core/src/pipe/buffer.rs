//! The part of a stream that is still needed.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::Input;
use super::bytes::Bytes;
use crate::engine::framing::View;
use crate::error::Result;
use crate::memory::Lease;
use crate::storage::CopyMemory;

/// How long buffered input waits for more, at most. Short enough for a person
/// who watches; long enough for a slow writer to fill a window, because each
/// call of a plugin has a cost.
const PATIENCE: Duration = Duration::from_millis(50);
/// Minimum and maximum number of bytes per read; the size adapts to recent
/// reads.
const READ_BYTES: (usize, usize) = (64 << 10, 1 << 20);

/// The result of waiting for more input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// The requested bytes have arrived, or the input has ended.
    Enough,
    /// The input pauses.
    Paused,
}

/// The input bytes from `base` on that have been read.
pub(super) struct Buffer<'a> {
    input: &'a mut dyn Input,
    /// Offset of the first byte in the buffer.
    pub(super) base: u64,
    bytes: Bytes,
    /// Whether the input ends with the buffer.
    pub(super) end: bool,
    /// When the first byte arrived after the last reported pause.
    news: Instant,
    /// Whether a pause was reported, and nothing has arrived since.
    paused: bool,
    read_bytes: usize,
    /// An error of reading ahead, which the next call of `fill_to` returns.
    failed: Option<io::Error>,
}

impl<'a> Buffer<'a> {
    pub(super) fn new(input: &'a mut dyn Input, lease: Lease) -> Self {
        Self {
            input,
            base: 0,
            bytes: Bytes::new(lease),
            end: false,
            news: Instant::now(),
            paused: true,
            read_bytes: READ_BYTES.0,
            failed: None,
        }
    }

    /// Offset of the first byte that has not been read.
    pub(super) fn reach(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    /// The bytes between two offsets, which are in the buffer.
    pub(super) fn bytes_between(&self, start: u64, end: u64) -> &[u8] {
        &self.bytes()[(start - self.base) as usize..(end - self.base) as usize]
    }

    pub(super) fn view(&self) -> View<'_> {
        View { base: self.base, bytes: self.bytes(), end: self.end }
    }

    /// Reads into this memory from now on, as far as the bytes fit.
    pub(super) fn give(&mut self, memory: Box<dyn CopyMemory>) {
        self.bytes.give(memory);
    }

    /// Whether a pause was reported, and nothing has arrived since.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Reports the last pause once more, if it lasts.
    pub(super) fn report_again(&mut self) {
        self.paused = false;
    }

    /// Reads until the buffer reaches `offset`, the input ends, or it pauses. A
    /// pause is reported once for everything that arrived before it; the next
    /// call waits until more has arrived.
    pub(super) fn fill_to(&mut self, offset: u64) -> Result<Filled> {
        while !self.end && self.reach() < offset {
            if let Some(error) = self.failed.take() {
                return Err(self.input.failed(error));
            }
            let most = (!self.paused).then(|| PATIENCE.saturating_sub(self.news.elapsed()));
            let waited = self.input.wait(most);
            if !waited.map_err(|error| self.input.failed(error))? {
                // An unlimited wait that was cut short is restarted.
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

    /// Reads once, at most `most` bytes.
    fn read(&mut self, most: usize) -> Result<()> {
        let space = self.bytes.make_space(most.min(self.read_bytes))?;
        let read = self.input.read(space);
        self.arrived(read).map_err(|error| self.input.failed(error))
    }

    /// Reads what is there already and fits, up to `offset`, while the bytes so
    /// far stay where they are.
    pub(super) fn read_ahead(&mut self, offset: u64) {
        while !self.end && self.failed.is_none() && self.reach() < offset {
            let space = self.bytes.space(usize::try_from(offset - self.reach()).unwrap_or(usize::MAX));
            // Where the reader of the output is gone, the next wait says so.
            if space.is_empty() || !self.input.wait(Some(Duration::ZERO)).unwrap_or(false) {
                return;
            }
            let read = self.input.read(space);
            self.failed = self.arrived(read).err();
        }
    }

    fn arrived(&mut self, read: io::Result<usize>) -> io::Result<()> {
        match read {
            Ok(0) => self.end = true,
            Ok(count) => {
                self.bytes.append(count);
                if self.paused {
                    (self.paused, self.news) = (false, Instant::now());
                }
                let (least, most) = READ_BYTES;
                self.read_bytes = (2 * count).clamp(least, most);
            }
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    pub(super) fn drop_to(&mut self, offset: u64) {
        let count =
            usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drop_front(count);
        self.base += count as u64;
    }
}
