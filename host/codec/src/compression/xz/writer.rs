//! Writes one stream of one block.

use std::io;

use liblzma::stream::{Action as LzmaAction, Check as LzmaCheck, Status, Stream as Lzma};

use super::words;
use crate::compression::Check;
use crate::compression::decoder::Step;
use crate::compression::encoder::{Action, Pack};

pub(in crate::compression) struct Stream(Lzma);

impl Stream {
    pub(in crate::compression) fn new(level: u32, check: Check) -> io::Result<Self> {
        let check = match check {
            Check::None => LzmaCheck::None,
            Check::Crc32 => LzmaCheck::Crc32,
            Check::Crc64 => LzmaCheck::Crc64,
            Check::Sha256 => LzmaCheck::Sha256,
        };
        let stream = Lzma::new_easy_encoder(level.min(9), check);
        stream.map(Self).map_err(|error| io::Error::other(words(&error)))
    }
}

impl Pack for Stream {
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)> {
        let action = match action {
            Action::Run => LzmaAction::Run,
            Action::Flush => LzmaAction::SyncFlush,
            Action::Finish => LzmaAction::Finish,
        };
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let status =
            self.0.process(input, output, action).map_err(|error| io::Error::other(words(&error)))?;
        let step = Step {
            read: (self.0.total_in() - read) as usize,
            written: (self.0.total_out() - written) as usize,
        };
        Ok((step, status == Status::StreamEnd))
    }
}
