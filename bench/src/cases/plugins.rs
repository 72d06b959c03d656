//! Plugins other than `replace`, a slow guest, and the cost of the sandbox.

use std::path::Path;

use super::{FIND, SAME_LENGTH, apply};
use crate::case::{Case, Input, Row, Run, Stdout, Step};
use crate::corpus::Kind;
use crate::setup::Setup;

const SIZE: u64 = 1 << 28;

pub(super) fn csv_hash(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Csv, SIZE)?;
    let file = setup.work("file");
    let run = |label: &str, step: Step| {
        let copy = Input::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, step.on(&file)).input(copy).warm(&file)
    };
    // Miller has no keyed hash. Of its hashes, SHA-256 is the one of equal
    // strength, and MD5 the fastest.
    let miller = |hash: &str| Step::new("mlr", &["-I", "--csv", "put", &format!("$email = {hash}($email)")]);
    let ours = apply(setup, "csv").set("hash=email").set("key=a long random key");
    let runs = vec![
        run("runner apply csv", ours),
        run("mlr, SHA-256", miller("sha256")).synced(&file),
        run("mlr, MD5", miller("md5")).synced(&file),
    ];
    let rows = vec![
        Row::speedup("runner apply csv", &["mlr, SHA-256"]),
        Row::speedup("runner apply csv", &["mlr, MD5"]),
    ];
    Ok(Case::new(runs, rows))
}

pub(super) fn csv_mask(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Csv, SIZE)?;
    let (file, out) = (setup.work("file"), setup.work("out"));
    let run = |label: &str, step: Step| {
        let copy = Input::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, step.on(&file)).input(copy).warm(&file).result(&file)
    };
    // mawk does not parse quotes, and need not here: only the last field is
    // quoted, and the second line of such a record has one field.
    let program = r#"NR > 1 && NF >= 3 { gsub(/./, "*", $3) } { print }"#;
    let mawk = Step::new("mawk", &["-F,", "-vOFS=,", program]).stdout(Stdout::File(out.clone()));
    let runs = vec![
        run("runner apply csv", apply(setup, "csv").set("mask=email")),
        run("mawk", mawk).then(Step::new("mv", &[&out, &file])).synced(&file),
    ];
    Ok(Case::new(runs, vec![Row::speedup("runner apply csv", &["mawk"])]))
}

pub(super) fn prefilter(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let file = setup.work("file");
    let run = |label: &str, guest: &Path| {
        let copy = Input::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, apply(setup, guest).on(&file)).input(copy).warm(&file).result(&file)
    };
    let without = setup.guest("slow", None)?;
    let with = setup.guest("slow", Some(("(i32.const 640)", "(i32.const 704)")))?;
    let runs = vec![run("with a prefilter", &with), run("without", &without)];
    Ok(Case::new(runs, vec![Row::speedup("with a prefilter", &["without"])]))
}

pub(super) fn native(setup: &Setup) -> Result<Case, String> {
    let native = setup.native()?;
    let (find, with) = (format!("find={FIND}"), format!("with={SAME_LENGTH}"));
    let (find, with) = (find.as_str(), with.as_str());
    let regex = format!("find={FIND}[0-9a-f]+");
    let workloads: [(&str, Kind, &str, &[&str]); 5] = [
        ("replace", Kind::Dense, "replace", &[find, with]),
        ("replace, an expression", Kind::Dense, "replace", &[&regex, with, "regex=true"]),
        ("redact", Kind::Log, "redact", &[]),
        ("csv", Kind::Csv, "csv", &["mask=email,phone"]),
        ("newline", Kind::Crlf, "newline", &["to=lf"]),
    ];
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for (name, kind, plugin, parameters) in workloads {
        // Plain `replace` is so fast that startup would distort the ratio.
        let size = if kind == Kind::Dense { 4 * SIZE } else { SIZE };
        let source = setup.corpus(kind, size)?;
        let threads = setup.cores.to_string();
        let check = |step: Step| {
            let step = parameters.iter().fold(step, |step, parameter| step.set(parameter));
            step.arguments(&["-j", &threads]).finds_changes().on(&source)
        };
        let (sandboxed, natively) = (format!("{name}, sandboxed"), format!("{name}, native"));
        let ours = check(apply(setup, plugin).arguments(&["--check"]));
        runs.push(Run::new(&sandboxed, ours).warm(&source));
        runs.push(Run::new(&natively, check(Step::new(&native, &[plugin]))).warm(&source));
        rows.push(Row::time_ratio(&sandboxed, &natively).at_most(1.5));
    }
    Ok(Case::new(runs, rows))
}
