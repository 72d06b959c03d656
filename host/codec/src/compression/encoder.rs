//! Writes content as a compressed file.

use std::io::{self, Write};

use super::decoder::Step;
use super::{Settings, bzip2, gzip, xz, zstd};

/// Bytes handed to the sink at a time.
const OUTPUT_BYTES: usize = 64 << 10;

/// What is asked of a compressor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Compress; output may be held back.
    Run,
    /// Write out all that was held back. Repeated until it is done.
    Flush,
    /// End the file. Repeated until it is done.
    Finish,
}

/// Compresses to one member.
pub(super) trait Pack: Send {
    /// Compresses from the front of `input` to the front of `output`; also
    /// returns whether the action is done. `Flush` and `Finish` are given no
    /// input.
    fn pack(&mut self, input: &[u8], output: &mut [u8], action: Action) -> io::Result<(Step, bool)>;
}

/// Compresses what is written to it.
///
/// The file is complete only after [`finish`](Self::finish); dropping an
/// encoder leaves it truncated, which every reader notices.
pub struct Encoder<W> {
    sink: W,
    engine: Box<dyn Pack>,
    output: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    /// Compresses to `sink`.
    ///
    /// # Errors
    /// When a library refuses the settings, or there is no memory for them.
    pub fn new(sink: W, settings: &Settings) -> io::Result<Self> {
        let engine: Box<dyn Pack> = match settings {
            Settings::Gzip { level, header } if header.is_blocked() => {
                Box::new(gzip::Blocks::new(*level, header.clone()))
            }
            Settings::Gzip { level, header } => Box::new(gzip::Deflate::new(*level, header)?),
            Settings::Zstd { level, checksum, long_window_log } => {
                let frame = zstd::Frame::new(*level, *long_window_log)?;
                Box::new(if *checksum { frame.with_checksum()? } else { frame })
            }
            Settings::Xz { level, check } => Box::new(xz::Stream::new(*level, *check)?),
            Settings::Bzip2 { level } => Box::new(bzip2::Stream::new(*level)),
        };
        Ok(Self { sink, engine, output: vec![0; OUTPUT_BYTES] })
    }

    /// Ends the file, and returns the sink, which is not flushed.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.complete(Action::Finish)?;
        Ok(self.sink)
    }

    fn complete(&mut self, action: Action) -> io::Result<()> {
        loop {
            let (step, is_done) = self.engine.pack(&[], &mut self.output, action)?;
            self.sink.write_all(&self.output[..step.written])?;
            if is_done {
                return Ok(());
            }
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < input.len() {
            let (step, _) = self.engine.pack(&input[read..], &mut self.output, Action::Run)?;
            self.sink.write_all(&self.output[..step.written])?;
            if step == Step::default() {
                return Err(io::Error::other("the compressor takes no more data"));
            }
            read += step.read;
        }
        Ok(read)
    }

    /// Makes everything so far readable at the other end, which costs some
    /// compression, and flushes the sink.
    fn flush(&mut self) -> io::Result<()> {
        self.complete(Action::Flush)?;
        self.sink.flush()
    }
}

impl<W> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
