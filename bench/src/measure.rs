//! Measures a case: in each round, every command runs once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::case::{Case, Run, Stdout, Step, with_sync};
use crate::process::{self, Round};
use crate::setup::Setup;
use crate::{command_line, inputs, peers, profile};

/// One run in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Wall time.
    pub(crate) seconds: f64,
    /// Peak anonymous and shared memory in bytes; 0 if it was not measured.
    pub(crate) memory: u64,
    /// Time of the in-place write, from `--profile`.
    pub(crate) write_ms: Option<f64>,
}

/// The samples of a case by label, one per round.
pub(crate) type Samples = BTreeMap<String, Vec<Sample>>;

/// The measurements of a case.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) samples: Samples,
    /// Peak memory in bytes, by label.
    pub(crate) memory: BTreeMap<String, u64>,
    /// Labels in order, with the commands as a user would type them.
    pub(crate) commands: Vec<(String, String)>,
    /// What could not run, and why.
    pub(crate) notes: Vec<String>,
}

/// Measures a case. A peer that is missing or fails is left out. The case
/// fails if `runner` fails, or if results differ.
pub(crate) fn measure(setup: &Setup, mut case: Case, rounds: u32) -> Result<Measured, String> {
    let mut measured = Measured::default();
    drop_missing(setup, &mut case.runs, &mut measured.notes);
    let timed = if case.warm_up {
        warm_up(setup, &mut case.runs, &mut measured.notes)?;
        for run in &mut case.runs {
            eprintln!("  memory: {}", run.label);
            inputs::prepare(run)?;
            let (sample, _) = run_once(setup, run, Round::Memory)?;
            measured.memory.insert(run.label.clone(), sample.memory);
        }
        Round::Timed
    } else {
        Round::Both
    };
    let rounds = rounds.min(case.max_rounds);
    for round in 1..=rounds {
        // What a run leaves to the device slows the next one down.
        if round > 1 {
            case.runs.reverse();
        }
        for run in &mut case.runs {
            eprintln!("  round {round} of {rounds}: {}", run.label);
            inputs::prepare(run)?;
            let (sample, synced) = run_once(setup, run, timed)?;
            if timed == Round::Both {
                let memory = measured.memory.entry(run.label.clone()).or_default();
                *memory = sample.memory.max(*memory);
            }
            measured.samples.entry(run.label.clone()).or_default().push(sample);
            if let Some(synced) = synced {
                measured.samples.entry(with_sync(&run.label)).or_default().push(synced);
            }
        }
    }
    if rounds.is_multiple_of(2) {
        case.runs.reverse();
    }
    for run in &case.runs {
        measured.commands.push((run.label.clone(), format!("`{}`", command_line::show(setup, run))));
        if run.synced.is_some() {
            measured.commands.push((with_sync(&run.label), "the same, then `sync FILE`".into()));
        }
    }
    Ok(measured)
}

/// Drops runs whose programs cannot be found.
fn drop_missing(setup: &Setup, runs: &mut Vec<Run>, notes: &mut Vec<String>) {
    runs.retain(|run| {
        let missing = programs(run).into_iter().find(|program| peers::find(program).is_none());
        if let Some(program) = &missing {
            notes.push(format!("{}: `{}` was not found", run.label, setup.shorten(program)));
        }
        missing.is_none()
    });
}

fn programs(run: &Run) -> Vec<String> {
    run.steps.iter().map(|step| step.command.get_program().to_string_lossy().into_owned()).collect()
}

/// The untimed round: compares results, and drops peers that fail.
fn warm_up(setup: &Setup, runs: &mut Vec<Run>, notes: &mut Vec<String>) -> Result<(), String> {
    let mut first: Option<(String, blake3::Hash)> = None;
    let mut index = 0;
    while let Some(run) = runs.get_mut(index) {
        eprintln!("  warm-up: {}", run.label);
        inputs::prepare(run)?;
        let is_ours = programs(run).iter().any(|program| Path::new(program) == setup.runner());
        match run_once(setup, run, Round::WarmUp) {
            Err(error) if is_ours => return Err(error),
            Err(error) => {
                notes.push(format!("{} failed: {error}", run.label));
                runs.remove(index);
                continue;
            }
            Ok(_) => {}
        }
        index += 1;
        let compared = run.steps.iter().any(|step| step.stdout == Stdout::Compared);
        let result = if compared { Some(setup.work("stdout")) } else { run.result.clone() };
        let Some(result) = result else { continue };
        let digest = inputs::digest(&result)?;
        match &first {
            Some((label, expected)) if *expected != digest => {
                return Err(format!("the results of {label} and {} differ", run.label));
            }
            Some(_) => {}
            None => first = Some((run.label.clone(), digest)),
        }
    }
    Ok(())
}

/// Runs all steps once. The second sample includes the sync, if there is one.
fn run_once(setup: &Setup, run: &mut Run, round: Round) -> Result<(Sample, Option<Sample>), String> {
    let mut sample = Sample::default();
    for step in &mut run.steps {
        let usage = process::measure(setup, step, round)?;
        sample.seconds += usage.seconds;
        sample.memory = sample.memory.max(usage.memory);
        if step.stdout == Stdout::Profile {
            let path = setup.work("profile");
            let output = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            sample.write_ms = profile::write_ms(&output);
        }
    }
    let Some(path) = &run.synced else { return Ok((sample, None)) };
    let sync = process::measure(setup, &mut Step::new("sync", &[path]), round)?;
    Ok((sample, Some(Sample { seconds: sample.seconds + sync.seconds, ..sample })))
}
