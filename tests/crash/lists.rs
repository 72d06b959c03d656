//! The lists of revoked plugins on the simulated disk: whatever happens, the old ones or
//! the new ones are there, whole.

use std::path::Path;

use runner_pipeline::error::Result;
use runner_pipeline::storage::Entry;
use runner_policy::revocation::{Accepted, List, Lists};
use runner_policy::state::{lists, save};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::fault_plan::FAULTS;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_tests::seed;

/// Crash states that are looked at, for each operation.
const LIMIT: u64 = 40;

fn entry() -> Entry {
    Entry::unpinned("/data/lists.toml")
}

/// A list of several sectors, with this number.
fn with(sequence: u64) -> Lists {
    let text = format!(
        "kind = \"runner-revocations\"\nform = 1\nname = \"l\"\nsequence = {sequence}\n\
         issued = \"2026-01-01T00:00:00Z\"\nexpires = \"2027-01-01T00:00:00Z\"\n\
         [[revoked]]\nplugin = \"acme:x\"\nwhy = \"{}\"\n",
        "x".repeat(3000)
    );
    let list = List::parse(text.as_bytes(), Path::new("list")).unwrap();
    let accepted = Accepted { signed_by: vec!["s".into()], plugins: vec!["*".parse().unwrap()], list };
    let mut lists = Lists::default();
    lists.accept(accepted, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
    lists
}

/// Replaces the first list by the second one, with faults.
fn run(fault_plan: FaultPlan) -> (Result<()>, Simulated) {
    let first = Simulated::new(Disk::default(), FaultPlan::default());
    save(&first, &entry(), &with(1)).unwrap();
    let storage = Simulated::new(first.into_disk(), FaultPlan { seed: seed(), ..fault_plan });
    (save(&storage, &entry(), &with(2)), storage)
}

/// One of the two is there; if the change was done, the second one. It can be done again.
fn holds(disk: &Disk, is_done: bool) -> Result<(), String> {
    let storage = Simulated::new(disk.clone(), FaultPlan::default());
    let found = lists(&storage, &entry()).map_err(|error| format!("{error:?}"))?;
    if found != with(2) && (is_done || found != with(1)) {
        return Err(format!("done: {is_done}, found: {found:?}"));
    }
    save(&storage, &entry(), &with(2)).map_err(|error| format!("not again: {error:?}"))?;
    if lists(&storage, &entry()).is_ok_and(|found| found == with(2)) { Ok(()) } else { Err("again".into()) }
}

/// The machine crashes during each operation, and after the last one.
fn crashes(skipped_sync: Option<u64>) -> Result<(), String> {
    for at in 0..=run(FaultPlan::default()).1.operations() {
        let (ended, storage) = run(FaultPlan { dies_at: Some(at), skipped_sync, ..FaultPlan::default() });
        let disk = storage.into_disk();
        let mut held = holds(&disk, ended.is_ok());
        Choices::each(seed(), LIMIT, |choices| {
            if held.is_ok() {
                held = holds(&disk.crash(choices), ended.is_ok());
            }
        });
        held.map_err(|what| format!("operation {at}: {what}"))?;
    }
    Ok(())
}

#[test]
fn a_crash_leaves_the_old_lists_or_the_new_ones() {
    crashes(None).unwrap();
    let syncs = run(FaultPlan::default()).1.syncs();
    for skipped in 0..syncs {
        assert!(crashes(Some(skipped)).is_err(), "nothing misses sync {skipped} of {syncs}");
    }
}

#[test]
fn an_operation_that_fails_spoils_no_list() {
    for at in 0..run(FaultPlan::default()).1.operations() {
        for fault in FAULTS {
            let (ended, storage) = run(FaultPlan { fault: Some((at, fault)), ..FaultPlan::default() });
            assert_eq!(holds(&storage.into_disk(), ended.is_ok()), Ok(()), "{fault:?} at {at}: {ended:?}");
        }
    }
}
