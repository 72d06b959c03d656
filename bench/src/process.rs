//! Runs one command, and measures its time and memory.

use std::fs::{self, File};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use xtask::shell;

use crate::case::{Stdout, Step};
use crate::setup::Setup;

/// Interval between two samples of a process's memory.
const SAMPLING: Duration = Duration::from_millis(3);

/// What a round is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// To compare results.
    WarmUp,
    /// To measure memory. That takes processor time, so times do not count.
    Memory,
    /// To measure time.
    Timed,
    /// To measure both: for commands that take so long that it does not matter.
    Both,
}

impl Round {
    fn measures_memory(self) -> bool {
        matches!(self, Self::Memory | Self::Both)
    }
}

/// The measurements of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Wall time.
    pub(crate) seconds: f64,
    /// Peak anonymous and shared memory in bytes, of the process and those that
    /// it has started; 0 if it was not measured. Mapped files do not count.
    pub(crate) memory: u64,
}

/// Runs a command to its end. The error has the first line of its messages.
pub(crate) fn measure(setup: &Setup, step: &mut Step, round: Round) -> Result<Usage, String> {
    let line = shell::line(&step.command);
    let at = |error: std::io::Error| format!("{line}: {error}");
    let path = match &step.stdout {
        Stdout::Discarded => None,
        Stdout::Compared => (round == Round::WarmUp).then(|| setup.work("stdout")),
        Stdout::File(path) => Some(path.clone()),
        Stdout::Profile => Some(setup.work("profile")),
    };
    let stdout = match path {
        Some(path) => File::create(path).map_err(at)?.into(),
        None => Stdio::null(),
    };
    let stdin = match &step.stdin {
        Some(path) => File::open(path).map_err(at)?.into(),
        None => Stdio::null(),
    };
    let errors = setup.work("stderr");
    step.command.stdin(stdin).stdout(stdout).stderr(File::create(&errors).map_err(at)?);
    setup.set_environment(&mut step.command);
    let started = Instant::now();
    let mut child = step.command.spawn().map_err(at)?;
    let (status, seconds, memory) = thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        let id = child.id();
        let sampler = round.measures_memory().then(|| scope.spawn(move || peak_memory(id, &stopped)));
        let status = child.wait();
        let seconds = started.elapsed().as_secs_f64();
        drop(stop);
        (status, seconds, sampler.and_then(|sampler| sampler.join().ok()).unwrap_or_default())
    });
    let status = status.map_err(at)?;
    if status.success() || status.code() == Some(step.accepted_exit) {
        return Ok(Usage { seconds, memory });
    }
    let message = fs::read_to_string(&errors).unwrap_or_default();
    let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(setup.shorten(&format!("{line}: {status}: {message}")))
}

/// Samples a process and its descendants until the channel closes.
fn peak_memory(id: u32, stopped: &Receiver<()>) -> u64 {
    let mut peak = 0;
    loop {
        // What is shared counts once: the process itself maps all that it
        // shares with its descendants.
        let own = memory(id);
        let others = descendants(id).into_iter().map(|id| memory(id).anonymous);
        peak = peak.max(own.anonymous + own.shared + others.sum::<u64>());
        if stopped.recv_timeout(SAMPLING) != Err(RecvTimeoutError::Timeout) {
            return peak;
        }
    }
}

/// The processes that a process has started, and those that they have.
fn descendants(id: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    // Each thread has its own children.
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let mut all: Vec<u32> = lists
        .flat_map(|list| list.split_whitespace().map(str::parse).collect::<Vec<_>>())
        .flatten()
        .collect();
    for child in all.clone() {
        all.extend(descendants(child));
    }
    all
}

/// Memory of a process in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Memory {
    anonymous: u64,
    shared: u64,
}

/// Once a process has exited, its status has no memory fields.
fn memory(id: u32) -> Memory {
    parse(&fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default())
}

/// The memory in `/proc/PID/status`.
fn parse(status: &str) -> Memory {
    let field = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        value.trim().trim_end_matches(" kB").parse().unwrap_or(0) << 10
    };
    Memory { anonymous: field("RssAnon:"), shared: field("RssShmem:") }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn descendants_are_found() {
        let mut shell = Command::new("sh")
            .args(["-c", "sh -c 'read x; exit'; exit"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let found = || descendants(std::process::id());
        while found().len() < 2 {
            assert!(shell.try_wait().unwrap().is_none(), "{:?}", found());
        }
        assert!(found().contains(&shell.id()));
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    #[test]
    fn mapped_files_are_left_out() {
        let status =
            "VmRSS:\t    1000 kB\nRssAnon:\t      20 kB\nRssFile:\t     977 kB\nRssShmem:\t       3 kB\n";
        assert_eq!(parse(status), Memory { anonymous: 20 << 10, shared: 3 << 10 });
        assert_eq!(parse("State:\tZ (zombie)\n"), Memory { anonymous: 0, shared: 0 });
    }
}
