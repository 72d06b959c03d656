//! Whether a file is the one that a journal was made for.

use super::group_cursor::GroupCursor;
use super::value_after;
use crate::error::Result;
use crate::hash::{GROUP_BYTES, Tree, group_cv};
use crate::patch::{PatchView, Version};
use crate::storage::{OpenFile, Storage};

/// Whether a target is the one that a patch in in-place form was made for, with
/// the patch applied not at all, in part, or in full. Judges by the touched
/// groups: with all edits applied in memory, each group must have the right
/// chaining value. Bytes that other processes appended are ignored.
///
/// # Errors
/// Any I/O error; when the patch lacks the expected value of a touched group. A
/// target that does not fit is `Ok(false)`.
pub fn touched_groups_fit<S: Storage, P: Storage>(
    target: OpenFile<'_, S>,
    view: PatchView<'_, '_, P>,
) -> Result<bool> {
    let file = Overlaid { target, size: view.after().size };
    // What is read back later is compared with the same values.
    let mut cursor = GroupCursor::new(view.reader());
    while let Some(group) = cursor.next()? {
        // For a group beyond the new end, only the size counts.
        if group.index * GROUP_BYTES < file.size
            && file.group(&mut cursor, group.index)? != value_after(target.path, &group)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Like [`touched_groups_fit`], but checks all groups: the root must be right.
/// If the patch knows no root, the touched groups decide.
///
/// # Errors
/// As for [`touched_groups_fit`].
pub fn whole_file_fits<S: Storage>(target: OpenFile<'_, S>, view: PatchView<'_, '_, S>) -> Result<bool> {
    let Version { size, root: Some(root) } = view.after() else {
        return touched_groups_fit(target, view);
    };
    let file = Overlaid { target, size };
    let (mut tree, mut cursor) = (Tree::new(), GroupCursor::new(view.reader()));
    for index in 0..size.div_ceil(GROUP_BYTES) {
        let listed = cursor.peek()?.filter(|group| group.index == index);
        let cv = file.group(&mut cursor, index)?;
        if let Some(group) = listed {
            cursor.next()?;
            if cv != value_after(target.path, &group)? {
                return Ok(false);
            }
        }
        tree.push(cv);
    }
    Ok(tree.finish() == root)
}

/// A file with edits applied in memory.
struct Overlaid<'a, S: Storage> {
    target: OpenFile<'a, S>,
    /// The size in bytes after the edits.
    size: u64,
}

impl<S: Storage> Overlaid<'_, S> {
    /// The chaining value of a group; groups must be requested in order.
    fn group<P: Storage>(&self, cursor: &mut GroupCursor<'_, '_, P>, index: u64) -> Result<[u8; 32]> {
        let range = index * GROUP_BYTES..((index + 1) * GROUP_BYTES).min(self.size);
        let mut bytes = vec![0; usize::try_from(range.end - range.start).expect("a group fits")];
        self.target.read_full_at(&mut bytes, range.start)?;
        cursor.new_bytes(&range, |at, new| bytes[at..at + new.len()].copy_from_slice(new));
        Ok(group_cv(&bytes, index, self.size))
    }
}
