//! Writes content as the file that it came from was written.

use std::io::{self, Write};

use runner_codec::{Encoder, TextEncoder};

use super::failure::wrapped;
use super::{Convert, Facts};
use crate::memory::{Budget, Lease};

/// Encodes and compresses what is written to it, as soon as the reader of the
/// file has found out how.
pub(crate) struct Packer<'f, W: Write> {
    stage: Stage<W>,
    convert: Convert,
    facts: &'f Facts,
    budget: Budget,
    /// The memory of the encoder.
    lease: Lease,
}

enum Stage<W: Write> {
    Waiting(W),
    Plain(Box<Zip<W>>),
    Text(Box<TextEncoder<Zip<W>>>),
    Failed,
}

/// Compresses, if that is asked for.
enum Zip<W: Write> {
    Plain(W),
    /// With the hash of what was compressed.
    Encoder(Box<(Encoder<W>, blake3::Hasher)>),
}

impl<W: Write> Write for Zip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Encoder(both) => {
                let (encoder, hasher) = &mut **both;
                let count = encoder.write(bytes)?;
                hasher.update(&bytes[..count]);
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Encoder(both) => both.0.flush(),
        }
    }
}

impl<W: Write> Zip<W> {
    fn finish(self) -> io::Result<(W, Option<blake3::Hash>)> {
        match self {
            Self::Plain(sink) => Ok((sink, None)),
            Self::Encoder(both) => {
                let (encoder, hasher) = *both;
                Ok((encoder.finish()?, Some(hasher.finalize())))
            }
        }
    }
}

impl<'f, W: Write> Packer<'f, W> {
    /// Converts to `sink`.
    pub(crate) fn new(sink: W, convert: Convert, facts: &'f Facts, budget: &Budget) -> Self {
        let (budget, lease) = (budget.clone(), budget.lease());
        Self { stage: Stage::Waiting(sink), convert, facts, budget, lease }
    }

    /// Completes the file. Returns the sink, which is not flushed, and the hash
    /// of what was compressed.
    ///
    /// # Errors
    /// When the text ends within a character, or the sink fails.
    pub(crate) fn finish(mut self) -> io::Result<(W, Option<blake3::Hash>)> {
        self.begin()?;
        match self.stage {
            Stage::Plain(zip) => zip.finish(),
            Stage::Text(text) => text.finish()?.finish(),
            Stage::Waiting(_) | Stage::Failed => Err(io::Error::other("the encoder has failed")),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !matches!(self.stage, Stage::Waiting(_)) {
            return Ok(());
        }
        let Stage::Waiting(sink) = std::mem::replace(&mut self.stage, Stage::Failed) else { return Ok(()) };
        let zip = match self.facts.settings.get() {
            Some(found) => {
                let settings = self.convert.settings(found.clone()).map_err(wrapped)?;
                let bytes = usize::try_from(settings.encoder_bytes()).unwrap_or(usize::MAX);
                self.lease = self.budget.lease();
                self.lease.grow(bytes).map_err(|denied| wrapped(denied.into()))?;
                Zip::Encoder(Box::new((Encoder::new(sink, &settings)?, blake3::Hasher::new())))
            }
            None => Zip::Plain(sink),
        };
        self.stage = match self.facts.encoding.get() {
            Some(encoding) => Stage::Text(Box::new(TextEncoder::new(zip, *encoding))),
            None => Stage::Plain(Box::new(zip)),
        };
        Ok(())
    }
}

impl<W: Write> Write for Packer<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        match &mut self.stage {
            Stage::Plain(zip) => zip.write(bytes),
            Stage::Text(text) => text.write(bytes),
            Stage::Waiting(_) | Stage::Failed => Err(io::Error::other("the encoder has failed")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stage {
            // Nothing was written yet.
            Stage::Waiting(_) | Stage::Failed => Ok(()),
            Stage::Plain(zip) => zip.flush(),
            Stage::Text(text) => text.flush(),
        }
    }
}
