//! The memory that a run has at its peak, as the kernel counts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Ran;

/// The most memory that a process and its worker had, looked at until they are
/// gone. What the two share counts once. A peak only ever grows, so all that can
/// be missed is its last millisecond. That of the two together may be less than their sum.
fn watch(child: &Child) -> u64 {
    let status = |process: u32| PathBuf::from(format!("/proc/{process}/status"));
    let (mut peak, mut of_worker) = (0, 0);
    // A process that has ended has no memory to tell of.
    while let Some(now) = peak_of(&status(child.id())) {
        peak = now;
        let workers = crate::helpers(child.id(), "__work").into_iter();
        let largest = workers.filter_map(|worker| private_peak_of(&status(worker))).max();
        of_worker = largest.unwrap_or(0).max(of_worker);
        std::thread::sleep(Duration::from_millis(1));
    }
    (peak + of_worker) << 10
}

fn peak_of(status: &Path) -> Option<u64> {
    kib(&fs::read_to_string(status).ok()?, "VmHWM:")
}

/// Without memory that is shared with the parent, which only ever grows, too.
fn private_peak_of(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    Some(kib(&text, "VmHWM:")?.saturating_sub(kib(&text, "RssShmem:")?))
}

fn kib(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Runs to the end; the peak in bytes, too.
pub fn measured(mut command: Command) -> (Ran, u64) {
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let peak = watch(&child);
    (Ran::of(child.wait_with_output().unwrap()), peak)
}
