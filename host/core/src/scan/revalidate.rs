//! Passes over a file once, using the edits of a patch instead of a plugin's.
//! Only the patch's edits are trusted, and only if the bytes that they replace
//! are those of the file: groups, values and roots are computed again.
//!
//! Up to the first change of length, workers compare and hash pieces of the
//! file together with their edits. After that, new values cannot be known here,
//! and the edits are copied from one patch to the other, a batch at a time.

use std::cell::RefCell;
use std::ops::Range;

use super::Scanned;
use super::block::{hash_after, hash_before};
use crate::context::RunContext;
use crate::engine::edits::EditList;
use crate::engine::framing::View;
use crate::error::Result;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES, Tree};
use crate::memory::Budget;
use crate::patch::{Edit, Edits, Group, Reader, Writer};
use crate::storage::mmap::Mapping;
use crate::storage::{Aligned, Storage};

/// Bytes that a worker takes at a time, in whole groups. This bounds the edits
/// in memory: the edits of a piece that keep the length are no longer than the
/// piece, except for one that extends past it.
const PIECE_BYTES: u64 = 256 << 10;
/// Pages are released in portions of this size.
const RELEASE_BYTES: u64 = 16 << 20;

/// The result of applying a patch's edits to a file.
pub enum Revalidated<'s, S: Storage> {
    /// The file contains the bytes that the edits replace.
    Fits(Box<Scanned<'s, S>>),
    /// The file contains different bytes.
    Differs {
        /// The offset of the first difference.
        at: u64,
        /// BLAKE3 of the file.
        pre_root: blake3::Hash,
    },
}

/// Reads a mapped file once, and writes the edits from `reader`, which must be
/// those of a file of this size, to a patch of this file. `progress` is called
/// with the number of bytes done.
///
/// # Errors
/// When one of the patches or the file cannot be read or written; when the run
/// was interrupted.
pub fn revalidate<'s, S: Storage, P: Storage>(
    mapping: &Mapping,
    reader: Reader<'_, '_, P>,
    writer: Writer<'s, S>,
    context: RunContext<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Revalidated<'s, S>> {
    let file = mapping.bytes();
    let size = file.len() as u64;
    let pieces = size.div_ceil(PIECE_BYTES);
    let feed = RefCell::new(Feed {
        edits: Edits::new(reader),
        size,
        reaching: EditList::new(&Budget::UNLIMITED),
        over: false,
    });
    let merger = RefCell::new(Merger::new(file, writer));
    let work = || {
        let mut memory = Aligned::new(PIECE_BYTES.min(size) as usize);
        move |piece: Piece| piece.work(mapping, &mut memory)
    };
    let give = |put: &mut dyn FnMut(Piece) -> Result<()>| {
        (0..pieces).try_for_each(|index| {
            let start = index * PIECE_BYTES;
            let piece = feed.borrow_mut().piece(start..(start + PIECE_BYTES).min(size))?;
            put(piece)
        })
    };
    let mut released = 0;
    let threads = context.threads.min(usize::try_from(pieces).unwrap_or(usize::MAX));
    in_order(threads, work, give, |processed: Processed| {
        context.cancel.check()?;
        let end = processed.piece.range.end;
        let mut feed = feed.borrow_mut();
        let mut merger = merger.borrow_mut();
        merger.piece(&processed, &mut feed)?;
        feed.over |= merger.differs.is_some();
        if end - released >= RELEASE_BYTES || end == size {
            // Bytes read so far may be zeros that the file never contained.
            mapping.check()?;
            mapping.release(released..end);
            released = end;
            progress(end);
        }
        Ok(())
    })?;
    merger.into_inner().finish(&mut feed.borrow_mut())
}

/// The source of the edits.
struct Feed<'b, 'p, P: Storage> {
    edits: Edits<'b, 'p, P>,
    /// Size of the file.
    size: u64,
    /// An edit that extends into the next piece.
    reaching: EditList,
    /// Whether the remaining edits are no longer given to workers.
    over: bool,
}

impl<P: Storage> Feed<'_, '_, P> {
    /// A piece of the file, with the edits that touch it.
    fn piece(&mut self, range: Range<u64>) -> Result<Piece> {
        let edits = std::mem::replace(&mut self.reaching, EditList::new(&Budget::UNLIMITED));
        let foreign = usize::from(edits.get(0).is_some());
        let mut piece = Piece { range, edits, foreign, old: Vec::new() };
        while !self.over {
            let Some(edit) = self.edits.peek()?.filter(|edit| edit.start < piece.range.end) else { break };
            if edit.old.len() != edit.new.len() {
                self.over = true;
                break;
            }
            piece.edits.push(edit.start, edit.old, edit.new)?;
            piece.old.extend_from_slice(edit.old);
            self.edits.advance();
        }
        // Any remaining edits are insertions at the end.
        self.over |= piece.range.end == self.size;
        if let Some(last) = piece.edits.last().filter(|last| last.end() > piece.range.end) {
            let new = piece.edits.new_bytes(&last);
            self.reaching.push(last.start, new, new)?;
        }
        Ok(piece)
    }
}

/// A part of the file, and the edits in it that keep the length.
struct Piece {
    range: Range<u64>,
    edits: EditList,
    /// Number of edits at the front that belong to an earlier piece.
    foreign: usize,
    /// The bytes that the other edits replace, concatenated.
    old: Vec<u8>,
}

/// A worker's results for a piece.
struct Processed {
    piece: Piece,
    before: Vec<Cv>,
    after: Vec<(u64, Cv)>,
    differs: Option<u64>,
}

impl Piece {
    fn work(self, mapping: &Mapping, memory: &mut Aligned) -> Processed {
        let file = mapping.bytes();
        let (base, end) = (self.range.start, self.range.end);
        let mapped = &file[base as usize..end as usize];
        let copy = &mut memory.as_mut_slice()[..mapped.len()];
        let bytes = if mapping.copy(base, copy) { copy } else { mapped };
        let size = file.len() as u64;
        let view = View { base, bytes, end: end == size };
        let before = hash_before(&view, &self.range, size);
        let after = hash_after(&view, &self.range, size, &self.edits);
        let (mut differs, mut old) = (None, &self.old[..]);
        for item in (self.foreign..).map_while(|index| self.edits.get(index)) {
            let (expected, rest) = old.split_at((item.end() - item.start) as usize);
            old = rest;
            differs = differs.or_else(|| differing(file, item.start, expected));
        }
        Processed { piece: self, before, after, differs }
    }
}

/// The first offset at which a file does not contain these bytes.
fn differing(file: &[u8], start: u64, expected: &[u8]) -> Option<u64> {
    let found = &file[start as usize..][..expected.len()];
    if found == expected {
        return None;
    }
    let at = found.iter().zip(expected).position(|(found, expected)| found != expected);
    at.map(|at| start + at as u64)
}

/// Takes pieces in order: updates both hash trees, and writes the patch.
struct Merger<'f, 's, S: Storage> {
    file: &'f [u8],
    writer: Writer<'s, S>,
    before: Tree,
    after: Tree,
    /// The offset up to which the edits so far touch the file.
    touched_to: u64,
    /// Whether a length has changed.
    moved: bool,
    /// The first offset at which the file differs from what the edits replace.
    differs: Option<u64>,
}

impl<'f, 's, S: Storage> Merger<'f, 's, S> {
    fn new(file: &'f [u8], writer: Writer<'s, S>) -> Self {
        let (before, after) = (Tree::new(), Tree::new());
        Self { file, writer, before, after, touched_to: 0, moved: false, differs: None }
    }

    fn piece<P: Storage>(&mut self, processed: &Processed, feed: &mut Feed<'_, '_, P>) -> Result<()> {
        self.differs = self.differs.or(processed.differs);
        let Processed { piece, before, after, .. } = processed;
        let (mut next, mut after) = (piece.foreign, after.iter().peekable());
        for (&cv, index) in before.iter().zip(piece.range.start / GROUP_BYTES..) {
            self.before.push(cv);
            if self.differs.is_some() {
                // From here on only the root is needed.
                continue;
            }
            let end = (index + 1) * GROUP_BYTES;
            while let Some(item) = piece.edits.get(next).filter(|item| item.start < end) {
                let old = &self.file[item.start as usize..item.end() as usize];
                self.edit(&Edit { start: item.start, old, new: piece.edits.new_bytes(&item) })?;
                next += 1;
            }
            if feed.over {
                self.rest(feed, end)?;
            }
            let changed = after.next_if(|(group, _)| *group == index).map_or(cv, |(_, cv)| *cv);
            let cv_after = (!self.moved).then_some(changed);
            if let Some(cv) = cv_after {
                self.after.push(cv);
            }
            if self.touched_to > index * GROUP_BYTES {
                self.writer.group(Group { index, before: Some(cv), after: cv_after })?;
            }
        }
        Ok(())
    }

    /// Takes the edits that start before `end` and were not given to a worker.
    fn rest<P: Storage>(&mut self, feed: &mut Feed<'_, '_, P>, end: u64) -> Result<()> {
        while let Some(edit) = feed.edits.peek()?.filter(|edit| edit.start < end) {
            self.differs = differing(self.file, edit.start, edit.old);
            if self.differs.is_some() {
                break;
            }
            self.edit(&edit)?;
            feed.edits.advance();
        }
        Ok(())
    }

    fn edit(&mut self, edit: &Edit<'_>) -> Result<()> {
        self.moved |= edit.old.len() != edit.new.len();
        self.touched_to = edit.end().max(edit.start + 1);
        self.writer.edit(*edit)
    }

    fn finish<P: Storage>(mut self, feed: &mut Feed<'_, '_, P>) -> Result<Revalidated<'s, S>> {
        let groups = self.before.groups();
        if self.differs.is_none() {
            let before = self.touched_to;
            self.rest(feed, u64::MAX)?;
            if self.touched_to > before.max(groups * GROUP_BYTES) {
                // An insertion at the very end may be in a group that does not
                // exist yet.
                self.writer.group(Group { index: groups, before: None, after: None })?;
            }
        }
        let pre_root = self.before.finish();
        if let Some(at) = self.differs {
            return Ok(Revalidated::Differs { at, pre_root });
        }
        let draft = self.writer.finish()?;
        let after_groups = self.after.groups();
        Ok(Revalidated::Fits(Box::new(Scanned {
            draft,
            pre_root: Some(pre_root),
            after: self.after,
            after_groups,
            // What the other patch says of its plugin is not known to be true.
            counts: Vec::new(),
            proof: None,
        })))
    }
}
