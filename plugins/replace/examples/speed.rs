//! Measures the plugin alone, compiled natively, on one thread and a log in
//! memory: `cargo run --release --example speed -p runner-replace [MIB]`.
//!
//! Times are processor times, so other programs do not matter much (Linux).
//! Windows and context are those of the host, without its prefilter, so that
//! the plugin reads every byte.

use std::time::Duration;

use runner_plugin::{Edits, FileHead, Framing, HEAD_BYTES, ParamKind, Params, Plugin, Value, Window};
use runner_replace::Replace;

const WINDOW_BYTES: usize = 1 << 20;

/// A sequence of numbers without pattern.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn log_of(bytes: usize) -> Vec<u8> {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut log = Vec::with_capacity(bytes + 200);
    while log.len() < bytes {
        let (user, host) = (numbers.below(1_000_000), numbers.below(5000));
        let line = format!(
            "2026-11-27T10:{:02}:{:02} host{host} app[{}]: GET /item/{}/view user=user{user} status={} took {} ms\n",
            numbers.below(60),
            numbers.below(60),
            numbers.below(30_000),
            numbers.below(1_000_000_000),
            [200, 200, 200, 304, 404, 500][numbers.below(6) as usize],
            numbers.below(3000),
        );
        log.extend_from_slice(line.as_bytes());
    }
    log
}

/// Users of the log, each with a pseudonym.
fn table(count: u64) -> String {
    let mut numbers = Numbers(1);
    let mut users = std::collections::BTreeSet::new();
    while (users.len() as u64) < count {
        users.insert(numbers.below(1_000_000));
    }
    users.iter().map(|user| format!("user{user}\tperson-{}\n", user % 977)).collect()
}

/// The time that this thread has run.
fn now() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(text.split(' ').next().and_then(|text| text.parse().ok()).expect("a number"))
}

/// A value of the kind that the manifest asks for.
fn value_of(name: &str, text: &str) -> Value {
    let spec = Replace::describe().params.into_iter().find(|spec| spec.name == name);
    match spec.map(|spec| spec.kind) {
        Some(ParamKind::Boolean) => Value::Boolean(text == "true"),
        Some(ParamKind::Integer) => Value::Integer(text.parse().expect("a number")),
        _ => Value::Text(text.to_owned()),
    }
}

fn measure(what: &str, params: &[(&str, &str)], text: &[u8]) {
    let params = params.iter().map(|(name, value)| (*name, value_of(name, value))).collect::<Params>();
    let file = FileHead::new(Some(text.len() as u64), &text[..HEAD_BYTES.min(text.len())]);
    let start = now();
    let (mut plugin, job) = Replace::begin(&params, &file).unwrap_or_else(|error| panic!("{what}: {error}"));
    let begin = now() - start;
    let (before, after) = job.framing.context_bytes();
    let start = now();
    let (mut at, mut count) = (0, 0);
    while at < text.len() {
        let mut end = (at + WINDOW_BYTES).min(text.len());
        if job.framing == Framing::lines() {
            end = text[..end].iter().rposition(|byte| *byte == b'\n').map_or(end, |at| at + 1);
        }
        let shown = at.saturating_sub(before as usize)..(end + after as usize).min(text.len());
        let window = Window::new(shown.start as u64, &text[shown.clone()])
            .owning(at - shown.start..end - shown.start)
            .last(shown.end == text.len());
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits).unwrap_or_else(|error| panic!("{what}: {error}"));
        let reply = edits.finish().unwrap_or_else(|error| panic!("{what}: {error}"));
        if let runner_plugin::Change::Edits { spans, .. } = reply.change {
            count += spans.len();
        }
        at = if job.framing == Framing::Sequential { at + reply.consumed as usize } else { end };
    }
    let seconds = (now() - start).as_secs_f64();
    let speed = text.len() as f64 / seconds / 1e9;
    println!("{what:42} {speed:6.2} GB/s {count:9} edits, begin {:6.1} ms", begin.as_secs_f64() * 1e3);
}

fn main() {
    let mib = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(256);
    let text = log_of(mib << 20);
    let regex = ("regex", "true");
    let multiline = ("multiline", "true");
    measure("one text, in a sixth of the lines", &[("find", "status=404"), ("with", "status=0")], &text);
    measure("one text, either case", &[("find", "STATUS=404"), ("ignore-case", "true")], &text);
    for count in [2, 100, 10_000, 572_000] {
        let table = table(count);
        measure(&format!("{count} pairs"), &[("pairs", &table)], &text);
    }
    let table = table(10_000);
    measure("10000 pairs, whole words", &[("pairs", &table), ("word", "true")], &text);
    measure("10000 pairs, either case", &[("pairs", &table), ("ignore-case", "true")], &text);
    measure("expression with a literal", &[("find", r"user=user(\d+)"), ("with", "user=$1"), regex], &text);
    measure("expression without one", &[("find", r"\d+ ms$"), ("with", "-"), regex], &text);
    measure("lines that match", &[("find", "user"), ("with", "x"), ("lines", "status=404")], &text);
    measure("by number", &[("find", "user"), ("with", "x"), ("line", "2-")], &text);
    measure("multiline, bounded", &[("find", r"ms\n2026"), ("with", "x"), regex, multiline], &text);
    measure("multiline, unbounded, frequent", &[("find", r"(?s)app\[.*?\]"), regex, multiline], &text);
    measure("multiline, unbounded, none", &[("find", r"(?s)/\*.*?\*/"), regex, multiline], &text);
    measure("multiline, unbounded, no literal", &[("find", r"\s+\n"), regex, multiline], &text);
}
