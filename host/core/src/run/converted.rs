//! From a file that is converted before the plugin sees it to a sealed patch.
//!
//! The patch is one of the file as it lies on the disk, so everything after it
//! is the same as for other files. The content is read in one stream, by one
//! thread, as by [`pipe`].

mod encoded;
mod input;
mod place;
mod recompressed;
mod verified;

use runner_codec::recognise::HEAD_BYTES;

use self::encoded::Encoded;
use self::input::{File, Raw};
use self::recompressed::Recompressed;
use super::{Event, Options, Program};
use crate::convert::{Facts, Unpacked};
use crate::engine::validate::Found;
use crate::error::{Error, Kind, Result};
use crate::patch::{Header, Patch, Writer};
use crate::pipe::{self, Sink};
use crate::profile::{self, Stage};
use crate::scan::{self, Scanned, collect};
use crate::storage::mmap::Mapping;
use crate::storage::{Entry, Storage};

/// A conversion of a mapped file.
struct Conversion<'a> {
    mapping: &'a Mapping,
    program: &'a Program<'a>,
    options: &'a Options<'a>,
}

/// Makes a patch of a file whose content is converted. `destination` is where
/// the patch is collected, and its header.
///
/// # Errors
/// Any failure of the plugin, of reading, of converting, or of writing the
/// patch.
pub(super) fn make_patch<'s, S: Storage>(
    destination: (&'s S, Entry, Header),
    mapping: &Mapping,
    program: &Program<'_>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    let conversion = Conversion { mapping, program, options };
    let make = if options.convert.decompresses() { Conversion::recompress } else { Conversion::reencode };
    let scanned = profile::time(Stage::Scan, || make(&conversion, destination, events));
    // What was read may be zeros that the file never contained, and so may be
    // the cause of a failure.
    mapping.check()?;
    let scanned = scanned.map_err(|error| conversion.place(error).untouched())?;
    profile::time(Stage::NewRoot, || scanned.seal(mapping, options.context()))
}

impl Conversion<'_> {
    /// Runs the plugin on the content, and passes the result on. Returns what
    /// the plugin has counted.
    fn run(&self, raw: Raw<'_>, facts: &Facts, sink: &mut dyn Sink) -> Result<Vec<(String, u64)>> {
        let Self { program, options, .. } = self;
        let how = (options.convert, options.no_text);
        let unpacked = Unpacked::new(raw, how, facts, options.memory.budget);
        let mut input = File { unpacked, path: self.mapping.path() };
        let pipe_options = pipe::Options {
            window_bytes: options.window_bytes,
            no_text: options.no_text,
            convert: options.convert,
            memory: options.memory,
            cancel: options.cancel,
        };
        pipe::stream(&mut input, sink, &|head| (program.begin)(head), &pipe_options)
    }

    fn scan_options(&self) -> scan::Options<'_> {
        let Options { window_bytes, memory, cancel, prove, .. } = *self.options;
        scan::Options { threads: 1, window_bytes, memory, cancel, prove }
    }

    /// A patch of the characters that are edited.
    fn reencode<'s, S: Storage>(
        &self,
        (storage, spill, mut header): (&'s S, Entry, Header),
        events: &mut dyn FnMut(Event),
    ) -> Result<Scanned<'s, S>> {
        let raw = self.mapping.bytes();
        let head = &raw[..raw.len().min(HEAD_BYTES)];
        let Some(encoding) = self.options.convert.encoding_of(head)? else {
            return Err(Error::new(Kind::Internal, "there is nothing to convert"));
        };
        header.conversion = vec![("encoding".to_owned(), encoding.name().to_owned())];
        let writer = Writer::new(storage, spill, header)?;
        let options = self.scan_options();
        let of = raw.len() as u64;
        collect(self.mapping, writer, &options, &mut |put| {
            let mut put = |range: std::ops::Range<u64>, found: Found| {
                events(Event::Scanned { bytes: range.end, of });
                put(range, found)
            };
            let mut sink =
                Encoded::new(encoding, (raw, options.block_bytes()), self.options.memory, &mut put);
            let (facts, at) = Default::default();
            let counts = self.run(Raw::new(raw, &at), &facts, &mut sink)?;
            sink.finish()?;
            Ok(counts)
        })
    }

    /// A patch of the whole file, if anything is edited.
    fn recompress<'s, S: Storage>(
        &self,
        (storage, spill, mut header): (&'s S, Entry, Header),
        events: &mut dyn FnMut(Event),
    ) -> Result<Scanned<'s, S>> {
        let raw = self.mapping.bytes();
        let (facts, at) = Default::default();
        let mut search = Search { is_edited: false, options: self.options };
        match self.run(Raw::new(raw, &at), &facts, &mut search) {
            Ok(counts) => {
                // Nothing is edited, so nothing is compressed again.
                header.conversion = facts.named();
                return self.unchanged(Writer::new(storage, spill, header)?, counts);
            }
            Err(_) if search.is_edited => {}
            Err(error) => return Err(error),
        }
        header.conversion = facts.named();
        let writer = Writer::new(storage, spill, header)?;
        let (facts, at) = Default::default();
        let mut sink = Recompressed::new(writer, (self.mapping, &at), &facts, self.options, events);
        let counts = self.run(Raw::new(raw, &at), &facts, &mut sink)?;
        let scanned = sink.finish(counts)?;
        if let Some(parts) = facts.merged() {
            events(Event::Merged { members: parts.members, skipped_bytes: parts.skipped_bytes });
        }
        Ok(scanned)
    }

    fn unchanged<'s, S: Storage>(
        &self,
        writer: Writer<'s, S>,
        counts: Vec<(String, u64)>,
    ) -> Result<Scanned<'s, S>> {
        let options = self.scan_options();
        let (of, block_bytes) = (self.mapping.bytes().len() as u64, options.block_bytes());
        collect(self.mapping, writer, &options, &mut |put| {
            let mut start = 0;
            while start < of {
                let end = of.min(start + block_bytes);
                put(start..end, Found::default())?;
                start = end;
            }
            Ok(counts.clone())
        })
    }
}

/// Stops at the first edit.
struct Search<'a> {
    is_edited: bool,
    options: &'a Options<'a>,
}

impl Sink for Search<'_> {
    fn keep(&mut self, _: &[u8]) -> Result<()> {
        self.options.cancel.check()
    }

    fn edit(&mut self, _: &[u8], _: &[u8], _: u64) -> Result<()> {
        self.is_edited = true;
        Err(Error::new(Kind::Internal, "the search for an edit has ended"))
    }
}

#[cfg(test)]
mod tests;
