//! How much a build has written: a limit on each file bounds no number of files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::count;

/// The greatest size of everything in the folder of a build, in bytes.
const BYTES: u64 = 4 << 30;
/// The greatest number of files and folders in it.
const ENTRIES: u64 = 200_000;
/// The greatest depth of folders.
const DEPTH: usize = 100;
/// The size of a block in the metadata of a file (stat(3type)).
const BLOCK_BYTES: u64 = 512;

/// Refuses a folder with too much in it.
///
/// # Errors
/// [`Kind::Io`], with the limit.
pub(super) fn check(folder: &Path) -> Result<()> {
    let (mut bytes, mut entries) = (0, 0);
    let refused = |limit: String| {
        Error::new(Kind::Io, "the build writes too much")
            .because(format!("it may have {limit} in its folder"))
            .hint("no source of a plugin needs that; look at what it does when it is built")
    };
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        if depth > DEPTH {
            return Err(refused(count(DEPTH as u64, "folder") + " within each other"));
        }
        // What cannot be read was removed meanwhile, or is counted as one entry.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries += 1;
            let Ok(metadata) = entry.metadata() else { continue };
            bytes += metadata.blocks() * BLOCK_BYTES;
            if metadata.is_dir() {
                open.push((entry.path(), depth + 1));
            }
            if entries > ENTRIES {
                return Err(refused(count(ENTRIES, "file")));
            }
            if bytes > BYTES {
                return Err(refused(count(BYTES, "byte")));
            }
        }
    }
    Ok(())
}
