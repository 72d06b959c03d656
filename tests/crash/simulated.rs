//! A simulated disk tries to break the promises: runs die, machines crash,
//! operations fail, at every operation there is.
//!
//! `RUNNER_SEED` chooses the seed, `RUNNER_SOAK_SECONDS` how long the soak
//! runs. A failure prints the command that shows it again.

mod appended;
mod check;
mod checkpoints;
mod concurrent_writer;
mod groups;
mod other_changes;
mod output;
mod touched;

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use check::{Broken, Trial};
use runner_pipeline::commit::strategy::{Choice, Strategy};
use runner_pipeline::commit::verify::{Level, ReadBack, VerifyChoice};
use runner_pipeline::patch::Roots;
use runner_simulation::change::{self, Change};
use runner_simulation::disk;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_tests::{Random, seed};

fn text(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| b'a' + (at * 7 % 23) as u8).collect()
}

fn marks(places: &[(usize, usize)]) -> Vec<(usize, usize, Vec<u8>)> {
    places.iter().map(|&(start, bytes)| (start, bytes, vec![b'#'; bytes])).collect()
}

/// Those of which nothing is left when they fail: a checkpoint would be.
fn changes_without_checkpoints() -> Vec<(&'static str, Strategy, Change)> {
    changes().into_iter().filter(|(_, _, change)| !change.checkpoint).collect()
}

fn change(old: Vec<u8>, edits: Vec<(usize, usize, Vec<u8>)>, choice: Choice) -> Change {
    let verify = VerifyChoice::Deepest;
    Change {
        old,
        edits,
        choice,
        verify,
        extras: false,
        no_direct: false,
        no_exchange: false,
        checkpoint: false,
        roots: Roots::Whole,
    }
}

const LARGE_REWRITE: &str = "a rewrite, with a patch that outgrows memory";

/// Changes that between them go every way to the disk, and the way each goes.
fn changes() -> Vec<(&'static str, Strategy, Change)> {
    let long: Vec<_> = (0..6).map(|at| (at * 100_000, 95_000)).collect();
    let tail = |new: &[u8]| vec![(10, 2, b"##".to_vec()), (67_000, 7, new.to_vec())];
    let in_place = change(text(70_000), marks(&[(0, 1), (5, 3), (65_530, 10), (69_999, 1)]), Choice::Auto);
    // What stays between the edits is long enough to be copied by the kernel.
    let rewrite =
        change(text(90_000), vec![(10, 2, b"three".to_vec()), (80_000, 7, Vec::new())], Choice::Rewrite);
    // Enough for a patch that outgrows memory.
    let many: Vec<_> = (0..6).map(|at| (at * 100_000, 95_000, vec![b'#'; 95_001])).collect();
    let cut = vec![(10, 2, b"##".to_vec()), (70_000, 70_000, Vec::new())];
    let mut changes = vec![
        ("in place", Strategy::InPlace, in_place.clone()),
        // Over the border of two sectors: one alone is written whole or not at all.
        ("in place, after a long scan", Strategy::InPlace, Change { checkpoint: true, ..in_place.clone() }),
        ("in place, small", Strategy::InPlace, change(text(3000), marks(&[(510, 4)]), Choice::Auto)),
        (
            "in place, with a journal that outgrows memory",
            Strategy::InPlace,
            change(text(600_000), marks(&long), Choice::Auto),
        ),
        (
            "in place, with extras and no direct reads",
            Strategy::InPlace,
            Change { extras: true, no_direct: true, ..in_place },
        ),
        (
            "a tail that grows, after a long scan",
            Strategy::Tail,
            Change { checkpoint: true, ..change(text(70_000), tail(b"longer than it was"), Choice::InPlace) },
        ),
        ("a tail that shrinks", Strategy::Tail, change(text(70_000), tail(b""), Choice::InPlace)),
        (
            "an append, with extras",
            Strategy::Tail,
            Change { extras: true, ..change(text(60_000), vec![(60_000, 0, text(20_000))], Choice::InPlace) },
        ),
        ("a cut", Strategy::Tail, change(text(140_000), cut, Choice::InPlace)),
        (
            "from one group to two",
            Strategy::Tail,
            change(text(60_000), vec![(9, 0, text(9000))], Choice::InPlace),
        ),
        ("a rewrite", Strategy::Rewrite, rewrite.clone()),
        ("a rewrite, with extras", Strategy::Rewrite, Change { extras: true, ..rewrite.clone() }),
        ("a rewrite after a long scan", Strategy::Rewrite, Change { checkpoint: true, ..rewrite.clone() }),
        (LARGE_REWRITE, Strategy::Rewrite, change(text(600_000), many, Choice::Rewrite)),
        (
            "a rewrite, with extras and no exchange",
            Strategy::Rewrite,
            Change { extras: true, no_exchange: true, ..rewrite },
        ),
    ];
    changes.extend(touched::changes());
    changes
}

/// Runs `attempt` on all changes, and says how many states were looked at.
fn on_all_changes(test: &str, limit: u64, attempt: impl Fn(&mut Trial<'_>) -> Result<(), Broken> + Sync) {
    let (seed, changes) = (seed(), changes());
    let (next, states) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        while let Some((name, _, change)) = changes.get(next.fetch_add(1, Relaxed)) {
            let mut trial = Trial::new(change, seed, limit);
            let tried = attempt(&mut trial);
            states.fetch_add(trial.states, Relaxed);
            let Err(what) = tried else { continue };
            panic!(
                "{name}: {what}\nagain: RUNNER_SEED={seed} cargo test -p runner-tests --test crash simulated::{test}"
            );
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    eprintln!("counted: {test}: {} crash states", states.into_inner());
}

#[test]
fn each_change_goes_its_way() {
    for (name, strategy, change) in changes() {
        let fault_plan = FaultPlan { no_exchange: change.no_exchange, ..FaultPlan::default() };
        let storage = Simulated::new(change.disk(), fault_plan);
        assert_eq!(change.carry_out(&storage).unwrap(), strategy, "{name}");
    }
}

/// A run is killed, recovered, and made again: what it keeps is durable then,
/// even if the first run had made it.
#[test]
fn what_is_kept_twice_is_durable() {
    for (name, _, change) in changes().into_iter().filter(|(_, _, change)| change.extras) {
        let found = Trial::new(&change, seed(), 40).crashes_after_a_kill();
        assert!(found.as_ref().is_ok_and(|found| *found > 0), "{name}: {found:?}");
    }
}

#[test]
fn a_crash_at_any_operation() {
    on_all_changes("a_crash_at_any_operation", 40, |trial| trial.crashes());
}

#[test]
fn a_second_crash_during_recovery() {
    on_all_changes("a_second_crash_during_recovery", 1, |trial| trial.crashes_twice());
}

#[test]
fn an_operation_that_fails() {
    on_all_changes("an_operation_that_fails", 2, |trial| trial.faults());
}

/// Each sync is there for a reason: without it a crash breaks a promise.
#[test]
fn no_sync_can_be_left_out() {
    // Of the many crash states of the large one, those that miss the sync of
    // the directory are few; "after a long scan" misses the same one.
    for (name, _, change) in changes().into_iter().filter(|(name, ..)| *name != LARGE_REWRITE) {
        let undisturbed = Trial::new(&change, seed(), 0).undisturbed();
        let syncs = undisturbed.syncs();
        // A lost checkpoint breaks no promise of the file; `checkpoints.rs` has
        // a test of its syncs.
        for skipped in undisturbed.scan_syncs()..syncs {
            let mut trial = Trial::new(&change, seed(), 20);
            trial.fault_plan.skipped_sync = Some(skipped);
            assert!(trial.crashes().is_err(), "{name}: nothing misses sync {skipped} of {syncs}");
        }
    }
}

/// What was written is read back before it counts.
#[test]
fn a_byte_that_is_written_wrong_is_noticed() {
    for (name, strategy, change) in changes_without_checkpoints() {
        let new = change::names().new;
        let written = if strategy == Strategy::Rewrite { new.path() } else { Path::new(change::FILE) };
        for verify in [VerifyChoice::Deepest, VerifyChoice::Exactly(Level::Cached)] {
            let change = Change { verify, ..change.clone() };
            let writes = Trial::new(&change, seed(), 0).wrong_writes(written);
            assert!(writes.as_ref().is_ok_and(|writes| *writes > 0), "{name}, {verify:?}: {writes:?}");
        }
    }
}

/// A page that the kernel shows as it should be, and that is another on the
/// medium, is noticed wherever something was written.
#[test]
fn what_is_wrong_on_the_medium_alone_is_noticed() {
    for (name, strategy, change) in changes_without_checkpoints() {
        let new = change::names().new;
        let written = if strategy == Strategy::Rewrite { new.path() } else { Path::new(change::FILE) };
        let mut trial = Trial::new(&change, seed(), 0);
        trial.fault_plan.unseen = true;
        let writes = trial.wrong_writes(written);
        assert!(writes.as_ref().is_ok_and(|writes| *writes > 0), "{name}: {writes:?}");
    }
}

#[test]
fn the_level_that_is_told_is_the_one_that_was_reached() {
    let entry = runner_pipeline::storage::Entry::unpinned(change::FILE);
    for (no_direct, no_evict, level) in
        [(false, false, Level::Direct), (true, false, Level::Evicted), (true, true, Level::Cached)]
    {
        let fault_plan = FaultPlan { no_direct, no_evict, ..FaultPlan::default() };
        let storage = Simulated::new(changes()[0].2.disk(), fault_plan);
        let file =
            runner_pipeline::storage::Storage::open(&storage, &entry, runner_pipeline::storage::Access::Read)
                .unwrap();
        assert_eq!(ReadBack::open(&storage, &file, &entry, VerifyChoice::Deepest).unwrap().level, level);
        let exactly =
            ReadBack::open(&storage, &file, &entry, VerifyChoice::Exactly(level)).map(|file| file.level);
        assert_eq!(exactly.unwrap(), level);
        for deeper in [Level::Evicted, Level::Direct].into_iter().filter(|deeper| *deeper > level) {
            assert!(
                ReadBack::open(&storage, &file, &entry, VerifyChoice::Exactly(deeper)).is_err(),
                "{deeper}"
            );
        }
    }
}

/// How deep it can be read back is found out before the file is touched.
#[test]
fn a_level_that_is_not_to_be_had_changes_nothing() {
    for (name, _, change) in changes_without_checkpoints() {
        let change = Change { verify: VerifyChoice::Exactly(Level::Direct), no_direct: true, ..change };
        let trial = Trial::new(&change, seed(), 0);
        let (ended, storage) = trial.run(trial.fault_plan.clone());
        assert!(matches!(ended, check::Ended::Failed(_)), "{name}: {ended:?}");
        let disk = storage.into_disk();
        let before = change.disk();
        let state = |disk: &disk::Disk| {
            let node = disk.read(std::path::Path::new(change::FILE)).expect("it stays");
            (node.cache.clone(), node.modified, node.changed)
        };
        assert!(state(&disk) == state(&before), "{name}: touched");
        assert_eq!(trial.left_nothing(&disk), Ok(()), "{name}");
    }
}

/// A change by chance.
fn any_change(random: &mut Random) -> Change {
    let size = [0, 1, 500, 5000, 65_536, 65_537, 140_000, 300_000][random.below(8) as usize];
    let size = size + random.below(3) as usize;
    let keeps_length = random.below(2) == 0;
    let (mut edits, mut at) = (Vec::new(), 0);
    for _ in 0..1 + random.below(6) {
        at += random.below(size as u64 / 2 + 2) as usize;
        let bytes = [0, 1, 9, 5000][random.below(4) as usize].min(size.saturating_sub(at));
        if at + bytes > size {
            break;
        }
        let new = if keeps_length { bytes } else { [0, 1, 9, 7000][random.below(4) as usize] };
        if bytes + new > 0 {
            edits.push((at, bytes, vec![b'#'; new]));
        }
        at += bytes;
    }
    let choice = [Choice::Auto, Choice::InPlace, Choice::Rewrite][random.below(3) as usize];
    let levels =
        [VerifyChoice::Deepest, VerifyChoice::Exactly(Level::Cached), VerifyChoice::Exactly(Level::None)];
    let change = Change {
        old: text(size),
        edits,
        choice,
        verify: levels[random.below(3) as usize],
        extras: random.below(2) == 0,
        no_direct: random.below(2) == 0,
        checkpoint: random.below(2) == 0,
        no_exchange: false,
        roots: Roots::Whole,
    };
    Change { roots: touched::roots_of(&change, random), ..change }
}

/// Seeds with which `soak` has found something that is mended now.
const FOUND: [u64; 2] = [2, 50_077];

/// Everything tried on a change by chance; crash states that were looked at.
fn all_on_any_change(seed: u64) -> u64 {
    let change = any_change(&mut Random(seed));
    let mut trial = Trial::new(&change, seed, 3);
    let tried = trial.crashes().and_then(|()| trial.faults()).and_then(|()| trial.crashes_twice());
    if let Err(what) = tried {
        panic!(
            "{change:?}: {what}\nagain: RUNNER_SEED={seed} cargo test -p runner-tests --test crash simulated::soak"
        );
    }
    trial.states
}

#[test]
fn what_was_found_before() {
    for seed in FOUND {
        all_on_any_change(seed);
    }
}

/// Changes by chance.
#[test]
fn soak() {
    let seconds = std::env::var("RUNNER_SOAK_SECONDS").map_or(0, |s| s.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut seed, mut states) = (seed(), 0);
    let least = seed + 6;
    while seed < least || Instant::now() < end {
        states += all_on_any_change(seed);
        seed += 1;
    }
    eprintln!("counted: soak: {states} crash states, seeds up to {seed}");
}
