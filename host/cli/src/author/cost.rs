//! What a plugin costs: its instructions and its memory, measured on the records
//! of a case, repeated until some MiB have passed. The numbers are the same on
//! every machine, so they can be kept as a budget.

mod budget;
mod long;

use std::path::Path;

use runner_contract::Framing;
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::escape::{Page, group_digits};
use runner_pipeline::run::{Options, dry_run};

use self::budget::Budget;
use super::bench::Bench;
use super::case::{Case, Failure};

/// Bytes of a megabyte.
const MB: u64 = 1_000_000;
/// Memory comes in pages, and allocators take more than they need: that much more
/// in the second half of the input is no growth.
const STEP_BYTES: u64 = 512 << 10;

/// Whether the budget is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    Budget,
    Nothing,
}

/// What the measurement shows.
pub(super) enum Verdict {
    Fine(Page),
    Bad(String),
}

/// What was measured.
struct Cost {
    instructions_per_mb: u64,
    memory_bytes: u64,
    /// By how much the memory grows for each megabyte of the file, once it is
    /// warm.
    kept_bytes_per_mb: u64,
    is_sequential: bool,
}

/// Measures one of the cases, and compares it with the budget in their folder.
///
/// # Errors
/// If the budget cannot be read or written; if the run was stopped.
pub(super) fn measure(bench: &Bench, folder: &Path, cases: &[Case], update: Update) -> Result<Verdict> {
    let budget = match Budget::read(folder) {
        Ok(budget) => budget,
        Err(error) => return Ok(Verdict::Bad(Failure::from(&error).to_string())),
    };
    let chosen = match budget.as_ref().map(|budget| &budget.case) {
        Some(name) => cases.iter().find(|case| case.name == *name),
        None => cases.iter().max_by_key(|case| case.input_bytes),
    };
    let Some(case) = chosen else {
        return Ok(match budget {
            Some(Budget { case, .. }) => Verdict::Bad(format!(
                "the budget is for the case {case}, which is not there or changes nothing"
            )),
            None => Verdict::Fine(Page::of("cost  not measured: no case changes its input")),
        });
    };
    let cost = match cost(bench, case) {
        Err(error) if error.kind() == Kind::Interrupted => return Err(error),
        Err(error) if budget.is_some() || update == Update::Budget => {
            return Ok(Verdict::Bad(format!("cannot repeat {}: {}", case.name, Failure::from(&error))));
        }
        Err(error) => {
            // Not every format can be repeated.
            return Ok(Verdict::Fine(Page::of(format_args!(
                "cost  not measured: {}, repeated: {}",
                case.name,
                Failure::from(&error).message
            ))));
        }
        Ok(cost) => cost,
    };
    if cost.memory_bytes == 0 {
        // Of filters, nothing is counted.
        return Ok(Verdict::Fine(Page::of(format_args!(
            "cost  not measured: {} is shown to no plugin",
            case.name
        ))));
    }
    if update == Update::Budget {
        Budget::of(case, &cost).write(folder)?;
    } else if let Some(why) = budget.map_or_else(|| grows(&cost), |budget| budget.exceeded(&cost)) {
        return Ok(Verdict::Bad(format!("{}: {}\n{why}", case.name, cost.told())));
    }
    Ok(Verdict::Fine(Page::of(format_args!("cost  {}: {}", case.name, cost.told()))))
}

/// Why a plugin without a budget fails.
fn grows(cost: &Cost) -> Option<String> {
    (cost.kept_bytes_per_mb > 0 && !cost.is_sequential).then(|| {
        "its memory grows with the file: free what a window needed, and keep nothing from window to \
         window\nif its language cannot free that, accept it with `runner plugin test --update-budget`"
            .to_owned()
    })
}

impl Cost {
    fn told(&self) -> String {
        let instructions = group_digits(self.instructions_per_mb);
        // One digit after the point.
        let tenths = self.memory_bytes.div_ceil((1 << 20) / 10);
        let grows = match self.kept_bytes_per_mb {
            0 => "which does not grow".to_owned(),
            kept => format!("which grows by {} bytes for each MB", group_digits(kept)),
        };
        format!(
            "{instructions} instructions for each MB, {}.{} MiB of memory, {grows}",
            tenths / 10,
            tenths % 10
        )
    }
}

/// Runs the repeated case once, in one thread with the usual windows.
fn cost(bench: &Bench, case: &Case) -> Result<Cost> {
    let input = long::input(bench, case)?;
    let options = Options { threads: 1, ..Options::default() };
    drop(bench.meter.take());
    bench.with(&case.params, |program| {
        dry_run(&input.path, program, &options, &mut |_| {}, &mut |_, _, _| Ok(()))
    })?;
    let usage = bench.meter.take();
    let memory_bytes = usage.memory_bytes.last().copied().unwrap_or(0);
    let (first, _) = usage.memory_bytes.split_at(usage.memory_bytes.len() / 2);
    let warm = first.iter().max().copied().unwrap_or(memory_bytes);
    let growth = memory_bytes.saturating_sub(warm);
    let per_mb = |amount: u64, bytes: u64| {
        u64::try_from(u128::from(amount) * u128::from(MB) / u128::from(bytes.max(1))).unwrap_or(u64::MAX)
    };
    Ok(Cost {
        instructions_per_mb: per_mb(usage.instructions, input.bytes),
        memory_bytes,
        kept_bytes_per_mb: if growth > STEP_BYTES { per_mb(growth, input.bytes / 2) } else { 0 },
        is_sequential: input.framing == Framing::Sequential,
    })
}
