//! Actions of another process on the file during a run.

use std::path::Path;

use crate::change::{BACKUP, FILE, UNDO, names};
use crate::disk::{Disk, Inode, NameChange};

pub const THEIRS: &[u8] = b"what another process has written";

/// Longer than any file that is changed.
const LONGER_BYTES: usize = 1 << 20;
/// The inode of the original file.
pub const ORIGINAL: Inode = 1;

/// An action of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interference {
    /// Appends to the file that has the name at that time.
    Appends,
    /// Appends, and syncs the file.
    AppendsAndSyncs,
    /// Has the file open from the start, and appends to it.
    AppendsToOpen,
    /// Opens the file at that time, and appends to it.
    OpensAndAppends,
    /// Replaces the file with a different one.
    Replaces,
    /// Replaces the file with a longer one.
    ReplacesByLonger,
    /// Replaces the new file of the run with a different one.
    ReplacesNew,
    /// Changes the mode of the file.
    ChangesMode,
    /// Another run passes its commit point.
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

    /// Whether a disk shows the effect of the action, and no file of ours.
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
            // If there is a journal, the undo file and the backup stay, because
            // a recovery may have to go back to the old content.
            Self::LeavesJournal => {
                return content == old
                    && read(names.journal.path()).is_some_and(|(content, _)| content == THEIRS);
            }
        };
        let ours = [names.scan.path(), names.new.path(), Path::new(UNDO), Path::new(BACKUP)];
        theirs && ours.into_iter().all(|name| read(name).is_none())
    }
}
