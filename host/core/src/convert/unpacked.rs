//! Reads a file as the content that a plugin sees.

use std::io::{self, Read};

use runner_codec::{Decoder, Format, TextDecoder, recognise};

use super::failure::wrapped;
use super::head::Head;
use super::{Convert, Facts, limits};
use crate::engine::readable::NoText;
use crate::error::{Error, Kind, Result};
use crate::memory::{Budget, Lease};

/// Bytes that tell a format, except where frames of zstd to skip come first.
const FORMAT_BYTES: usize = 10;
/// The byte order mark.
const MARK_BYTES: usize = 2;
/// Memory of the decoders of gzip and bzip2, whatever they read.
const SMALL_BYTES: u64 = 5 << 20;

/// The decompressed and decoded content of a source.
pub(crate) struct Unpacked<'f, R: Read> {
    stage: Stage<R>,
    convert: Convert,
    no_text: NoText,
    facts: &'f Facts,
    budget: Budget,
    /// The memory of the decoder.
    lease: Lease,
}

/// What is known of the source.
enum Stage<R: Read> {
    /// Not whether it is compressed.
    Start(Head<R>),
    /// Not how the text is encoded.
    Bytes(Head<Unzipped<R>>),
    Text(TextDecoder<Head<Unzipped<R>>>),
    /// An error ended it.
    Over,
}

enum Unzipped<R: Read> {
    Plain(Head<R>),
    Decoder(Box<Decoder<Head<R>>>),
}

impl<R: Read> Unzipped<R> {
    fn is_ready(&self) -> bool {
        match self {
            Self::Plain(head) => head.is_ready(),
            Self::Decoder(decoder) => decoder.is_ready(),
        }
    }

    fn head_mut(&mut self) -> &mut Head<R> {
        match self {
            Self::Plain(head) => head,
            Self::Decoder(decoder) => decoder.source_mut(),
        }
    }
}

impl<R: Read> Read for Unzipped<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(head) => head.read(output),
            Self::Decoder(decoder) => decoder.read(output),
        }
    }
}

impl<'f, R: Read> Unpacked<'f, R> {
    /// Converts a source. What is found out is stored in `facts`.
    pub(crate) fn new(
        source: R,
        (convert, no_text): (Convert, NoText),
        facts: &'f Facts,
        budget: &Budget,
    ) -> Self {
        let (budget, lease) = (budget.clone(), budget.lease());
        Self { stage: Stage::Start(Head::new(source)), convert, no_text, facts, budget, lease }
    }

    /// Whether `read` may return something without reading the source.
    pub(crate) fn is_ready(&mut self) -> bool {
        match &mut self.stage {
            Stage::Start(_) => false,
            // One byte of an order mark waits for the other.
            Stage::Bytes(bytes) => {
                (self.convert.encoding.is_none() && bytes.is_ready())
                    || bytes.source.is_ready()
                    || bytes.source.head_mut().is_ready()
            }
            Stage::Text(text) => {
                text.is_ready() || {
                    let bytes = text.source_mut();
                    bytes.is_ready() || bytes.source.is_ready() || bytes.source.head_mut().is_ready()
                }
            }
            Stage::Over => true,
        }
    }

    /// The source, unless an error has ended it.
    pub(crate) fn source_mut(&mut self) -> Option<&mut R> {
        match &mut self.stage {
            Stage::Start(head) => Some(&mut head.source),
            Stage::Bytes(bytes) => Some(&mut bytes.source.head_mut().source),
            Stage::Text(text) => Some(&mut text.source_mut().source.head_mut().source),
            Stage::Over => None,
        }
    }

    /// Finds out whether and how the source is compressed.
    fn unzip(&mut self, mut head: Head<R>) -> Result<Unzipped<R>> {
        if !self.convert.decompress {
            return Ok(Unzipped::Plain(head));
        }
        // It was looked at before.
        let bytes = head.peek(0).unwrap_or_default();
        let Some(format) = Format::of(bytes) else { return Err(not_compressed(bytes)) };
        let mut limits = limits(&self.budget);
        let needed = match format {
            Format::Gzip | Format::Bzip2 => SMALL_BYTES,
            Format::Zstd | Format::Xz => limits.memory_bytes,
        };
        limits.memory_bytes = limits.memory_bytes.max(needed);
        self.lease.grow(usize::try_from(needed).unwrap_or(usize::MAX))?;
        Ok(Unzipped::Decoder(Box::new(Decoder::with_limits(head, format, limits))))
    }

    /// Finds out what comes next.
    fn advance(&mut self) -> io::Result<()> {
        match &mut self.stage {
            Stage::Start(head) => {
                let least = if self.convert.decompress { FORMAT_BYTES } else { 0 };
                let bytes = head.peek(least)?;
                // Frames to skip may be long.
                if self.convert.decompress && is_skippable(bytes) && Format::of(bytes).is_none() {
                    head.peek(runner_codec::recognise::HEAD_BYTES)?;
                }
            }
            Stage::Bytes(bytes) => drop(bytes.peek(MARK_BYTES)?),
            Stage::Text(_) | Stage::Over => {}
        }
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Start(head) => Stage::Bytes(Head::new(self.unzip(head).map_err(wrapped)?)),
            Stage::Bytes(mut bytes) => {
                let head = bytes.peek(0)?;
                let encoding = self.convert.encoding_of(head).map_err(wrapped)?;
                let encoding = encoding.expect("text is decoded only where that was asked for");
                self.convert.check_before(head, encoding, self.no_text).map_err(wrapped)?;
                let _ = self.facts.encoding.set(encoding);
                Stage::Text(TextDecoder::new(bytes, encoding))
            }
            stage => stage,
        };
        Ok(())
    }

    /// Stores what a decoder knows after it has read something.
    fn note(&mut self) {
        let unzipped = match &mut self.stage {
            Stage::Bytes(bytes) => &mut bytes.source,
            Stage::Text(text) => &mut text.source_mut().source,
            Stage::Start(_) | Stage::Over => return,
        };
        if let Unzipped::Decoder(decoder) = unzipped {
            let _ = self.facts.settings.get_or_init(|| decoder.settings());
            self.facts.parts.set(decoder.parts());
        }
    }
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.stage {
                Stage::Bytes(bytes) if self.convert.encoding.is_none() => bytes.read(output)?,
                Stage::Text(text) => text.read(output)?,
                Stage::Over => return Ok(0),
                _ => {
                    self.advance()?;
                    continue;
                }
            };
            self.note();
            return Ok(read);
        }
    }
}

/// Whether zstd frames to skip come first (RFC 8878, 3.1.2).
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn not_compressed(head: &[u8]) -> Error {
    const WHAT: &str = "gzip, zstd, xz or bzip2";
    if head.is_empty() {
        return Error::new(Kind::Refused, format!("this is empty, not compressed with {WHAT}"));
    }
    match recognise(head) {
        Some(foreign) => {
            let what = format!("this is {}, not compressed with {WHAT}", foreign.name());
            Error::new(Kind::Refused, what).hint(foreign.advice())
        }
        None => Error::new(Kind::Refused, format!("this is not compressed with {WHAT}"))
            .hint("leave `--decompress` out"),
    }
}
