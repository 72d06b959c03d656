//! Pipes, output to new files, many small files, and a tiny file.

use super::{FIND, SAME_LENGTH, replace, script};
use crate::case::{Case, Input, Metric, Row, Run, Stdout, Step, with_sync};
use crate::corpus::{self, Kind};
use crate::inputs::copy_name;
use crate::setup::{CACHE_VARIABLE, Setup};

const SIZE: u64 = 1 << 30;
const SMALL: u64 = 4096;
const FILES: u32 = 10_000;

pub(super) fn pipe(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let run = |label: &str, step: Step| {
        let out = if label == "cat" { Stdout::Discarded } else { Stdout::Compared };
        Run::new(label, step.stdin(&source).stdout(out)).warm(&source)
    };
    let script = script(FIND, SAME_LENGTH);
    let awk = format!("{{ gsub(/{FIND}/, \"{SAME_LENGTH}\"); print }}");
    let ours = Step::new(setup.runner(), &["pipe", "replace"])
        .set(&format!("find={FIND}"))
        .set(&format!("with={SAME_LENGTH}"));
    let runs = vec![
        run("runner pipe", ours),
        run("sed", Step::new("sed", &[&script])),
        run("perl -pe", Step::new("perl", &["-pe", &script])),
        run("mawk", Step::new("mawk", &[&awk])),
        run("cat", Step::new("cat", &["-"])),
    ];
    let rows = vec![
        Row::speedup("runner pipe", &["sed", "perl -pe", "mawk"]),
        Row::time_ratio("runner pipe", "cat"),
    ];
    Ok(Case::new(runs, rows))
}

pub(super) fn elsewhere(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let out = setup.work("out");
    let run = |label: &str, step: Step| Run::new(label, step).input(Input::Absent(out.clone())).warm(&source);
    let ours = replace(setup, FIND, SAME_LENGTH).on(&source).arguments(&["-o"]).on(&out);
    let sed = Step::new("sed", &[script(FIND, SAME_LENGTH)]).on(&source).stdout(Stdout::File(out.clone()));
    let cp = Step::new("cp", &[&source, &out]);
    let runs = vec![
        run("runner apply -o", ours).result(&out),
        run("sed >", sed).result(&out).synced(&out),
        run("cp", cp).synced(&out),
    ];
    let (sed, cp) = (with_sync("sed >"), with_sync("cp"));
    let rows = vec![
        Row::speedup("runner apply -o", &["sed >"]),
        Row::speedup("runner apply -o", &[sed]),
        Row::time_ratio("runner apply -o", "cp"),
        Row::time_ratio("runner apply -o", &cp),
    ];
    Ok(Case::new(runs, rows))
}

pub(super) fn files(setup: &Setup) -> Result<Case, String> {
    let source = corpus::make(Kind::Sparse, SMALL)?;
    let folder = setup.work("files");
    let count = if setup.is_quick() { FILES / 100 } else { FILES };
    let names: Vec<_> = (0..count).map(|number| format!("files/{}", copy_name(number))).collect();
    let run = |label: &str, mut step: Step| {
        step.command.args(&names);
        let copies = Input::Copies { from: source.clone(), folder: folder.clone(), count };
        Run::new(label, step).input(copies).warm(&folder).result(&folder)
    };
    let script = script(FIND, SAME_LENGTH);
    let runs = vec![
        run("runner apply", replace(setup, FIND, SAME_LENGTH)),
        run("sed -i", Step::new("sed", &["-i", &script])),
        run("perl -pi", Step::new("perl", &["-pi", "-e", &script])),
        run("sd", Step::new("sd", &["--fixed-strings", FIND, SAME_LENGTH])),
    ];
    let rows = vec![Row::speedup("runner apply", &["sed -i", "perl -pi", "sd"])];
    // The syncs of all files add up.
    Ok(Case::new(runs, rows).max_rounds(3))
}

pub(super) fn tiny(setup: &Setup) -> Result<Case, String> {
    let source = corpus::make(Kind::Sparse, SMALL)?;
    let file = setup.work("file");
    let run = |label: &str, step: Step| {
        let copy = Input::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, step.on(&file)).input(copy).warm(&file)
    };
    let cache = setup.work("empty-cache");
    let mut cold = replace(setup, FIND, SAME_LENGTH);
    cold.command.env(CACHE_VARIABLE, &cache);
    let check = replace(setup, FIND, SAME_LENGTH).arguments(&["--check"]).finds_changes();
    let sed = Step::new("sed", &["-i", &script(FIND, SAME_LENGTH)]);
    let (warm_label, cold_label) = ("runner apply, warm", "runner apply, cold");
    let check_label = "runner apply --check, warm";
    let runs = vec![
        run(warm_label, replace(setup, FIND, SAME_LENGTH)).result(&file),
        run(check_label, check),
        run(cold_label, cold).input(Input::Absent(cache)).result(&file),
        run("sed -i", sed).synced(&file).result(&file),
    ];
    let milliseconds = |label: &str| Row::new(Metric::Milliseconds(label.into()));
    let rows = vec![
        milliseconds(warm_label).at_most(15.0),
        milliseconds(check_label),
        milliseconds(cold_label),
        milliseconds("sed -i"),
        milliseconds(&with_sync("sed -i")),
    ];
    Ok(Case::new(runs, rows))
}
