//! The source of a stream: an input that can report whether a read would wait.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::error::Error;

/// A stream that can be waited for.
pub trait Input: Read {
    /// Waits until a read would not block (because of bytes, the end, or an
    /// error), for at most `most`, or without limit. Returns whether that is
    /// the case; a wait may also be cut short.
    ///
    /// # Errors
    /// Any error that makes waiting pointless. [`ErrorKind::BrokenPipe`] means
    /// that the reader of the output is gone.
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool>;

    /// The error of a run that ends because reading or waiting failed.
    fn failed(&mut self, error: io::Error) -> Error {
        if error.kind() == ErrorKind::BrokenPipe {
            return Error::io("write to", Path::new("standard output"), error);
        }
        Error::io("read", Path::new("standard input"), error)
    }
}

/// Input that is entirely in memory never waits.
impl Input for &[u8] {
    fn wait(&mut self, _: Option<Duration>) -> io::Result<bool> {
        Ok(true)
    }
}

/// An input descriptor, together with the output descriptor of the result.
#[derive(Debug)]
pub struct Descriptor {
    input: File,
    output: File,
}

impl Descriptor {
    /// `output` is only watched: a pipe whose reader has gone away ends the
    /// run, even while there is nothing to write.
    #[must_use]
    pub fn new(input: File, output: File) -> Self {
        Self { input, output }
    }
}

impl Read for Descriptor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Input for Descriptor {
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool> {
        let most = most.map(|most| most.try_into().unwrap_or(rustix::event::Timespec::default()));
        let mut watched =
            [PollFd::new(&self.input, PollFlags::IN), PollFd::new(&self.output, PollFlags::empty())];
        match poll(&mut watched, most.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let [input, output] = watched.map(|watched| watched.revents());
        if !input.is_empty() {
            return Ok(true);
        }
        if output.intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        Ok(false)
    }
}
