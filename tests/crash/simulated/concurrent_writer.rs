//! Somebody else at work on the same file, at every moment of a run up to its
//! commit point. Locks are advisory, and some filesystems have none: what they
//! do is noticed, but for the last moments, and what they have made stays.

use std::path::Path;

use runner_pipeline::commit::strategy::Strategy;

use super::check::Trial;
use super::{changes, seed};
use runner_simulation::change::FILE;
use runner_simulation::interference::{Interference, THEIRS};
use runner_simulation::storage::FaultPlan;

/// The operations before the commit point in which nobody looks any more.
///
/// In place: the second half of the last look, the look for a journal, and the
/// renaming of it. By a new file: nothing is
/// missed where names can be exchanged, since what came out is looked at; else
/// what happens before the attempt to exchange and before the rename. The mode
/// is not looked at again once there may be a backup, which is a link.
fn last_moments(strategy: Strategy, interference: Interference, no_exchange: bool) -> u64 {
    match (strategy, interference) {
        (Strategy::Rewrite, Interference::ChangesMode) => 7 + u64::from(no_exchange),
        (Strategy::Rewrite, _) if no_exchange => 2,
        // It is found in what came out, and appended to the new file.
        (Strategy::Rewrite, Interference::Appends) => 1,
        (Strategy::Rewrite, _) => 0,
        (_, Interference::LeavesJournal) => 1,
        _ => 3,
    }
}

#[test]
fn somebody_else_is_noticed() {
    for (name, strategy, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (_, undisturbed) = trial.run(trial.fault_plan.clone());
        let commit = undisturbed.renamed_at().expect("it is carried out");
        for interference in [
            Interference::Appends,
            Interference::Replaces,
            Interference::ReplacesByLonger,
            Interference::ChangesMode,
            Interference::LeavesJournal,
        ] {
            if interference == Interference::LeavesJournal && strategy == Strategy::Rewrite {
                // It needs none, and the other run will see the exchange.
                continue;
            }
            if interference == Interference::Appends && change.old.len() == trial.new.len() {
                // That is no harm; `appended` tells what becomes of it.
                continue;
            }
            let unnoticed = last_moments(strategy, interference, change.no_exchange);
            // From when the file was opened and looked at.
            for at in 2..=commit {
                let (ended, storage) = trial
                    .run(FaultPlan { interference: Some((at, interference)), ..trial.fault_plan.clone() });
                let disk = storage.into_disk();
                let what = format!("{name}: {interference:?} at operation {at}, commit {commit}: {ended:?}");
                if at + unnoticed <= commit {
                    assert!(matches!(ended, super::check::Ended::Failed(_)), "{what}: not noticed");
                    assert!(interference.is_left_alone(&disk, &change.old), "{what}: not left alone");
                }
                if matches!(interference, Interference::Replaces | Interference::ReplacesByLonger)
                    && !change.no_exchange
                {
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
        let commit = trial.run(trial.fault_plan.clone()).1.renamed_at().expect("it is carried out");
        let mut met = 0;
        // Where names cannot be exchanged, nobody looks at it again after the
        // target was looked at, and the exchange was tried.
        let unnoticed = if change.no_exchange { 3 } else { 0 };
        for at in 2..=commit - unnoticed {
            let interference = Some((at, Interference::ReplacesNew));
            let (ended, storage) = trial.run(FaultPlan { interference, ..trial.fault_plan.clone() });
            let disk = storage.into_disk();
            let what = format!("{name}: at operation {at}, commit {commit}: {ended:?}");
            let is_there = disk.read(runner_simulation::change::names().new.path()).is_some();
            if matches!(ended, super::check::Ended::Well) {
                assert!(!is_there, "{what}: it was there, and not noticed");
                let content = disk.read(Path::new(FILE)).map(|node| &node.cache);
                assert!(content == Some(&trial.new), "{what}: it was put in");
                continue;
            }
            assert!(is_there, "{what}: it is gone");
            assert!(Interference::ReplacesNew.is_left_alone(&disk, &change.old), "{what}");
            met += 1;
        }
        assert!(met > 3, "{name}: {met} times");
    }
}
