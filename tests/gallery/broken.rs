//! Inputs that are broken, made from those of the cases: a plugin changes them or
//! refuses them, and never crashes nor breaks the contract.

use std::fs;
use std::path::{Path, PathBuf};

use runner_tests::{Random, Scratch, command_with, seed};

use crate::{Project, all};

/// How many broken inputs are made of each case.
const MUTANTS: usize = 24;

/// What messages say when a plugin has done what no input may make it do.
const FAULTS: [&str; 6] =
    ["crashed", "this is a bug in the plugin", "mistake in the plugin", "out of time", "panic", "is false"];

/// Breaks an input: bits flipped, bytes set to extremes, ranges cut out, doubled
/// or overwritten by other parts.
fn break_up(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let length = bytes.len() as u64;
        if length == 0 {
            return;
        }
        let at = random.below(length) as usize;
        let to = (at + 1 + random.below(32) as usize).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'0', b'9', b'\n', b'"'][random.below(8) as usize],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let from = random.below(length - (to - at) as u64 + 1) as usize;
                bytes.copy_within(from..from + (to - at), at);
            }
        }
    }
}

/// The files that are made of a case.
fn mutants(case: &Path, scratch: &Scratch, random: &mut Random) -> Vec<PathBuf> {
    let input = fs::read(case.join("input")).unwrap();
    let name = case.file_name().unwrap().to_str().unwrap();
    let mutant = |index| {
        let mut bytes = input.clone();
        break_up(&mut bytes, random);
        scratch.write(&format!("{name}-{index}"), bytes)
    };
    (0..MUTANTS).map(mutant).collect()
}

/// Tries a plugin with what is made of each of its cases, and with parameters
/// beside those of the case.
pub(crate) fn broken_inputs_do_no_harm(project: &Project, parameters: &[&str]) {
    let mut random = Random(seed());
    for case in fs::read_dir(project.folder.join("cases")).unwrap() {
        let (case, scratch) = (case.unwrap().path(), Scratch::in_memory());
        let files = mutants(&case, &scratch, &mut random);
        let mut command = command_with(runner_tests::MANY_DESCRIPTORS);
        command.args(["apply", "--dry-run", "--as-is"]).arg(project.plugin()).args(&files);
        if case.join("params.toml").exists() {
            command.arg("--params").arg(case.join("params.toml"));
        }
        for parameter in parameters {
            command.args(["--set", parameter]);
        }
        let ran = runner_tests::Ran::of(command.output().unwrap());
        let said = format!("{}: {}", case.display(), ran.stderr);
        assert!(FAULTS.iter().all(|fault| !said.contains(fault)), "{said}");
    }
}

/// `RUNNER_SEED` chooses other inputs.
#[test]
fn broken_inputs_do_no_harm_to_any_plugin() {
    all().iter().for_each(|project| broken_inputs_do_no_harm(project, &[]));
}
