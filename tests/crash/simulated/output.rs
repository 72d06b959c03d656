//! `-o` on the simulated disk: whatever happens, the output is the one from
//! before or the new one, and the file itself stays as it is.

use std::path::{Path, PathBuf};

use runner_pipeline::error::Kind;
use runner_pipeline::storage::Entry;
use runner_simulation::change::{self, ATTRIBUTES, Change, FILE, OUT};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::fault_plan::FAULTS;
use runner_simulation::storage::{FaultPlan, Simulated, names};
use runner_tests::seed;

use super::changes_without_checkpoints;
use super::check::Broken;

/// Attributes of an output that is replaced; they differ from those of the
/// file, whose mode a new output gets.
const OLD_ATTRIBUTES: u32 = 0o600;

struct Trial {
    change: Change,
    /// The output from before, if there is one.
    old: Option<Vec<u8>>,
    new: Vec<u8>,
}

/// Runs with and without an output that is replaced.
fn trials() -> Vec<(String, Trial)> {
    let both = |(name, _, change): (&str, _, Change)| {
        [None, Some(b"of an earlier run".to_vec())].map(|old| {
            let new = change.new_content();
            (format!("{name}, replacing {}", old.is_some()), Trial { change: change.clone(), old, new })
        })
    };
    changes_without_checkpoints().into_iter().filter(|(_, _, change)| !change.extras).flat_map(both).collect()
}

/// The name under which a new output is written.
fn new_file() -> PathBuf {
    change::names().temporary(&Entry::unpinned(OUT)).path().to_owned()
}

impl Trial {
    fn run(&self, fault_plan: FaultPlan) -> (runner_pipeline::error::Result<()>, Simulated) {
        let mut disk = self.change.disk();
        if let Some(old) = &self.old {
            disk.add(Path::new(OUT), old, OLD_ATTRIBUTES);
        }
        let fault_plan = FaultPlan { seed: seed(), ..fault_plan };
        let storage = Simulated::new(disk, fault_plan);
        (self.change.write_out(&storage), storage)
    }

    fn undisturbed(&self) -> Simulated {
        let (ended, storage) = self.run(FaultPlan::default());
        ended.expect("nothing is in its way");
        storage
    }

    /// The file is as it was, and the output is the old or the new one. `done`
    /// says which it must be.
    fn holds(&self, disk: &Disk, done: Option<bool>) -> Result<(), Broken> {
        let file = disk.read(Path::new(FILE)).ok_or("the file is gone")?;
        if file.cache != self.change.old || file.attributes != ATTRIBUTES {
            return Err("the file was changed".into());
        }
        let out = disk.read(Path::new(OUT)).map(|node| (&node.cache, node.attributes));
        let attributes = if self.old.is_some() { OLD_ATTRIBUTES } else { ATTRIBUTES };
        let is_new = out == Some((&self.new, attributes));
        let is_old = out == self.old.as_ref().map(|old| (old, attributes));
        match done {
            Some(true) if !is_new => Err("done, but not new".into()),
            Some(false) if !is_old => Err("not done, but not old".into()),
            None if !is_old && !is_new => Err("mixed".into()),
            _ => Ok(()),
        }
    }

    /// Only the file and the output are there.
    fn left_nothing(&self, disk: &Disk) -> Result<(), Broken> {
        match names(disk).into_iter().find(|name| !["file", "out"].contains(name)) {
            Some(name) => Err(format!("{name} is left")),
            None => Ok(()),
        }
    }

    /// The machine crashes during each operation, and after the last one.
    fn crashes(&self, skipped_sync: Option<u64>, limit: u64) -> Result<(), Broken> {
        let operations = self.undisturbed().operations();
        for at in 0..=operations {
            let (ended, storage) =
                self.run(FaultPlan { dies_at: Some(at), skipped_sync, ..FaultPlan::default() });
            let done = ended.is_ok();
            let disk = storage.into_disk();
            let mut held = self.holds(&disk, done.then_some(true));
            Choices::each(seed(), limit, |choices| {
                if held.is_ok() {
                    held = self.holds(&disk.crash(choices), done.then_some(true));
                }
            });
            held.map_err(|what| format!("operation {at} of {operations}: {what}"))?;
        }
        Ok(())
    }
}

#[test]
fn a_crash_leaves_the_old_output_or_the_new_one() {
    for (name, trial) in trials() {
        assert_eq!(trial.left_nothing(&trial.undisturbed().into_disk()), Ok(()), "{name}");
        assert_eq!(trial.crashes(None, 20), Ok(()), "{name}");
    }
}

#[test]
fn no_sync_can_be_left_out() {
    for (name, trial) in trials() {
        let syncs = trial.undisturbed().syncs();
        for skipped in 0..syncs {
            assert!(
                trial.crashes(Some(skipped), 20).is_err(),
                "{name}: nothing misses sync {skipped} of {syncs}"
            );
        }
    }
}

#[test]
fn an_operation_that_fails_changes_nothing_else() {
    for (name, trial) in trials() {
        let operations = trial.undisturbed().operations();
        for at in 0..operations {
            for fault in FAULTS {
                let (ended, storage) =
                    trial.run(FaultPlan { fault: Some((at, fault)), ..FaultPlan::default() });
                assert!(!storage.trusts_failed(), "{name}, {fault:?} at {at}");
                let done = match storage.renamed_at() {
                    _ if ended.is_ok() => Some(true),
                    None => Some(false),
                    // The rename failed, or what came after it.
                    Some(_) => None,
                };
                let held = trial.holds(&storage.into_disk(), done);
                assert_eq!(held, Ok(()), "{name}, {fault:?} at {at}: {ended:?}");
            }
        }
    }
}

/// What was written is read back before it gets the name of the output.
#[test]
fn a_byte_that_is_written_wrong_is_noticed() {
    for (name, trial) in trials() {
        for unseen in [false, true] {
            let mut noticed = 0;
            for nth in 0.. {
                let wrong = Some((new_file(), nth));
                let (ended, storage) = trial.run(FaultPlan { wrong, unseen, ..FaultPlan::default() });
                if !storage.went_wrong() {
                    break;
                }
                noticed += 1;
                let kind = ended.expect_err(&name).kind();
                assert_eq!(kind, Kind::Verification, "{name}");
                assert_eq!(trial.holds(&storage.into_disk(), Some(false)), Ok(()), "{name}");
            }
            assert!(noticed > 0, "{name}: nothing was written wrong");
        }
    }
}
