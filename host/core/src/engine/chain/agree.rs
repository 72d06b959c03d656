//! Whether the framings of several plugins agree, and the job of all of them.

use std::collections::BTreeMap;

use runner_contract::{Claims, Framing, Job};

use super::stage::Stage;
use crate::error::{Error, Kind, Result};

/// What to do with plugins that cannot run in one pass.
pub(super) const IN_TURN: &str = "run the plugins one after the other";

/// The framing whose records no edit may reach across: that of the longest
/// records.
///
/// # Errors
/// [`Kind::Usage`] if a plugin needs what several plugins cannot have.
pub(super) fn framing(stages: &[Stage]) -> Result<Framing> {
    let mut agreed: Option<(&Stage, &Framing)> = None;
    for (index, stage) in stages.iter().enumerate() {
        check(stage, index)?;
        let framing = &stage.job.framing;
        if !framing.has_records() {
            continue;
        }
        agreed = match agreed {
            None => Some((stage, framing)),
            Some((_, known)) if is_within(known, framing) => Some((stage, framing)),
            Some(known) if is_within(framing, known.1) => Some(known),
            Some((other, known)) => {
                let what = format!(
                    "plugins `{}` and `{}` divide the file into different records: {} and {}",
                    other.name,
                    stage.name,
                    described(known),
                    described(framing)
                );
                return Err(Error::new(Kind::Usage, what).hint(IN_TURN));
            }
        };
    }
    let overlaps = stages.iter().any(Stage::overlaps);
    Ok(match agreed {
        Some((_, framing)) => framing.clone(),
        // An edit must not reach from one block into the next one.
        None if overlaps => Framing::lines(),
        None => Framing::Bytes,
    })
}

/// Whether every record of the second framing consists of whole records of the
/// first one.
fn is_within(fine: &Framing, coarse: &Framing) -> bool {
    match (fine, coarse) {
        (Framing::Delimited(one), Framing::Quoted { delimiter, .. }) => *one == [*delimiter],
        (one, other) => one == other,
    }
}

fn check(stage: &Stage, index: usize) -> Result<()> {
    let name = &stage.name;
    let why = match &stage.job.framing {
        Framing::Sequential => "must see the whole file from start to end by itself",
        Framing::Fixed { .. } => "works on records of a fixed size",
        Framing::LengthPrefixed { .. } => "works on records that state their length",
        _ if stage.job.ranges.is_some() => "works on places in the file",
        _ if stage.job.show_empty && index > 0 => "may add something to an empty file",
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Usage, format!("plugin `{name}` {why}, so it cannot run in one pass with others"))
        .hint(IN_TURN))
}

fn described(framing: &Framing) -> String {
    match framing {
        Framing::Delimited(delimiter) if delimiter == b"\n" => "lines".to_owned(),
        Framing::Delimited(delimiter) => format!("what ends with `{}`", delimiter.escape_ascii()),
        Framing::Quoted { delimiter, quote } => {
            let (delimiter, quote) = (delimiter.escape_ascii(), quote.escape_ascii());
            format!("what ends with `{delimiter}` outside `{quote}`")
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

/// The job of all stages together. Whoever carries it out finds candidates for
/// each stage by itself, so it has no prefilter.
pub(super) fn job(stages: &[Stage], framing: Framing) -> Job {
    let all = |claim: fn(&Claims) -> bool| stages.iter().all(|stage| claim(&stage.job.claims));
    let mut job = Job::new(framing);
    job.claims = Claims {
        // What later ones read is no part of the file, and checked when they begin.
        text: stages.first().is_some_and(|stage| stage.job.claims.text),
        length_preserving: all(|claims| claims.length_preserving),
        // What the second one makes may be work for the first one again.
        idempotent: false,
        deterministic: all(|claims| claims.deterministic),
    };
    job.show_empty = stages.iter().any(|stage| stage.job.show_empty);
    job.counts = counts(stages);
    job
}

/// The names of what is counted: with the plugin's name where two plugins have
/// the same one.
fn counts(stages: &[Stage]) -> Vec<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for name in stages.iter().flat_map(|stage| &stage.job.counts) {
        *times.entry(name).or_default() += 1;
    }
    let named = |stage: &Stage, name: &String| match times.get(name.as_str()) {
        Some(2..) => format!("{}.{name}", stage.name),
        _ => name.clone(),
    };
    stages.iter().flat_map(|stage| stage.job.counts.iter().map(move |name| named(stage, name))).collect()
}
