//! The edited content, compressed again, as edits of the compressed file.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use super::verified::Check;
use crate::convert::{self, Facts, Packer};
use crate::error::{Error, Kind, Result};
use crate::hash::proof::Builder;
use crate::hash::{GROUP_BYTES, Tree, group_cv};
use crate::patch::{EDIT_PATCH_BYTES, Edit, Group, Writer};
use crate::pipe::Sink;
use crate::run::{Event, Options};
use crate::scan::Scanned;
use crate::storage::Storage;
use crate::storage::mmap::Mapping;

/// Compressed bytes that are kept before they are written to the patch.
const KEPT_BYTES: usize = 1 << 20;
/// Pages are released, and progress is reported, in portions of this size.
const PORTION_BYTES: u64 = 16 << 20;

/// What an encoder has written.
#[derive(Clone, Default)]
struct Compressed(Rc<RefCell<Vec<u8>>>);

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces each group of the file by what was compressed while it was read,
/// and the last group by the rest. So memory depends on the length of neither.
///
/// What was compressed is decompressed again meanwhile, and compared.
pub(super) struct Recompressed<'a, 's, S: Storage> {
    writer: Writer<'s, S>,
    mapping: &'a Mapping,
    /// The offset up to which the file is read.
    at: &'a Cell<u64>,
    facts: &'a Facts,
    options: &'a Options<'a>,
    packer: Option<Packer<'a, Compressed>>,
    compressed: Compressed,
    /// What was compressed, and is not in the patch.
    kept: Vec<u8>,
    check: Option<Check>,
    before: Tree,
    /// Up to this offset, pages have been released.
    released: u64,
    events: &'a mut dyn FnMut(Event),
}

impl<'a, 's, S: Storage> Recompressed<'a, 's, S> {
    pub(super) fn new(
        writer: Writer<'s, S>,
        (mapping, at): (&'a Mapping, &'a Cell<u64>),
        facts: &'a Facts,
        options: &'a Options<'a>,
        events: &'a mut dyn FnMut(Event),
    ) -> Self {
        let compressed = Compressed::default();
        let packer = Packer::new(compressed.clone(), options.convert, facts, options.memory.budget);
        Self {
            writer,
            mapping,
            at,
            facts,
            options,
            packer: Some(packer),
            compressed,
            kept: Vec::new(),
            check: None,
            before: Tree::new(),
            released: 0,
            events,
        }
    }

    /// Completes the compressed data, checks it, and writes the rest of the
    /// patch.
    pub(super) fn finish(mut self, counts: Vec<(String, u64)>) -> Result<Scanned<'s, S>> {
        let packer = self.packer.take().ok_or_else(|| Error::new(Kind::Internal, "it is finished"))?;
        let (_, content) = packer.finish().map_err(failed)?;
        self.drain()?;
        while self.before.groups() < self.groups() {
            self.group()?;
        }
        let check = self.check.take().map(Check::finish).transpose()?;
        if check.is_none() || check != content {
            return Err(Error::new(Kind::Internal, "what was compressed is not what comes out again")
                .hint("the file is untouched; report this, if the machine's memory is sound"));
        }
        let draft = self.writer.finish()?;
        // The first edit changes the length, so no group after it is known.
        let pre_root = self.before.finish();
        // The proof will say that everything may have changed.
        let proof = self.options.prove.then(Builder::new);
        let (after, after_groups) = (Tree::new(), 0);
        Ok(Scanned { draft, pre_root: Some(pre_root), after, after_groups, counts, proof })
    }

    fn groups(&self) -> u64 {
        (self.mapping.bytes().len() as u64).div_ceil(GROUP_BYTES)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let packer = self.packer.as_mut().ok_or_else(|| Error::new(Kind::Internal, "it is finished"))?;
        packer.write_all(bytes).map_err(failed)?;
        self.drain()?;
        // The last group is left for the end.
        while self.before.groups() + 1 < self.groups()
            && (self.before.groups() + 1) * GROUP_BYTES <= self.at.get()
        {
            self.group()?;
        }
        Ok(())
    }

    /// Takes what the encoder has written.
    fn drain(&mut self) -> Result<()> {
        let mut compressed = self.compressed.0.borrow_mut();
        if compressed.is_empty() {
            return Ok(());
        }
        let check = match &mut self.check {
            Some(check) => check,
            none => none.insert(Check::start(self.facts, self.options.memory.budget)?),
        };
        check.compressed(&compressed);
        self.kept.append(&mut compressed);
        drop(compressed);
        if self.kept.len() >= KEPT_BYTES { self.insert() } else { Ok(()) }
    }

    /// Inserts what was compressed at the beginning of the next group.
    fn insert(&mut self) -> Result<()> {
        let new = std::mem::take(&mut self.kept);
        self.edit(&[], &new)
    }

    fn edit(&mut self, old: &[u8], new: &[u8]) -> Result<()> {
        let stats = self.writer.stats();
        let bytes = (old.len() + new.len()) as u64;
        let taken = stats.patch_bytes().saturating_add(EDIT_PATCH_BYTES).saturating_add(bytes);
        self.options.memory.space.room(taken, stats.pre_size, "patch")?;
        self.writer.edit(Edit { start: self.before.groups() * GROUP_BYTES, old, new })
    }

    /// Replaces the next group.
    fn group(&mut self) -> Result<()> {
        self.options.cancel.check()?;
        let (index, raw) = (self.before.groups(), self.mapping.bytes());
        let start = index * GROUP_BYTES;
        let old = &raw[start as usize..raw.len().min((start + GROUP_BYTES) as usize)];
        let cv = group_cv(old, index, raw.len() as u64);
        // The insertion is an edit of its own, so that the first edit changes
        // the length whatever the lengths are.
        self.insert()?;
        self.edit(old, &[])?;
        self.before.push(cv);
        self.writer.group(Group { index, before: Some(cv), after: None })?;
        let end = start + old.len() as u64;
        if end - self.released >= PORTION_BYTES || end == raw.len() as u64 {
            self.mapping.release(self.released..end);
            self.released = end;
            (self.events)(Event::Scanned { bytes: end, of: raw.len() as u64 });
        }
        Ok(())
    }
}

impl<S: Storage> Sink for Recompressed<'_, '_, S> {
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        self.options.cancel.check()?;
        self.write(bytes)
    }

    fn edit(&mut self, _: &[u8], new: &[u8], _: u64) -> Result<()> {
        self.write(new)
    }
}

fn failed(error: io::Error) -> Error {
    convert::failed(error, |error| Error::io("compress for", Path::new("the result"), error))
}
