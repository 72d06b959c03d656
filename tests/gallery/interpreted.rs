//! The plugins in Python and JavaScript, which are built here: their cases, broken
//! inputs, and the parsers `email` and `parse5`.
//!
//! All this takes many minutes. Set `RUNNER_SLOW_LANGUAGES` to run it, with
//! `componentize-py` in `target/languages/venv`, and `componentize-js` and `parse5`
//! in `target/languages/node_modules` (which `NODE_PATH` must name).

use std::fs;
use std::path::{Path, PathBuf};

use runner_tests::{Scratch, command_with, program, repository, seed};

use crate::projects::{built, passes};
use crate::{Project, all, broken};

/// How many documents are made for each setting.
const DOCUMENTS: &str = "150";

#[test]
fn slow_languages_build_and_do_what_other_parsers_say() {
    if std::env::var_os("RUNNER_SLOW_LANGUAGES").is_none() {
        return;
    }
    for project in all().into_iter().filter(|project| !project.is_kept()) {
        let scratch = Scratch::new();
        built(&project, &scratch);
        let copy = Project { folder: scratch.path(&project.name), ..project };
        passes(&copy.folder);
        broken::broken_inputs_do_no_harm(&copy, &[]);
        let made = scratch.path("documents");
        fs::create_dir(&made).unwrap();
        let (interpreter, oracle, ending) = match copy.name.as_str() {
            "mail-scrub" => ("python3", "mail_scrub.py", "mbox"),
            "link-rewrite" => ("node", "link_rewrite.mjs", "html"),
            other => panic!("nothing is known that does what {other} does"),
        };
        let ask = |arguments: &[&str]| {
            let mut command = program(interpreter);
            command.current_dir(repository().join("target/languages"));
            command.arg(repository().join("tests/gallery/oracles").join(oracle)).args(arguments).arg(&made);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        ask(&["make", &(seed() % 1_000_000).to_string(), DOCUMENTS]);
        for window in ["1", "64K"] {
            for settings in fs::read_dir(&made).unwrap() {
                apply(&copy, &settings.unwrap().path(), ending, window);
            }
            let compared: u64 = ask(&["check"]).trim().parse().unwrap();
            assert!(compared > 200, "only {compared} were compared");
        }
    }
}

/// Applies the plugin to copies of all documents in a folder, with its settings.
/// Those that it refuses are marked; where the bytes are known, they are compared.
fn apply(project: &Project, folder: &Path, ending: &str, window: &str) {
    let mut outputs: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == ending) {
            fs::copy(&path, path.with_extension("out")).unwrap();
            outputs.push(path.with_extension("out"));
        }
    }
    let mut command = command_with(runner_tests::MANY_DESCRIPTORS);
    command.args(["apply", "--json", "--window", window]).arg(project.plugin()).args(&outputs);
    for setting in fs::read_to_string(folder.join("set")).unwrap().lines() {
        command.args(["--set", setting]);
    }
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    for output in &outputs {
        let name = output.to_str().unwrap();
        let line = said.lines().find(|line| line.contains(&format!("\"{name}\""))).unwrap();
        if line.contains("\"error\"") {
            assert!(ending == "html" && line.contains("depends on the whole tree"), "{line}");
            fs::write(output.with_extension("refused"), "").unwrap();
        }
        let expected = output.with_extension("expected");
        if expected.exists() {
            assert!(fs::read(output).unwrap() == fs::read(expected).unwrap(), "{name} differs");
        }
    }
}
