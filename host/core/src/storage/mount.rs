//! Detects mount points, such as files mounted into a container.

use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, Statx, StatxFlags, statx};

use super::Entry;

/// Whether an open file is itself a mount point, so that it cannot be replaced
/// by a different file. `false` if that cannot be determined.
///
/// # Errors
/// Any I/O error.
pub(super) fn is_mount_point(file: &File, entry: &Entry) -> io::Result<bool> {
    let file = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    let directory = statx(entry.directory_fd()?, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok(match (mount(&file), mount(&directory)) {
        (Some(file), Some(directory)) => file != directory,
        _ => false,
    })
}

fn mount(found: &Statx) -> Option<u64> {
    let known = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    known.then_some(found.stx_mnt_id)
}
