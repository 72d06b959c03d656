//! Measures the secret rules over a generated log: gigabytes per second of one
//! core, and how often expressions were searched for.
//!
//! `cargo run --release --example secret_rules -- [RULES.toml] [LOG]` measures
//! the rules of a file, and another log.

use runner_redact::rules::RuleSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Size of the generated log.
const LOG_BYTES: usize = 64 << 20;

/// How much of it is searched at a time, as a host would show it.
const WINDOW_BYTES: usize = 1 << 20;

/// The processor time of this process where Linux tells it, or else the time.
fn now(start: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok();
    let spent = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    spent.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let (rules, log) = (arguments.next().filter(|rules| rules != "-"), arguments.next());
    let clock = Instant::now();
    let start = now(clock);
    let rules = match rules {
        Some(path) => RuleSet::parse(&std::fs::read_to_string(path).map_err(|error| error.to_string())?)?,
        None => RuleSet::builtin()?,
    };
    println!("{} rules read in {:.2} ms", rules.len(), (now(clock) - start).as_secs_f64() * 1e3);
    let log = match log {
        Some(path) => std::fs::read(path).map_err(|error| error.to_string())?,
        None => generated().into_bytes(),
    };
    let windows = windows(&log);
    let mut found = 0;
    for _ in 0..4 {
        found = 0;
        let start = now(clock);
        for window in &windows {
            rules.find(window, &mut |_| found += 1)?;
        }
        println!("rules: {:.2} GB/s", log.len() as f64 / 1e9 / (now(clock) - start).as_secs_f64());
    }
    // Four cycles a byte on most processors: how fast this one is right now.
    let start = now(clock);
    let hash = log.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    println!(
        "for comparison, FNV-1a: {:.2} GB/s ({hash:x})",
        log.len() as f64 / 1e9 / (now(clock) - start).as_secs_f64()
    );
    let mut searches: Vec<_> =
        (0..rules.len()).map(|rule| (rules.searches(rule) / 4, rules.name(rule))).collect();
    searches.sort_unstable_by(|a, b| b.cmp(a));
    let all: u64 = searches.iter().map(|(count, _)| count).sum();
    println!("{found} found; {:.1} searches per MB; most:", all as f64 / (log.len() as f64 / 1e6));
    searches.iter().take(8).for_each(|(count, name)| println!("  {count} {name}"));
    Ok(())
}

/// The log in windows of whole lines.
fn windows(log: &[u8]) -> Vec<&[u8]> {
    let (mut windows, mut rest) = (Vec::new(), log);
    while rest.len() > WINDOW_BYTES {
        let end =
            rest[..WINDOW_BYTES].iter().rposition(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
        let (window, after) = rest.split_at(end);
        windows.push(window);
        rest = after;
    }
    windows.push(rest);
    windows
}

/// Lines of a web server, of a Java service, of JSON and of a kernel, and a
/// secret in one of 10,000.
fn generated() -> String {
    let mut seed = 1_u64;
    let mut below = |limit: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    let words =
        ["task", "disk", "key", "session", "user", "monkey", "asia-east1", "they", "github.com", "risk-3"];
    let mut log = String::with_capacity(LOG_BYTES + 1024);
    while log.len() < LOG_BYTES {
        let word = words[below(10) as usize];
        let (ip, id, hex) = (below(256), below(1 << 30), below(1 << 62));
        let _ = match below(4) {
            0 => writeln!(
                log,
                "10.20.{ip}.7 - - [26/Nov/2026:10:11:12 +0000] \"GET /api/v2/{word}/{id}?page=3&sort=name HTTP/1.1\" 200 {id} \"https://www.example.com/{word}\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\""
            ),
            1 => writeln!(
                log,
                "2026-11-26 10:11:12,345 INFO  [http-nio-8080-exec-{ip}] org.example.service.{word}.OrderService - Finished request {hex:016x} of account {id} in {ip} ms"
            ),
            2 => writeln!(
                log,
                "{{\"time\":\"2026-11-26T10:11:12Z\",\"level\":\"info\",\"msg\":\"{word} updated\",\"token_type\":\"none\",\"trace_id\":\"{hex:016x}{id:016x}\",\"count\":{ip}}}"
            ),
            _ => writeln!(
                log,
                "Nov 26 10:11:12 host{ip} kernel: [{id}.123456] eth0: {word} link up, 1000 Mbps, full duplex"
            ),
        };
        if below(10_000) == 0 {
            let _ = writeln!(log, "export T=ghp_{hex:018x}{id:018x}");
        }
    }
    log
}
