//! bzip2, through `libbz2-rs-sys`, a translation of the original to Rust.

use std::io;

use bzip2::{Action as Bzip2Action, Compress, Compression, Decompress, Status};

use super::decoder::{Fault, Parts, Step, Unpack};
use super::encoder::{Action, Pack};
use super::error::damaged;
use super::{Problem, Settings};

/// Bytes of a stream's beginning that are looked at: `BZh`, the level, and the
/// magic of a block.
const HEAD_BYTES: usize = 10;
/// After the level comes a block, or the end of the stream.
const MAGICS: [[u8; 6]; 2] = [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];

/// Whether a stream may begin with these bytes.
pub(super) fn is_start(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let magic = head.get(4..).unwrap_or_default();
    head.iter().zip(*b"BZh").all(|(found, expected)| *found == expected)
        && head.get(3).is_none_or(|level| (b'1'..=b'9').contains(level))
        && MAGICS.iter().any(|expected| expected.starts_with(magic))
}

/// Reads streams.
pub(super) struct Streams {
    stream: Option<Decompress>,
    /// The beginning of the next stream, as far as it has arrived.
    head: Vec<u8>,
    level: Option<u32>,
    streams: u64,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self { stream: None, head: Vec::with_capacity(HEAD_BYTES), level: None, streams: 0 }
    }

    /// Takes bytes of the beginning.
    fn begin(&mut self, input: &[u8]) -> Result<usize, Problem> {
        let count = input.len().min(HEAD_BYTES - self.head.len());
        self.head.extend_from_slice(&input[..count]);
        if !is_start(&self.head) {
            self.head.truncate(self.head.len() - count);
            return Err(if self.streams > 0 { Problem::TrailingData } else { Problem::WrongStart });
        }
        if self.head.len() == HEAD_BYTES {
            self.level.get_or_insert(u32::from(self.head[3] - b'0'));
            let mut stream = Decompress::new(false);
            stream.decompress(&self.head, &mut []).map_err(damaged)?;
            if stream.total_in() != HEAD_BYTES as u64 {
                return Err(damaged("the header of a stream cannot be read"));
            }
            self.head.clear();
            self.stream = Some(stream);
        }
        Ok(count)
    }
}

impl Unpack for Streams {
    fn unpack(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let Some(stream) = &mut self.stream else {
            return Ok(Step { read: self.begin(input)?, written: 0 });
        };
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output);
        let status =
            status.map_err(|error| Fault { after: stream.total_in() - read, problem: damaged(error) })?;
        // Both are at most the length of a slice.
        let step = Step {
            read: (stream.total_in() - read) as usize,
            written: (stream.total_out() - written) as usize,
        };
        match status {
            Status::StreamEnd => {
                self.stream = None;
                self.streams += 1;
            }
            Status::MemNeeded => return Err(damaged("it cannot be decompressed any further").into()),
            _ => {}
        }
        Ok(step)
    }

    fn may_end(&self) -> bool {
        self.streams > 0 && self.stream.is_none() && self.head.is_empty()
    }

    fn held_bytes(&self) -> usize {
        self.head.len()
    }

    fn settings(&self) -> Option<Settings> {
        self.level.map(|level| Settings::Bzip2 { level })
    }

    fn parts(&self) -> Parts {
        Parts { members: self.streams, skipped_bytes: 0 }
    }
}

/// Writes one stream.
pub(super) struct Stream(Compress);

impl Stream {
    pub(super) fn new(level: u32) -> Self {
        Self(Compress::new(Compression::new(level.clamp(1, 9)), 0))
    }
}

impl Pack for Stream {
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)> {
        let action = match action {
            Action::Run => Bzip2Action::Run,
            Action::Flush => Bzip2Action::Flush,
            Action::Finish => Bzip2Action::Finish,
        };
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let status = self.0.compress(input, output, action).map_err(io::Error::other)?;
        let step = Step {
            read: (self.0.total_in() - read) as usize,
            written: (self.0.total_out() - written) as usize,
        };
        Ok((step, matches!(status, Status::StreamEnd | Status::RunOk)))
    }
}
