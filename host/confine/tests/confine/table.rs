//! Which attempts are stopped: with all layers, with each of them switched
//! off, and with each of them alone.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::RawFd;

use runner_confine::{Calls, Layer, Policy, before_threads, on_all_threads};

use crate::expected::{
    CAPABILITIES_ALONE, DEPENDING, LANDLOCK_ALONE, LIMITS_ALONE, NEVER_OPEN, SECCOMP_ALONE,
};
use crate::raw::{self, End};
use crate::stage::Stage;
use crate::{Attempt, Test, attempts, memory, named};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The filter killed the process.
    Killed,
    /// The call gave an error that says no.
    Denied(i32),
    /// The call succeeded, or looked at its arguments first.
    Open,
}

/// What a process exits with where a call succeeded, or failed for a reason
/// that is no refusal.
const OPEN: i32 = 200;

pub(crate) fn policy(calls: Calls, stage: &Stage) -> Policy {
    let keep = [stage.block_fd, stage.terminal].map(|fd| RawFd::try_from(fd).unwrap());
    Policy::new(calls, u32::try_from(stage.parent).unwrap()).keep(keep[0]).keep(keep[1])
}

fn without(calls: Calls, stage: &Stage, off: &[Layer]) -> Policy {
    off.iter().fold(policy(calls, stage), |policy, layer| policy.without(*layer))
}

/// Makes an attempt in a process that has confined itself.
fn fate(stage: &Stage, policy: &Policy, (name, attempt): Attempt) -> Fate {
    stage.reset();
    let end = raw::child(|| {
        before_threads(policy).unwrap();
        on_all_threads(policy).unwrap();
        match attempt(stage) {
            // What the layers answer: the last three are those of limits.
            Err(
                e @ (libc::EPERM | libc::EACCES | libc::ENOSYS | libc::EMFILE | libc::EAGAIN | libc::ENOMEM),
            ) => raw::exit(e),
            // An executed program exits with 0.
            _ => raw::exit(OPEN),
        }
    });
    match end {
        End::Signal(libc::SIGSYS) => Fate::Killed,
        End::Code(0 | OPEN) => Fate::Open,
        End::Code(101) => panic!("{name}: the process did not confine itself"),
        End::Code(error) => Fate::Denied(error),
        // The 32-bit call, where the kernel has none.
        End::Signal(libc::SIGSEGV) if name == "call_of_32_bits" => Fate::Denied(libc::ENOSYS),
        // A file would grow beyond the limit.
        End::Signal(libc::SIGXFSZ) => Fate::Denied(libc::EFBIG),
        End::Signal(signal) => panic!("{name}: signal {signal}"),
    }
}

/// The attempts that a policy leaves open.
fn open(stage: &Stage, policy: &Policy) -> BTreeSet<&'static str> {
    let all = attempts().into_iter();
    all.filter(|attempt| fate(stage, policy, *attempt) == Fate::Open).map(|(name, _)| name).collect()
}

fn assert_stopped(open: &BTreeSet<&str>, names: &[&str]) {
    let known: BTreeSet<_> = attempts().into_iter().map(|(name, _)| name).collect();
    for name in names {
        assert!(known.contains(name), "no attempt is called {name}");
        assert!(!open.contains(name), "{name} is open; all that are: {open:?}");
    }
}

/// All layers but this one.
fn others(layer: Layer) -> Vec<Layer> {
    Layer::ALL.into_iter().filter(|other| *other != layer).collect()
}

fn error_name(error: i32) -> String {
    let names = [
        (libc::EPERM, "EPERM"),
        (libc::EACCES, "EACCES"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::EMFILE, "EMFILE"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EFBIG, "EFBIG"),
    ];
    let known = names.iter().find(|(number, _)| *number == error);
    known.map_or_else(|| format!("error {error}"), |(_, name)| (*name).to_owned())
}

/// What stops each attempt, printed as a table.
fn print_table(stage: &Stage) {
    let all = Layer::ALL;
    let columns: Vec<_> = [without(Calls::Run, stage, &all), policy(Calls::Run, stage)]
        .into_iter()
        .chain(
            [Layer::Capabilities, Layer::Landlock, Layer::Limits, Layer::Seccomp]
                .map(|layer| without(Calls::Run, stage, &others(layer))),
        )
        .collect();
    println!(
        "| attempt | no layer | all | capabilities | Landlock | limits | seccomp |\n|---|---|---|---|---|---|---|"
    );
    let mut counts = BTreeMap::new();
    for attempt in attempts() {
        print!("| {} |", attempt.0);
        for (i, policy) in columns.iter().enumerate() {
            let fate = fate(stage, policy, attempt);
            *counts.entry(i).or_insert(0) += i32::from(fate != Fate::Open);
            match fate {
                Fate::Killed => print!(" killed |"),
                Fate::Denied(error) => print!(" {} |", error_name(error)),
                Fate::Open => print!(" **open** |"),
            }
        }
        println!();
    }
    println!("stopped of {}: {:?}", attempts().len(), counts.values().collect::<Vec<_>>());
}

/// A test for each attempt and each list of calls.
fn single_tests() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for attempt in attempts() {
        let name = attempt.0;
        for (word, calls) in [("run", Calls::Run), ("compile", Calls::Compile)] {
            if calls == Calls::Compile && memory::ALLOWED_TO_COMPILE.contains(&name) {
                continue;
            }
            let test = move |stage: &Stage| match fate(stage, &policy(calls, stage), attempt) {
                Fate::Killed => println!("{name}: killed by the filter"),
                Fate::Denied(error) => println!("{name}: {}", error_name(error)),
                Fate::Open => panic!("{name} is open"),
            };
            tests.push((format!("{word}_refuses_{name}"), Box::new(test)));
        }
    }
    tests
}

/// The attempts would show nothing if they failed anyway.
fn attempts_succeed_without_layers(stage: &Stage) {
    let policy = without(Calls::Run, stage, &Layer::ALL);
    for attempt in attempts() {
        let fate = fate(stage, &policy, attempt);
        let may_fail = NEVER_OPEN.contains(&attempt.0) || DEPENDING.contains(&attempt.0);
        // A kernel may lack any of the calls.
        let failed = !matches!(fate, Fate::Open | Fate::Denied(libc::ENOSYS));
        assert!(!failed || may_fail, "{} fails by itself: {fate:?}", attempt.0);
        assert!(failed || !NEVER_OPEN.contains(&attempt.0) || fate != Fate::Open, "{} is open", attempt.0);
    }
}

fn seccomp_alone_refuses_all(stage: &Stage) {
    let open = open(stage, &without(Calls::Run, stage, &others(Layer::Seccomp)));
    assert_stopped(&open, SECCOMP_ALONE);
    assert!(open.is_empty(), "{open:?}");
}

/// And this is what it is the wall for.
fn without_seccomp_the_others_refuse_theirs(stage: &Stage) {
    let open = open(stage, &without(Calls::Run, stage, &[Layer::Seccomp]));
    for names in [LANDLOCK_ALONE, CAPABILITIES_ALONE, LIMITS_ALONE] {
        assert_stopped(&open, names);
    }
    println!("open without seccomp: {open:?}");
}

fn without_seccomp_and_limits_landlock_refuses_its_own(stage: &Stage) {
    let open = open(stage, &without(Calls::Run, stage, &[Layer::Seccomp, Layer::Limits]));
    assert_stopped(&open, LANDLOCK_ALONE);
    println!("open without seccomp and limits: {open:?}");
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = single_tests();
    tests.extend(named(&[
        ("attempts_succeed_without_layers", attempts_succeed_without_layers),
        ("seccomp_alone_refuses_all", seccomp_alone_refuses_all),
        ("without_seccomp_the_others_refuse_theirs", without_seccomp_the_others_refuse_theirs),
        (
            "without_seccomp_and_limits_landlock_refuses_its_own",
            without_seccomp_and_limits_landlock_refuses_its_own,
        ),
        ("table", print_table),
    ]));
    for layer in Layer::ALL.into_iter().filter(|layer| *layer != Layer::Seccomp) {
        let test = move |stage: &Stage| {
            let open = open(stage, &without(Calls::Run, stage, &[layer]));
            assert!(open.is_empty(), "{open:?}");
        };
        tests.push((format!("all_is_refused_without_{layer}"), Box::new(test)));
    }
    let alone = [
        (Layer::Landlock, LANDLOCK_ALONE),
        (Layer::Capabilities, CAPABILITIES_ALONE),
        (Layer::Limits, LIMITS_ALONE),
    ];
    for (layer, names) in alone {
        let test = move |stage: &Stage| {
            assert_stopped(&open(stage, &without(Calls::Run, stage, &others(layer))), names);
        };
        tests.push((format!("{layer}_alone_refuses_its_own"), Box::new(test)));
    }
    tests
}
