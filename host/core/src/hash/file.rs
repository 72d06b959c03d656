//! Computes root hashes of whole files with several threads.

use crate::context::RunContext;
use crate::error::Result;
use crate::hash::ordered_pool::in_order;
use crate::hash::{Cv, GROUP_BYTES, Tree, group_cv};
use crate::storage::mmap::{Copier, Mapping};

/// Bytes to hash between two checks of the mapping.
const SLAB_BYTES: u64 = 32 << 20;
/// Bytes of a mapped file that a thread hashes as one piece of work.
const PIECE_BYTES: u64 = 4 << 20;
/// Bytes that are copied before hashing, which is faster than reading the
/// mapping; the copy fits in a core's cache.
const COPY_BYTES: usize = 1 << 20;

/// The root of a mapped file. `progress` is called with the number of bytes
/// done.
///
/// # Errors
/// When the file cannot be read; the error contains the offset.
pub fn of_mapping(
    mapping: &Mapping,
    context: RunContext<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<blake3::Hash> {
    let file = mapping.bytes();
    let (mut tree, mut released) = (Tree::new(), 0);
    let work = || {
        let mut copier = Copier::new(mapping, COPY_BYTES.min(file.len()));
        move |index: u64| {
            let mut found = Vec::with_capacity((PIECE_BYTES / GROUP_BYTES) as usize);
            let end = ((index + 1) * PIECE_BYTES).min(file.len() as u64);
            for at in (index * PIECE_BYTES..end).step_by(COPY_BYTES) {
                let range = at..end.min(at + COPY_BYTES as u64);
                let mapped = &file[range.start as usize..range.end as usize];
                let bytes = copier.read(range).unwrap_or(mapped);
                found.extend(cvs(bytes, at / GROUP_BYTES, file.len() as u64));
            }
            found
        }
    };
    let pieces = (file.len() as u64).div_ceil(PIECE_BYTES);
    let mut done = 0;
    let threads = context.threads.min(usize::try_from(pieces).unwrap_or(usize::MAX));
    in_order(
        threads,
        work,
        |put| (0..pieces).try_for_each(put),
        |cvs| {
            context.cancel.check()?;
            done = (done + PIECE_BYTES).min(file.len() as u64);
            cvs.into_iter().for_each(|cv| tree.push(cv));
            if done - released >= SLAB_BYTES || done == file.len() as u64 {
                mapping.check()?;
                mapping.release(released..done);
                released = done;
                progress(done);
            }
            Ok(())
        },
    )?;
    Ok(tree.finish())
}

/// Chaining values of consecutive groups, starting with group `first`.
pub(crate) fn cvs(bytes: &[u8], first: u64, file_bytes: u64) -> Vec<Cv> {
    let groups = bytes.chunks(GROUP_BYTES as usize).zip(first..);
    groups.map(|(group, index)| group_cv(group, index, file_bytes)).collect()
}
