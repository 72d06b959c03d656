//! Reads gzip members.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::header::Header;
use crate::compression::decoder::{Fault, Parts, Step, Unpack};
use crate::compression::error::damaged;
use crate::compression::{Problem, Settings};

/// Bytes of the checksum and the length at the end of a member.
const TRAILER_BYTES: usize = 8;

enum State {
    /// These bytes of a header have arrived; none between two members.
    Header(Vec<u8>),
    Body,
    /// These bytes of the trailer have arrived.
    Trailer(Vec<u8>),
    /// Zeros have followed the last member: tapes and other media pad with them,
    /// and `gzip` passes over them, too.
    Padding,
}

pub(in crate::compression) struct Inflate {
    state: State,
    body: Decompress,
    crc: Crc,
    settings: Option<Settings>,
    members: u64,
    padding_bytes: u64,
}

impl Inflate {
    pub(in crate::compression) fn new() -> Self {
        Self {
            state: State::Header(Vec::new()),
            body: Decompress::new(false),
            crc: Crc::new(),
            settings: None,
            members: 0,
            padding_bytes: 0,
        }
    }

    fn header(&mut self, mut head: Vec<u8>, input: &[u8]) -> Result<usize, Problem> {
        let before = head.len();
        head.extend_from_slice(input);
        let parsed = match Header::parse(&head) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => {
                self.state = State::Header(head);
                return Ok(input.len());
            }
            Err(problem) => {
                head.truncate(before);
                self.state = State::Header(head);
                let is_other = problem == Problem::WrongStart && self.members > 0;
                return Err(if is_other { Problem::TrailingData } else { problem });
            }
        };
        if self.settings.is_none() {
            self.settings = Some(Settings::Gzip { level: parsed.level, header: parsed.header });
        }
        self.body.reset(false);
        self.crc = Crc::new();
        self.state = State::Body;
        Ok(parsed.bytes - before)
    }

    fn body(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let (read, written) = (self.body.total_in(), self.body.total_out());
        let status = self
            .body
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| Fault { after: self.body.total_in() - read, problem: damaged(error) })?;
        // Both are at most the length of a slice.
        let step = Step {
            read: (self.body.total_in() - read) as usize,
            written: (self.body.total_out() - written) as usize,
        };
        self.crc.update(&output[..step.written]);
        if status == Status::StreamEnd {
            self.state = State::Trailer(Vec::with_capacity(TRAILER_BYTES));
        }
        Ok(step)
    }

    fn trailer(&mut self, mut trailer: Vec<u8>, input: &[u8]) -> Result<usize, Problem> {
        let count = input.len().min(TRAILER_BYTES - trailer.len());
        trailer.extend_from_slice(&input[..count]);
        let &[c0, c1, c2, c3, s0, s1, s2, s3] = trailer.as_slice() else {
            self.state = State::Trailer(trailer);
            return Ok(count);
        };
        if self.crc.sum() != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(damaged("the content does not match its CRC-32"));
        }
        // Both count modulo 2^32.
        if self.crc.amount() != u32::from_le_bytes([s0, s1, s2, s3]) {
            return Err(damaged("the content does not have the length that is stored"));
        }
        self.members += 1;
        self.state = State::Header(Vec::new());
        Ok(count)
    }

    /// Passes over zeros at the end.
    fn padding(&mut self, input: &[u8]) -> Result<usize, Problem> {
        let zeros = input.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Err(Problem::TrailingData);
        }
        self.padding_bytes += zeros as u64;
        Ok(zeros)
    }
}

impl Unpack for Inflate {
    fn unpack(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let read = match &mut self.state {
            State::Body => return self.body(input, output),
            // Without input nothing changes, and nothing may be lost.
            _ if input.is_empty() => 0,
            State::Header(head) if self.members > 0 && head.is_empty() && input.starts_with(&[0]) => {
                self.state = State::Padding;
                self.padding(input)?
            }
            State::Padding => self.padding(input)?,
            State::Header(head) => {
                let head = std::mem::take(head);
                self.header(head, input)?
            }
            State::Trailer(trailer) => {
                let trailer = std::mem::take(trailer);
                self.trailer(trailer, input)?
            }
        };
        Ok(Step { read, written: 0 })
    }

    fn may_end(&self) -> bool {
        match &self.state {
            State::Header(head) => self.members > 0 && head.is_empty(),
            State::Padding => true,
            State::Body | State::Trailer(_) => false,
        }
    }

    fn held_bytes(&self) -> usize {
        match &self.state {
            State::Header(held) | State::Trailer(held) => held.len(),
            State::Body | State::Padding => 0,
        }
    }

    fn settings(&self) -> Option<Settings> {
        self.settings.clone()
    }

    fn parts(&self) -> Parts {
        Parts { members: self.members, skipped_bytes: self.padding_bytes }
    }
}
