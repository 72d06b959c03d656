//! Measures how fast values are found, without the sandbox, in generated logs
//! and in lines that were made to be slow.
//!
//! `cargo run --release --example speed [FILE [KINDS]]`

use std::hint::black_box;

/// Number of bytes of text.
const BYTES: usize = 8 << 20;

/// Number of bytes of each slow line.
const LINE_BYTES: usize = 64 << 10;

fn main() {
    let text = match std::env::args_os().nth(1) {
        Some(path) if path != "-" => std::fs::read(path).expect("the file can be read"),
        _ => log(BYTES),
    };
    if let Some(kinds) = std::env::args().nth(2) {
        println!("{kinds:14} {:.3} GB/s", speed(&text, &kinds));
        return;
    }
    let start = processor_seconds();
    let lines: usize = (0..32).map(|_| black_box(&text).iter().filter(|&&byte| byte == b'\n').count()).sum();
    let speed_of_count = 32.0 * text.len() as f64 / (processor_seconds() - start) / 1e9;
    println!("counting {} lines: {speed_of_count:.3} GB/s", lines / 32);
    for kinds in [
        "default",
        "personal",
        "secrets",
        "email",
        "ipv4",
        "ipv6",
        "card",
        "phone",
        "password",
        "key",
        "default,-key",
    ] {
        println!("{kinds:14} {:.3} GB/s", speed(&text, kinds));
    }
    for piece in PIECES {
        let line = piece.repeat(LINE_BYTES / piece.len());
        println!("{:40} {:.3} GB/s", piece.escape_debug().to_string(), speed(line.as_bytes(), "default"));
    }
}

/// Gigabytes a second, the best of three runs.
fn speed(text: &[u8], kinds: &str) -> f64 {
    let run = || {
        let start = processor_seconds();
        // As a window of the host.
        for window in text.chunks(1 << 20) {
            black_box(runner_redact::values(black_box(window), kinds)).expect("a list of kinds");
        }
        text.len() as f64 / (processor_seconds() - start) / 1e9
    };
    (0..3).map(|_| run()).fold(0.0, f64::max)
}

/// The processor time of this process so far, which other processes do not
/// change much.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse::<f64>().ok()).expect("a number");
    nanoseconds / 1e9
}

/// Pieces whose repetition was slow once, or may be.
const PIECES: [&str; 24] = [
    "a@",
    "a%40",
    "a=40a.bc",
    "a.",
    "1.",
    "1.1",
    "::",
    "a:",
    "1:",
    "1 ",
    "4111 ",
    "4111",
    "bearer ",
    "bearer",
    "%",
    "\\n",
    "\\",
    "\\\\\"",
    "password=",
    "\"password\":\"",
    "cookie: a=",
    "authorization: digest ",
    "://a:b@",
    "://",
];

/// A log of several programs, the same in each run.
fn log(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let mut text = String::with_capacity(bytes + 1024);
    while text.len() < bytes {
        let (a, b, c, d) = (next(223) + 1, next(256), next(256), next(254) + 1);
        let (minute, second, id, port) = (next(60), next(60), next(1 << 62), next(60_000) + 1024);
        let line = match next(6) {
            0 => format!(
                "{a}.{b}.{c}.{d} - - [26/Nov/2026:10:{minute:02}:{second:02} +0000] \"GET /static/js/app.{id:x}.js?v={port} HTTP/1.1\" 200 {port} \"https://www.example.com/index.html\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\"\n"
            ),
            1 => format!(
                "Nov 26 10:{minute:02}:{second:02} combo sshd(pam_unix)[{port}]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={a}.{b}.{c}.{d} user=root\n"
            ),
            2 => format!(
                "081109 20{minute:02}{second:02} {port} INFO dfs.DataNode$PacketResponder: Received block blk_-{id} of size 67108864 from /10.{b}.{c}.{d}\n"
            ),
            3 => format!(
                "{{\"ts\":\"2026-11-26T10:{minute:02}:{second:02}.123Z\",\"level\":\"info\",\"logger\":\"http\",\"msg\":\"request done\",\"trace_id\":\"{id:016x}\",\"status\":200,\"ms\":{port},\"user\":\"user{port}@example.com\"}}\n"
            ),
            4 => format!(
                "2026-11-26 10:{minute:02}:{second:02},789 - WARN  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:QuorumCnxManager@{port}] - Cannot open channel to 3 at election address\n"
            ),
            _ => format!(
                "2026-11-26 10:{minute:02}:{second:02}.{port} 2931 INFO nova.compute.manager [req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab - - -] [instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] VM Started (Lifecycle Event)\n"
            ),
        };
        text.push_str(&line);
    }
    text.into_bytes()
}
