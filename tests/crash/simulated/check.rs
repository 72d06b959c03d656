//! What must hold after whatever happened, and how it is tried.

use std::path::Path;

use runner_pipeline::error::Kind;
use runner_pipeline::patch::{Direction, Roots};

use runner_simulation::change::{ATTRIBUTES, BACKUP, Change, FILE, UNDO, recover_on};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::fault_plan::FAULTS;
use runner_simulation::storage::{FaultPlan, Simulated, names};

/// A promise that was broken, in words.
pub(crate) type Broken = String;

/// Tries to break the promises with one change.
pub(crate) struct Trial<'a> {
    pub(crate) change: &'a Change,
    pub(crate) new: Vec<u8>,
    /// What is done to every run, beside dying.
    pub(crate) fault_plan: FaultPlan,
    pub(crate) seed: u64,
    /// Crashes tried for each moment, if there are more.
    pub(crate) limit: u64,
    /// Crash states that were recovered and looked at.
    pub(crate) states: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Died,
    Failed(Kind),
}

/// Files above this are tried less often.
pub(crate) const LARGE_BYTES: usize = 500_000;

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Reverse];

impl<'a> Trial<'a> {
    pub(crate) fn new(change: &'a Change, seed: u64, limit: u64) -> Self {
        let Change { no_direct, no_exchange, .. } = *change;
        let fault_plan = FaultPlan { no_direct, no_exchange, seed, ..FaultPlan::default() };
        Self { change, new: change.new_content(), fault_plan, seed, limit, states: 0 }
    }

    pub(crate) fn run(&self, fault_plan: FaultPlan) -> (Ended, Simulated) {
        let storage = Simulated::new(self.change.disk(), fault_plan);
        let ended = match self.change.carry_out(&storage) {
            Ok(_) => Ended::Well,
            Err(_) if storage.is_dead() => Ended::Died,
            Err(error) => Ended::Failed(error.kind()),
        };
        (ended, storage)
    }

    /// Operations of a run that nothing happens to, and its syncs.
    pub(crate) fn length(&self) -> (u64, u64) {
        let storage = self.undisturbed();
        (storage.operations(), storage.syncs())
    }

    /// The storage after a run that nothing happens to.
    pub(crate) fn undisturbed(&self) -> Simulated {
        let (ended, storage) = self.run(self.fault_plan.clone());
        assert_eq!(ended, Ended::Well);
        storage
    }

    /// The machine crashes during each operation of the run, and after it.
    pub(crate) fn crashes(&mut self) -> Result<(), Broken> {
        let (operations, _) = self.length();
        for at in 0..=operations {
            let (ended, storage) = self.run(FaultPlan { dies_at: Some(at), ..self.fault_plan.clone() });
            let disk = storage.into_disk();
            self.crashed(&disk, ended).map_err(|what| format!("operation {at} of {operations}: {what}"))?;
        }
        Ok(())
    }

    /// The process dies during each operation before the commit point; the
    /// file is recovered, and the run made again. Then the machine crashes.
    /// Returns how often an undo file was there already.
    pub(crate) fn crashes_after_a_kill(&mut self) -> Result<u32, Broken> {
        let commit = self.run(self.fault_plan.clone()).1.renamed_at().ok_or("it is not carried out")?;
        let mut found = 0;
        for at in 0..commit {
            let (_, storage) = self.run(FaultPlan { dies_at: Some(at), ..self.fault_plan.clone() });
            let storage = Simulated::new(storage.into_disk(), self.fault_plan.clone());
            recover_on(&storage, Direction::Reverse).map_err(|error| format!("{at}: {error:?}"))?;
            let disk = storage.into_disk();
            // A backup is in the way, and touches the file's times.
            if disk.read(Path::new(BACKUP)).is_some() {
                continue;
            }
            found += u32::from(disk.read(Path::new(UNDO)).is_some());
            let storage = Simulated::new(disk, self.fault_plan.clone());
            self.change.carry_out(&storage).map_err(|error| format!("{at}, again: {error:?}"))?;
            self.crashed(&storage.into_disk(), Ended::Well).map_err(|what| format!("{at}, again: {what}"))?;
        }
        Ok(found)
    }

    /// The machine crashes during each operation of the recovery, too; of
    /// long runs, some first moments are left out.
    pub(crate) fn crashes_twice(&mut self) -> Result<(), Broken> {
        let (operations, _) = self.length();
        let step = if self.change.old.len() > LARGE_BYTES { 5 } else { 1 };
        for at in (0..=operations).step_by(step) {
            let (ended, storage) = self.run(FaultPlan { dies_at: Some(at), ..self.fault_plan.clone() });
            // One crash of each moment; there are more after it.
            let disk = storage.into_disk().crash(&mut Choices::random(self.seed.wrapping_add(at)));
            for direction in BOTH {
                self.recovery_crashes(&disk, ended, direction).map_err(|what| {
                    format!("operation {at} of {operations}, during recovery {direction:?}: {what}")
                })?;
            }
        }
        Ok(())
    }

    fn recovery_crashes(&mut self, disk: &Disk, ended: Ended, direction: Direction) -> Result<(), Broken> {
        for at in 0.. {
            let storage =
                Simulated::new(disk.clone(), FaultPlan { dies_at: Some(at), ..self.fault_plan.clone() });
            let recovered = recover_on(&storage, direction);
            if recovered.is_ok() {
                return Ok(());
            }
            if !storage.is_dead() {
                return Err(format!("{recovered:?}"));
            }
            self.crashed(&storage.into_disk(), ended).map_err(|what| format!("operation {at}: {what}"))?;
        }
        unreachable!("recovery ends")
    }

    /// Each write to the file, or to the one that takes its place, gets a bit
    /// wrong. It is read back, and noticed in time.
    pub(crate) fn wrong_writes(&mut self, written: &Path) -> Result<u64, Broken> {
        for nth in 0.. {
            let (ended, storage) =
                self.run(FaultPlan { wrong: Some((written.to_owned(), nth)), ..self.fault_plan.clone() });
            let came = storage.went_wrong();
            let disk = storage.into_disk();
            let node = disk.read(Path::new(FILE)).ok_or("the file is gone")?;
            if !came {
                return if ended == Ended::Well { Ok(nth) } else { Err(format!("{ended:?}, for nothing")) };
            }
            // It was overwritten or cut off again.
            if ended == Ended::Well && node.cache == self.new && node.on_medium() == self.new {
                self.left_nothing(&disk)?;
                continue;
            }
            let old = node.cache == self.change.old && node.on_medium() == self.change.old;
            if ended != Ended::Failed(Kind::Verification) || !old {
                return Err(format!("write {nth} is wrong, and it ends as {ended:?}"));
            }
            self.left_nothing(&disk)?;
        }
        unreachable!("writes end")
    }

    /// Each operation goes wrong in each way, once or from then on; then the
    /// machine crashes.
    pub(crate) fn faults(&mut self) -> Result<(), Broken> {
        let (operations, _) = self.length();
        for at in 0..operations {
            for fault in FAULTS {
                for stays_bad in [false, true] {
                    let fault_plan =
                        FaultPlan { fault: Some((at, fault)), stays_bad, ..self.fault_plan.clone() };
                    self.fault(fault_plan).map_err(|what| {
                        format!("{fault:?} at operation {at} of {operations}, for good {stays_bad}: {what}")
                    })?;
                }
            }
        }
        Ok(())
    }

    fn fault(&mut self, fault_plan: FaultPlan) -> Result<(), Broken> {
        let (ended, storage) = self.run(fault_plan);
        if storage.trusts_failed() {
            return Err("a descriptor is used again whose sync has failed".into());
        }
        let disk = storage.into_disk();
        let content = &disk.read(Path::new(FILE)).ok_or("the file is gone")?.cache;
        match ended {
            Ended::Well if *content != self.new => return Err("done, but not new".into()),
            Ended::Failed(kind) if kind != Kind::RecoveryNeeded && *content != self.change.old => {
                return Err("it says that nothing happened, and it did".into());
            }
            _ => {}
        }
        self.crashed(&disk, ended)
    }

    /// The process is dead, or has ended, and the disk loses what it may.
    fn crashed(&mut self, disk: &Disk, ended: Ended) -> Result<(), Broken> {
        // Without a crash of the machine, too.
        let mut broken = self.recovered(disk, ended);
        let (seed, limit) = (self.seed, self.limit);
        Choices::each(seed, limit, |choices| {
            if broken.is_ok() {
                broken = self.recovered(&disk.crash(choices), ended);
            }
        });
        broken
    }

    /// The machine is up again: recovers in both ways, and looks.
    fn recovered(&mut self, disk: &Disk, ended: Ended) -> Result<(), Broken> {
        match ended {
            Ended::Well => self.left_nothing(disk).map_err(|what| format!("after success: {what}"))?,
            // Who was told that nothing has happened may change the file.
            Ended::Failed(kind)
                if kind != Kind::RecoveryNeeded
                    && disk.read(runner_simulation::change::names().journal.path()).is_some() =>
            {
                return Err("there is a journal, of a run that says it has ended".into());
            }
            _ => {}
        }
        self.scan_means_old(disk)?;
        for direction in BOTH {
            self.states += 1;
            let storage = Simulated::new(disk.clone(), FaultPlan { dies_at: None, ..FaultPlan::default() });
            recover_on(&storage, direction).map_err(|error| format!("{direction:?}: {error:?}"))?;
            let after = storage.into_disk();
            self.holds(&after, ended).map_err(|what| format!("{direction:?}: {what}"))?;
            // What was recovered is durable.
            let mut choices = Choices::random(self.seed.wrapping_add(self.states));
            let later = after.crash(&mut choices);
            if later.read(Path::new(FILE)).map(|node| &node.cache)
                != after.read(Path::new(FILE)).map(|node| &node.cache)
            {
                return Err(format!("{direction:?}: another crash changes what was recovered"));
            }
            self.left_nothing(&later).map_err(|what| format!("{direction:?}, and a crash: {what}"))?;
        }
        Ok(())
    }

    /// Where there is something to resume, the target was not written.
    fn scan_means_old(&self, disk: &Disk) -> Result<(), Broken> {
        let names = names(disk);
        let resumable = names
            .iter()
            .any(|name| name.starts_with("file.runner-scan") || name.starts_with("file.runner-checkpoint"));
        let journal = names.contains("file.runner-journal");
        let node = disk.read(Path::new(FILE)).ok_or("the file is gone")?;
        if resumable && !journal && node.cache != self.change.old {
            return Err("a scan of the old file is left beside the new one".into());
        }
        Ok(())
    }

    pub(crate) fn left_nothing(&self, disk: &Disk) -> Result<(), Broken> {
        match names(disk).iter().find(|name| name.starts_with("file.runner")) {
            Some(name) => Err(format!("{name} is left")),
            None => Ok(()),
        }
    }

    /// Old or new, and all that belongs to it.
    fn holds(&self, disk: &Disk, ended: Ended) -> Result<(), Broken> {
        let node = disk.read(Path::new(FILE)).ok_or("the file is gone")?;
        let is_new = node.cache == self.new;
        if !is_new && node.cache != self.change.old {
            return Err("mixed".into());
        }
        if ended == Ended::Well && !is_new {
            return Err("done, and old again".into());
        }
        if node.attributes != ATTRIBUTES {
            return Err(format!("its mode is {:o}", node.attributes));
        }
        if is_new && self.new != self.change.old && self.change.extras {
            if self.change.roots == Roots::Whole {
                let backup = disk.read(Path::new(BACKUP)).ok_or("there is no backup")?;
                if backup.cache != self.change.old || backup.attributes != ATTRIBUTES {
                    return Err("the backup is not the old file".into());
                }
            }
            if !self.change.is_undone_by(disk, UNDO) {
                return Err("there is nothing to undo it with".into());
            }
        }
        self.left_nothing(disk)
    }
}
