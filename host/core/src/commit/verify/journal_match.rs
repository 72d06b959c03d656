//! Whether a file is the one that a journal was made for.

use std::path::Path;

use super::edit_cursor::EditCursor;
use super::value_after;
use crate::error::{Error, Result};
use crate::hash::{GROUP_BYTES, Tree, group_cv};
use crate::patch::{Direction, Patch};
use crate::storage::Storage;

/// Whether a target is the one that a patch in in-place form was made for,
/// applied not at all, in part, or in full: with all edits written over it (in
/// memory), every touched group must have the right chaining value. With
/// `whole`, all other groups are hashed too, and the root must be right as
/// well. What
/// others have appended is not looked at.
///
/// # Errors
/// On any I/O error, or when the patch does not say what a touched group must
/// be. A target that does not fit is `Ok(false)`.
pub fn fits<S: Storage>(
    storage: &S,
    path: &Path,
    target: &S::File,
    patch: &Patch<'_, S>,
    direction: Direction,
    whole: bool,
) -> Result<bool> {
    let seal = patch.seal();
    let (size, root) = match direction {
        Direction::Forward => (seal.stats.post_size(), &seal.post_root),
        Direction::Reverse => (seal.stats.pre_size, &seal.pre_root),
    };
    let file = Overlaid { storage, path, target, size };
    if whole {
        let (mut tree, mut laid) = (Tree::new(), EditCursor::new(patch.reader(direction)));
        for index in 0..size.div_ceil(GROUP_BYTES) {
            tree.push(file.group(&mut laid, index)?);
        }
        if tree.finish() != *root {
            return Ok(false);
        }
    }
    // What is read back later is compared with these values.
    let (mut reader, mut laid) = (patch.reader(direction), EditCursor::new(patch.reader(direction)));
    while let Some(batch) = reader.next_batch()? {
        for group in batch.groups() {
            // Of a group that is not there any more, only the size tells.
            if group.index * GROUP_BYTES < size
                && file.group(&mut laid, group.index)? != value_after(path, group)?
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A file with edits written over it, in memory.
struct Overlaid<'a, S: Storage> {
    storage: &'a S,
    path: &'a Path,
    target: &'a S::File,
    /// Its size in bytes, once the edits are written.
    size: u64,
}

impl<S: Storage> Overlaid<'_, S> {
    /// The chaining value of a group; groups are asked for in order.
    fn group(&self, laid: &mut EditCursor<'_, '_, S>, index: u64) -> Result<[u8; 32]> {
        let range = index * GROUP_BYTES..((index + 1) * GROUP_BYTES).min(self.size);
        let mut bytes = vec![0; usize::try_from(range.end - range.start).expect("a group fits")];
        self.storage
            .read_full_at(self.target, &mut bytes, range.start)
            .map_err(|e| Error::io(&format!("read at byte {} of", range.start), self.path, e))?;
        laid.each(&range, |at, new| bytes[at..at + new.len()].copy_from_slice(new))?;
        Ok(group_cv(&bytes, index, self.size))
    }
}
