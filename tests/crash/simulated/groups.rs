//! Journals that lack a group, or a value of one: they would be written without
//! being checked, and none of them is used.

use std::path::Path;

use runner_pipeline::commit::strategy::Strategy;
use runner_pipeline::error::Kind;
use runner_pipeline::patch::Direction;
use runner_pipeline::sidecar::Trust;

use super::changes;
use runner_simulation::change::{ATTRIBUTES, Change, FILE, names, recover_trusting};
use runner_simulation::disk::Disk;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_tests::forge::{altered, forged_as, frames};

/// Kinds from here on are no part of the patch: they authenticate it.
const TRAILER: u8 = 0x80;

/// The journal of a change, of a run that has died; not authenticated, as what
/// is altered could not be.
fn journal(change: &Change) -> Vec<u8> {
    let journals = (0..).map(|at| {
        let storage = Simulated::new(change.disk(), FaultPlan { dies_at: Some(at), ..FaultPlan::default() });
        let done = change.carry_out(&storage).is_ok();
        assert!(!done, "it has no journal");
        storage.into_disk().read(names().journal.path()).map(|node| node.cache.clone())
    });
    let journal = journals.flatten().next().unwrap();
    let whole = frames(&journal);
    forged_as(version(&journal), &whole.into_iter().filter(|(kind, _)| *kind < TRAILER).collect::<Vec<_>>())
}

/// The version of the format.
fn version(patch: &[u8]) -> u32 {
    number::<8>(patch)
}

fn number<const N: usize>(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[N..N + 4].try_into().unwrap())
}

/// The same journal, with one thing in one batch left out: whole groups, and
/// their values.
fn lacking(journal: &[u8]) -> Vec<(String, Vec<u8>)> {
    let whole = frames(journal);
    let mut all = Vec::new();
    for (at, (_, batch)) in whole.iter().enumerate().filter(|(_, (kind, _))| *kind == 2) {
        let (edits, groups) = (number::<0>(batch) as usize, number::<4>(batch));
        for index in 0..groups as usize {
            let group = 8 + 16 * edits + 72 * index;
            for (what, from, bytes) in
                [("the group", 0, 72), ("the value before", 8, 32), ("the value after", 40, 32)]
            {
                let (mut frames, mut batch) = (whole.clone(), batch.clone());
                let range = group + from..group + from + bytes;
                if what == "the group" {
                    batch.drain(range);
                    batch[4..8].copy_from_slice(&(groups - 1).to_le_bytes());
                } else if batch[range.clone()].iter().all(|byte| *byte == 0) {
                    continue;
                } else {
                    batch[range].fill(0);
                }
                frames[at].1 = batch;
                for in_place in [true, false] {
                    let seal = altered(frames.last().unwrap(), |seal| {
                        let count = seal["stats"]["groups"].as_u64().unwrap();
                        seal["stats"]["groups"] = (count - u64::from(what == "the group")).into();
                        seal["stats"]["in_place_form"] = in_place.into();
                    });
                    let mut frames = frames.clone();
                    *frames.last_mut().unwrap() = seal;
                    all.push((
                        format!("{what} {index} of batch {at}, in place {in_place}"),
                        forged_as(version(journal), &frames),
                    ));
                }
            }
        }
    }
    all
}

#[test]
fn a_journal_that_lacks_a_group_or_a_value_is_not_used() {
    let mut tried = 0;
    for (name, strategy, change) in changes() {
        if strategy == Strategy::Rewrite {
            continue;
        }
        let whole = journal(&change);
        let recover = |journal: &[u8], direction| {
            let mut disk = Disk::with(Path::new(FILE), &change.old, ATTRIBUTES);
            disk.add(names().journal.path(), journal, 0o600);
            let storage = Simulated::new(disk, FaultPlan::default());
            let recovered = recover_trusting(&storage, Trust::Any, direction);
            let disk = storage.into_disk();
            let content = disk.read(Path::new(FILE)).unwrap().cache.clone();
            (recovered, content, disk.read(names().journal.path()).is_some())
        };
        for direction in [Direction::Forward, Direction::Reverse] {
            let (recovered, content, _) = recover(&whole, direction);
            recovered.unwrap();
            let expected =
                if direction == Direction::Forward { change.new_content() } else { change.old.clone() };
            assert!(content == expected, "{name}: the whole one is used");
        }
        for (what, journal) in lacking(&whole) {
            for direction in [Direction::Forward, Direction::Reverse] {
                let (recovered, content, stays) = recover(&journal, direction);
                let kind = recovered.map_err(|error| error.kind());
                assert_eq!(kind.err(), Some(Kind::RecoveryNeeded), "{name}, without {what}, {direction:?}");
                assert!(content == change.old && stays, "{name}, without {what}, {direction:?}: written");
                tried += 1;
            }
        }
    }
    eprintln!("counted: {tried} journals without a group or a value");
    assert!(tried > 100, "{tried} is hardly any");
}
