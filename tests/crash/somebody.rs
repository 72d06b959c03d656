//! Somebody else at work on the same file, at every moment of a run up to its
//! commit point. Locks are advisory, and some filesystems have none: what they
//! do is noticed, but for the last moments, and what they have made stays.

use std::path::Path;

use crate::change::{BACKUP, FILE, UNDO, names};
use crate::check::Trial;
use crate::disk::{Disk, Entry};
use crate::storage::Fate;
use crate::{changes, seed};
use runner::plan::Strategy;

const THEIRS: &[u8] = b"what somebody else has written";

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Writes behind the end of the file.
    Appends,
    /// Puts another file in its place.
    Replaces,
    /// Changes its mode.
    ChangesMode,
    /// Another run comes to its commit point.
    LeavesJournal,
}

impl Deed {
    pub(crate) fn done(self, disk: &mut Disk) {
        let file = Path::new(FILE);
        let inode = disk.directory.now[file];
        match self {
            Self::Appends => disk.write(inode, disk.files[&inode].cache.len(), THEIRS),
            Self::Replaces => {
                let other = Path::new("/disk/other");
                let new = disk.create(other).expect("it is not there");
                disk.write(new, 0, THEIRS);
                let rename = Entry::Rename(other.to_owned(), file.to_owned());
                disk.directory.change(rename).expect("both are there");
            }
            Self::ChangesMode => {
                let now = disk.tick();
                let node = disk.files.get_mut(&inode).expect("it has a name");
                (node.attributes, node.changed) = (0o600, now);
            }
            Self::LeavesJournal => {
                let new = disk.create(&names().journal).expect("there is none");
                disk.write(new, 0, THEIRS);
            }
        }
    }

    /// Whether a disk shows what was done, and no work of ours.
    fn is_left_alone(self, disk: &Disk, old: &[u8]) -> bool {
        let read = |name: &Path| disk.read(name).map(|node| (&node.cache[..], node.attributes));
        let names = names();
        let (content, mode) = read(Path::new(FILE)).expect("it stays");
        let theirs = match self {
            Self::Appends => content == [old, THEIRS].concat(),
            Self::Replaces => content == THEIRS,
            Self::ChangesMode => content == old && mode == 0o600,
            // Where there is a journal, undo file and backup stay: whoever
            // must recover may want to go back.
            Self::LeavesJournal => {
                return content == old && read(&names.journal).is_some_and(|(content, _)| content == THEIRS);
            }
        };
        let ours = [&names.scan, &names.new, Path::new(UNDO), Path::new(BACKUP)];
        theirs && ours.into_iter().all(|name| read(name).is_none())
    }
}

/// The operations before the commit point in which nobody looks any more.
///
/// In place: the second half of the last look and the look for a journal; then
/// the journal is made, written, synced and renamed. By a new file: nothing is
/// missed where names can be exchanged, since what came out is looked at; else
/// what happens before the attempt to exchange and before the rename. The mode
/// is not looked at again once there may be a backup, which is a link.
fn last_moments(strategy: Strategy, deed: Deed, no_exchange: bool) -> u64 {
    match (strategy, deed) {
        (Strategy::Rewrite, Deed::ChangesMode) => 5 + u64::from(no_exchange),
        (Strategy::Rewrite, _) if no_exchange => 2,
        (Strategy::Rewrite, _) => 0,
        (_, Deed::LeavesJournal) => 4,
        _ => 6,
    }
}

#[test]
fn somebody_else_is_noticed() {
    for (name, strategy, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (_, undisturbed) = trial.run(trial.fate.clone());
        let commit = undisturbed.renamed_at().expect("it is carried out");
        for deed in [Deed::Appends, Deed::Replaces, Deed::ChangesMode, Deed::LeavesJournal] {
            if deed == Deed::LeavesJournal && strategy == Strategy::Rewrite {
                // It needs none, and the other run will see the exchange.
                continue;
            }
            let unnoticed = last_moments(strategy, deed, change.no_exchange);
            // From when the file was opened and looked at.
            for at in 2..=commit {
                let (ended, storage) = trial.run(Fate { deed: Some((at, deed)), ..trial.fate.clone() });
                let disk = storage.into_disk();
                let what = format!("{name}: {deed:?} at operation {at}, commit {commit}: {ended:?}");
                if at + unnoticed <= commit {
                    assert!(matches!(ended, crate::check::Ended::Failed(_)), "{what}: not noticed");
                    assert!(deed.is_left_alone(&disk, &change.old), "{what}: not left alone");
                }
                if deed == Deed::Replaces && !change.no_exchange {
                    let content = disk.read(Path::new(FILE)).map(|node| &node.cache[..]);
                    assert!(content == Some(THEIRS), "{what}: their file is gone");
                }
            }
        }
    }
}
