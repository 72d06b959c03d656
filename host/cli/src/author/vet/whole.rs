//! What takes a long input: real runs with several threads, and how fast the plugin
//! is.

use std::path::Path;
use std::time::{Duration, Instant};

use runner_pipeline::engine::window::Shows;
use runner_pipeline::error::{Error, Result};
use runner_pipeline::escape::count;
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

/// Bytes of an input for real runs: more than two blocks.
const RUN_BYTES: usize = (2 << 20) + 12_345;
/// Windows in bytes, and threads, of real runs.
const RUNS: [(u64, usize); 5] = [(1 << 20, 1), (64 << 10, 1), (64 << 10, 2), (192 << 10, 2), (4 << 20, 1)];

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
        let planned = with_program(plugins, |program| {
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
            let how =
                format!("with windows of {} KiB and {}", window_bytes >> 10, count(threads as u64, "thread"));
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
