//! Reads streams, and the padding between them.

use liblzma::stream::{Action, Error as LzmaError, Status, Stream, TELL_UNSUPPORTED_CHECK};

use super::header::{Beginning, beginning};
use super::words;
use crate::compression::decoder::{Fault, Parts, Step, Unpack};
use crate::compression::error::damaged;
use crate::compression::{Problem, Settings};

const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
/// What the library needs besides the dictionary, about.
const OWN_BYTES: u64 = 1 << 20;

pub(in crate::compression) struct Streams {
    memory_bytes: u64,
    stream: Option<Stream>,
    /// The beginning of a stream, until its settings are known.
    head: Vec<u8>,
    /// Zeros since the end of the last stream.
    padding_bytes: u64,
    first: Option<Beginning>,
    parts: Parts,
}

impl Streams {
    pub(in crate::compression) fn new(memory_bytes: u64) -> Self {
        Self {
            memory_bytes,
            stream: None,
            head: Vec::new(),
            padding_bytes: 0,
            first: None,
            parts: Parts::default(),
        }
    }

    /// Takes padding and the magic of a stream.
    fn begin(&mut self, input: &[u8]) -> Result<usize, Problem> {
        for (index, byte) in input.iter().enumerate() {
            if *byte == 0 && self.head.is_empty() && self.parts.members > 0 {
                self.padding_bytes += 1;
                continue;
            }
            let begins_well = self.padding_bytes.is_multiple_of(4) && MAGIC[self.head.len()] == *byte;
            if !begins_well {
                let held = self.head.len().saturating_sub(index);
                self.head.truncate(held);
                return Err(match self.parts.members {
                    0 => Problem::WrongStart,
                    _ => Problem::TrailingData,
                });
            }
            self.head.push(*byte);
            if self.head == MAGIC {
                let mut stream = Stream::new_stream_decoder(self.memory_bytes, TELL_UNSUPPORTED_CHECK)
                    .map_err(|error| damaged(words(&error)))?;
                self.parts.skipped_bytes += std::mem::take(&mut self.padding_bytes);
                let ready = stream.process(&self.head, &mut [], Action::Run);
                ready.map_err(|error| damaged(words(&error)))?;
                self.stream = Some(stream);
                if self.first.is_some() {
                    self.head.clear();
                }
                return Ok(index + 1);
            }
        }
        Ok(input.len())
    }

    /// Looks for the settings while the first header arrives.
    fn watch(&mut self, input: &[u8]) {
        if self.first.is_none() {
            let seen = self.head.len();
            self.head.extend(input.iter().take(2048_usize.saturating_sub(seen)));
            self.first = beginning(&self.head);
            if self.first.is_some() {
                self.head = Vec::new();
            }
        }
    }

    fn problem(&self, error: &LzmaError) -> Problem {
        match error {
            LzmaError::MemLimit => Problem::Memory {
                needed_bytes: self
                    .first
                    .as_ref()
                    .and_then(|first| first.dictionary_bytes)
                    .map(|bytes| bytes + OWN_BYTES)
                    .filter(|needed| *needed > self.memory_bytes),
                limit_bytes: self.memory_bytes,
            },
            LzmaError::UnsupportedCheck => Problem::Unsupported("a kind of checksum that is not known"),
            LzmaError::Options => Problem::Unsupported("filters or options that are not known"),
            error => damaged(words(error)),
        }
    }
}

impl Unpack for Streams {
    fn unpack(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.stream.is_none() {
            return Ok(Step { read: self.begin(input)?, written: 0 });
        }
        self.watch(input);
        let Some(stream) = &mut self.stream else { return Ok(Step::default()) };
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.process(input, output, Action::Run);
        let step = Step {
            read: (stream.total_in() - read) as usize,
            written: (stream.total_out() - written) as usize,
        };
        match status {
            Ok(Status::StreamEnd) => {
                self.stream = None;
                self.parts.members += 1;
                self.head.clear();
            }
            Ok(_) => {}
            Err(error) => return Err(Fault { after: step.read as u64, problem: self.problem(&error) }),
        }
        Ok(step)
    }

    fn may_end(&self) -> bool {
        self.parts.members > 0
            && self.stream.is_none()
            && self.head.is_empty()
            && self.padding_bytes.is_multiple_of(4)
    }

    fn held_bytes(&self) -> usize {
        if self.stream.is_none() { self.head.len() } else { 0 }
    }

    fn settings(&self) -> Option<Settings> {
        self.first.as_ref().map(|first| first.settings.clone())
    }

    fn parts(&self) -> Parts {
        let Parts { members, skipped_bytes } = self.parts;
        Parts { members, skipped_bytes: skipped_bytes + self.padding_bytes }
    }
}
