//! Bytes close to the edits of a half-written file that another process has
//! changed: recovery keeps them if it is told to, and brings the rest to one
//! state, whatever happens to it meanwhile.

use std::path::Path;

use runner_pipeline::commit::strategy::Strategy;
use runner_pipeline::error::Kind;
use runner_pipeline::patch::Direction;
use runner_simulation::change::{Change, FILE, names, recover_keeping_other_changes, recover_on};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_tests::seed;

use super::changes_without_checkpoints;

/// No edit touches this byte, and others are in its group.
const CHANGED: usize = 3;

#[test]
fn are_kept() {
    let mut kinds = 0;
    for (name, strategy, change) in changes_without_checkpoints() {
        let touched =
            |(start, bytes, _): &(usize, usize, Vec<u8>)| (*start..start + bytes).contains(&CHANGED);
        if strategy == Strategy::Rewrite || change.extras || change.edits.iter().any(touched) {
            continue;
        }
        let mut states = 0;
        for at in 0.. {
            let storage = Simulated::new(change.disk(), plan(&change, Some(at)));
            if change.carry_out(&storage).is_ok() {
                break;
            }
            let mut disk = storage.into_disk().crash(&mut Choices::random(seed().wrapping_add(at)));
            if disk.read(names().journal.path()).is_some() {
                let inode = disk.directory.now[Path::new(FILE)];
                disk.write(inode, CHANGED, &[change.old[CHANGED] ^ 1]);
                disk.files.get_mut(&inode).unwrap().sync(false);
                for direction in [Direction::Forward, Direction::Reverse] {
                    states += u32::from(recovers(&change, &disk, direction, &format!("{name}, {at}")));
                }
            }
        }
        if states > 0 {
            kinds += 1;
            assert!(states > 4, "{name}: {states} states");
        }
    }
    // The journals of some changes of length have all bytes of the group.
    assert!(kinds >= 4, "{kinds} kinds");
}

fn plan(change: &Change, dies_at: Option<u64>) -> FaultPlan {
    FaultPlan { no_direct: change.no_direct, dies_at, seed: seed(), ..FaultPlan::default() }
}

/// Whether there was something to recover; panics unless that was done.
fn recovers(change: &Change, disk: &Disk, direction: Direction, what: &str) -> bool {
    let what = format!("{what}, {direction:?}");
    let on = |disk: &Disk, plan| Simulated::new(disk.clone(), plan);
    // It is refused, and nothing is written; or the journal was not in use yet.
    let storage = on(disk, plan(change, None));
    match recover_on(&storage, direction) {
        Ok(_) => return false,
        Err(error) => assert_eq!(error.kind(), Kind::RecoveryNeeded, "{what}: {error:?}"),
    }
    assert!(same(disk, &storage.into_disk()), "{what}");
    // It may die anywhere, and be done again, even the other way.
    for at in 0.. {
        let storage = on(disk, plan(change, Some(at)));
        if recover_keeping_other_changes(&storage, direction).is_ok() {
            is_done(change, &storage.into_disk(), direction, &what);
            break;
        }
        let left = storage.into_disk().crash(&mut Choices::random(seed().wrapping_add(at)));
        for direction in [direction, direction.opposite()] {
            let storage = on(&left, plan(change, None));
            let recovered = recover_keeping_other_changes(&storage, direction);
            let done = recovered.unwrap_or_else(|error| panic!("{what}, again {at}: {error:?}"));
            assert!(!done.intact || done.state.is_none(), "{what}");
            if done.state.is_some() {
                is_done(change, &storage.into_disk(), direction, &what);
            }
        }
    }
    // Bytes that come out wrong are noticed, unless they are cut off.
    for nth in 0.. {
        let wrong = Some((FILE.into(), nth));
        let storage = on(disk, FaultPlan { wrong, ..plan(change, None) });
        let recovered = recover_keeping_other_changes(&storage, direction);
        if !storage.went_wrong() {
            break;
        }
        match recovered {
            Ok(_) => is_done(change, &storage.into_disk(), direction, &what),
            Err(error) => {
                assert_eq!(error.kind(), Kind::RecoveryNeeded, "{what}, wrong {nth}: {error:?}");
                assert!(storage.into_disk().read(names().journal.path()).is_some(), "{what}");
            }
        }
    }
    true
}

fn same(one: &Disk, other: &Disk) -> bool {
    let file = |disk: &Disk| disk.read(Path::new(FILE)).map(|node| node.cache.clone());
    file(one) == file(other)
}

fn is_done(change: &Change, disk: &Disk, direction: Direction, what: &str) {
    let mut expected = match direction {
        Direction::Forward => change.new_content(),
        Direction::Reverse => change.old.clone(),
    };
    expected[CHANGED] = change.old[CHANGED] ^ 1;
    let node = disk.read(Path::new(FILE)).unwrap();
    assert!(*node.on_medium() == expected, "{what}: the file has neither content");
    assert!(disk.read(names().journal.path()).is_none(), "{what}: the journal is left");
}
