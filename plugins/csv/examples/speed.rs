//! Measures the plugin natively, on one core, without the host:
//! `cargo run --release -p runner-csv --example speed [part of a job's name]`.
//!
//! Processor time is measured, so other programs disturb little. A table of ten columns is generated in memory and shown in windows of 1 MiB.

use runner_csv::Csv;
use runner_plugin::{Edits, FileHead, HEAD_BYTES, Plugin, Window};
use std::fmt::Write;

const FILE_BYTES: usize = 200 << 20;
const WINDOW_BYTES: usize = 1 << 20;

/// Rows as databases export them: numbers, words, dates, and a quoted text.
fn table() -> Vec<u8> {
    let mut text = String::from("id,first,last,mail,phone,city,born,amount,status,note\n");
    let mut random = 1_u64;
    while text.len() < FILE_BYTES {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b) = (random >> 33, random >> 45);
        let written = writeln!(
            text,
            "{a},Name{},Family{b},user{b}@example.com,555{:07},City{},19{:02}-0{}-1{},{}.{:02},open,\"note, {b}\"",
            a % 97,
            a % 9_999_999,
            b % 1000,
            b % 100,
            a % 9 + 1,
            b % 10,
            a % 10_000,
            b % 100
        );
        written.expect("a string has room");
    }
    text.into_bytes()
}

/// Nanoseconds of processor time that this process has used (Linux only).
fn processor_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("a system with schedstat");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

/// Gigabytes per second, and the number of edits.
fn run(file: &[u8], given: &[(&str, &str)]) -> (f64, usize) {
    let head = &file[..file.len().min(HEAD_BYTES)];
    let params = runner_plugin::testing::params::<Csv>(given).expect("parameters");
    let (mut csv, _) =
        Csv::begin(&params, &FileHead::new(Some(file.len() as u64), head)).expect("parameters");
    let start = processor_ns();
    let (mut at, mut count) = (0, 0);
    while at < file.len() {
        let end = (at + WINDOW_BYTES).min(file.len());
        let end = memchr::memchr(b'\n', &file[end - 1..]).map_or(file.len(), |more| end + more);
        let bytes = &file[at..end];
        let window = Window::new(at as u64, bytes).last(end == file.len());
        let mut edits = Edits::new(&window);
        csv.transform(&window, &mut edits).expect("a window");
        if let runner_plugin::Change::Edits { spans, .. } = edits.finish().expect("edits").change {
            count += spans.len();
        }
        at = end;
    }
    (file.len() as f64 / (processor_ns() - start), count)
}

/// Gigabytes per second of a search that does little: how fast the machine is
/// at the moment.
fn reference(file: &[u8]) -> f64 {
    let start = processor_ns();
    let count = file.iter().filter(|byte| **byte == b'\n').count();
    assert!(count > 1000);
    file.len() as f64 / (processor_ns() - start)
}

fn main() {
    let file = table();
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (what, params) in [
        ("mask the 2nd of 10", &[("mask", "first")][..]),
        ("mask the 4th of 10", &[("mask", "mail")]),
        ("mask the 9th of 10", &[("mask", "status")]),
        ("mask the 4th, count fields", &[("mask", "mail"), ("ragged", "refuse")]),
        ("mask the 4th, no quotes", &[("mask", "mail"), ("quote", "none"), ("ragged", "keep")]),
        ("mask the 4th, lenient", &[("mask", "mail"), ("quotes", "lenient")]),
        ("mask all", &[("mask", "*")]),
        ("hash the 4th", &[("hash", "mail"), ("key", "k")]),
        ("drop the 4th", &[("drop", "mail")]),
        ("delete half", &[("delete-rows", "1~[0-4]$")]),
    ] {
        if !what.contains(&wanted) {
            continue;
        }
        let best = (0..3).map(|_| run(&file, params)).max_by(|left, right| left.0.total_cmp(&right.0));
        let (speed, edits) = best.expect("three runs");
        println!(
            "{what:28} {speed:5.2} GB/s, {edits} edits; counting line ends {:5.2} GB/s",
            reference(&file)
        );
    }
}
