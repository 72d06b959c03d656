//! Where reports go: the standard streams, or a buffer that is passed on later.

use std::error::Error as _;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, json_line};
use runner_pipeline::locks;
use serde_json::Value;

use super::EventFormat;
use crate::closed_streams::is_output_closed;

/// Where a [`Reporter`](super::Reporter) writes to.
#[derive(Clone)]
pub(super) enum Output {
    /// The standard streams.
    Streams,
    /// A buffer for a different reporter.
    Buffer(Arc<Mutex<Vec<Chunk>>>),
}

/// Bytes and the stream that they belong to.
pub(super) type Chunk = (Stream, Vec<u8>);

#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Output {
    /// Writes all bytes at once.
    pub(super) fn write(&self, stream: Stream, bytes: &[u8]) -> Result<()> {
        if let Self::Buffer(buffer) = self {
            locks::lock(buffer).push((stream, bytes.to_vec()));
            return Ok(());
        }
        let (written, name) = match stream {
            Stream::Output if is_output_closed() => return Err(output_closed()),
            Stream::Output => {
                let mut out = io::stdout().lock();
                (out.write_all(bytes).and_then(|()| out.flush()), "standard output")
            }
            Stream::Error => (io::stderr().write_all(bytes), "standard error"),
        };
        written.map_err(Error::at("write to", Path::new(name)))
    }

    /// Writes an event or a page and ignores failures: the run continues even
    /// if its progress cannot be reported.
    pub(super) fn try_write(
        &self,
        format: EventFormat,
        event: impl FnOnce() -> Value,
        page: impl FnOnce() -> Page,
    ) {
        let _ = if format == EventFormat::Json {
            self.write(Stream::Output, json_line(&event()).as_bytes())
        } else {
            self.write(Stream::Error, page().as_str().as_bytes())
        };
    }
}

/// Prints an error before there is a [`Reporter`](super::Reporter). `text` is
/// escaped.
pub(crate) fn complain(text: &str) {
    // A failure cannot be reported anywhere.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Ignores the error that the reader of our output is gone.
pub(crate) fn unless_unread(written: Result<()>) -> Result<()> {
    written.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })
}

/// Whether an error means that the reader of our output is gone.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.kind() == Kind::Io && source.is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

fn output_closed() -> Error {
    Error::new(Kind::Io, "standard output is closed").hint("use `> /dev/null` to discard the output")
}

/// Standard output without the buffer of the standard library, whose last
/// write can fail unnoticed.
pub(crate) fn stdout() -> Result<File> {
    if is_output_closed() {
        return Err(output_closed());
    }
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    Ok(stdout.map_err(Error::at("write to", Path::new("standard output")))?.into())
}
