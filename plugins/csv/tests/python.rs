//! Compares the plugin with Python's csv module: after a change of one column,
//! the module must read the same rows as before, but for this column.

use runner_csv::Csv;
use runner_plugin::testing::edit;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Number of files. More can be asked for by the variable `CSV_FILES`.
const FILES: usize = 4000;

fn decode(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("two digits"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs the plugin as one line of the script asks for.
fn answer(line: &str) -> String {
    let mut words = line.split_whitespace();
    let input = match words.next() {
        None | Some("-") => Vec::new(),
        Some(hex) => decode(hex),
    };
    let params: Vec<(String, String)> = words
        .map(|word| {
            let (name, value) = word.split_once('=').expect("a parameter");
            (name.to_owned(), String::from_utf8(decode(value)).expect("text"))
        })
        .collect();
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    match edit::<Csv>(&params, &input) {
        Ok(output) => format!("ok {}\n", encode(&output)),
        Err(error) => format!("error {}\n", encode(error.as_bytes())),
    }
}

#[test]
fn python_reads_the_same_rows_but_for_the_column() {
    let files = std::env::var("CSV_FILES").ok().and_then(|count| count.parse().ok()).unwrap_or(FILES);
    let seed = std::env::var("CSV_SEED").unwrap_or_else(|_| "1".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python.py");
    let started = Command::new("python3")
        .args([script, &seed, &files.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = started else {
        eprintln!("skipped: python3 is not installed");
        return;
    };
    let mut to_python = python.stdin.take().expect("a pipe");
    let from_python = BufReader::new(python.stdout.take().expect("a pipe"));
    for line in from_python.lines() {
        let line = line.expect("a line");
        // The script may have ended with a complaint.
        if to_python.write_all(answer(&line).as_bytes()).is_err() {
            break;
        }
    }
    drop(to_python);
    let status = python.wait().expect("an exit code");
    assert!(status.success(), "the rows differ; see above");
}
