//! A stream that is converted while it is read.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use super::Input;
use crate::convert::{self, Unpacked};
use crate::error::Error;

/// An input that is read only where that does not wait, so that a pause is
/// noticed in whatever part of a compressed block it comes.
pub(super) struct Polled<'a>(pub(super) &'a mut dyn Input);

impl Read for Polled<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.0.wait(Some(Duration::ZERO))? {
            self.0.read(output)
        } else {
            Err(ErrorKind::WouldBlock.into())
        }
    }
}

impl Input for Unpacked<'_, Polled<'_>> {
    fn wait(&mut self, most: Option<Duration>) -> io::Result<bool> {
        if self.is_ready() {
            return Ok(true);
        }
        self.source_mut().map_or(Ok(true), |source| source.0.wait(most))
    }

    fn failed(&mut self, error: io::Error) -> Error {
        convert::failed(error, |error| match self.source_mut() {
            Some(source) => source.0.failed(error),
            None => Error::io("read", std::path::Path::new("standard input"), error),
        })
    }
}

#[cfg(test)]
mod tests;
