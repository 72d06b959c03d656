//! Converts any patch to in-place form. Up to the group with the first change
//! of length the patch stays the same; after that, each group of the new file
//! is one edit.

use super::read_ahead::ReadAhead;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::hash::{GROUP_BYTES, group_cv};
use crate::patch::{Direction, Draft, Edit, Group, Header, Patch, Reader, Segment, Stats, Writer, walk};
use crate::storage::{Entry, OpenFile, Storage};
use crate::target::Target;

/// Writes the in-place form of `patch` to `spill`. `header` must identify
/// `target` in its present state, and the edits must match its bytes.
///
/// # Errors
/// When the source or the patch cannot be read, or the result cannot be
/// written; when the run was interrupted.
pub fn flatten<'s, S: Storage>(
    target: &Target<'s, S>,
    patch: &Patch<'s, S>,
    header: Header,
    spill: Entry,
    cancel: Cancel<'_>,
) -> Result<Patch<'s, S>> {
    let seal = patch.seal();
    let writer = Writer::with_roots(target.storage, spill, header, patch.roots())?;
    let source = target.open_file();
    let writer = write_flat(source, (&seal.stats, &|| patch.reader(Direction::Forward)), writer, cancel)?;
    writer.finish()?.seal_with(seal.pre_root.zip(seal.post_root), seal.counts.clone())
}

/// Like [`flatten`], for edits that are not sealed, and without roots.
///
/// # Errors
/// As for [`flatten`].
pub fn flatten_draft<'s, S: Storage>(
    target: &Target<'s, S>,
    draft: &Draft<'s, S>,
    writer: Writer<'s, S>,
    cancel: Cancel<'_>,
) -> Result<Draft<'s, S>> {
    write_flat(target.open_file(), (draft.stats(), &|| draft.reader()), writer, cancel)?.finish()
}

/// The statistics of edits, and what reads them.
type Source<'e, 'b, 's, S> = (&'e Stats, &'e dyn Fn() -> Reader<'b, 's, S>);

fn write_flat<'s, S: Storage>(
    source: OpenFile<'_, S>,
    (stats, reader): Source<'_, '_, 's, S>,
    mut writer: Writer<'s, S>,
    cancel: Cancel<'_>,
) -> Result<Writer<'s, S>> {
    let (pre, post) = (stats.pre_size, stats.post_size());
    let from = stats.tail_start();
    let mut head = reader();
    while let Some(batch) = head.next_batch()? {
        // Without a tail, the last group may be partial.
        let mut groups = batch.groups().iter().filter(|group| group.index * GROUP_BYTES < from).peekable();
        for edit in batch.edits().take_while(|edit| edit.start < from) {
            while let Some(group) = groups.next_if(|group| group.index < edit.start / GROUP_BYTES) {
                writer.group(*group)?;
            }
            // Edits before the tail keep the length. So if one reaches into the
            // tail, its old and new part end at the same offset.
            let keep = edit.old.len().min(usize::try_from(from - edit.start).unwrap_or(usize::MAX));
            writer.edit(Edit { start: edit.start, old: &edit.old[..keep], new: &edit.new[..keep] })?;
        }
        groups.try_for_each(|group| writer.group(*group))?;
    }
    let mut ahead = ReadAhead::new(source);
    let mut tail = Tail { source, writer, pre, post, at: from, new: Vec::new() };
    walk(reader(), from, |segment| match segment {
        Segment::New(bytes) => tail.push(bytes),
        Segment::Source(range) => {
            let mut at = range.start;
            while at < range.end {
                cancel.check()?;
                let end = range.end.min(at + GROUP_BYTES);
                tail.push(ahead.read(&(at..end))?)?;
                at = end;
            }
            Ok(())
        }
    })?;
    tail.finish()
}

/// Collects the new tail and writes it group by group.
struct Tail<'a, 's, S: Storage> {
    source: OpenFile<'a, S>,
    writer: Writer<'s, S>,
    pre: u64,
    post: u64,
    /// Offset in both files of the group that `new` belongs to.
    at: u64,
    new: Vec<u8>,
}

impl<'s, S: Storage> Tail<'_, 's, S> {
    fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(GROUP_BYTES as usize - self.new.len()));
            self.new.extend_from_slice(part);
            bytes = rest;
            if self.new.len() as u64 == GROUP_BYTES {
                self.group()?;
            }
        }
        Ok(())
    }

    fn group(&mut self) -> Result<()> {
        let start = self.at.min(self.pre);
        let mut old = vec![0; usize::try_from(GROUP_BYTES.min(self.pre - start)).expect("a group fits")];
        self.source.read_exact_at(&mut old, start)?;
        let index = self.at / GROUP_BYTES;
        if old != self.new {
            self.writer.edit(Edit { start, old: &old, new: &self.new })?;
            let cv = |bytes: &[u8], size| (!bytes.is_empty()).then(|| group_cv(bytes, index, size));
            self.writer.group(Group {
                index,
                before: cv(&old, self.pre),
                after: cv(&self.new, self.post),
            })?;
        }
        self.at += GROUP_BYTES;
        self.new.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Writer<'s, S>> {
        while !self.new.is_empty() || self.at < self.pre {
            self.group()?;
        }
        Ok(self.writer)
    }
}
