//! Reads a compressed file as the bytes that it holds.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use super::error::{Error, Problem};
use super::{Format, Settings, bzip2, gzip, xz, zstd};

/// Bytes read from the source at a time.
const INPUT_BYTES: usize = 64 << 10;

/// What a decoder may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for the part of the content that a format refers back
    /// to. A file that needs more is refused before that memory is taken. For
    /// zstd at least 17 MiB, which all levels up to 19 need at most.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// 256 MiB: enough for what `zstd` itself reads without `--long` (128 MiB)
    /// and for every level of `xz` (65 MiB).
    fn default() -> Self {
        Self { memory_bytes: 256 << 20 }
    }
}

/// Of how many parts the file was made. An [`Encoder`](super::Encoder) writes
/// one, so what depends on their borders is lost on rewriting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Members (gzip), frames (zstd), streams (xz, bzip2).
    pub members: u64,
    /// Bytes that hold no content, and are not written again: skippable frames
    /// of zstd (which may be an index), padding of xz.
    pub skipped_bytes: u64,
}

/// Decompresses one member after another.
pub(super) trait Unpack: Send {
    /// Decompresses from the front of `input` to the front of `output`. At
    /// least one byte is read or written, unless `input` is empty.
    fn unpack(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;

    /// Whether the file may end here.
    fn may_end(&self) -> bool;

    /// Bytes read by earlier calls of the header or trailer that has begun.
    fn held_bytes(&self) -> usize;

    /// How the first member was compressed, once its header was read.
    fn settings(&self) -> Option<Settings>;

    /// What was read so far.
    fn parts(&self) -> Parts;
}

/// How far a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

/// A problem, this many bytes after the beginning of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) after: u64,
    pub(super) problem: Problem,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { after: 0, problem }
    }
}

/// Reads the content of a compressed file. Memory is bounded, whatever the file
/// holds; the amount of content is not.
///
/// Content that was returned before an error is not to be trusted: checksums
/// follow the data that they are for. After an error, each call returns it
/// again.
pub struct Decoder<R> {
    source: R,
    engine: Box<dyn Unpack>,
    format: Format,
    input: Vec<u8>,
    /// What of `input` is still to be decompressed.
    rest: Range<usize>,
    /// Offset of the first byte of `rest`.
    offset: u64,
    has_ended: bool,
    /// Whether the last call had no space left: the engine may hold more.
    was_full: bool,
    failed: Option<Error>,
}

impl<R: Read> Decoder<R> {
    /// Decompresses `source`, which is a file of this format from its beginning.
    #[must_use]
    pub fn new(source: R, format: Format) -> Self {
        Self::with_limits(source, format, Limits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(source: R, format: Format, limits: Limits) -> Self {
        let engine: Box<dyn Unpack> = match format {
            Format::Gzip => Box::new(gzip::Inflate::new()),
            Format::Zstd => Box::new(zstd::Frames::new(limits.memory_bytes)),
            Format::Xz => Box::new(xz::Streams::new(limits.memory_bytes)),
            Format::Bzip2 => Box::new(bzip2::Streams::new()),
        };
        let input = vec![0; INPUT_BYTES];
        Self {
            source,
            engine,
            format,
            input,
            rest: 0..0,
            offset: 0,
            has_ended: false,
            was_full: false,
            failed: None,
        }
    }

    /// How the first member was compressed. The defaults before the first call
    /// of `read` has returned.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.engine.settings().unwrap_or_else(|| Settings::of(self.format))
    }

    /// Of how many parts the file was made, as far as it was read.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.engine.parts()
    }

    /// The offset in the compressed file up to which it was decompressed.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The source.
    pub fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Whether there is something that was read from the source and may not have
    /// been returned. Where this is false, `read` reads the source first.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.has_ended || self.was_full || !self.rest.is_empty() || self.failed.is_some()
    }

    /// The source. Bytes of it that were read ahead are lost.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.source
    }

    fn fail(&mut self, fault: impl Into<Fault>) -> io::Error {
        let Fault { after, problem } = fault.into();
        // A file that ends early does so after what is held.
        let held = if problem == Problem::Truncated { 0 } else { self.engine.held_bytes() as u64 };
        let error = Error { format: self.format, offset: self.offset + after - held, problem };
        self.failed = Some(error.clone());
        error.into()
    }

    /// Reads more of the source, if there is nothing left to decompress, and the
    /// engine has returned all that it can. Otherwise a source that pauses would
    /// keep back what is there.
    fn fill(&mut self) -> io::Result<()> {
        while self.rest.is_empty() && !self.has_ended && !self.was_full {
            match self.source.read(&mut self.input) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.rest = 0..count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            self.fill()?;
            let input = &self.input[self.rest.clone()];
            let Step { read, written } = match self.engine.unpack(input, output) {
                Ok(step) => step,
                Err(fault) => return Err(self.fail(fault)),
            };
            let was_empty = input.is_empty();
            self.rest.start += read;
            self.offset += read as u64;
            self.was_full = written == output.len();
            if written > 0 {
                return Ok(written);
            }
            if was_empty && !self.has_ended {
                continue;
            }
            if was_empty {
                return if self.engine.may_end() { Ok(0) } else { Err(self.fail(Problem::Truncated)) };
            }
            if read == 0 {
                return Err(self.fail(Problem::Damaged("it cannot be decompressed any further".to_owned())));
            }
        }
    }
}

impl<R> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("format", &self.format)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
