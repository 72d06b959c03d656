//! Whether the memory of a plugin grows with what it is shown.

use std::time::{Duration, Instant};

use runner_pipeline::engine::transform::Instance;
use runner_pipeline::engine::window::Shows;
use runner_pipeline::error::Result;
use runner_sandbox::plugin::Several;

use super::check::{Check, Tried};
use super::numbered::Numbered;
use super::outcome::{Failed, Outcome};
use super::probe::{Probe, USUAL_WINDOW_BYTES};
use super::whole::longer;

/// How long memory is watched before it must have stopped growing.
const WARM_UP: Duration = Duration::from_millis(60);
/// Passes over an input in that time, at most.
const WARM_UP_PASSES: u64 = 2000;
/// Windows shown in that time, at least: a busy machine must not hide growth. Of
/// the two doublings that are judged, the first then shows four times as many: a
/// plugin that keeps 8 bytes of each takes a page more.
const LEAST_WARM_UP_WINDOWS: u64 = 2048;
/// How often the number of passes is doubled; and how often, as long as memory grows
/// and has not grown by so much: a collector of garbage lets it grow to some
/// megabytes before it collects for the first time.
const DOUBLINGS: u32 = 4;
const MOST_DOUBLINGS: u32 = 7;
/// The longest time of a pass after which it is doubled beyond [`DOUBLINGS`]: what is so
/// slow would take minutes to show what it has shown already.
const LONGEST_DOUBLING: Duration = Duration::from_secs(4);
const COLLECTED_BYTES: u64 = 16 << 20;
/// The first of the sizes of inputs of a sequential plugin, in bytes.
const SEQUENTIAL_BYTES: usize = 64 << 10;
/// The windows in which memory is watched, in bytes.
const SEQUENTIAL_WINDOW_BYTES: u64 = 4 << 10;

/// Bytes of an input that is shown in windows of the usual size.
const BULK_BYTES: usize = 1 << 20;
/// How often it is shown, at most.
const BULK_PASSES: u64 = 64;
/// How often it is shown, at least: a busy machine must not hide growth.
const LEAST_BULK_PASSES: u64 = 16;
/// How long that may take, beyond these.
const BULK_TIME: Duration = Duration::from_millis(800);
/// Memory comes in pages, and allocators take more than they need.
const BULK_STEP_BYTES: u64 = 512 << 10;

/// Whether memory grows from window to window.
pub(super) fn memory(plugins: &Several, bytes: &[u8]) -> Result<Tried> {
    let mut probe = match Probe::begin(plugins, bytes)? {
        Ok(probe) => probe,
        Err(_) => return Ok(Tried::Skipped),
    };
    let memory = match probe.is_sequential() {
        true => sequential(plugins, bytes)?,
        false => {
            let how = Numbered::accepted_by(&probe)?;
            match repeatedly(&mut probe, how)? {
                Ok(memory) if judged(&memory, 1) == Tried::Passed => return in_bulk(plugins, bytes, how),
                memory => memory,
            }
        }
    };
    Ok(match memory {
        Ok(memory) => judged(&memory, 1),
        Err(Failed::Refused(_)) => Tried::Skipped,
        Err(Failed::Fault(fault, why)) => Tried::Wrong(Check::of(fault), why),
    })
}

/// Memory after 1, 2, 4, ... times as many windows.
fn repeatedly(probe: &mut Probe<'_>, how: Numbered) -> Result<Outcome<Vec<u64>>> {
    let mut instance = match probe.instance()? {
        Ok(instance) => instance,
        Err(failed) => return Ok(Err(failed)),
    };
    let scan = |instance: &mut Instance, pass: u64| {
        probe.of(&how.bytes(probe.bytes(), pass)).scan_with(instance, 1, Shows::Candidates)
    };
    let windows = probe.parts(1)?.map_or(1, |parts| parts.len().max(1) as u64);
    let least = LEAST_WARM_UP_WINDOWS.div_ceil(windows).clamp(4, WARM_UP_PASSES);
    let (started, mut passes, mut memory) = (Instant::now(), 0, Vec::new());
    while passes < least || (passes < WARM_UP_PASSES && started.elapsed() < WARM_UP) {
        if let Err(failed) = scan(&mut instance, passes)? {
            return Ok(Err(failed));
        }
        passes += 1;
    }
    memory.extend(instance.memory_bytes());
    let mut last = Duration::ZERO;
    for doubling in 0..MOST_DOUBLINGS {
        if doubling >= DOUBLINGS && (!may_settle(&memory) || last > LONGEST_DOUBLING) {
            break;
        }
        let started = Instant::now();
        for pass in 0..passes << doubling {
            if let Err(failed) = scan(&mut instance, (passes << doubling) + pass)? {
                return Ok(Err(failed));
            }
        }
        memory.extend(instance.memory_bytes());
        last = started.elapsed();
    }
    Ok(Ok(memory))
}

/// Whether memory grows from megabyte to megabyte, in windows of the usual size.
fn in_bulk(plugins: &Several, bytes: &[u8], how: Numbered) -> Result<Tried> {
    let Some(long) = longer(plugins, bytes, BULK_BYTES)? else { return Ok(Tried::Passed) };
    let Ok(mut probe) = Probe::begin(plugins, &long)? else { return Ok(Tried::Passed) };
    let Ok(mut instance) = probe.instance()? else { return Ok(Tried::Passed) };
    let (started, mut memory) = (Instant::now(), Vec::new());
    for pass in 0..BULK_PASSES {
        if pass >= LEAST_BULK_PASSES && started.elapsed() > BULK_TIME && !grows(&memory, BULK_STEP_BYTES) {
            break;
        }
        let scanned = probe.of(&how.bytes(&long, pass)).scan_with(
            &mut instance,
            USUAL_WINDOW_BYTES,
            Shows::Candidates,
        )?;
        match scanned {
            Ok(_) => {}
            Err(Failed::Refused(_)) => return Ok(Tried::Passed),
            Err(Failed::Fault(fault, why)) => return Ok(Tried::Wrong(Check::of(fault), why)),
        }
        if (pass + 1).is_power_of_two() {
            memory.extend(instance.memory_bytes());
        }
    }
    Ok(match judged(&memory, BULK_STEP_BYTES) {
        // There was no time for more.
        Tried::Skipped => Tried::Passed,
        judged => judged,
    })
}

/// Memory after inputs that are twice as long each time.
fn sequential(plugins: &Several, bytes: &[u8]) -> Result<Outcome<Vec<u64>>> {
    let mut memory = Vec::new();
    for doubling in 0..MOST_DOUBLINGS {
        if doubling > DOUBLINGS && !may_settle(&memory) {
            break;
        }
        let least_bytes = SEQUENTIAL_BYTES << doubling;
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
/// is no leak, nor are steps below `step_bytes`; what falls was replaced by a new instance.
fn judged(memory: &[u64], step_bytes: u64) -> Tried {
    if memory.len() < 3 {
        return Tried::Skipped;
    }
    let falls = memory.windows(2).any(|pair| pair[1] < pair[0]);
    if !falls && !grows(memory, step_bytes) {
        return Tried::Passed;
    }
    let kib: Vec<_> = memory.iter().map(|bytes| format!("{} KiB", bytes >> 10)).collect();
    let what = format!("with twice as much input each time, an instance has {}", kib.join(", "));
    Tried::Wrong(Check::Memory, what)
}

/// Whether memory has grown by a step each of the last two times.
fn grows(memory: &[u64], step_bytes: u64) -> bool {
    let last = memory.last_chunk::<3>();
    last.is_some_and(|[before, half, whole]| {
        *whole >= half.saturating_add(step_bytes) && *half >= before.saturating_add(step_bytes)
    })
}

/// Whether memory grows, but so little that it may stop.
fn may_settle(memory: &[u64]) -> bool {
    let grown = memory.last().zip(memory.first()).map(|(last, first)| last.saturating_sub(*first));
    grows(memory, 1) && grown.is_some_and(|grown| grown < COLLECTED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lasting_growth_is_a_leak() {
        assert_eq!(judged(&[1 << 16; 5], 1), Tried::Passed);
        assert_eq!(judged(&[1, 2, 4, 4, 4], 1), Tried::Passed);
        assert_eq!(judged(&[1, 1, 1, 1, 2], 1), Tried::Passed);
        assert!(matches!(judged(&[1, 1, 2, 3, 4], 1), Tried::Wrong(Check::Memory, _)));
        assert_eq!(judged(&[1, 1, 2, 3, 4], 2), Tried::Passed);
        // A new instance has begun.
        assert!(matches!(judged(&[9, 9, 2, 2, 2], 1), Tried::Wrong(Check::Memory, _)));
        assert_eq!(judged(&[1, 2], 1), Tried::Skipped);
    }

    #[test]
    fn a_collector_has_time_to_collect() {
        assert!(may_settle(&[4 << 20, 5 << 20, 6 << 20]));
        assert!(!may_settle(&[4 << 20, 5 << 20, 5 << 20]));
        assert!(!may_settle(&[4 << 20, 8 << 20, 32 << 20]));
        assert!(!may_settle(&[4 << 20, 8 << 20]));
    }
}
