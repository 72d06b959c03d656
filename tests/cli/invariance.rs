//! Every bundled plugin gives the same patch, byte for byte, for every window
//! size and number of threads, on files of several blocks.

use std::fs;

use runner_tests::{Random, Scratch, runner};

const WINDOWS: [&str; 4] = ["64K", "128K", "1M", "4M"];
const JOBS: [&str; 3] = ["1", "2", "7"];

/// Plans in all ways, and applies in some.
#[track_caller]
fn invariant(content: &[u8], plugin: &str, params: &[&str]) {
    let scratch = Scratch::in_memory();
    let file = scratch.write("file", content);
    let (file, saved) = (file.to_str().unwrap(), scratch.path("patch"));
    let sets = params.iter().flat_map(|param| ["--set", *param]);
    let options: Vec<_> = sets.collect();
    let mut first: Option<Vec<u8>> = None;
    for window in WINDOWS {
        for jobs in JOBS {
            let args = ["plan", plugin, file, "-o", saved.to_str().unwrap(), "--window", window, "-j", jobs];
            runner(args.iter().chain(&options)).ok();
            let patch = fs::read(&saved).unwrap();
            fs::remove_file(&saved).unwrap();
            if let Some(first) = &first {
                assert!(
                    *first == patch,
                    "{plugin} {params:?} gives another patch with {window} and -j {jobs}"
                );
            } else {
                fs::write(scratch.path("first"), &patch).unwrap();
                first = Some(patch);
            }
        }
    }
    // What is in it is what a stream of small windows gives.
    let args: Vec<_> = ["pipe", plugin, "--window", "64K"].iter().chain(&options).copied().collect();
    let piped = runner_tests::pipe(&args, content).ok().stdout;
    runner!["patch", scratch.path("first").as_os_str(), file].ok();
    assert!(fs::read(file).unwrap() == piped, "{plugin} {params:?}: pipe and patch differ");
    assert!(piped != content, "{plugin} {params:?} changes nothing: that shows nothing");
}

/// Lines of all lengths: empty ones, usual ones, and some that span windows
/// and blocks; with all kinds of line ends, and none at the end.
fn lines() -> Vec<u8> {
    let mut random = Random(11);
    let mut out = runner_tests::log_lines(1 << 20, "\n");
    while out.len() < 5 << 20 {
        let length = match random.below(1000) {
            0 => 300_000 + random.below(1_500_000),
            1..10 => random.below(100_000),
            10..100 => 0,
            _ => random.below(200),
        };
        for _ in 0..length / 8 {
            match random.below(64) {
                0 => out.extend_from_slice(b"Find me "),
                1 => out.extend_from_slice(b"a@bc.de "),
                2 => out.extend_from_slice(b"\r\xff\0\r  "),
                3 => out.extend_from_slice(b"10.1.2.3"),
                n => out.extend_from_slice(&[b'a' + (n % 26) as u8; 8]),
            }
        }
        out.extend_from_slice([&b"\n"[..], b"\n", b"\r\n", b"\r\r\n"][random.below(4) as usize]);
    }
    out.extend_from_slice(b"no line end: Find user1@example.com");
    out
}

/// Rows with quoted delimiters, line ends and doubled quotes; some fields are
/// longer than a window, so that their quotes are blocks apart.
fn table() -> Vec<u8> {
    let mut random = Random(12);
    let mut out = b"id,name,mail,notes\r\n".to_vec();
    let mut id = 0;
    while out.len() < 4 << 20 {
        id += 1;
        out.extend_from_slice(format!("{id},").as_bytes());
        for column in 0..3 {
            let long = if random.below(2000) == 0 { 400_000 } else { 12 };
            match random.below(4) {
                0 => out.extend_from_slice(b"plain"),
                1 => {}
                _ => {
                    out.push(b'"');
                    for _ in 0..random.below(long) {
                        out.extend_from_slice(
                            [&b"x"[..], b",", b"\n", b"\r\n", b"\"\"", b"yz "][random.below(6) as usize],
                        );
                    }
                    out.push(b'"');
                }
            }
            if column < 2 {
                out.push(b',');
            }
        }
        out.extend_from_slice(if random.below(2) == 0 { b"\n" } else { b"\r\n" });
    }
    out
}

#[test]
fn replace_is_invariant() {
    let content = lines();
    invariant(&content, "replace", &["find=Find", "with=FIND"]);
    invariant(&content, "replace", &["find=user", "with=somebody"]);
    invariant(&content, "replace", &["find=FIND", "with=found", "ignore-case=true"]);
    invariant(&content, "replace", &[r"find=([a-z]+)@([a-z.]+)", "with=$2 at $1", "regex=true"]);
    invariant(&content, "replace", &["find=[0-9]+$", "with=", "regex=true"]);
    invariant(&content, "replace", &["find=x*", "with=-", "regex=true"]);
}

#[test]
fn replace_across_lines_is_invariant() {
    let content = lines();
    invariant(&content, "replace", &["find=aaaaaaaaaaa", "with=A", "multiline=true"]);
    invariant(&content, "replace", &["find=\n\n", "with=\n", "multiline=true"]);
    let regex = ["regex=true", "multiline=true"];
    invariant(&content, "replace", &[&["find=[a-f]+\\s+[a-f]+", "with=<$0>"], &regex[..]].concat());
    invariant(&content, "replace", &[&["find=(?s)Find.*?me", "with=Found"], &regex[..]].concat());
}

#[test]
fn redact_is_invariant() {
    let content = lines();
    invariant(&content, "redact", &[]);
    invariant(&content, "redact", &["kinds=email,bearer,key"]);
    invariant(&content, "redact", &["kinds=ipv4", "style=hash", "key=secret"]);
    invariant(&content, "redact", &["style=hash", "key=secret"]);
}

#[test]
fn newline_is_invariant() {
    let content = lines();
    invariant(&content, "newline", &[]);
    invariant(&content, "newline", &["to=crlf"]);
}

#[test]
fn csv_is_invariant() {
    let content = table();
    invariant(&content, "csv", &["mask=notes,name"]);
    invariant(&content, "csv", &["hash=mail", "key=secret"]);
    invariant(&content, "csv", &["set=name=a \"b\", c", "mask=4"]);
    invariant(&content, "csv", &["drop=mail"]);
}
