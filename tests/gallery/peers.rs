//! Plugins against programs in Python that do the same in another way.
//!
//! `NAME.py FOLDER SEED` makes folders as those of cases: `input`, `params.toml`
//! and `output` or `error`. A file `counts` has words of the report.

use std::fs;
use std::path::Path;

use runner_tests::{Random, Scratch, has, program, repository, runner, seed, skip};

/// Cuts of a file, and numbers of threads.
const CUTS: [[&str; 2]; 4] = [["1", "2"], ["100", "1"], ["4096", "2"], ["1048576", "1"]];

/// Runs a plugin on a folder that the script made.
fn compare(plugin: &str, folder: &Path, cut: [&str; 2], file: &Path) {
    let [window, threads] = cut;
    let read = |name: &str| fs::read(folder.join(name));
    let input = read("input").unwrap();
    fs::write(file, &input).unwrap();
    let params = folder.join("params.toml");
    let (file_name, params) = (file.to_str().unwrap(), params.to_str().unwrap());
    let arguments = ["apply", plugin, file_name, "--params", params, "--window", window, "-j", threads];
    let ran = runner(arguments);
    let found = fs::read(file).unwrap();
    let about = format!("{}, {}", arguments.join(" "), fs::read_to_string(params).unwrap());
    if let Ok(words) = read("error") {
        let words = String::from_utf8(words).unwrap();
        assert!(ran.code != 0 && ran.stderr.contains(words.trim()), "{about}: {words} in {}", ran.stderr);
        assert_eq!(found, input, "{about}");
        return;
    }
    assert_eq!(ran.code, 0, "{about}: {}", ran.stderr);
    let expected = read("output").unwrap();
    let lines = |bytes: &[u8]| bytes.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    for ((found, expected), input) in lines(&found).iter().zip(&lines(&expected)).zip(lines(&input)) {
        let shown = [&input, expected, found].map(|line| line.escape_ascii().to_string());
        assert_eq!(shown[1], shown[2], "{about}, input {}", shown[0]);
    }
    assert_eq!(found.len(), expected.len(), "{about}");
    if let Ok(words) = read("counts") {
        let words = String::from_utf8(words).unwrap();
        assert!(ran.stderr.contains(words.trim()), "{about}: {words} in {}", ran.stderr);
    }
}

/// Runs the script of a plugin and compares all that it made.
fn agrees(name: &str) {
    if !has("python3") {
        skip("python3 is not installed");
        return;
    }
    let scratch = Scratch::in_memory();
    let made = scratch.path("made");
    let script = repository().join(format!("tests/gallery/{name}.py"));
    let seed = seed();
    let output = program("python3").arg(script).arg(&made).arg(seed.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plugin = repository().join(format!("gallery/{name}/{name}.wasm"));
    let mut random = Random(seed | 1);
    let mut count = 0;
    for folder in fs::read_dir(&made).unwrap() {
        let cut = CUTS[random.below(CUTS.len() as u64) as usize];
        compare(plugin.to_str().unwrap(), &folder.unwrap().path(), cut, &scratch.path("file"));
        count += 1;
    }
    assert!(count > 10, "the script made {count} folders");
}

#[test]
fn time_shift_agrees_with_datetime() {
    agrees("time-shift");
}

#[test]
fn fixed_width_agrees_with_struct() {
    agrees("fixed-width");
}

#[test]
fn log_format_agrees_with_json() {
    agrees("log-format");
}
