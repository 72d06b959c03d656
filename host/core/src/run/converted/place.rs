//! Where in a file the reason of a failure is.

use std::cell::Cell;
use std::io::Read;

use runner_codec::recognise::HEAD_BYTES;

use super::Conversion;
use super::input::Raw;
use crate::convert::{Facts, Unpacked};
use crate::error::{Error, Place};
use crate::escape::group_digits;

impl Conversion<'_> {
    /// Says where the reason is: in the file, or in what is compressed in it.
    pub(super) fn place(&self, error: Error) -> Error {
        let Some(Place::File(_)) = error.place() else { return error };
        error.located_as(|offset| {
            let line =
                self.line(offset).map_or_else(String::new, |line| format!("line {}, ", group_digits(line)));
            match self.raw_offset(offset) {
                Some(raw) => format!("{line}offset {}", group_digits(raw)),
                None => format!("{line}offset {} of the decompressed content", group_digits(offset)),
            }
        })
    }

    /// The line of an offset of the content, from 1.
    fn line(&self, offset: u64) -> Option<u64> {
        let (facts, at) = (Facts::default(), Cell::default());
        let how = (self.options.convert, self.options.no_text);
        let raw = Raw::new(self.mapping.bytes(), &at);
        let mut content = Unpacked::new(raw, how, &facts, self.options.memory.budget).take(offset);
        let (mut line, mut buffer) = (1, vec![0; 64 << 10]);
        loop {
            match content.read(&mut buffer).ok()? {
                0 => return Some(line),
                count => line += memchr::memchr_iter(b'\n', &buffer[..count]).count() as u64,
            }
        }
    }

    /// The offset in the file, if it is not compressed.
    fn raw_offset(&self, offset: u64) -> Option<u64> {
        let convert = self.options.convert;
        if convert.decompresses() {
            return None;
        }
        let raw = self.mapping.bytes();
        let encoding = convert.encoding_of(&raw[..raw.len().min(HEAD_BYTES)]).ok()??;
        encoding.raw_offset(raw, offset).ok()
    }
}
