//! Running a case: round by round, each command once a round.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Case, Out, Run, Step, with_sync};
use super::setup::Setup;
use super::{fresh, peers, profile};
use xtask::shell;

/// Between two looks at the memory of a process.
const SAMPLING: Duration = Duration::from_millis(3);

/// What was seen of a run in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) seconds: f64,
    /// The most of anonymous and shared memory; of mapped files, nothing.
    pub(super) memory: u64,
    /// What `--profile` says of the write in place.
    pub(super) write_ms: Option<f64>,
}

/// The samples of a case by label, a sample a round.
pub(super) type Samples = BTreeMap<String, Vec<Sample>>;

/// What a case gave.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) samples: Samples,
    /// Labels in order, with commands as a user would type them.
    pub(super) commands: Vec<(String, String)>,
    /// What could not be run, and why.
    pub(super) notes: Vec<String>,
}

/// Runs what can be run here. A peer that is missing or fails is left out;
/// where `runner` fails, or a result is another than that of the others, the
/// case fails.
pub(super) fn measure(setup: &Setup, mut case: Case, rounds: u32) -> Result<Measured, String> {
    let mut measured = Measured::default();
    case.runs.retain(|run| {
        let missing = programs(run).into_iter().find(|program| peers::find(program).is_none());
        if let Some(program) = &missing {
            let program = setup.short(program);
            measured.notes.push(format!("{} was not run: there is no `{program}`", run.label));
        }
        missing.is_none()
    });
    let rounds = rounds.min(case.rounds);
    if case.rehearsal {
        rehearse(setup, &mut case.runs, &mut measured.notes)?;
    }
    for round in 1..=rounds {
        for run in &mut case.runs {
            eprintln!("  round {round} of {rounds}: {}", run.label);
            fresh::prepare(run)?;
            let (sample, synced) = once(setup, run, false)?;
            measured.samples.entry(run.label.clone()).or_default().push(sample);
            if let Some(synced) = synced {
                measured.samples.entry(with_sync(&run.label)).or_default().push(synced);
            }
        }
    }
    for run in &case.runs {
        measured.commands.push((run.label.clone(), format!("`{}`", line(setup, run))));
        if run.synced.is_some() {
            measured.commands.push((with_sync(&run.label), "the same, then `sync FILE`".into()));
        }
    }
    Ok(measured)
}

fn programs(run: &Run) -> Vec<String> {
    run.steps.iter().map(|step| step.command.get_program().to_string_lossy().into_owned()).collect()
}

/// The round before the first: compares results, and drops peers that fail.
fn rehearse(setup: &Setup, runs: &mut Vec<Run>, notes: &mut Vec<String>) -> Result<(), String> {
    let mut first: Option<(String, blake3::Hash)> = None;
    let mut index = 0;
    while let Some(run) = runs.get_mut(index) {
        eprintln!("  rehearsal: {}", run.label);
        fresh::prepare(run)?;
        let is_ours = programs(run).iter().any(|program| Path::new(program) == setup.runner());
        match once(setup, run, true) {
            Err(error) if is_ours => return Err(error),
            Err(error) => {
                notes.push(format!("{} cannot do it: {error}", run.label));
                runs.remove(index);
                continue;
            }
            Ok(_) => {}
        }
        index += 1;
        let compared = run.steps.iter().any(|step| step.stdout == Out::Compared);
        let result = if compared { Some(setup.work("stdout")) } else { run.result.clone() };
        let Some(result) = result else { continue };
        let digest = fresh::digest(&result)?;
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

/// Runs once; the second sample is that with the sync behind it.
fn once(setup: &Setup, run: &mut Run, rehearsal: bool) -> Result<(Sample, Option<Sample>), String> {
    let mut sample = Sample { seconds: 0.0, memory: 0, write_ms: None };
    for step in &mut run.steps {
        let (seconds, memory) = timed(setup, step, rehearsal)?;
        sample.seconds += seconds;
        sample.memory = sample.memory.max(memory);
        if step.stdout == Out::Profile {
            let said = fs::read_to_string(setup.work("profile")).map_err(|error| error.to_string())?;
            sample.write_ms = profile::write_ms(&said);
        }
    }
    let Some(path) = &run.synced else { return Ok((sample, None)) };
    let (seconds, _) = timed(setup, &mut Step::new("sync", &[path]), rehearsal)?;
    Ok((sample, Some(Sample { seconds: sample.seconds + seconds, ..sample })))
}

/// The seconds that a command takes, and its peak memory in bytes.
fn timed(setup: &Setup, step: &mut Step, rehearsal: bool) -> Result<(f64, u64), String> {
    let line = shell::line(&step.command);
    let say = |error: std::io::Error| format!("{line}: {error}");
    let path = match &step.stdout {
        Out::Dropped => None,
        Out::Compared => rehearsal.then(|| setup.work("stdout")),
        Out::To(path) => Some(path.clone()),
        Out::Profile => Some(setup.work("profile")),
    };
    let stdout = match path {
        Some(path) => File::create(path).map_err(say)?.into(),
        None => Stdio::null(),
    };
    let stdin = match &step.stdin {
        Some(path) => File::open(path).map_err(say)?.into(),
        None => Stdio::null(),
    };
    let errors = setup.work("stderr");
    step.command.stdin(stdin).stdout(stdout).stderr(File::create(&errors).map_err(say)?);
    setup.environment(&mut step.command);
    let started = Instant::now();
    let mut child = step.command.spawn().map_err(say)?;
    let (status, seconds, memory) = thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        let id = child.id();
        let sampler = scope.spawn(move || peak_memory(id, &stopped));
        let status = child.wait();
        let seconds = started.elapsed().as_secs_f64();
        drop(stop);
        (status, seconds, sampler.join().unwrap_or_default())
    });
    let status = status.map_err(say)?;
    if status.success() || status.code() == Some(step.exit) {
        return Ok((seconds, memory));
    }
    let said = fs::read_to_string(&errors).unwrap_or_default();
    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(setup.short(&format!("{line}: {status}: {said}")))
}

/// Looks at a process until it is told to stop.
fn peak_memory(id: u32, stopped: &Receiver<()>) -> u64 {
    let path = format!("/proc/{id}/status");
    let mut peak = 0;
    loop {
        // A process that has ended says nothing of its memory.
        let status = fs::read_to_string(&path).unwrap_or_default();
        peak = peak.max(private_bytes(&status));
        if stopped.recv_timeout(SAMPLING) != Err(RecvTimeoutError::Timeout) {
            return peak;
        }
    }
}

/// Anonymous and shared memory, from `/proc/PID/status`.
fn private_bytes(status: &str) -> u64 {
    let field = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        value.trim().trim_end_matches(" kB").parse().unwrap_or(0)
    };
    (field("RssAnon:") + field("RssShmem:")) << 10
}

/// Characters of a command that are shown.
const SHOWN: usize = 160;

/// A run as a user would type it, without the folders of this machine.
fn line(setup: &Setup, run: &Run) -> String {
    let step = |step: &Step| {
        let words = std::iter::once(step.command.get_program()).chain(step.command.get_args());
        let words = words.map(|word| quoted(&setup.short(&word.to_string_lossy())));
        let mut shown = words.collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
            shown.truncate(end);
            shown += " ...";
        }
        if let Some(path) = &step.stdin {
            shown += &format!(" < {}", setup.short(&path.to_string_lossy()));
        }
        if let Out::To(path) = &step.stdout {
            shown += &format!(" > {}", setup.short(&path.to_string_lossy()));
        }
        shown
    };
    run.steps.iter().map(step).collect::<Vec<_>>().join(" && ")
}

/// A word in quotes, where a shell would make something else of it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

/// A command's environment has all peers on its path, and no language but C,
/// with which they are fastest.
pub(super) fn set_environment(command: &mut Command, cache: &Path) {
    command.env("PATH", peers::path()).env("LC_ALL", "C");
    if command.get_envs().all(|(name, _)| name != CACHE) {
        command.env(CACHE, cache);
    }
}

/// Where `runner` keeps compiled code.
pub(super) const CACHE: &str = "RUNNER_CACHE_DIR";

#[cfg(test)]
mod tests {
    use super::{private_bytes, quoted};

    #[test]
    fn words_are_quoted_where_they_must_be() {
        assert_eq!(quoted("--set"), "--set");
        assert_eq!(quoted("find=a[0-9]+"), "'find=a[0-9]+'");
    }

    #[test]
    fn private_memory_leaves_mapped_files_out() {
        let status =
            "VmRSS:\t    1000 kB\nRssAnon:\t      20 kB\nRssFile:\t     977 kB\nRssShmem:\t       3 kB\n";
        assert_eq!(private_bytes(status), 23 << 10);
        assert_eq!(private_bytes("State:\tZ (zombie)\n"), 0);
    }
}
