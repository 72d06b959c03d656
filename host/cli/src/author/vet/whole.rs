//! What takes a long input: growth of memory, real runs with several threads, and
//! how fast the plugin is.

use std::path::Path;
use std::time::{Duration, Instant};

use runner_pipeline::engine::window::Shows;
use runner_pipeline::error::{Error, Result};
use runner_pipeline::patch::{Direction, OsPatch};
use runner_pipeline::run::{Options, plan};
use runner_pipeline::storage::{Entry, OsStorage};
use runner_sandbox::plugin::Several;

use super::check::{Check, Tried};
use super::inputs::repeated;
use super::outcome::{Edit, Failed, Outcome, classified};
use super::probe::{Probe, USUAL_WINDOW_BYTES};
use super::properties::may_cut_edits;
use crate::author::build::remove;
use crate::loaded_plugin::with_program;

/// How long memory is watched before it must have stopped growing.
const WARM_UP: Duration = Duration::from_millis(60);
/// Passes over an input in that time, at most.
const WARM_UP_PASSES: u64 = 2000;
/// How often the number of passes is doubled.
const DOUBLINGS: u32 = 4;
/// Sizes of inputs of a sequential plugin, in bytes.
const SEQUENTIAL_BYTES: [usize; 5] = [64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20];
/// The windows in which memory is watched, in bytes.
const SEQUENTIAL_WINDOW_BYTES: u64 = 4 << 10;

/// Bytes of an input for real runs: more than two blocks.
const RUN_BYTES: usize = (2 << 20) + 12_345;
/// Windows in bytes, and threads, of real runs.
const RUNS: [(u64, usize); 4] = [(1 << 20, 1), (64 << 10, 1), (64 << 10, 2), (192 << 10, 2)];

/// Bytes of an input for measuring.
const MEASURED_BYTES: usize = 1 << 20;
/// How long the plugin is measured, at least.
const MEASURED_TIME: Duration = Duration::from_millis(250);

/// How fast a plugin is, and what it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) bytes_per_second: u64,
    /// Without a value where there are no records.
    pub(super) nanoseconds_per_record: Option<u64>,
    /// Linear memory of an instance.
    pub(super) memory_bytes: u64,
}

/// Where the records of an input begin.
fn first_record(probe: &Probe<'_>) -> Result<Outcome<usize>> {
    let parts = probe.parts(u64::MAX)?;
    Ok(parts.map(|parts| parts.first().map_or(0, |part| usize::try_from(part.start).unwrap_or(0))))
}

/// A longer input that repeats one.
pub(super) fn longer(plugins: &Several, bytes: &[u8], least_bytes: usize) -> Result<Option<Vec<u8>>> {
    let Ok(probe) = Probe::begin(plugins, bytes)? else { return Ok(None) };
    let Ok(start) = first_record(&probe)? else { return Ok(None) };
    let long = repeated(bytes, start, least_bytes);
    Ok(Some(long).filter(|long| long.len() >= least_bytes))
}

/// Whether memory grows from window to window.
pub(super) fn memory(plugins: &Several, bytes: &[u8]) -> Result<Tried> {
    let mut probe = match Probe::begin(plugins, bytes)? {
        Ok(probe) => probe,
        Err(_) => return Ok(Tried::Skipped),
    };
    let memory = match probe.is_sequential() {
        true => sequential(plugins, bytes)?,
        false => repeatedly(&mut probe)?,
    };
    Ok(match memory {
        Ok(memory) => judged(&memory),
        Err(Failed::Refused(_)) => Tried::Skipped,
        Err(Failed::Fault(fault, why)) => Tried::Wrong(Check::of(fault), why),
    })
}

/// Memory after 1, 2, 4, ... times as many windows.
fn repeatedly(probe: &mut Probe<'_>) -> Result<Outcome<Vec<u64>>> {
    let mut instance = match probe.instance()? {
        Ok(instance) => instance,
        Err(failed) => return Ok(Err(failed)),
    };
    let (started, mut passes, mut memory) = (Instant::now(), 0, Vec::new());
    while passes < WARM_UP_PASSES && (passes < 4 || started.elapsed() < WARM_UP) {
        if let Err(failed) = probe.scan_with(&mut instance, 1, Shows::Candidates)? {
            return Ok(Err(failed));
        }
        passes += 1;
    }
    memory.extend(instance.memory_bytes());
    for doubling in 0..DOUBLINGS {
        for _ in 0..passes << doubling {
            if let Err(failed) = probe.scan_with(&mut instance, 1, Shows::Candidates)? {
                return Ok(Err(failed));
            }
        }
        memory.extend(instance.memory_bytes());
    }
    Ok(Ok(memory))
}

/// Memory after inputs that are twice as long each time.
fn sequential(plugins: &Several, bytes: &[u8]) -> Result<Outcome<Vec<u64>>> {
    let mut memory = Vec::new();
    for least_bytes in SEQUENTIAL_BYTES {
        let Some(long) = longer(plugins, bytes, least_bytes)? else { break };
        let mut probe = match Probe::begin(plugins, &long)? {
            Ok(probe) => probe,
            Err(failed) => return Ok(Err(failed)),
        };
        let mut instance = match probe.instance()? {
            Ok(instance) => instance,
            Err(failed) => return Ok(Err(failed)),
        };
        let scanned = probe.scan_with(&mut instance, SEQUENTIAL_WINDOW_BYTES, Shows::Candidates)?;
        if let Err(failed) = scanned {
            return Ok(Err(failed));
        }
        memory.extend(instance.memory_bytes());
    }
    Ok(Ok(memory))
}

/// Judges memory after more and more windows. What grows at first and then stays
/// is no leak; what falls was replaced by a new instance.
fn judged(memory: &[u64]) -> Tried {
    let Some([.., before, half, whole]) = memory.last_chunk::<3>().copied() else {
        return Tried::Skipped;
    };
    let falls = memory.windows(2).any(|pair| pair[1] < pair[0]);
    let grows = whole > half && half > before;
    if !falls && !grows {
        return Tried::Passed;
    }
    let kib: Vec<_> = memory.iter().map(|bytes| format!("{} KiB", bytes >> 10)).collect();
    let what = format!("with twice as many windows each time, an instance has {}", kib.join(", "));
    Tried::Wrong(Check::Memory, what)
}

/// Whether real runs make the same patch with one thread and with several.
pub(super) fn threads(plugins: &Several, bytes: &[u8], scratch: &Path) -> Result<Tried> {
    let Some(long) = longer(plugins, bytes, RUN_BYTES)? else { return Ok(Tried::Skipped) };
    let (input, patch) = (scratch.join("input"), scratch.join("patch"));
    let Ok(probe) = Probe::begin(plugins, &long)? else { return Ok(Tried::Skipped) };
    let may_cut = may_cut_edits(&probe.job);
    // It holds a place of those that use the plugin at the same time.
    drop(probe);
    std::fs::write(&input, &long).map_err(Error::at("write", &input))?;
    let mut usual = None;
    for (window_bytes, threads) in RUNS {
        remove(&patch)?;
        let options = Options { window_bytes, threads, ..Options::default() };
        let planned = with_program(plugins, &[], |program| {
            plan(&input, program, &options, &Entry::resolve(&patch)?, &mut |_| {})
        });
        let made = match classified(planned)? {
            Ok((report, _)) => {
                let edits = if may_cut { Vec::new() } else { edits(&patch)? };
                Some((edits, report.post_root, report.counts))
            }
            Err(Failed::Fault(fault, why)) => return Ok(Tried::Wrong(Check::of(fault), why)),
            Err(Failed::Refused(_)) => None,
        };
        if *usual.get_or_insert_with(|| made.clone()) != made {
            let how = format!("with windows of {} KiB and {threads} threads", window_bytes >> 10);
            return Ok(Tried::Wrong(
                Check::Threads,
                format!("{how}, a file that repeats this input gets another patch than with one thread"),
            ));
        }
    }
    Ok(if usual.flatten().is_some() { Tried::Passed } else { Tried::Skipped })
}

/// The edits of a patch.
fn edits(patch: &Path) -> Result<Vec<Edit>> {
    let patch = OsPatch::load(&OsStorage, &Entry::resolve(patch)?)?;
    let (mut reader, mut edits) = (patch.reader(Direction::Forward), Vec::new());
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            let old_bytes = u32::try_from(edit.old.len()).unwrap_or(u32::MAX);
            edits.push(Edit { start: edit.start, old_bytes, new: edit.new.to_vec() });
        }
    }
    Ok(edits)
}

/// Measures a plugin; `None` if it refuses longer inputs.
pub(super) fn measure(plugins: &Several, bytes: &[u8]) -> Result<Option<Measured>> {
    let long = longer(plugins, bytes, MEASURED_BYTES)?.unwrap_or_else(|| bytes.to_vec());
    let Ok(mut probe) = Probe::begin(plugins, &long)? else { return Ok(None) };
    let (mut spent, mut scans, mut memory_bytes) = (Duration::ZERO, 0_u64, 0);
    while spent < MEASURED_TIME {
        let Ok(mut instance) = probe.instance()? else { return Ok(None) };
        let started = Instant::now();
        let Ok(_) = probe.scan_with(&mut instance, USUAL_WINDOW_BYTES, Shows::Candidates)? else {
            return Ok(None);
        };
        (spent, scans) = (spent + started.elapsed(), scans + 1);
        memory_bytes = memory_bytes.max(instance.memory_bytes().unwrap_or_default());
    }
    let records = match (probe.job.framing.has_records(), probe.parts(1)?) {
        (true, Ok(parts)) => parts.len() as u64 * scans,
        _ => 0,
    };
    let bytes = (long.len() as u64 * scans) as f64;
    Ok(Some(Measured {
        bytes_per_second: (bytes / spent.as_secs_f64()) as u64,
        nanoseconds_per_record: u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX).checked_div(records),
        memory_bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lasting_growth_is_a_leak() {
        assert_eq!(judged(&[1 << 16; 5]), Tried::Passed);
        assert_eq!(judged(&[1, 2, 4, 4, 4]), Tried::Passed);
        assert_eq!(judged(&[1, 1, 1, 1, 2]), Tried::Passed);
        assert!(matches!(judged(&[1, 1, 2, 3, 4]), Tried::Wrong(Check::Memory, _)));
        // A new instance has begun.
        assert!(matches!(judged(&[9, 9, 2, 2, 2]), Tried::Wrong(Check::Memory, _)));
        assert_eq!(judged(&[1, 2]), Tried::Skipped);
    }
}
