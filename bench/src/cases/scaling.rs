//! How time and memory scale with threads, file sizes and calls.

use super::{FIND, SAME_LENGTH, apply, replace};
use crate::case::{Case, Input, Metric, Row, Run, Stdout};
use crate::corpus::Kind;
use crate::setup::Setup;

/// The target for peak private memory with two workers, for any file.
const MEMORY_MIB: f64 = 128.0;
/// How much longer an in-place write may take for a larger file and still count
/// as equal, because a sync of a few milliseconds varies.
const EQUAL: f64 = 1.25;

pub(super) fn threads(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, 1 << 30)?;
    let slow_source = setup.corpus(Kind::Sparse, 1 << 28)?;
    let guest = setup.guest("slow", None)?;
    // Powers of two below the number of cores, then all cores.
    let mut counts: Vec<_> = std::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|count| *count < setup.cores)
        .collect();
    counts.push(setup.cores);
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for threads in counts {
        let (replace_label, slow_label) = (format!("replace -j{threads}"), format!("slow guest -j{threads}"));
        let options = ["--check", "-j", &threads.to_string()];
        let fast = replace(setup, FIND, SAME_LENGTH).arguments(&options).finds_changes();
        let slow = apply(setup, &guest).arguments(&options).finds_changes();
        runs.push(Run::new(&replace_label, fast.on(&source)).warm(&source));
        runs.push(Run::new(&slow_label, slow.on(&slow_source)).warm(&slow_source));
        if threads > 1 {
            rows.push(Row::speedup(&replace_label, &["replace -j1"]));
            rows.push(Row::speedup(&slow_label, &["slow guest -j1"]));
        }
    }
    Ok(Case::new(runs, rows))
}

pub(super) fn growth(setup: &Setup) -> Result<Case, String> {
    let sizes: &[u64] = if setup.is_quick() { &[26, 30] } else { &[26, 28, 30, 32, 34, 36] };
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for bits in sizes {
        let run = holes(setup, 1 << bits);
        rows.push(Row::new(Metric::PerGib { ours: run.label.clone(), bytes: 1 << bits }));
        rows.push(Row::new(Metric::PeakMemory(run.label.clone())).at_most(MEMORY_MIB));
        runs.push(run);
    }
    let (small, large) = if setup.is_quick() { (26, 30) } else { (30, 36) };
    let write = Metric::WriteRatio { ours: size_label(1 << large), base: size_label(1 << small) };
    rows.push(Row::new(write).at_most(EQUAL));
    Ok(Case::new(runs, rows).max_rounds(3))
}

fn size_label(size: u64) -> String {
    match size {
        0..0x4000_0000 => format!("{} MiB", size >> 20),
        _ => format!("{} GiB", size >> 30),
    }
}

/// Holes contain no line endings, so `replace` must not work on lines.
fn holes(setup: &Setup, size: u64) -> Run {
    let path = setup.work("holes");
    let step = replace(setup, FIND, SAME_LENGTH).set("multiline=true").arguments(&["-j", "2"]);
    let step = if setup.has_profile {
        step.arguments(&["--profile", "--json"]).stdout(Stdout::Profile)
    } else {
        step
    };
    Run::new(size_label(size), step.on(&path)).input(Input::Holes { path, size })
}

pub(super) fn calls(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Log, 1 << 30)?;
    let guest = setup.guest("null", None)?;
    let size = setup.size(1 << 30);
    // 64 KiB is a group, the smallest window.
    let (large, small) = (1 << 20, 64 << 10);
    let run = |label: &str, window: u64| {
        let options = ["--check", "-j", "1", "--window", &window.to_string()];
        Run::new(label, apply(setup, &guest).arguments(&options).on(&source)).warm(&source)
    };
    let (many, few) = ("windows of 64 KiB", "windows of 1 MiB");
    let calls = size / small - size / large;
    let metric = Metric::PerCall { many: many.into(), few: few.into(), calls };
    Ok(Case::new(vec![run(few, large), run(many, small)], vec![Row::new(metric).at_most(1.0)]))
}

pub(super) fn long(setup: &Setup) -> Result<Case, String> {
    let holes = holes(setup, setup.size(1 << 40));
    let source = setup.corpus(Kind::Line, 4 << 30)?;
    let file = setup.work("file");
    let step = replace(setup, FIND, SAME_LENGTH).set("multiline=true").arguments(&["-j", "2"]).on(&file);
    let line = Run::new("one line", step).input(Input::Copy { from: source, to: file });
    let memory = |run: &Run| Row::new(Metric::PeakMemory(run.label.clone())).at_most(MEMORY_MIB);
    let per_gib = Row::new(Metric::PerGib { ours: holes.label.clone(), bytes: setup.size(1 << 40) });
    let rows = vec![per_gib, memory(&holes), memory(&line)];
    let case = Case::new(vec![holes, line], rows).max_rounds(1);
    Ok(Case { warm_up: false, ..case })
}
