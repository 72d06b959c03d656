//! Measures the plugin natively, on one core, without the host:
//! `cargo run --release -p runner-json --example speed [FILE|- [CASE]]`.
//!
//! It prints GB (1e9 bytes) per second of processor time, the best of some
//! rounds, for lines of a log and for one document, generated or from a file.

use runner_json::Json;
use runner_plugin::{Edits, FileHead, HEAD_BYTES, Plugin, Window};
use std::time::Instant;

/// Seconds of processor time of this process (Linux), or of the clock.
fn seconds(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Bytes of generated input.
const INPUT_BYTES: usize = 16 << 20;

/// Bytes shown at a time.
const WINDOW_BYTES: usize = 1 << 20;

const ROUNDS: usize = 25;

/// Lines as services log them.
fn log() -> Vec<u8> {
    let mut text = String::with_capacity(INPUT_BYTES + 1000);
    let mut seed = 1_u64;
    while text.len() < INPUT_BYTES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = seed >> 33;
        text += &format!(
            "{{\"ts\":\"2026-11-27T16:{:02}:{:02}.{:03}Z\",\"level\":\"info\",\"msg\":\"request finished\",\"request_id\":\"{seed:016x}\",\"user\":{{\"id\":{number},\"email\":\"user{number}@example.com\",\"roles\":[\"admin\",\"staff\"]}},\"http\":{{\"method\":\"GET\",\"path\":\"/api/v1/items/{number}?page=3\",\"status\":200,\"bytes\":{},\"duration_ms\":{}.{:02}}},\"ok\":true,\"error\":null}}\n",
            number % 60,
            number % 59,
            number % 1000,
            number % 100_000,
            number % 900,
            number % 100,
        );
    }
    text.into_bytes()
}

/// Runs the plugin over the whole input.
fn run(params: &[(&str, &str)], input: &[u8]) -> Result<usize, String> {
    let params = runner_plugin::testing::params::<Json>(params)?;
    let head = &input[..input.len().min(HEAD_BYTES)];
    let file = FileHead::new(Some(input.len() as u64), head);
    let (mut plugin, job) = Json::begin(&params, &file).map_err(|failure| failure.message)?;
    let is_sequential = job.framing == runner_plugin::Framing::Sequential;
    let (mut start, mut edited) = (0, 0);
    while start < input.len() {
        let mut end = (start + WINDOW_BYTES).min(input.len());
        if !is_sequential {
            end = input[..end].iter().rposition(|byte| *byte == b'\n').map_or(end, |at| at + 1);
        }
        let bytes = &input[start..end];
        let window = Window::new(start as u64, bytes).last(end == input.len());
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits).map_err(|failure| failure.message)?;
        let reply = edits.finish()?;
        if let runner_plugin::Change::Edits { spans, .. } = &reply.change {
            edited += spans.len();
        }
        start += if is_sequential { reply.consumed as usize } else { bytes.len() };
    }
    Ok(edited)
}

/// Lets serde_json read the input without keeping anything, to compare.
fn serde(input: &[u8]) -> Result<usize, String> {
    let values = serde_json::Deserializer::from_slice(input).into_iter::<serde::de::IgnoredAny>();
    values.map(|value| value.map(|_| 1).map_err(|error| error.to_string())).sum()
}

fn main() -> Result<(), String> {
    let case = std::env::args().nth(2);
    let input = match std::env::args().nth(1) {
        Some(path) if path != "-" => std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?,
        _ => log(),
    };
    for (number, params) in [
        [("mask", "$.user.email"), ("lines", "auto")],
        [("mask", "$..email"), ("lines", "auto")],
        [("mask", "$.nothing"), ("lines", "auto")],
        [("mask", "$.user.email"), ("lines", "false")],
        [("mask", "$..*"), ("lines", "auto")],
        [("delete", "$.http"), ("lines", "auto")],
        [("truncate", "$.user.email=3"), ("lines", "auto")],
        [("", "serde_json, nothing kept"), ("", "")],
    ]
    .into_iter()
    .enumerate()
    {
        if case.as_ref().is_some_and(|case| *case != number.to_string()) {
            continue;
        }
        let mut best = f64::INFINITY;
        let mut edits = 0;
        for _ in 0..ROUNDS {
            let clock = Instant::now();
            let start = seconds(clock);
            edits = if params[0].0.is_empty() { serde(&input)? } else { run(&params, &input)? };
            best = best.min(seconds(clock) - start);
        }
        println!("{:5.2} GB/s  {edits:8} edits  {params:?}", input.len() as f64 / best / 1e9);
    }
    Ok(())
}
