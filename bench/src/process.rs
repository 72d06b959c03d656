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

/// Whether a round counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// Compares results. Its times are not used.
    WarmUp,
    Timed,
}

/// The measurements of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Wall time.
    pub(crate) seconds: f64,
    /// Peak anonymous and shared memory in bytes. Mapped files do not count.
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
        let sampler = scope.spawn(move || peak_memory(id, &stopped));
        let status = child.wait();
        let seconds = started.elapsed().as_secs_f64();
        drop(stop);
        (status, seconds, sampler.join().unwrap_or_default())
    });
    let status = status.map_err(at)?;
    if status.success() || status.code() == Some(step.accepted_exit) {
        return Ok(Usage { seconds, memory });
    }
    let message = fs::read_to_string(&errors).unwrap_or_default();
    let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(setup.shorten(&format!("{line}: {status}: {message}")))
}

/// Samples a process until the channel closes.
fn peak_memory(id: u32, stopped: &Receiver<()>) -> u64 {
    let path = format!("/proc/{id}/status");
    let mut peak = 0;
    loop {
        // Once the process has exited, its status has no memory fields.
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

#[cfg(test)]
mod tests {
    use super::private_bytes;

    #[test]
    fn private_memory_leaves_mapped_files_out() {
        let status =
            "VmRSS:\t    1000 kB\nRssAnon:\t      20 kB\nRssFile:\t     977 kB\nRssShmem:\t       3 kB\n";
        assert_eq!(private_bytes(status), 23 << 10);
        assert_eq!(private_bytes("State:\tZ (zombie)\n"), 0);
    }
}
