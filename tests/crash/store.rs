//! The store of installed plugins on the simulated disk: whatever happens, what was
//! installed is there or what is to be installed is, whole.

use std::path::Path;

use runner_pipeline::error::Result;
use runner_pipeline::storage::Entry;
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::fault_plan::FAULTS;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_store::carrier::Carrier;
use runner_store::digest::Digest;
use runner_store::index::{Index, Installed};
use runner_store::store::{New, Store};
use runner_tests::seed;
use runner_trust::package::Wants;

/// Crash states that are looked at, for each operation.
const LIMIT: u64 = 40;

/// A plugin of several sectors.
fn new(id: &str, byte: u8) -> New {
    let bytes = vec![byte; 5000];
    let plugin = Installed {
        id: id.parse().unwrap(),
        blake3: Digest::of(&bytes),
        bytes: bytes.len() as u64,
        contract: "0.2.0".parse().unwrap(),
        summary: "x".repeat(600),
        signer: None,
        signature: None,
        more_signatures: Vec::new(),
        from: Carrier::Registry("registry.example.com/x".to_owned()),
        evidence: None,
        wants: Wants::default(),
        granted: Wants::default(),
        vetted_by: Vec::new(),
    };
    New { plugin, bytes, evidence: Vec::new() }
}

/// The same with attestations of several sectors.
fn attested(id: &str, byte: u8) -> New {
    New { evidence: vec![byte; 3000], ..new(id, byte) }
}

fn store(storage: &Simulated) -> Store<'_, Simulated> {
    Store::new(storage, &Entry::unpinned("/data/lock"), &Entry::unpinned("/data/plugins/x"))
}

/// What is done to a store.
#[derive(Clone, Copy, Debug)]
enum Step {
    First,
    Update,
    Two,
    Again,
    /// Attestations come later than the plugin.
    Attest,
    Remove,
}

const STEPS: [Step; 6] = [Step::First, Step::Update, Step::Two, Step::Again, Step::Attest, Step::Remove];

impl Step {
    fn before(self) -> Vec<New> {
        match self {
            Self::First => vec![],
            Self::Update | Self::Two | Self::Again | Self::Attest => vec![new("a:x@1.0.0", b'1')],
            Self::Remove => vec![attested("a:x@1.0.0", b'1'), attested("a:y@1.0.0", b'y')],
        }
    }

    fn run(self, storage: &Simulated) -> Result<()> {
        let store = store(storage);
        let install = |new: &[New]| store.install(new, &[]).map(|_| ());
        match self {
            Self::First | Self::Again => install(&[new("a:x@1.0.0", b'1')]),
            Self::Update => install(&[new("a:x@2.0.0", b'2')]),
            Self::Two => install(&[attested("a:x@2.0.0", b'2'), new("b:z@1.0.0", b'z')]),
            Self::Attest => install(&[attested("a:x@1.0.0", b'1')]),
            Self::Remove => {
                let index = store.index()?;
                let gone: Vec<_> = index.plugins().iter().filter(|one| one.id.name == "x").cloned().collect();
                store.remove(&gone).map(|_| ())
            }
        }
    }

    fn disk(self) -> Disk {
        let storage = Simulated::new(Disk::default(), FaultPlan::default());
        store(&storage).install(&self.before(), &[]).unwrap();
        storage.into_disk()
    }

    /// Runs the step with faults.
    fn with(self, fault_plan: FaultPlan) -> (Result<()>, Simulated) {
        let storage = Simulated::new(self.disk(), FaultPlan { seed: seed(), ..fault_plan });
        (self.run(&storage), storage)
    }

    /// The index before and after.
    fn states(self) -> [Index; 2] {
        let (ended, storage) = self.with(FaultPlan::default());
        ended.expect("nothing is in its way");
        [self.disk(), storage.into_disk()].map(|disk| look(disk).expect("a whole store"))
    }
}

/// The index of a store in which all that it names is whole.
fn look(disk: Disk) -> Result<Index, String> {
    let storage = Simulated::new(disk, FaultPlan::default());
    let store = store(&storage);
    let index = store.index().map_err(|error| format!("{error:?}"))?;
    for plugin in index.plugins() {
        store.load(plugin).map_err(|error| format!("{error:?}"))?;
        store.evidence(plugin).map_err(|error| format!("{error:?}"))?;
    }
    Ok(index)
}

/// The store is the one before or the one after; if the step was done, the latter.
/// Then the step is done again, and comes to its end.
fn holds(step: Step, disk: &Disk, is_done: bool, states: &[Index; 2]) -> Result<(), String> {
    let found = look(disk.clone())?;
    if is_done && found != states[1] {
        return Err("done, but not there".to_owned());
    }
    if !states.contains(&found) {
        return Err(format!("neither before nor after: {found:?}"));
    }
    let storage = Simulated::new(disk.clone(), FaultPlan::default());
    step.run(&storage).map_err(|error| format!("it cannot be done again: {error:?}"))?;
    if look(storage.into_disk())? == states[1] { Ok(()) } else { Err("done again, but not there".to_owned()) }
}

/// The machine crashes during each operation, and after the last one.
fn crashes(step: Step, skipped_sync: Option<u64>) -> Result<(), String> {
    let states = step.states();
    let operations = step.with(FaultPlan::default()).1.operations();
    for at in 0..=operations {
        let (ended, storage) =
            step.with(FaultPlan { dies_at: Some(at), skipped_sync, ..FaultPlan::default() });
        let disk = storage.into_disk();
        let mut held = holds(step, &disk, ended.is_ok(), &states);
        Choices::each(seed(), LIMIT, |choices| {
            if held.is_ok() {
                held = holds(step, &disk.crash(choices), ended.is_ok(), &states);
            }
        });
        held.map_err(|what| format!("{step:?}, operation {at} of {operations}: {what}"))?;
    }
    Ok(())
}

#[test]
fn a_crash_leaves_the_store_before_or_after() {
    for step in STEPS {
        crashes(step, None).unwrap();
    }
}

/// A step that a kill has cut off is done again, and the machine crashes after that:
/// what the first one wrote counts, so it must be durable.
#[test]
fn what_a_killed_process_has_written_is_durable_once_it_counts() {
    for step in STEPS {
        let states = step.states();
        for at in 0..step.with(FaultPlan::default()).1.operations() {
            let (_, storage) = step.with(FaultPlan { dies_at: Some(at), ..FaultPlan::default() });
            let again = Simulated::new(storage.into_disk(), FaultPlan::default());
            step.run(&again).unwrap();
            let disk = again.into_disk();
            Choices::each(seed(), LIMIT, |choices| {
                assert_eq!(holds(step, &disk.crash(choices), true, &states), Ok(()), "{step:?} {at}");
            });
        }
    }
}

#[test]
fn no_sync_can_be_left_out() {
    // What is there already is synced for the sake of those that were killed.
    for step in STEPS.into_iter().filter(|step| !matches!(step, Step::Again)) {
        let syncs = step.with(FaultPlan::default()).1.syncs();
        // Here, the plugin is there already, and is synced first.
        let first = u64::from(matches!(step, Step::Attest));
        assert!(syncs > first);
        for skipped in first..syncs {
            assert!(
                crashes(step, Some(skipped)).is_err(),
                "{step:?}: nothing misses sync {skipped} of {syncs}"
            );
        }
    }
}

#[test]
fn an_operation_that_fails_spoils_nothing() {
    for step in STEPS {
        let states = step.states();
        for at in 0..step.with(FaultPlan::default()).1.operations() {
            for fault in FAULTS {
                let (ended, storage) =
                    step.with(FaultPlan { fault: Some((at, fault)), ..FaultPlan::default() });
                assert!(!storage.trusts_failed(), "{step:?}, {fault:?} at {at}");
                let held = holds(step, &storage.into_disk(), ended.is_ok(), &states);
                assert_eq!(held, Ok(()), "{step:?}, {fault:?} at {at}: {ended:?}");
            }
        }
    }
}

/// What was written is read back before it counts.
#[test]
fn a_byte_that_is_written_wrong_is_noticed() {
    for (folder, unseen) in
        [("/data", false), ("/data/plugins", false), ("/data", true), ("/data/plugins", true)]
    {
        let wrong = Some((Path::new(folder).join("incoming.new"), 0));
        let step = Step::Update;
        let (ended, storage) = step.with(FaultPlan { wrong, unseen, ..FaultPlan::default() });
        assert!(storage.went_wrong(), "{folder}");
        assert!(ended.is_err(), "{folder}, {unseen}");
        assert_eq!(look(storage.into_disk()).unwrap(), step.states()[0]);
    }
}
