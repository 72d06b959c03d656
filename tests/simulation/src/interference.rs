//! What somebody else may do to the file while a run is at work on it.

use std::path::Path;

use crate::change::{BACKUP, FILE, UNDO, names};
use crate::disk::{Disk, Inode, NameChange};

pub const THEIRS: &[u8] = b"what somebody else has written";

/// Longer than all files that are changed.
const LONGER_BYTES: usize = 1 << 20;
/// The file as it was at the start.
pub const ORIGINAL: Inode = 1;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interference {
    /// Writes behind the end of the file that has the name by then.
    Appends,
    /// The same, and syncs it.
    AppendsAndSyncs,
    /// Has the file open from the start, and writes behind its end.
    AppendsToOpen,
    /// The same, but opens it only then.
    OpensAndAppends,
    /// Puts another file in its place.
    Replaces,
    /// Puts a longer file in its place.
    ReplacesByLonger,
    /// Puts another file in the place of the new one that is being made.
    ReplacesNew,
    /// Changes its mode.
    ChangesMode,
    /// Another run comes to its commit point.
    LeavesJournal,
}

impl Interference {
    pub fn done(self, disk: &mut Disk) {
        let file = Path::new(FILE);
        let inode = disk.directory.now[file];
        match self {
            Self::OpensAndAppends => {
                disk.held = Some(inode);
                Self::Appends.done(disk);
            }
            Self::AppendsAndSyncs => {
                Self::Appends.done(disk);
                disk.files.get_mut(&inode).expect("it has a name").sync(false);
            }
            Self::Appends => disk.write(inode, disk.files[&inode].cache.len(), THEIRS),
            Self::AppendsToOpen => disk.write(ORIGINAL, disk.files[&ORIGINAL].cache.len(), THEIRS),
            Self::Replaces | Self::ReplacesByLonger => {
                let other = Path::new("/disk/other");
                let new = disk.create(other).expect("it is not there");
                disk.write(new, 0, THEIRS);
                if self == Self::ReplacesByLonger {
                    disk.write(new, THEIRS.len(), &[b'x'; LONGER_BYTES]);
                }
                let rename = NameChange::Rename(other.to_owned(), file.to_owned());
                disk.directory.change(rename).expect("both are there");
            }
            Self::ReplacesNew => {
                let new = names().new;
                if disk.read(new.path()).is_none() {
                    return;
                }
                let other = Path::new("/disk/other");
                let inode = disk.create(other).expect("it is not there");
                disk.write(inode, 0, THEIRS);
                let rename = NameChange::Rename(other.to_owned(), new.path().to_owned());
                disk.directory.change(rename).expect("both are there");
            }
            Self::ChangesMode => {
                let now = disk.tick();
                let node = disk.files.get_mut(&inode).expect("it has a name");
                (node.attributes, node.changed) = (0o600, now);
            }
            Self::LeavesJournal => {
                let new = disk.create(names().journal.path()).expect("there is none");
                disk.write(new, 0, THEIRS);
            }
        }
    }

    /// Whether a disk shows what was done, and no work of ours.
    pub fn is_left_alone(self, disk: &Disk, old: &[u8]) -> bool {
        let read = |name: &Path| disk.read(name).map(|node| (&node.cache[..], node.attributes));
        let names = names();
        let (content, mode) = read(Path::new(FILE)).expect("it stays");
        let theirs = match self {
            Self::Appends | Self::AppendsAndSyncs | Self::AppendsToOpen | Self::OpensAndAppends => {
                content == [old, THEIRS].concat()
            }
            Self::Replaces => content == THEIRS,
            Self::ReplacesByLonger => {
                content.len() == THEIRS.len() + LONGER_BYTES && content.starts_with(THEIRS)
            }
            Self::ChangesMode => content == old && mode == 0o600,
            Self::ReplacesNew => {
                return content == old && read(names.new.path()).is_none_or(|(content, _)| content == THEIRS);
            }
            // Where there is a journal, undo file and backup stay: whoever
            // must recover may want to go back.
            Self::LeavesJournal => {
                return content == old
                    && read(names.journal.path()).is_some_and(|(content, _)| content == THEIRS);
            }
        };
        let ours = [names.scan.path(), names.new.path(), Path::new(UNDO), Path::new(BACKUP)];
        theirs && ours.into_iter().all(|name| read(name).is_none())
    }
}
