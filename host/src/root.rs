//! Root hashes of whole files, computed by several threads.

use std::path::Path;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::fs::Storage;
use crate::hash::{Cv, GROUP_BYTES, Tree, group_cv};
use crate::mapping::Mapping;
use crate::patch::{Reader, Segment, walk};

/// Hashed between two looks at the mapping's health.
const SLAB_BYTES: usize = 32 << 20;
/// Gathered from a stream before it is shared out to threads.
const GATHER_BYTES: usize = 4 << 20;
/// From this length on, a range is worth a start of threads of its own.
const DIRECT_BYTES: usize = 1 << 20;

/// How hashing is done.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Set from outside to stop.
    pub cancel: Cancel<'a>,
}

/// The root of a mapped file. `progress` is told the bytes that are done.
///
/// # Errors
/// When the file cannot be read, with the offset.
pub fn of_mapping(
    mapping: &Mapping,
    path: &Path,
    options: Options<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<blake3::Hash> {
    let file = mapping.bytes();
    let mut tree = Tree::new();
    let mut at = 0;
    for slab in file.chunks(SLAB_BYTES) {
        options.cancel.check()?;
        cvs(slab, at / GROUP_BYTES, file.len() as u64, options.threads)
            .into_iter()
            .for_each(|cv| tree.push(cv));
        mapping.check(path)?;
        mapping.release(at..at + slab.len() as u64);
        at += slab.len() as u64;
        progress(at);
    }
    Ok(tree.finish())
}

/// The root of `file` as the edits make it. `tree` must hold the groups of
/// the result up to offset `from`, a group boundary before which no length
/// changes; `size` is that of the result.
///
/// # Errors
/// When the patch or the file cannot be read.
pub fn of_overlay<S: Storage>(
    reader: Reader<'_, '_, S>,
    mapping: &Mapping,
    path: &Path,
    tree: Tree,
    from: u64,
    size: u64,
    options: Options<'_>,
) -> Result<blake3::Hash> {
    let mut released = from;
    let mut gather = Gather { tree, next: from / GROUP_BYTES, size, bytes: Vec::new(), options };
    walk(reader, from, |segment| match segment {
        Segment::New(bytes) => gather.push(bytes),
        Segment::Source(range) => {
            for start in range.clone().step_by(GATHER_BYTES) {
                let part = start..range.end.min(start + GATHER_BYTES as u64);
                gather.push_long(&mapping.bytes()[part.start as usize..part.end as usize])?;
                if part.end - released >= GATHER_BYTES as u64 {
                    mapping.release(released..part.end);
                    released = part.end;
                }
            }
            Ok(())
        }
    })?;
    mapping.check(path)?;
    gather.flush()?;
    Ok(gather.tree.finish())
}

struct Gather<'a> {
    tree: Tree,
    next: u64,
    size: u64,
    /// Whole groups, but for the last.
    bytes: Vec<u8>,
    options: Options<'a>,
}

impl Gather<'_> {
    fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(GATHER_BYTES - self.bytes.len()));
            self.bytes.extend_from_slice(part);
            bytes = rest;
            if self.bytes.len() == GATHER_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// What holds whole groups is hashed where it is.
    fn push_long(&mut self, bytes: &[u8]) -> Result<()> {
        let group = GROUP_BYTES as usize;
        let begun = self.bytes.len() % group;
        let (head, rest) = bytes.split_at(bytes.len().min((group - begun) % group));
        if rest.len() < DIRECT_BYTES {
            return self.push(bytes);
        }
        self.push(head)?;
        self.flush()?;
        let (groups, rest) = rest.split_at(rest.len() / group * group);
        self.hash(groups);
        self.push(rest)
    }

    fn flush(&mut self) -> Result<()> {
        self.options.cancel.check()?;
        let bytes = std::mem::take(&mut self.bytes);
        self.hash(&bytes);
        self.bytes = bytes;
        self.bytes.clear();
        Ok(())
    }

    fn hash(&mut self, bytes: &[u8]) {
        let cvs = cvs(bytes, self.next, self.size, self.options.threads);
        self.next += cvs.len() as u64;
        cvs.into_iter().for_each(|cv| self.tree.push(cv));
    }
}

/// Chaining values of consecutive groups, the first of which is `first`.
fn cvs(bytes: &[u8], first: u64, file_bytes: u64, threads: usize) -> Vec<Cv> {
    let groups = bytes.len().div_ceil(GROUP_BYTES as usize);
    let share = groups.div_ceil(threads.max(1)).max(1);
    let mut cvs = vec![Cv::default(); groups];
    let hash = |bytes: &[u8], first: u64, out: &mut [Cv]| {
        for ((group, index), cv) in bytes.chunks(GROUP_BYTES as usize).zip(first..).zip(out) {
            *cv = group_cv(group, index, file_bytes);
        }
    };
    std::thread::scope(|scope| {
        let parts = bytes
            .chunks(share * GROUP_BYTES as usize)
            .zip(cvs.chunks_mut(share))
            .zip((first..).step_by(share));
        let mut parts = parts.peekable();
        while let Some(((bytes, out), first)) = parts.next() {
            // The last part is done here.
            if parts.peek().is_some() {
                scope.spawn(move || hash(bytes, first, out));
            } else {
                hash(bytes, first, out);
            }
        }
    });
    cvs
}
