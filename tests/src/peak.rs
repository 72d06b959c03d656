//! The memory that a run has at its peak, as the kernel counts it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Ran, helpers, status};

/// The most memory that a process and its worker had, looked at until they are
/// gone. What the two share counts once. A peak only ever grows, so all that can
/// be missed is its last millisecond. That of the two together may be less than
/// their sum.
fn watch(child: &Child) -> u64 {
    let (mut peak, mut of_worker) = (0, 0);
    // A process that has ended has no memory to tell of.
    while let Some(now) = kib(child.id(), "VmHWM") {
        peak = now;
        let workers = helpers(child.id(), "__work").into_iter();
        let largest = workers.filter_map(private_peak_of).max();
        of_worker = largest.unwrap_or(0).max(of_worker);
        std::thread::sleep(Duration::from_millis(1));
    }
    (peak + of_worker) << 10
}

/// Without memory that is shared with the parent, which only ever grows, too.
fn private_peak_of(process: u32) -> Option<u64> {
    Some(kib(process, "VmHWM")?.saturating_sub(kib(process, "RssShmem")?))
}

fn kib(process: u32, name: &str) -> Option<u64> {
    status(process, name)?.strip_suffix(" kB")?.parse().ok()
}

/// Runs to the end; the peak in bytes, too.
pub fn measured(mut command: Command) -> (Ran, u64) {
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let peak = watch(&child);
    (Ran::of(child.wait_with_output().unwrap()), peak)
}
