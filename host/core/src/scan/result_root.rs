//! Computes the root hash of the new file if its length changes.

use std::cell::RefCell;
use std::sync::OnceLock;

use super::Scanned;
use crate::context::RunContext;
use crate::error::Result;
use crate::hash::file::cvs;
use crate::hash::ordered_pool::in_order;
use crate::hash::proof::{Builder, Content};
use crate::hash::{GROUP_BYTES, Tree};
use crate::patch::{Patch, Reader, Segment, walk};
use crate::storage::Storage;
use crate::storage::mmap::Mapping;

/// Bytes to gather from a stream before they are hashed.
const GATHER_BYTES: usize = 512 << 10;
/// Contiguous bytes of at least this length are hashed without copying.
const LONG_BYTES: usize = 256 << 10;
/// Mapped pages are released in portions of this size.
const RELEASE_BYTES: usize = 4 << 20;
/// Maximum number of threads that hash a stream: each may hold several pieces
/// of it.
const MAX_THREADS: usize = 4;

impl<'s, S: Storage> Scanned<'s, S> {
    /// Computes the root of the new file, if that of the old one is known, and
    /// seals the patch.
    ///
    /// # Errors
    /// When the file or the patch cannot be read, or the patch cannot be
    /// written; when the run was interrupted.
    pub fn seal(self, mapping: &Mapping, context: RunContext<'_>) -> Result<Patch<'s, S>> {
        let Some(pre_root) = self.pre_root else { return self.draft.seal_with(None, self.counts) };
        let (stats, mut proof) = (self.draft.stats().clone(), self.proof);
        let mut tail = None;
        let post_root = if stats.first_length_change.is_none() {
            self.after.finish()
        } else {
            // The tree holds the groups before the first change of length.
            let from = stats.tail_start().min(self.after_groups * GROUP_BYTES);
            let tree = if from == 0 { Tree::new() } else { self.after };
            tail = Some(from);
            let prefix = Prefix { tree, bytes: from, proof: proof.as_mut() };
            result_root(self.draft.reader(), mapping, prefix, context)?
        };
        let old = Content { size: stats.pre_size, root: pre_root };
        let new = Content { size: stats.post_size(), root: post_root };
        let proof = proof.map(|proof| proof.finish(tail, &old, &new)).transpose()?;
        Ok(self.draft.seal(pre_root, post_root, self.counts)?.proven(proof))
    }
}

/// The part of the new file whose groups are already hashed: up to a group
/// boundary before which no length changes.
struct Prefix<'p> {
    tree: Tree,
    bytes: u64,
    /// Takes the groups after the prefix as well.
    proof: Option<&'p mut Builder>,
}

/// The root of the new file, from a mapped old file and its edits.
///
/// # Errors
/// When the patch or the file cannot be read.
fn result_root<'m, S: Storage>(
    reader: Reader<'_, '_, S>,
    mapping: &'m Mapping,
    prefix: Prefix<'_>,
    context: RunContext<'_>,
) -> Result<blake3::Hash> {
    let Prefix { mut tree, bytes: from, mut proof } = prefix;
    let (mut released, size) = (from, reader.result_size());
    let free = RefCell::new(Vec::new());
    let work = || |piece: Piece<'m>| (cvs(piece.bytes(), piece.first, size), piece.memory);
    let feed = |put: &mut dyn FnMut(Piece<'m>) -> Result<()>| {
        let mut gather = Gather { next: from / GROUP_BYTES, begun: Vec::new(), free: &free, put };
        walk(reader, from, |segment| match segment {
            Segment::New(bytes) => gather.push(bytes),
            Segment::Source(range) => {
                let mut at = range.start;
                while at < range.end {
                    let data = mapping.data_at(at);
                    // The pages of a hole are not read.
                    let hole_end = data.start.clamp(at, range.end);
                    gather.push_zeros(hole_end - at)?;
                    at = hole_end;
                    let end = data.end.clamp(at, range.end);
                    while at < end {
                        let part = at..end.min(at + RELEASE_BYTES as u64);
                        gather.push_long(&mapping.bytes()[part.start as usize..part.end as usize])?;
                        // Bytes that are still to be hashed are mapped again.
                        if part.end - released >= RELEASE_BYTES as u64 {
                            mapping.release(released..part.start);
                            released = part.start;
                        }
                        at = part.end;
                    }
                }
                Ok(())
            }
        })?;
        gather.flush()
    };
    in_order(context.threads.min(MAX_THREADS), work, feed, |(cvs, memory)| {
        context.cancel.check()?;
        for cv in cvs {
            tree.push(cv);
            if let Some(proof) = &mut proof {
                proof.push_new(cv);
            }
        }
        free.borrow_mut().extend(memory);
        Ok(())
    })?;
    mapping.check()?;
    Ok(tree.finish())
}

/// A run of groups to hash; all of them are whole, except for the file's last.
struct Piece<'a> {
    first: u64,
    /// The mapped bytes; `memory` has gathered bytes instead.
    mapped: &'a [u8],
    memory: Option<Vec<u8>>,
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        self.memory.as_deref().unwrap_or(self.mapped)
    }
}

/// Divides a stream into pieces.
struct Gather<'g, 'a> {
    /// The index of the first group in `begun`.
    next: u64,
    begun: Vec<u8>,
    /// Free memory for pieces.
    free: &'g RefCell<Vec<Vec<u8>>>,
    put: &'g mut dyn FnMut(Piece<'a>) -> Result<()>,
}

impl<'a> Gather<'_, 'a> {
    fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.begun.capacity() == 0 {
                self.begun = self.free.borrow_mut().pop().unwrap_or_default();
                self.begun.clear();
                self.begun.reserve_exact(GATHER_BYTES);
            }
            let (part, rest) = bytes.split_at(bytes.len().min(GATHER_BYTES - self.begun.len()));
            self.begun.extend_from_slice(part);
            bytes = rest;
            if self.begun.len() == GATHER_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn push_zeros(&mut self, count: u64) -> Result<()> {
        static ZEROS: OnceLock<Vec<u8>> = OnceLock::new();
        let zeros = ZEROS.get_or_init(|| vec![0; GATHER_BYTES]);
        let mut left = count;
        while left > 0 {
            // Up to the end of a piece, so that all other pieces are whole.
            let most = (GATHER_BYTES - self.begun.len() % GATHER_BYTES) as u64;
            let part = &zeros[..left.min(most) as usize];
            self.push_long(part)?;
            left -= part.len() as u64;
        }
        Ok(())
    }

    /// Hashes whole groups without copying them.
    fn push_long(&mut self, bytes: &'a [u8]) -> Result<()> {
        let group = GROUP_BYTES as usize;
        let missing = (group - self.begun.len() % group) % group;
        let (head, rest) = bytes.split_at(bytes.len().min(missing));
        if rest.len() < LONG_BYTES {
            return self.push(bytes);
        }
        self.push(head)?;
        let (groups, rest) = rest.split_at(rest.len() / group * group);
        self.flush()?;
        for mapped in groups.chunks(GATHER_BYTES) {
            self.put(mapped, None)?;
        }
        self.push(rest)
    }

    fn flush(&mut self) -> Result<()> {
        if self.begun.is_empty() {
            return Ok(());
        }
        let memory = std::mem::take(&mut self.begun);
        self.put(&[], Some(memory))
    }

    fn put(&mut self, mapped: &'a [u8], memory: Option<Vec<u8>>) -> Result<()> {
        let piece = Piece { first: self.next, mapped, memory };
        self.next += (piece.bytes().len() as u64).div_ceil(GROUP_BYTES);
        (self.put)(piece)
    }
}
