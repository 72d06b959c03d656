//! Reads frames.

use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::frame::Frame;
use crate::compression::decoder::{Fault, Parts, Step, Unpack};
use crate::compression::error::damaged;
use crate::compression::{Problem, Settings};

/// What a decoder keeps besides the window: two blocks and its tables.
const OWN_BYTES: u64 = 1 << 20;
/// Limits below this are taken for it.
const MEMORY_BYTES_MIN: u64 = 17 * OWN_BYTES;
/// The longest window that the library can be told to accept.
const WINDOW_LOG_MAX: u32 = 31;

enum State {
    /// Collects a header.
    Header,
    /// Decodes a frame, whose header goes first.
    Content(Decoder<'static>),
    /// So many bytes of a skippable frame are left.
    Skipping(u64),
}

pub(in crate::compression) struct Frames {
    memory_bytes: u64,
    state: State,
    head: Vec<u8>,
    /// Bytes up to the end of the block, or of the next header. No more is
    /// handed over at once, so that an error is located by its block.
    next_bytes: usize,
    settings: Option<Settings>,
    parts: Parts,
}

impl Frames {
    pub(in crate::compression) fn new(memory_bytes: u64) -> Self {
        Self {
            memory_bytes,
            state: State::Header,
            head: Vec::new(),
            next_bytes: 0,
            settings: None,
            parts: Parts::default(),
        }
    }

    /// Takes bytes of a header.
    fn header(&mut self, input: &[u8]) -> Result<usize, Problem> {
        // The longest header has 18 bytes; one at a time takes none too many.
        for (index, byte) in input.iter().enumerate() {
            self.head.push(*byte);
            let frame = match Frame::parse(&self.head) {
                Ok(Some(frame)) => frame,
                Ok(None) => continue,
                Err(problem) => {
                    self.head.truncate(self.head.len() - index - 1);
                    let is_other = problem == Problem::WrongStart && self.parts.members > 0;
                    return Err(if is_other { Problem::TrailingData } else { problem });
                }
            };
            if let Err(problem) = self.begin(frame) {
                self.head.truncate(self.head.len() - index - 1);
                return Err(problem);
            }
            return Ok(index + 1);
        }
        Ok(input.len())
    }

    fn begin(&mut self, frame: Frame) -> Result<(), Problem> {
        match frame {
            Frame::Skippable { bytes } => {
                self.parts.skipped_bytes += bytes;
                self.state = State::Skipping(bytes - self.head.len() as u64);
                self.head.clear();
            }
            Frame::Content { window_bytes, has_checksum } => {
                let needed = window_bytes.saturating_add(OWN_BYTES);
                if needed > self.memory_bytes.max(MEMORY_BYTES_MIN) {
                    return Err(Problem::Memory {
                        needed_bytes: Some(needed),
                        limit_bytes: self.memory_bytes,
                    });
                }
                self.settings.get_or_insert(Settings::Zstd {
                    level: 3,
                    checksum: has_checksum,
                    long_window_log: frame.long_window_log(),
                });
                let mut decoder = Decoder::new().map_err(damaged)?;
                decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(damaged)?;
                self.state = State::Content(decoder);
            }
        }
        Ok(())
    }
}

impl Unpack for Frames {
    fn unpack(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let decoder = match &mut self.state {
            State::Header => return Ok(Step { read: self.header(input)?, written: 0 }),
            State::Skipping(left) => {
                let read = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= read as u64;
                if *left == 0 {
                    self.state = State::Header;
                }
                return Ok(Step { read, written: 0 });
            }
            State::Content(decoder) => decoder,
        };
        while !self.head.is_empty() {
            let status = decoder.run_on_buffers(&self.head, &mut []).map_err(damaged)?;
            if status.bytes_read == 0 {
                return Err(damaged("the header of a frame cannot be read").into());
            }
            self.head.drain(..status.bytes_read);
            self.next_bytes = status.remaining;
        }
        let input = &input[..input.len().min(self.next_bytes.max(1))];
        let status = decoder.run_on_buffers(input, output).map_err(damaged)?;
        self.next_bytes = status.remaining;
        if status.remaining == 0 {
            self.parts.members += 1;
            self.state = State::Header;
        }
        Ok(Step { read: status.bytes_read, written: status.bytes_written })
    }

    fn may_end(&self) -> bool {
        self.parts.members > 0 && matches!(self.state, State::Header) && self.head.is_empty()
    }

    fn held_bytes(&self) -> usize {
        self.head.len()
    }

    fn settings(&self) -> Option<Settings> {
        self.settings.clone()
    }

    fn parts(&self) -> Parts {
        self.parts
    }
}
