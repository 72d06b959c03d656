//! Writes one gzip member.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::header::Header;
use crate::compression::decoder::Step;
use crate::compression::encoder::{Action, Pack};

pub(in crate::compression) struct Deflate {
    body: Compress,
    crc: Crc,
    /// Bytes of the header or the trailer that are still to be written.
    pending: Vec<u8>,
    is_body_done: bool,
}

impl Deflate {
    /// # Errors
    /// For subfields that describe the compressed data, which would be wrong.
    pub(in crate::compression) fn new(level: u32, header: &Header) -> io::Result<Self> {
        if header.extra.is_some() {
            let what = "this gzip file has extra fields in its header, which may describe its compressed \
                        form, so it cannot be rewritten; decompress it first";
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }
        Ok(Self {
            body: Compress::new(Compression::new(level.min(9)), false),
            crc: Crc::new(),
            pending: header.write(level),
            is_body_done: false,
        })
    }
}

/// Moves bytes from the front of `pending` to the front of `output`.
pub(super) fn drain(pending: &mut Vec<u8>, output: &mut [u8]) -> usize {
    let count = pending.len().min(output.len());
    output[..count].copy_from_slice(&pending[..count]);
    pending.drain(..count);
    count
}

impl Pack for Deflate {
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)> {
        let before = drain(&mut self.pending, output);
        if !self.pending.is_empty() || self.is_body_done {
            return Ok((Step { read: 0, written: before }, self.pending.is_empty()));
        }
        let flush = match action {
            Action::Run => FlushCompress::None,
            Action::Flush => FlushCompress::Sync,
            Action::Finish => FlushCompress::Finish,
        };
        let (total_in, total_out) = (self.body.total_in(), self.body.total_out());
        let status = self.body.compress(input, &mut output[before..], flush).map_err(io::Error::other)?;
        let read = (self.body.total_in() - total_in) as usize;
        let written = before + (self.body.total_out() - total_out) as usize;
        self.crc.update(&input[..read]);
        if status == Status::StreamEnd {
            self.is_body_done = true;
            self.pending.extend(self.crc.sum().to_le_bytes());
            self.pending.extend(self.crc.amount().to_le_bytes());
            return Ok((Step { read, written }, false));
        }
        // A flush is complete once it leaves space.
        let is_done = action != Action::Finish && written < output.len();
        Ok((Step { read, written }, is_done))
    }
}
