//! Whether a file has the groups that a patch lists, as they are before it.

use super::group_cursor::GroupCursor;
use crate::error::Result;
use crate::hash::{GROUP_BYTES, group_cv};
use crate::patch::PatchView;
use crate::storage::{OpenFile, Storage};

/// The first group that a patch in in-place form lists, and that does not have
/// its value before the patch in a file of `size` bytes. `None` if all of them
/// have. No other group is read.
///
/// # Errors
/// Any I/O error.
pub fn first_other_group<S: Storage, P: Storage>(
    file: OpenFile<'_, S>,
    view: PatchView<'_, '_, P>,
    size: u64,
) -> Result<Option<u64>> {
    let mut cursor = GroupCursor::of_groups(view.reader());
    let mut memory = vec![0; usize::try_from(GROUP_BYTES).expect("a group fits")];
    while let Some(group) = cursor.next()? {
        let start = group.index * GROUP_BYTES;
        // A group that the patch adds may not be there yet.
        let Some(before) = group.before else {
            if start < size {
                return Ok(Some(group.index));
            }
            continue;
        };
        let want = usize::try_from(size.saturating_sub(start).min(GROUP_BYTES)).expect("a group fits");
        let bytes = &mut memory[..want];
        let count = file.read_full_at(bytes, start)?;
        if want == 0 || count < want || group_cv(bytes, group.index, size) != before {
            return Ok(Some(group.index));
        }
    }
    Ok(None)
}
