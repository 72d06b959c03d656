//! Writes BGZF: members of at most 64 KiB that tell their length, so that
//! programs with an index (`tabix`, `bcftools`) can jump to them.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::deflate::drain;
use super::header::Header;
use crate::compression::decoder::Step;
use crate::compression::encoder::{Action, Pack};

/// Content of a block, as `bgzip` cuts it. Stored as it is, it still fits.
const BLOCK_BYTES: usize = 0xff00;
/// Bytes that a whole block may have.
const MEMBER_BYTES_MAX: usize = 1 << 16;

pub(in crate::compression) struct Blocks {
    body: Compress,
    level: u32,
    header: Header,
    content: Vec<u8>,
    pending: Vec<u8>,
    has_ended: bool,
}

impl Blocks {
    pub(in crate::compression) fn new(level: u32, header: Header) -> Self {
        Self {
            body: Compress::new(Compression::new(level.min(9)), false),
            level,
            // Readers expect nothing else in the header.
            header: Header { os: header.os, ..Header::default() },
            content: Vec::with_capacity(BLOCK_BYTES),
            pending: Vec::new(),
            has_ended: false,
        }
    }

    /// Compresses the content so far into a member.
    fn close(&mut self) -> io::Result<()> {
        let mut deflated = vec![0; MEMBER_BYTES_MAX];
        self.body.reset();
        let status = self
            .body
            .compress(&self.content, &mut deflated, FlushCompress::Finish)
            .map_err(io::Error::other)?;
        if status != Status::StreamEnd {
            return Err(io::Error::other("a block of BGZF does not fit its 64 KiB"));
        }
        deflated.truncate(self.body.total_out() as usize);
        let mut header = self.header.clone();
        header.extra = Some(b"BC\x02\0\0\0".to_vec());
        let whole = header.write(self.level).len() + deflated.len() + 8;
        let stored = u16::try_from(whole - 1)
            .map_err(|_| io::Error::other("a block of BGZF does not fit its 64 KiB"))?;
        let [low, high] = stored.to_le_bytes();
        header.extra = Some(vec![b'B', b'C', 2, 0, low, high]);
        let mut crc = Crc::new();
        crc.update(&self.content);
        self.pending.extend(header.write(self.level));
        self.pending.extend(deflated);
        self.pending.extend(crc.sum().to_le_bytes());
        self.pending.extend(crc.amount().to_le_bytes());
        self.content.clear();
        Ok(())
    }
}

impl Pack for Blocks {
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)> {
        let mut read = 0;
        if self.pending.is_empty() {
            read = input.len().min(BLOCK_BYTES - self.content.len());
            self.content.extend_from_slice(&input[..read]);
            let is_asked = action != Action::Run && !self.content.is_empty();
            if self.content.len() == BLOCK_BYTES || is_asked {
                self.close()?;
            } else if action == Action::Finish && !self.has_ended {
                // The file ends with an empty block.
                self.has_ended = true;
                self.close()?;
            }
        }
        let written = drain(&mut self.pending, output);
        let is_done = self.pending.is_empty() && (action != Action::Finish || self.has_ended);
        Ok((Step { read, written }, is_done))
    }
}
