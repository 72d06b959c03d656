//! Each step of a conversation, and whatever ends it, or answers something
//! else.

use runner_contract::{Framing, Job, LogLevel, Manifest, ParamSpec};
use runner_pipeline::error::{Error, Kind};
use runner_pipeline::profile::Stage;
use runner_sandbox::testing::{Failure, Outcome, Reply, WHOLE, decode, encode};

use crate::cases::{Act, Ask, Case, Ends, STEPS, at, honest, job, job_with, manifest, send};

/// Text that must not be shown as it is.
const ODD: &str = "\x1b[2J\r\x07\u{202e}\0";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for step in STEPS {
        cases.extend(ends(step));
        cases.extend(logs(step));
        if step != "drop" {
            cases.extend(failures(step));
        }
    }
    cases.extend(manifests());
    cases.extend(jobs());
    cases
}

/// It hangs, dies, or gives an answer to something else.
fn ends(step: &'static str) -> Vec<Case> {
    // Nobody waits for that answer, but another instance may be at work.
    let (hung, late, died) = match step {
        "drop" => (Ends::Unchanged, Ends::UnchangedOr("within 1 s"), Ends::UnchangedOr("died")),
        _ => (Ends::Late, Ends::Late, Ends::Died),
    };
    let mut cases = vec![
        at(step, "hang", hung, |_| Some(Act::Hang)),
        at(step, "stop", late, |_| Some(Act::Stop)),
        at(step, "exit", died, |_| Some(Act::Exit)),
        at(step, "abort", died, |_| Some(Act::Abort)),
        at(step, "kill", died, |_| Some(Act::Kill)),
    ];
    let other = if step == "drop" { Ends::Unchanged } else { Ends::Refused("an answer to another question") };
    let wrong = if step == "settled" { Outcome::Dropped } else { Outcome::Settled(0) };
    let wrong = crate::cases::reply(wrong);
    cases.push(at(step, "other-answer", other, move |_| Some(Act::Send(WHOLE, wrong.clone()))));
    if step != "drop" {
        let stale = if step == "load" {
            Ends::Error(Kind::Internal, "is not for this machine")
        } else {
            Ends::Refused("an answer to another question")
        };
        cases.push(at(step, "stale", stale, |_| send(Outcome::Stale)));
    }
    cases
}

/// A named case, and what it makes.
type Named<T> = (&'static str, Ends, fn() -> T);
type Log = Vec<(LogLevel, String)>;
type Times = Vec<(u32, u64, u64)>;

/// The honest answer, with something else in the same head.
fn with(step: &'static str, make: fn() -> (Log, Times)) -> impl Fn(&Ask<'_>) -> Option<Act> {
    move |ask| {
        let plain = honest(&job_with(step), ask.request);
        let (Reply { outcome, .. }, _) = decode(&plain)?;
        let (log, times) = make();
        let mut message = Vec::new();
        encode(&Reply { log, times, instructions: None, memory_bytes: None, outcome }, &mut message);
        Some(Act::Send(WHOLE, message))
    }
}

fn lines(text: &str, count: usize) -> Log {
    vec![(LogLevel::Warn, text.to_owned()); count]
}

fn lie(stage: u32) -> (u32, u64, u64) {
    (stage, u64::MAX, u64::MAX)
}

fn logs(step: &'static str) -> Vec<Case> {
    let endless = if step == "drop" { Ends::Unchanged } else { Ends::Refused("bytes that mean nothing") };
    let table: [Named<(Log, Times)>; 6] = [
        ("log-odd", Ends::Unchanged, || (lines(ODD, 2000), vec![])),
        ("log-long", Ends::Unchanged, || (lines(&ODD.repeat(70_000), 2), vec![])),
        ("log-endless", endless, || (lines("", 500_000), vec![])),
        ("times", Ends::Unchanged, || (vec![], (0..Stage::ALL.len() as u32).map(lie).collect())),
        ("times-unknown", Ends::Unchanged, || (vec![], vec![lie(28), lie(u32::MAX)])),
        ("times-endless", endless, || (vec![], vec![lie(0); 80_000])),
    ];
    table.into_iter().map(|(name, ends, make)| at(step, name, ends, with(step, make))).collect()
}

/// Errors that are too long, or say what is not so.
fn failures(step: &'static str) -> Vec<Case> {
    let failed = |name: &str, ends, error: fn() -> Error| {
        at(step, name, ends, move |_| send(Outcome::Failed(Failure::from(&error()))))
    };
    let hints = |count: usize| (0..count).map(|_| "run rm -rf\n\x1b[2J".to_owned());
    let mut cases = vec![
        failed("error-odd", Ends::Error(Kind::Plugin, ""), || {
            Error::new(Kind::Plugin, ODD).because(ODD).said(ODD)
        }),
        failed("error-long", Ends::Error(Kind::Plugin, ""), || {
            let long = || ODD.repeat(20_000);
            Error::new(Kind::Plugin, long()).because(long()).said(long()).hint(long())
        }),
        failed("error-of-the-disk", Ends::Error(Kind::Io, "x"), || Error::new(Kind::Io, "x")),
        failed("error-of-recovery", Ends::Error(Kind::Plugin, "x"), || Error::new(Kind::RecoveryNeeded, "x")),
    ];
    for (name, count, ends) in [
        ("hints", 60, Ends::Error(Kind::Plugin, "x")),
        ("hints-endless", 60_000, Ends::Refused("bytes that mean nothing")),
    ] {
        cases.push(at(step, name, ends, move |_| {
            let error = Error::new(Kind::Plugin, "x").with_hints(hints(count));
            send(Outcome::Failed(Failure::from(&error)))
        }));
    }
    cases
}

fn param() -> ParamSpec {
    ParamSpec::text("a", ODD)
}

fn manifests() -> Vec<Case> {
    let breaks = Ends::Error(Kind::Plugin, "breaks the contract");
    let table: [Named<Manifest>; 5] = [
        ("name", breaks, || Manifest { name: ODD.into(), ..manifest() }),
        ("name-long", breaks, || Manifest { name: "a".repeat(1 << 20), ..manifest() }),
        ("params-twice", breaks, || Manifest { params: vec![param(), param()], ..manifest() }),
        ("params-endless", breaks, || Manifest { params: vec![param(); 50_000], ..manifest() }),
        ("summary", Ends::Unchanged, || Manifest { summary: ODD.repeat(70_000), ..manifest() }),
    ];
    let case = |(name, ends, make): Named<Manifest>| {
        at("load", &format!("manifest-{name}"), ends, move |_| {
            send(Outcome::Loaded { manifest: make(), layers: String::new() })
        })
    };
    let layers = at("load", "layers", Ends::Refused("layers that there are not"), |_| {
        send(Outcome::Loaded { manifest: manifest(), layers: ODD.into() })
    });
    table.into_iter().map(case).chain([layers]).collect()
}

fn jobs() -> Vec<Case> {
    let breaks = Ends::Error(Kind::Plugin, "breaks the contract");
    let table: [Named<Job>; 8] = [
        ("context", breaks, || job(Framing::Overlapping { before: u32::MAX, after: 0 })),
        ("delimiter", breaks, || job(Framing::Delimited(vec![]))),
        ("delimiter-long", breaks, || job(Framing::Delimited(vec![b'x'; 1 << 20]))),
        ("quote", breaks, || job(Framing::Quoted { delimiter: 1, quote: 1 })),
        ("size", breaks, || job(Framing::Fixed { header: 0, size: 0 })),
        ("literals", breaks, || job(Framing::Bytes).literals([""])),
        ("literals-sequential", breaks, || job(Framing::Sequential).literals(["a"])),
        ("literals-endless", breaks, || job(Framing::Bytes).literals(vec![""; 1_900_000])),
    ];
    let case = |(name, ends, make): Named<Job>| {
        at("begin", &format!("job-{name}"), ends, move |_| send(Outcome::Begun(make())))
    };
    let mut cases: Vec<_> = table.into_iter().map(case).collect();
    let differs = Ends::UnchangedOr("gives different answers to `begin`");
    cases.push(at("begin", "job-differs", differs, |ask| {
        send(Outcome::Begun(job(if ask.lane % 2 == 0 { Framing::Bytes } else { Framing::lines() })))
    }));
    cases
}
