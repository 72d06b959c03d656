//! A mapped file as the input of a stream.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::convert::{self, Unpacked};
use crate::error::Error;
use crate::pipe::Input;

/// The bytes of a file, in order. `at` is the offset up to which they are read.
pub(super) struct Raw<'a> {
    bytes: &'a [u8],
    at: &'a Cell<u64>,
}

impl<'a> Raw<'a> {
    pub(super) fn new(bytes: &'a [u8], at: &'a Cell<u64>) -> Self {
        Self { bytes, at }
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(output)?;
        self.at.set(self.at.get() + count as u64);
        Ok(count)
    }
}

/// The content of a file. It never waits.
pub(super) struct File<'a> {
    pub(super) unpacked: Unpacked<'a, Raw<'a>>,
    pub(super) path: &'a Path,
}

impl Read for File<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.unpacked.read(output)
    }
}

impl Input for File<'_> {
    fn wait(&mut self, _: Option<Duration>) -> io::Result<bool> {
        Ok(true)
    }

    fn failed(&mut self, error: io::Error) -> Error {
        convert::failed(error, |error| Error::io("read", self.path, error))
    }
}
