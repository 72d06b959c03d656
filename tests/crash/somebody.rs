//! Somebody else at work on the same file, at every moment of a run up to its
//! commit point. Locks are advisory, and some filesystems have none: what they
//! do is noticed, but for the last moments, and what they have made stays.

use std::path::Path;

use runner_pipeline::commit::strategy::Strategy;

use crate::change::FILE;
use crate::check::Trial;
use crate::deed::{Deed, THEIRS};
use crate::storage::Fate;
use crate::{changes, seed};

/// The operations before the commit point in which nobody looks any more.
///
/// In place: the second half of the last look, the look for a journal, and the
/// renaming of it. By a new file: nothing is
/// missed where names can be exchanged, since what came out is looked at; else
/// what happens before the attempt to exchange and before the rename. The mode
/// is not looked at again once there may be a backup, which is a link.
fn last_moments(strategy: Strategy, deed: Deed, no_exchange: bool) -> u64 {
    match (strategy, deed) {
        (Strategy::Rewrite, Deed::ChangesMode) => 7 + u64::from(no_exchange),
        (Strategy::Rewrite, _) if no_exchange => 2,
        // It is found in what came out, and appended to the new file.
        (Strategy::Rewrite, Deed::Appends) => 1,
        (Strategy::Rewrite, _) => 0,
        (_, Deed::LeavesJournal) => 1,
        _ => 3,
    }
}

#[test]
fn somebody_else_is_noticed() {
    for (name, strategy, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (_, undisturbed) = trial.run(trial.fate.clone());
        let commit = undisturbed.renamed_at().expect("it is carried out");
        for deed in
            [Deed::Appends, Deed::Replaces, Deed::ReplacesByLonger, Deed::ChangesMode, Deed::LeavesJournal]
        {
            if deed == Deed::LeavesJournal && strategy == Strategy::Rewrite {
                // It needs none, and the other run will see the exchange.
                continue;
            }
            if deed == Deed::Appends && change.old.len() == trial.new.len() {
                // That is no harm; `appended` tells what becomes of it.
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
                if matches!(deed, Deed::Replaces | Deed::ReplacesByLonger) && !change.no_exchange {
                    let content = disk.read(Path::new(FILE)).map(|node| &node.cache[..]);
                    assert!(
                        content.is_some_and(|content| content.starts_with(THEIRS)),
                        "{what}: their file is gone"
                    );
                }
            }
        }
    }
}

/// The new file of a rewrite, or the journal of a new tail, before it has its
/// name: what somebody else puts there never becomes the file, and is not
/// removed.
#[test]
fn a_new_file_of_somebody_else_is_not_put_in() {
    for (name, strategy, change) in changes() {
        if strategy != Strategy::Rewrite {
            continue;
        }
        let trial = Trial::new(&change, seed(), 0);
        let commit = trial.run(trial.fate.clone()).1.renamed_at().expect("it is carried out");
        let mut met = 0;
        // Where names cannot be exchanged, nobody looks at it again after the
        // target was looked at, and the exchange was tried.
        let unnoticed = if change.no_exchange { 3 } else { 0 };
        for at in 2..=commit - unnoticed {
            let deed = Some((at, Deed::ReplacesNew));
            let (ended, storage) = trial.run(Fate { deed, ..trial.fate.clone() });
            let disk = storage.into_disk();
            let what = format!("{name}: at operation {at}, commit {commit}: {ended:?}");
            let is_there = disk.read(crate::change::names().new.path()).is_some();
            if matches!(ended, crate::check::Ended::Well) {
                assert!(!is_there, "{what}: it was there, and not noticed");
                let content = disk.read(Path::new(FILE)).map(|node| &node.cache);
                assert!(content == Some(&trial.new), "{what}: it was put in");
                continue;
            }
            assert!(is_there, "{what}: it is gone");
            assert!(Deed::ReplacesNew.is_left_alone(&disk, &change.old), "{what}");
            met += 1;
        }
        assert!(met > 3, "{name}: {met} times");
    }
}
