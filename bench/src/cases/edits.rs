//! In-place edits, compared with editors and with hashing alone.

use std::path::Path;

use super::{FIND, SAME_LENGTH, SHORTER, replace, script};
use crate::case::{Case, Input, Metric, Row, Run, Step, with_sync};
use crate::corpus::Kind;
use crate::setup::Setup;

const SIZE: u64 = 1 << 30;
const OURS: &str = "runner apply";
const EDITORS: [&str; 3] = ["sed -i", "perl -pi", "sd"];

/// How `replace` splits the file.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Lines,
    Bytes,
}

pub(super) fn sparse(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let mut runs = editors(setup, &source, FIND, SAME_LENGTH, Framing::Lines);
    runs.push(b3sum(&source, setup.cores));
    let mut rows = against_editors(Some(5.0));
    rows.push(Row::time_ratio(OURS, &b3sum_label(setup.cores)).at_most(1.25));
    Ok(Case::new(runs, rows))
}

pub(super) fn check(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    let mut threads = vec![1, setup.cores];
    threads.dedup();
    for threads in threads {
        let label = format!("runner apply --check -j{threads}");
        let options = ["--check", "-j", &threads.to_string()];
        let step = replace(setup, FIND, SAME_LENGTH).arguments(&options).finds_changes().on(&source);
        let hashing = format!("runner verify -j{threads}");
        let hash = Step::new(setup.runner(), &["verify", "-j", &threads.to_string()]).on(&source);
        runs.push(Run::new(&label, step).warm(&source));
        runs.extend([Run::new(&hashing, hash).warm(&source), b3sum(&source, threads)]);
        rows.push(Row::time_ratio(&label, &b3sum_label(threads)).at_most(1.25));
        rows.push(Row::time_ratio(&hashing, &b3sum_label(threads)));
    }
    Ok(Case::new(runs, rows))
}

pub(super) fn dense(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Dense, SIZE)?;
    Ok(Case::new(editors(setup, &source, FIND, SAME_LENGTH, Framing::Lines), against_editors(Some(1.5))))
}

pub(super) fn sparse_length(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    Ok(Case::new(editors(setup, &source, FIND, SHORTER, Framing::Lines), against_editors(Some(1.0))))
}

pub(super) fn dense_length(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Dense, SIZE)?;
    Ok(Case::new(editors(setup, &source, FIND, SHORTER, Framing::Lines), against_editors(Some(1.0))))
}

pub(super) fn none(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let mut runs = editors(setup, &source, "absent=", "ABSENT=", Framing::Lines);
    runs.push(b3sum(&source, setup.cores));
    let mut rows = against_editors(None);
    rows.push(Row::time_ratio(OURS, &b3sum_label(setup.cores)));
    Ok(Case::new(runs, rows))
}

pub(super) fn line(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Line, SIZE / 2)?;
    let runs = editors(setup, &source, FIND, SAME_LENGTH, Framing::Bytes);
    let mut rows = against_editors(None);
    rows.push(Row::new(Metric::PeakMemory(OURS.into())));
    Ok(Case::new(runs, rows))
}

/// `runner` and each editor, on a fresh copy of the same file.
fn editors(setup: &Setup, source: &Path, find: &str, with: &str, framing: Framing) -> Vec<Run> {
    let file = setup.work("file");
    let script = script(find, with);
    let [sed, perl, sd] = EDITORS;
    let run = |label: &str, step: Step| {
        let copy = Input::Copy { from: source.to_owned(), to: file.clone() };
        Run::new(label, step.on(&file)).input(copy).warm(&file).result(&file)
    };
    // sed and perl always work on lines, however long they are.
    let ours = match framing {
        Framing::Lines => replace(setup, find, with),
        Framing::Bytes => replace(setup, find, with).set("multiline=true"),
    };
    vec![
        run(OURS, ours),
        run(sed, Step::new("sed", &["-i", &script])).synced(&file),
        run(perl, Step::new("perl", &["-pi", "-e", &script])).synced(&file),
        run(sd, Step::new("sd", &["--fixed-strings", find, with])).synced(&file),
    ]
}

/// Compares with the editors as they are, to which the target applies, and
/// with a sync added, which makes the work more equal.
fn against_editors(target: Option<f64>) -> Vec<Row> {
    let mut row = Row::speedup(OURS, &EDITORS);
    if let Some(bound) = target {
        row = row.at_least(bound);
    }
    vec![row, Row::speedup(OURS, &EDITORS.map(with_sync))]
}

fn b3sum(file: &Path, threads: usize) -> Run {
    let step = Step::new("b3sum", &["--num-threads", &threads.to_string()]).on(file);
    Run::new(b3sum_label(threads), step).warm(file)
}

fn b3sum_label(threads: usize) -> String {
    format!("b3sum --num-threads {threads}")
}
