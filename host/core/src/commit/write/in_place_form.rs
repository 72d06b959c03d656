//! Turns any patch into one in in-place form: up to the group in which the
//! first length changes it is the same; from there on, each group of the file
//! as it will be is one edit.

use std::path::Path;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::hash::{GROUP_BYTES, group_cv};
use crate::patch::{Direction, Edit, Group, Header, Patch, Segment, Stats, Writer, walk};
use crate::storage::{Entry, Storage};

/// Where the tail begins that a patch moves: at a group boundary. The end of
/// the file, when it moves nothing.
#[must_use]
pub fn tail_start(stats: &Stats) -> u64 {
    let Some(at) = stats.first_length_change else { return stats.pre_size };
    // The hash of a file of one group is not a chaining value: where one of
    // both files is that short, no group keeps its value.
    let short = |size| size <= GROUP_BYTES;
    if short(stats.pre_size) != short(stats.post_size()) { 0 } else { at / GROUP_BYTES * GROUP_BYTES }
}

/// Writes the in-place form of `patch` to `spill`. `header` must identify
/// `source` as it is now, and the edits must be those of its bytes.
///
/// # Errors
/// When the source or the patch cannot be read, or the result not written;
/// when somebody asked to stop.
pub fn flatten<'s, S: Storage>(
    storage: &'s S,
    (source, path): (&S::File, &Path),
    patch: &Patch<'s, S>,
    header: Header,
    spill: Entry,
    cancel: Cancel<'_>,
) -> Result<Patch<'s, S>> {
    let seal = patch.seal();
    let (pre, post) = (seal.stats.pre_size, seal.stats.post_size());
    let from = tail_start(&seal.stats);
    let mut writer = Writer::new(storage, spill, header)?;
    let mut head = patch.reader(Direction::Forward);
    while let Some(batch) = head.next_batch()? {
        // Without a tail, the last may be a group that is not full.
        let mut groups = batch.groups().iter().filter(|group| group.index * GROUP_BYTES < from).peekable();
        for edit in batch.edits().take_while(|edit| edit.start < from) {
            while let Some(group) = groups.next_if(|group| group.index < edit.start / GROUP_BYTES) {
                writer.group(*group)?;
            }
            // Edits before the tail keep the length, so both parts of one
            // that reaches into it end at the same place.
            let keep = edit.old.len().min(usize::try_from(from - edit.start).unwrap_or(usize::MAX));
            writer.edit(Edit { start: edit.start, old: &edit.old[..keep], new: &edit.new[..keep] })?;
        }
        groups.try_for_each(|group| writer.group(*group))?;
    }
    let mut tail = Tail { storage, source, path, writer, pre, post, at: from, new: Vec::new() };
    walk(patch.reader(Direction::Forward), from, |segment| match segment {
        Segment::New(bytes) => tail.push(bytes),
        Segment::Source(range) => {
            let mut buffer = vec![0; GROUP_BYTES as usize];
            let mut at = range.start;
            while at < range.end {
                cancel.check()?;
                let want = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(buffer.len());
                storage
                    .read_exact_at(source, &mut buffer[..want], at)
                    .map_err(|e| Error::io(&format!("read at byte {at} of"), path, e))?;
                tail.push(&buffer[..want])?;
                at += want as u64;
            }
            Ok(())
        }
    })?;
    tail.finish()?.finish()?.seal(seal.pre_root, seal.post_root)
}

/// Collects the new tail, and writes it group by group.
struct Tail<'a, 's, S: Storage> {
    storage: &'a S,
    source: &'a S::File,
    path: &'a Path,
    writer: Writer<'s, S>,
    pre: u64,
    post: u64,
    /// Offset of the group that `new` belongs to, in both files.
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
        self.storage
            .read_exact_at(self.source, &mut old, start)
            .map_err(|e| Error::io(&format!("read at byte {start} of"), self.path, e))?;
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
