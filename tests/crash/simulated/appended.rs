//! Somebody appends to the file, before any operation of a run or a recovery.
//! Whatever happens then, what they have appended stands at the end of the
//! file, old or new.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use runner_pipeline::commit::recover::Recovered;
use runner_pipeline::commit::strategy::Strategy;
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::patch::Direction;

use super::check::{Broken, Ended, LARGE_BYTES, Trial};
use super::{changes, seed};
use runner_simulation::change::{self, Change, FILE, recover_on};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::interference::{Interference, THEIRS};
use runner_simulation::storage::{FaultPlan, Simulated};

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Reverse];
/// From when the file was opened and looked at.
const FIRST: u64 = 2;

/// What a file is, besides what was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Old,
    New,
}

/// Old or new, with what was appended behind it.
fn version(trial: &Trial<'_>, content: &[u8]) -> Option<Version> {
    let is = |version: &[u8]| content.strip_prefix(version) == Some(THEIRS);
    // Old first: where both are one, nothing can be told.
    if is(&trial.change.old) { Some(Version::Old) } else { is(&trial.new).then_some(Version::New) }
}

/// The file that is left beside it, which may be the only one with its lines.
fn beside() -> PathBuf {
    change::names().new.path().to_owned()
}

fn content(disk: &Disk, name: impl AsRef<Path>) -> Option<&[u8]> {
    disk.read(name.as_ref()).map(|node| &node.cache[..])
}

/// Nothing is left beside the file, and what was appended is at its end.
fn is_whole(trial: &Trial<'_>, disk: &Disk) -> Result<Version, Broken> {
    let found = content(disk, FILE).ok_or("the file is gone")?;
    let version = version(trial, found).ok_or_else(|| {
        let lost = if found.windows(THEIRS.len()).any(|part| part == THEIRS) { "mixed" } else { "lost" };
        format!("{lost}, {} bytes", found.len())
    })?;
    trial.left_nothing(disk).map(|()| version)
}

fn recover(disk: &Disk, fault_plan: FaultPlan, direction: Direction) -> (Result<Recovered>, bool, Disk) {
    let storage = Simulated::new(disk.clone(), fault_plan);
    let recovered = recover_on(&storage, direction);
    let dead = storage.is_dead();
    (recovered, dead, storage.into_disk())
}

/// Recovers in both ways. One may be refused, if the other one is not; or
/// both, where two versions are left and nothing is lost.
fn recovers(trial: &Trial<'_>, disk: &Disk) -> Result<(), Broken> {
    let mut refused = 0;
    for direction in BOTH {
        let (recovered, _, after) = recover(disk, FaultPlan::default(), direction);
        match recovered {
            Ok(_) => drop(is_whole(trial, &after).map_err(|what| format!("{direction:?}: {what}"))?),
            Err(error) if error.kind() == Kind::RecoveryNeeded => {
                refused += 1;
                if content(&after, FILE) != content(disk, FILE) {
                    return Err(format!("{direction:?} is refused, and the file is touched: {error:?}"));
                }
            }
            Err(error) => return Err(format!("{direction:?}: {error:?}")),
        }
    }
    let left = content(disk, beside());
    let kept = |content: Option<&[u8]>| content.is_some_and(|content| version(trial, content).is_some());
    if refused == 2 && !(left.is_some() && (kept(left) || kept(content(disk, FILE)))) {
        return Err("there is no way out".into());
    }
    Ok(())
}

/// The same after a crash of the machine, which may lose or tear what was
/// appended, as it was not synced.
fn recovers_after_crash(trial: &Trial<'_>, disk: &Disk, choices: &mut Choices) -> Result<(), Broken> {
    let disk = disk.crash(choices);
    let mut refused = 0;
    for direction in BOTH {
        let (recovered, _, after) = recover(&disk, FaultPlan::default(), direction);
        let found = content(&after, FILE).ok_or("the file is gone")?;
        match recovered {
            Ok(_) if found.starts_with(&trial.change.old) || found.starts_with(&trial.new) => {
                trial.left_nothing(&after)?;
            }
            Ok(_) => return Err(format!("{direction:?}, after a crash: mixed")),
            Err(error) if error.kind() == Kind::RecoveryNeeded => refused += 1,
            Err(error) => return Err(format!("{direction:?}, after a crash: {error:?}")),
        }
    }
    let left = content(&disk, beside());
    if refused == 2 && left.is_none() { Err("there is no way out after a crash".into()) } else { Ok(()) }
}

/// Of long runs, some moments are left out.
fn step(change: &Change) -> usize {
    if change.old.len() > LARGE_BYTES { 7 } else { 1 }
}

#[track_caller]
fn holds(name: &str, what: &str, held: Result<(), Broken>) {
    if let Err(broken) = held {
        panic!(
            "{name}: {what}: {broken}\nagain: RUNNER_SEED={} cargo test -p runner-tests --test crash simulated::appended",
            seed()
        );
    }
}

/// Before any operation of a run that nothing else happens to.
#[test]
fn an_append_during_a_run() {
    for (name, strategy, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (operations, _) = trial.length();
        let resizes = change.old.len() != trial.new.len();
        let mut kinds = BTreeSet::new();
        for interference in
            [Interference::Appends, Interference::AppendsToOpen, Interference::OpensAndAppends]
        {
            for at in FIRST..operations {
                let (ended, storage) = trial
                    .run(FaultPlan { interference: Some((at, interference)), ..trial.fault_plan.clone() });
                let (commit, came) = (storage.renamed_at(), storage.operations() > at);
                let mut disk = storage.into_disk();
                disk.held = None;
                // Who goes on writing to a file that has been replaced is on
                // their own. It is told.
                let replaced = strategy == Strategy::Rewrite && commit.is_some_and(|commit| at > commit);
                if !came || interference == Interference::AppendsToOpen && replaced {
                    continue;
                }
                let what = format!("{interference:?} at operation {at} of {operations}: {ended:?}");
                // A scan with a checkpoint leaves it to its caller.
                let names = runner_simulation::change::names();
                disk.directory.now.retain(|name, _| ended == Ended::Well || *name != names.checkpoint.path());
                let held = is_whole(&trial, &disk).and_then(|version| match (ended, version) {
                    (Ended::Well, Version::New) => Ok(kinds.insert("done")),
                    (Ended::Failed(Kind::ChangedByOthers | Kind::Refused), Version::Old) if resizes => {
                        Ok(kinds.insert("refused"))
                    }
                    _ => Err(format!("{version:?}")),
                });
                holds(name, &what, held.map(drop));
            }
        }
        let expected: &[_] = if resizes { &["done", "refused"] } else { &["done"] };
        assert!(kinds.iter().eq(expected), "{name}: {kinds:?}");
    }
}

/// Before any operation, and the process is killed then or some operations
/// later; or it is killed, and somebody appends before the recovery.
#[test]
fn an_append_and_a_crash() {
    let mut states = 0;
    for (name, strategy, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (operations, _) = trial.length();
        for at in (FIRST..=operations).step_by(step(&change)) {
            let lives = |interference| [0, 1, 3, 8, 30].map(|more| (Some((at, interference)), at + more));
            let lives = [Interference::Appends, Interference::AppendsAndSyncs].map(lives).concat();
            for (interference, dies_at) in lives.into_iter().chain([(None, at)]) {
                let fault_plan =
                    FaultPlan { interference, dies_at: Some(dies_at), ..trial.fault_plan.clone() };
                let (ended, storage) = trial.run(fault_plan);
                let commit = storage.renamed_at();
                let mut disk = storage.into_disk();
                if interference.is_none() {
                    Interference::Appends.done(&mut disk);
                }
                let synced = interference
                    .is_some_and(|(_, interference)| interference == Interference::AppendsAndSyncs);
                if ended == Ended::Well && synced && commit.is_some_and(|commit| at <= commit) {
                    // What was carried over is as durable as it was.
                    let mut choices = Choices::random(seed().wrapping_add(at));
                    for _ in 0..4 {
                        let held = is_whole(&trial, &disk.crash(&mut choices)).map(drop);
                        holds(name, &format!("synced at {at} of {operations}, done"), held);
                    }
                }
                if ended == Ended::Well || change.checkpoint && ended != Ended::Died {
                    continue;
                }
                // Where names cannot be exchanged, what is appended to the old
                // file in the very moment of the rename goes with it, if the
                // process does not live to see it.
                let last_moment =
                    change.no_exchange && commit.is_some_and(|commit| at <= commit && dies_at >= commit);
                if strategy == Strategy::Rewrite && last_moment && interference.is_some() {
                    continue;
                }
                let what = format!("{interference:?}, killed at {dies_at} of {operations}, {ended:?}");
                holds(name, &what, recovers(&trial, &disk));
                let mut choices = Choices::random(seed().wrapping_add(at * 31 + dies_at));
                // What is synced is kept, but in a new file whose name is not.
                let named = strategy != Strategy::Rewrite || commit.is_none_or(|commit| at <= commit);
                for _ in 0..2 {
                    let held = match interference {
                        Some((_, Interference::AppendsAndSyncs)) if named => {
                            recovers(&trial, &disk.crash(&mut choices))
                        }
                        _ => recovers_after_crash(&trial, &disk, &mut choices),
                    };
                    holds(name, &what, held);
                }
                states += 3;
            }
        }
    }
    eprintln!("counted: an_append_and_a_crash: {states} crash states");
}

/// Somebody appends to the old file when it was looked at for the last time,
/// and the process is killed when it has been replaced; then somebody appends
/// to the new one. Neither is thrown away.
#[test]
fn an_append_to_both() {
    for (name, strategy, change) in changes() {
        if strategy != Strategy::Rewrite || change.no_exchange {
            continue;
        }
        let trial = Trial::new(&change, seed(), 0);
        let commit = trial.run(trial.fault_plan.clone()).1.renamed_at().expect("it is carried out");
        let interference = Some((commit, Interference::Appends));
        let (_, storage) =
            trial.run(FaultPlan { interference, dies_at: Some(commit), ..trial.fault_plan.clone() });
        let mut disk = storage.into_disk();
        Interference::Appends.done(&mut disk);
        for direction in BOTH {
            let (recovered, _, after) = recover(&disk, FaultPlan::default(), direction);
            let refused = recovered.is_err_and(|error| error.kind() == Kind::RecoveryNeeded);
            assert!(refused, "{name}: recovered");
            let found =
                [PathBuf::from(FILE), beside()].map(|name| version(&trial, content(&after, name).unwrap()));
            assert_eq!(found, [Some(Version::New), Some(Version::Old)], "{name}");
        }
    }
}

/// Before any operation of a recovery, which is killed then or goes on.
#[test]
fn an_append_during_recovery() {
    let mut states = 0;
    for (name, _, change) in changes() {
        let trial = Trial::new(&change, seed(), 0);
        let (operations, _) = trial.length();
        for died_at in (FIRST..=operations).step_by(step(&change) * 2) {
            let (_, storage) = trial.run(FaultPlan { dies_at: Some(died_at), ..trial.fault_plan.clone() });
            let disk = storage.into_disk();
            for (direction, kills) in BOTH.map(|direction| [(direction, false), (direction, true)]).concat() {
                for at in (FIRST..).step_by(step(&change)) {
                    let interference = Some((at, Interference::Appends));
                    let fault_plan =
                        FaultPlan { interference, dies_at: kills.then_some(at), ..trial.fault_plan.clone() };
                    let (recovered, dead, after) = recover(&disk, fault_plan, direction);
                    let found = content(&after, FILE).unwrap_or_default();
                    if recovered.is_ok() && !found.ends_with(THEIRS) {
                        // It has come to its end before.
                        break;
                    }
                    let what = format!("killed at {died_at} of {operations}, {direction:?}, {at}, {kills}");
                    let held = match &recovered {
                        Ok(_) => is_whole(&trial, &after).map(drop),
                        Err(error) if dead || error.kind() == Kind::RecoveryNeeded => {
                            recovers(&trial, &after)
                        }
                        Err(error) => Err(format!("{error:?}")),
                    };
                    holds(name, &what, held);
                    states += 1;
                }
            }
        }
    }
    eprintln!("counted: an_append_during_recovery: {states} states");
}
