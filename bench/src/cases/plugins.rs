//! Other plugins than `replace`, slow ones, and what the sandbox costs.

use std::path::Path;

use super::{FIND, SAME_LENGTH, apply};
use crate::case::{Case, Fresh, Out, Row, Run, Step};
use crate::corpus::Kind;
use crate::setup::Setup;

const SIZE: u64 = 1 << 28;

pub(super) fn csv_hash(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Csv, SIZE)?;
    let file = setup.work("file");
    let run = |label: &str, step: Step| {
        let copy = Fresh::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, step.on(&file)).fresh(copy).warm(&file)
    };
    // Miller has no keyed hash. Of those it has, SHA-256 is the one that is as
    // strong, and MD5 the fastest.
    let miller = |hash: &str| Step::new("mlr", &["-I", "--csv", "put", &format!("$email = {hash}($email)")]);
    let ours = apply(setup, "csv").set("hash=email").set("key=a long random key");
    let runs = vec![
        run("runner apply csv", ours),
        run("mlr, SHA-256", miller("sha256")).synced(&file),
        run("mlr, MD5", miller("md5")).synced(&file),
    ];
    let rows = vec![
        Row::faster("runner apply csv", &["mlr, SHA-256"]),
        Row::faster("runner apply csv", &["mlr, MD5"]),
    ];
    Ok(Case::new(runs, rows))
}

pub(super) fn csv_mask(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Csv, SIZE)?;
    let (file, out) = (setup.work("file"), setup.work("out"));
    let run = |label: &str, step: Step| {
        let copy = Fresh::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, step.on(&file)).fresh(copy).warm(&file).result(&file)
    };
    // mawk knows nothing of quotes. Here it need not: what is quoted comes
    // last, and a line that goes on a record has one field.
    let program = r#"NR > 1 && NF >= 3 { gsub(/./, "*", $3) } { print }"#;
    let mawk = Step::new("mawk", &["-F,", "-vOFS=,", program]).stdout(Out::To(out.clone()));
    let runs = vec![
        run("runner apply csv", apply(setup, "csv").set("mask=email")),
        run("mawk", mawk).then(Step::new("mv", &[&out, &file])).synced(&file),
    ];
    Ok(Case::new(runs, vec![Row::faster("runner apply csv", &["mawk"])]))
}

pub(super) fn prefilter(setup: &Setup) -> Result<Case, String> {
    let source = setup.corpus(Kind::Sparse, SIZE)?;
    let file = setup.work("file");
    let run = |label: &str, guest: &Path| {
        let copy = Fresh::Copy { from: source.clone(), to: file.clone() };
        Run::new(label, apply(setup, guest).on(&file)).fresh(copy).warm(&file).result(&file)
    };
    let without = setup.guest("slow", None)?;
    let with = setup.guest("slow", Some(("(i32.const 640)", "(i32.const 704)")))?;
    let runs = vec![run("with a prefilter", &with), run("without", &without)];
    Ok(Case::new(runs, vec![Row::faster("with a prefilter", &["without"])]))
}

pub(super) fn native(setup: &Setup) -> Result<Case, String> {
    let native = setup.native()?;
    let (find, with) = (format!("find={FIND}"), format!("with={SAME_LENGTH}"));
    let (find, with) = (find.as_str(), with.as_str());
    let regex = format!("find={FIND}[0-9a-f]+");
    let works: [(&str, Kind, &str, &[&str]); 5] = [
        ("replace", Kind::Dense, "replace", &[find, with]),
        ("replace, an expression", Kind::Dense, "replace", &[&regex, with, "regex=true"]),
        ("redact", Kind::Log, "redact", &[]),
        ("csv", Kind::Csv, "csv", &["mask=email,phone"]),
        ("newline", Kind::Crlf, "newline", &["to=lf"]),
    ];
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for (name, kind, plugin, parameters) in works {
        // It is over so soon that starting would weigh in.
        let size = if kind == Kind::Dense { 4 * SIZE } else { SIZE };
        let source = setup.corpus(kind, size)?;
        let threads = setup.cores.to_string();
        let ask = |step: Step| {
            let step = parameters.iter().fold(step, |step, parameter| step.set(parameter));
            step.arguments(&["-j", &threads]).finds().on(&source)
        };
        let (sandboxed, natively) = (format!("{name}, sandboxed"), format!("{name}, native"));
        let ours = ask(apply(setup, plugin).arguments(&["--check"]));
        runs.push(Run::new(&sandboxed, ours).warm(&source));
        runs.push(Run::new(&natively, ask(Step::new(&native, &[plugin]))).warm(&source));
        rows.push(Row::time(&sandboxed, &natively).at_most(1.5));
    }
    Ok(Case::new(runs, rows))
}
