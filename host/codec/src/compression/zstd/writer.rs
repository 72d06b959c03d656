//! Writes one frame.

use std::io;

use zstd::stream::raw::{CParameter, Encoder, Operation as _, OutBuffer};

use crate::compression::decoder::Step;
use crate::compression::encoder::{Action, Pack};

pub(in crate::compression) struct Frame(Encoder<'static>);

impl Frame {
    /// Without a checksum.
    pub(in crate::compression) fn new(level: i32, long_window_log: Option<u32>) -> io::Result<Self> {
        let mut encoder = Encoder::new(level)?;
        if let Some(log) = long_window_log {
            encoder.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
            encoder.set_parameter(CParameter::WindowLog(log))?;
        }
        Ok(Self(encoder))
    }

    pub(in crate::compression) fn with_checksum(mut self) -> io::Result<Self> {
        self.0.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(self)
    }
}

impl Pack for Frame {
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)> {
        if action == Action::Run {
            let status = self.0.run_on_buffers(input, output)?;
            return Ok((Step { read: status.bytes_read, written: status.bytes_written }, true));
        }
        let mut space = OutBuffer::around(output);
        let left = match action {
            Action::Finish => self.0.finish(&mut space, false)?,
            _ => self.0.flush(&mut space)?,
        };
        Ok((Step { read: 0, written: space.pos() }, left == 0))
    }
}
