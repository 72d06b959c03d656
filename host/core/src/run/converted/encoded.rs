//! Edits of decoded text, as edits of the file.

use std::collections::VecDeque;
use std::ops::Range;

use runner_codec::Encoding;
use runner_codec::text::{self, Edit, EditTranslator};

use crate::engine::validate::Found;
use crate::error::{Error, Kind, Place, Result};
use crate::memory::MemoryContext;
use crate::pipe::Sink;
use crate::scan::Put;

/// Translates edits, and puts them block by block.
pub(super) struct Encoded<'a> {
    translator: EditTranslator,
    /// The file, and the length of a block.
    raw: &'a [u8],
    block_bytes: u64,
    memory: MemoryContext<'a>,
    put: Put<'a>,
    /// Where the next block begins.
    start: u64,
    /// Edits of the file that are not put.
    waiting: VecDeque<Edit>,
    translated: Vec<Edit>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(
        encoding: Encoding,
        (raw, block_bytes): (&'a [u8], u64),
        memory: MemoryContext<'a>,
        put: Put<'a>,
    ) -> Self {
        Self {
            translator: EditTranslator::new(encoding),
            raw,
            block_bytes,
            memory,
            put,
            start: 0,
            waiting: VecDeque::new(),
            translated: Vec::new(),
        }
    }

    /// Ends the text, and puts the rest.
    pub(super) fn finish(mut self) -> Result<()> {
        let translator = std::mem::replace(&mut self.translator, EditTranslator::new(Encoding::UTF_8));
        translator.finish(&mut self.translated).map_err(failed)?;
        self.waiting.extend(self.translated.drain(..));
        let of = self.raw.len() as u64;
        while of - self.start > self.block_bytes {
            self.put_block(self.start + self.block_bytes, self.start + self.block_bytes)?;
        }
        if of > 0 || !self.waiting.is_empty() {
            self.put_block(of, u64::MAX)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<()> {
        self.translator.text(text, &mut self.translated).map_err(failed)?;
        self.waiting.extend(self.translated.drain(..));
        let settled = self.translator.settled_raw();
        // The last block is put at the end, with what is inserted there.
        while settled - self.start >= self.block_bytes
            && self.start + self.block_bytes < self.raw.len() as u64
        {
            self.put_block(self.start + self.block_bytes, self.start + self.block_bytes)?;
        }
        Ok(())
    }

    /// Puts the block up to `end`, with the edits that start before `until`.
    fn put_block(&mut self, end: u64, until: u64) -> Result<()> {
        let mut found = Found::new(self.memory.budget, self.start);
        while let Some(edit) = self.waiting.pop_front_if(|edit| edit.start < until) {
            let old = &self.raw[edit.start as usize..edit.end as usize];
            found.push(edit.start, old, &edit.new)?;
        }
        let range: Range<u64> = self.start..end;
        self.start = end;
        (self.put)(range, found)
    }
}

impl Sink for Encoded<'_> {
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        self.text(bytes)
    }

    fn edit(&mut self, old: &[u8], new: &[u8], _: u64) -> Result<()> {
        let start = self.translator.offset();
        let end = start + old.len() as u64;
        self.translator.edit(Edit { start, end, new: new.to_vec() }).map_err(failed)?;
        self.text(old)
    }
}

/// The place is that in the text.
fn failed(error: text::Error) -> Error {
    Error::new(Kind::Refused, format!("cannot encode an edit: {}", error.what()))
        .at_place(Place::File(error.offset))
        .hint("use a replacement that the encoding has")
}
