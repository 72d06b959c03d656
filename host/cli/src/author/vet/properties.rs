//! What must be true of a plugin for every input. Each property is tried on one
//! input at a time, so that an input for which it fails can be made smaller.

use runner_contract::{Framing, Job};
use runner_pipeline::engine::window::Shows;
use runner_pipeline::error::{Error, Result};
use runner_sandbox::plugin::Several;

use super::check::{Check, Tried};
use super::outcome::{Answer, Failed, Outcome, Refusals, difference};
use super::probe::{Probe, USUAL_WINDOW_BYTES, made};

/// The sizes of windows, in bytes. With the first one, each record has its own.
const WINDOWS_BYTES: [u64; 6] = [1, 7, 64, 1 << 10, 16 << 10, 64 << 10];
/// Windows of a scan, at most, about. More take long in slow languages.
const MAX_WINDOWS: u64 = 4 << 10;
/// The windows in which prefilters are tried where there are no records, in bytes.
const SMALL_WINDOW_BYTES: u64 = 256;
/// Parts of which the order is changed.
const PARTS: u64 = 5;
/// Records before those that are shown far from the start of a file: twice few, and
/// then so many that a count of 32 bits is negative, and that one begins again.
const RECORDS_BEFORE: [u64; 4] = [4096, 3 * 4096, 3 << 30, 1 << 32];
/// How many of them are few.
const FEW: usize = 2;

/// A plugin with its parameters.
pub(super) struct Subject {
    pub(super) plugins: Several,
    /// The same with a little less memory.
    pub(super) with_less: Several,
}

/// An input, and what the plugin makes of it in windows of the usual size.
pub(super) struct Seen<'a> {
    subject: &'a Subject,
    bytes: &'a [u8],
    pub(super) job: Job,
    pub(super) usual: Outcome<Answer>,
}

/// A property.
pub(super) type Property = fn(&Seen<'_>) -> Result<Tried>;

/// All properties, the first ones first.
pub(super) const ALL: [(Check, Property); 9] = [
    (Check::Begin, begin),
    (Check::Split, split),
    (Check::Split, far),
    (Check::Reset, reset),
    (Check::Repeat, repeat),
    (Check::Repeat, stream),
    (Check::Length, length),
    (Check::Idempotent, idempotent),
    (Check::Prefilter, prefilter),
];

/// Goes on with a value, or ends with the fault that there is instead. A refusal
/// says nothing.
macro_rules! value {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(Failed::Refused(_)) => return Ok(Tried::Skipped),
            Err(Failed::Fault(fault, why)) => return Ok(Tried::Wrong(Check::of(fault), why)),
        }
    };
}

/// Ends with a fault, if there is one.
macro_rules! no_fault {
    ($outcome:expr) => {
        match $outcome {
            Err(Failed::Fault(fault, why)) => return Ok(Tried::Wrong(Check::of(fault), why)),
            outcome => outcome,
        }
    };
}

impl<'a> Seen<'a> {
    /// Shows a file with these bytes. `Err` if the plugin does not begin on it.
    pub(super) fn new(subject: &'a Subject, bytes: &'a [u8]) -> Result<Outcome<Self>> {
        let (job, usual) = match usual(&subject.plugins, bytes)? {
            Ok(begun) => begun,
            Err(failed) => return Ok(Err(failed)),
        };
        Ok(match usual {
            Err(Failed::Fault(fault, why)) => Err(Failed::Fault(fault, why)),
            usual => Ok(Self { subject, bytes, job, usual }),
        })
    }

    fn probe(&self) -> Result<Outcome<Probe<'a>>> {
        Probe::begin(&self.subject.plugins, self.bytes)
    }
}

/// What a new instance makes of all bytes in windows of the usual size.
fn usual(plugins: &Several, bytes: &[u8]) -> Result<Outcome<(Job, Outcome<Answer>)>> {
    let mut probe = match Probe::begin(plugins, bytes)? {
        Ok(probe) => probe,
        Err(failed) => return Ok(Err(failed)),
    };
    let answer = probe.scan(USUAL_WINDOW_BYTES, Shows::Candidates)?;
    Ok(Ok((probe.job, answer)))
}

/// Tries a property on an input.
pub(super) fn tried(property: Property, subject: &Subject, bytes: &[u8]) -> Result<Tried> {
    property(&value!(Seen::new(subject, bytes)?))
}

fn begin(seen: &Seen<'_>) -> Result<Tried> {
    let job = no_fault!(seen.probe()?.map(|probe| probe.job));
    match job {
        Ok(job) if job == seen.job => Ok(Tried::Passed),
        other => {
            let why = format!("`begin` answers {:?}, but then {other:?}", seen.job);
            Ok(Tried::Wrong(Check::Begin, why))
        }
    }
}

fn split(seen: &Seen<'_>) -> Result<Tried> {
    let mut probe = value!(seen.probe()?);
    let length = seen.bytes.len() as u64;
    let whole = |outcome: Outcome<Answer>| {
        Ok::<_, Error>(match outcome {
            Ok(answer) if may_cut_edits(&seen.job) => {
                let result = made(seen.bytes, &answer)?;
                Ok(answer.into_whole(seen.bytes.len(), result))
            }
            outcome => outcome,
        })
    };
    let usual = whole(seen.usual.clone())?;
    let sizes = WINDOWS_BYTES.into_iter().chain([length / 3 + 1, length / 2 + 1]);
    for window_bytes in sizes.filter(|size| length / size <= MAX_WINDOWS && *size <= length.max(1)) {
        let other = whole(no_fault!(probe.scan(window_bytes, Shows::Candidates)?))?;
        if let Some(why) = difference(&usual, &other, Refusals::Any) {
            let how = format!("with one window, and with windows of about {window_bytes} bytes");
            return Ok(Tried::Wrong(Check::Split, format!("{how}: {why}")));
        }
    }
    Ok(Tried::Passed)
}

/// Shows the input after 3 and 4 GiB. A plugin may heed offsets; but if two small ones make
/// no difference to it, a large one must not, either.
fn far(seen: &Seen<'_>) -> Result<Tried> {
    let record_bytes = match seen.job.framing {
        Framing::Overlapping { .. } | Framing::Sequential => return Ok(Tried::Skipped),
        Framing::Fixed { size, .. } => size,
        _ => 1,
    };
    let most = record_bytes.checked_mul(1 << 32).and_then(|base| base.checked_add(seen.bytes.len() as u64));
    if seen.bytes.is_empty() || most.is_none() {
        return Ok(Tried::Skipped);
    }
    let mut answers: Vec<(u64, Outcome<Answer>)> = Vec::new();
    for records in RECORDS_BEFORE {
        let base = records * record_bytes;
        let mut probe = value!(Probe::begin_at(&seen.subject.plugins, seen.bytes, base)?);
        if probe.job != seen.job {
            return Ok(Tried::Skipped);
        }
        let answer = no_fault!(probe.scan(USUAL_WINDOW_BYTES, Shows::Candidates)?);
        if let Some((first, one)) = answers.first()
            && let Some(why) = difference(one, &answer, Refusals::Any)
        {
            if answers.len() < FEW {
                return Ok(Tried::Skipped);
            }
            let how = format!("{first} bytes after the start of a file, and {base} bytes after it");
            return Ok(Tried::Wrong(Check::Split, format!("{how}: {why}")));
        }
        answers.push((base, answer));
    }
    Ok(Tried::Passed)
}

/// Whether an edit may be cut where a window ends.
pub(super) fn may_cut_edits(job: &Job) -> bool {
    matches!(job.framing, Framing::Bytes | Framing::Sequential)
}

fn reset(seen: &Seen<'_>) -> Result<Tried> {
    let mut probe = value!(seen.probe()?);
    if probe.is_sequential() || seen.bytes.is_empty() {
        return Ok(Tried::Skipped);
    }
    let parts = value!(probe.parts(seen.bytes.len() as u64 / PARTS + 1)?);
    let mut alone = Vec::new();
    for part in &parts {
        let mut instance = value!(probe.instance()?);
        alone.push(no_fault!(probe.part(&mut instance, part)?));
    }
    let forward = 0..parts.len();
    let twice = forward.clone().flat_map(|index| [index, index]);
    let orders: [(&str, Vec<usize>); 2] = [
        ("after those before it, or a second time", twice.collect()),
        ("after those that follow it", forward.rev().collect()),
    ];
    for (how, order) in orders {
        let mut instance = value!(probe.instance()?);
        for index in order {
            let again = no_fault!(probe.part(&mut instance, &parts[index])?);
            if let Some(why) = difference(&alone[index], &again, Refusals::Same) {
                let start = parts[index].start;
                let what = format!("the window at offset {start} alone, and shown {how}: {why}");
                return Ok(Tried::Wrong(Check::Reset, what));
            }
            if again.is_err() {
                // After an error, an instance is not asked again.
                instance = value!(probe.instance()?);
            }
        }
    }
    Ok(Tried::Passed)
}

fn repeat(seen: &Seen<'_>) -> Result<Tried> {
    let Subject { plugins, with_less } = seen.subject;
    for (how, plugins) in [("again", plugins), ("with a little less memory", with_less)] {
        let (_, two) = value!(usual(plugins, seen.bytes)?);
        if let Some(why) = difference(&seen.usual, &no_fault!(two), Refusals::Same) {
            return Ok(Tried::Wrong(Check::Repeat, format!("run {how}: {why}")));
        }
    }
    Ok(Tried::Passed)
}

/// A plugin may refuse a stream, but what it makes of one is what it makes of a file.
fn stream(seen: &Seen<'_>) -> Result<Tried> {
    let mut probe = value!(Probe::begin_stream(&seen.subject.plugins, seen.bytes)?);
    // It may also find out only later that it cannot do without a size.
    let answer = value!(probe.scan(USUAL_WINDOW_BYTES, Shows::Candidates)?);
    Ok(match difference(&seen.usual, &Ok(answer), Refusals::Any) {
        None => Tried::Passed,
        Some(why) => {
            Tried::Wrong(Check::Repeat, format!("as a file, and as a stream of unknown size: {why}"))
        }
    })
}

fn length(seen: &Seen<'_>) -> Result<Tried> {
    // The host refuses an edit that breaks the claim.
    let Ok(answer) = &seen.usual else { return Ok(Tried::Skipped) };
    let changes = answer.edits.iter().find(|edit| edit.new.len() != edit.old_bytes as usize);
    Ok(match (seen.job.claims.length_preserving, changes) {
        (false, _) => Tried::Skipped,
        (true, None) => Tried::Passed,
        (true, Some(edit)) => Tried::Wrong(
            Check::Length,
            format!("at offset {}, {} bytes become {}", edit.start, edit.old_bytes, edit.new.len()),
        ),
    })
}

fn idempotent(seen: &Seen<'_>) -> Result<Tried> {
    let Ok(answer) = &seen.usual else { return Ok(Tried::Skipped) };
    if !seen.job.claims.idempotent {
        return Ok(Tried::Skipped);
    }
    let result = made(seen.bytes, answer)?;
    let (_, again) = value!(usual(&seen.subject.plugins, &result)?);
    let again = value!(again).without_counts();
    Ok(match difference(&Ok(Answer::default()), &Ok(again), Refusals::Same) {
        None => Tried::Passed,
        Some(why) => Tried::Wrong(Check::Idempotent, format!("its own output is changed again: {why}")),
    })
}

fn prefilter(seen: &Seen<'_>) -> Result<Tried> {
    if !seen.job.leaves_records_out() {
        return Ok(Tried::Skipped);
    }
    let mut probe = value!(seen.probe()?);
    // Without records, a window is shown whole or not at all.
    let window_bytes = if seen.job.framing.has_records() { USUAL_WINDOW_BYTES } else { SMALL_WINDOW_BYTES };
    let usual = value!(probe.scan(window_bytes, Shows::Candidates)?);
    // What it says to records that it never sees is of no interest, but edits are.
    let Ok(all) = probe.scan(window_bytes, Shows::All)? else { return Ok(Tried::Skipped) };
    let hidden = all.edits.iter().find(|edit| {
        let place = usual.edits.binary_search_by_key(&edit.start, |edit| edit.start);
        place.is_err()
    });
    Ok(match hidden {
        None => Tried::Passed,
        Some(edit) => Tried::Wrong(
            Check::Prefilter,
            format!(
                "where everything is shown, {} bytes at offset {} become `{}`; the prefilters leave them out",
                edit.old_bytes,
                edit.start,
                edit.new.escape_ascii()
            ),
        ),
    })
}
