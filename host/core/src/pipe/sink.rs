//! Where the result of a stream goes.

use std::io::{self, Write};
use std::path::Path;

use super::buffer::Buffer;
use crate::convert;
use crate::engine::validate::Found;
use crate::error::{Error, Result};
use crate::memory::Space;

/// Takes the result of a stream in order: what stays, and what is replaced.
pub(crate) trait Sink {
    /// Bytes of the input that stay.
    ///
    /// # Errors
    /// Any failure of the sink.
    fn keep(&mut self, bytes: &[u8]) -> Result<()>;

    /// `old` becomes `new`. `read_bytes` of the input are read so far.
    ///
    /// # Errors
    /// Any failure of the sink.
    fn edit(&mut self, old: &[u8], new: &[u8], read_bytes: u64) -> Result<()>;

    /// The input pauses.
    ///
    /// # Errors
    /// Any failure of the sink.
    fn pause(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Writes the result.
pub(super) struct Written<'a> {
    output: &'a mut dyn Write,
    /// The limit for replacements.
    space: Space,
    /// The number of replacement bytes so far.
    new_bytes: u64,
}

impl<'a> Written<'a> {
    pub(super) fn new(output: &'a mut dyn Write, space: Space) -> Self {
        Self { output, space, new_bytes: 0 }
    }
}

impl Sink for Written<'_> {
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes).map_err(failed)
    }

    fn edit(&mut self, _: &[u8], new: &[u8], read_bytes: u64) -> Result<()> {
        self.new_bytes += new.len() as u64;
        self.space.room(self.new_bytes, read_bytes, "output")?;
        self.keep(new)
    }

    fn pause(&mut self) -> Result<()> {
        self.output.flush().map_err(failed)
    }
}

pub(super) fn failed(error: io::Error) -> Error {
    convert::failed(error, |error| Error::io("write to", Path::new("standard output"), error))
}

/// Divides the buffer's bytes into those that stay and edits; `at` is the input
/// offset up to which the result is complete.
pub(super) struct Out<'a> {
    sink: &'a mut dyn Sink,
    pub(super) at: u64,
}

impl<'a> Out<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, at: 0 }
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.sink.pause()
    }

    pub(super) fn write_edits(&mut self, buffer: &Buffer<'_>, found: &Found) -> Result<()> {
        let mut index = 0;
        while let Some(item) = found.edits.get(index) {
            self.write_to(buffer, item.start)?;
            let old = buffer.bytes_between(item.start, item.end());
            self.sink.edit(old, found.edits.new_bytes(&item), buffer.reach())?;
            self.at = item.end();
            index += 1;
        }
        Ok(())
    }

    /// Copies the input through, up to `offset`.
    pub(super) fn write_to(&mut self, buffer: &Buffer<'_>, offset: u64) -> Result<()> {
        if self.at < offset {
            self.sink.keep(buffer.bytes_between(self.at, offset))?;
            self.at = offset;
        }
        Ok(())
    }
}
