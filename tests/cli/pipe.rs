//! `runner pipe` as a part of a pipeline that never ends: what is complete goes
//! out when the input pauses, and the run ends when anybody has had enough.
//!
//! No test waits for a time: each reads what must come, and would wait for good
//! if it did not. A run that hangs is killed after a minute.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use runner_tests::{Ran, Scratch, runner};
use rustix::process::{Pid, Signal, kill_process};

/// Until a run counts as hung.
const HUNG: Duration = Duration::from_secs(60);

/// A run that stands in a pipeline.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
    /// Dropped when the run is over.
    _over: Sender<()>,
}

impl Running {
    fn new(args: &[&str]) -> Self {
        let mut command = runner_tests::command();
        command.arg("pipe").args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (over, ended) = channel::<()>();
        let pid = Pid::from_child(&child);
        thread::spawn(move || {
            if ended.recv_timeout(HUNG) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let output = child.stdout.take().map(BufReader::new);
        Self { input: child.stdin.take(), output, child, _over: over }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// As many bytes as are expected, which must come before more is written.
    #[track_caller]
    fn reads(&mut self, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        self.output.as_mut().unwrap().read_exact(&mut bytes).unwrap();
        assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    /// Closes the input, and reads what is left.
    fn rest(mut self) -> (Vec<u8>, ExitStatus) {
        self.input = None;
        let mut rest = Vec::new();
        self.output.take().unwrap().read_to_end(&mut rest).unwrap();
        (rest, self.child.wait().unwrap())
    }
}

#[test]
fn a_line_is_answered_before_the_next_one_is_written() {
    let replace = ["replace", "--set", "find=ab", "--set", "with=<>"];
    let ask = ["replace", "--set", "find=ask", "--set", "with=<>", "--set", "ignore-case=true"];
    let regex = ["replace", "--set", "find=a(b)", "--set", "with=<$1>", "--set", "regex=true"];
    let csv = ["csv", "--set", "mask=name"];
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let lines: [(&[&str], Lines<'_>); 6] = [
        (&replace, &[("ab\n", "<>\n"), ("cab\n", "c<>\n"), ("\n", "\n"), ("xx", "xx"), ("ab", "<>")]),
        (&ask, &[("Ask\n", "<>\n"), ("task\n", "t<>\n")]),
        (&regex, &[("ab\n", "<b>\n"), ("b\n", "b\n")]),
        (&["redact"], &[("to a@example.com\n", "to *@*******.***\n"), ("none\n", "none\n")]),
        (&["newline", "--set", "to=crlf"], &[("a\n", "a\r\n"), ("b\r\n", "b\r\n")]),
        (&csv, &[("id,name\n", "id,name\n"), ("1,Bo\n", "1,**\n"), ("2,\"x\ny\"\n", "2,\"*\n*\"\n")]),
    ];
    for (args, lines) in lines {
        let mut run = Running::new(args);
        for (line, answer) in lines {
            run.write(line.as_bytes());
            if args[0] == "redact" || args[0] == "csv" {
                // How much is masked is theirs to say.
                let mut said = vec![0; answer.len()];
                run.output.as_mut().unwrap().read_exact(&mut said).unwrap();
                assert!(said.ends_with(b"\n"), "{args:?}: {}", said.escape_ascii());
                assert_eq!(said == line.as_bytes(), line == answer, "{args:?}: {}", said.escape_ascii());
            } else {
                run.reads(answer.as_bytes());
            }
        }
        let (rest, status) = run.rest();
        assert!(rest.is_empty() && status.success(), "{args:?}: {status}");
    }
}

/// What may become a match waits for what comes next, and nothing else does.
#[test]
fn what_may_go_on_waits() {
    let mut run = Running::new(&["replace", "--set", "find=abc", "--set", "with=<>"]);
    run.write(b"x\nab");
    run.reads(b"x\n");
    run.write(b"c\nabcab");
    run.reads(b"<>\n<>");
    run.write(b"d\n");
    run.reads(b"abd\n");
    run.write(b"ab");
    let (rest, status) = run.rest();
    assert_eq!((&rest[..], status.success()), (&b"ab"[..], true));

    let mut run = Running::new(&["csv", "--set", "mask=name"]);
    // Less than a header, and a record that is not over.
    run.write(b"id,na");
    run.write(b"me\n1,\"a\n");
    run.reads(b"id,name\n");
    run.write(b"b\"\n");
    let (rest, status) = run.rest();
    assert!(status.success() && rest.starts_with(b"1,") && rest.ends_with(b"\n"), "{}", rest.escape_ascii());
}

/// Also where nothing is written any more, as with `tail -f`.
#[test]
fn a_reader_that_goes_away_ends_it() {
    let mut run = Running::new(&["replace", "--set", "find=a", "--set", "with=b"]);
    run.write(b"a\n");
    run.reads(b"b\n");
    run.output = None;
    assert_eq!(run.child.wait().unwrap().code(), Some(0));
    // Before anything has come.
    let mut run = Running::new(&["replace", "--set", "find=a", "--set", "with=b"]);
    run.output = None;
    assert_eq!(run.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_it_while_it_waits() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut run = Running::new(&["replace", "--set", "find=a", "--set", "with=b"]);
        run.write(b"a\n");
        run.reads(b"b\n");
        kill_process(Pid::from_child(&run.child), signal).unwrap();
        assert_eq!(run.child.wait().unwrap().signal(), Some(signal.as_raw()));
    }
}

/// The whole of a long stream, in pieces of all sizes, is that of the file. One
/// line is longer than the memory that is shared with the worker.
#[test]
fn a_stream_in_pieces_is_that_of_the_file() {
    let lines = runner_tests::log_lines(3 << 20, "\n");
    let long = [&b"x".repeat(6 << 20)[..], b"user1\n"].concat();
    let content = [&lines[..], &long, &lines].concat();
    let args = ["replace", "--set", "find=user1", "--set", "with=somebody"];
    let whole = String::from_utf8(content.clone()).unwrap().replace("user1", "somebody").into_bytes();
    assert!(runner_tests::pipe(&[&["pipe"][..], &args].concat(), &content).ok().stdout == whole);
    let mut run = Running::new(&args);
    let (mut input, mut random) = (run.input.take().unwrap(), runner_tests::Random(runner_tests::seed()));
    let writer = thread::spawn(move || {
        let mut at = 0;
        while at < content.len() {
            let end = content.len().min(at + 1 + random.below(200_000) as usize);
            input.write_all(&content[at..end]).unwrap();
            at = end;
            // Sometimes long enough for a pause.
            if random.below(4) == 0 {
                thread::sleep(Duration::from_millis(60));
            }
        }
    });
    let (out, status) = run.rest();
    writer.join().unwrap();
    assert!(status.success() && out == whole);
}

/// Signals that are ignored (`nohup`), masks, limits and variables of whoever
/// tests do not reach what is tested.
#[test]
fn surroundings_are_known() {
    let script =
        r#"umask 077; trap '' HUP INT TERM PIPE; exec "$0" --ignored --exact pipe::surroundings_of_a_child"#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .envs(["RUNNER_CACHE_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"].map(|name| (name, "/nowhere")))
        .envs([("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Tokyo"), ("HOME", "/nowhere")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "started by `surroundings_are_known`"]
fn surroundings_of_a_child() {
    let script = "echo $(umask) $LC_ALL $TZ ${RUNNER_CACHE_DIR##*/} ${XDG_STATE_HOME##*/} ${HOME##*/} ${XDG_CACHE_HOME-none}; kill -$0 $$";
    for signal in [Signal::HUP, Signal::INT, Signal::TERM, Signal::PIPE] {
        let number = signal.as_raw().to_string();
        let output = runner_tests::program("sh").args(["-c", script, &number]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "0022 C.UTF-8 UTC code-cache state home none\n");
        assert_eq!(output.status.signal(), Some(signal.as_raw()));
    }
    let state = fs::metadata(std::path::Path::new(runner_tests::temporary_dir()).join("state")).unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o700);
}

/// A text has no lines that could be too long; what needs lines says what does
/// not.
#[test]
fn a_text_needs_no_lines() {
    let scratch = Scratch::new();
    let mut content = b"x".repeat(17 << 20);
    for at in [0, (1 << 20) - 2, 9 << 20, content.len() - 5] {
        content[at..at + 5].copy_from_slice(b"<unk>");
    }
    let expected = String::from_utf8(content.clone()).unwrap().replace("<unk>", "<raw_unk>").into_bytes();
    let file = scratch.write("one.txt", &content);
    let name = file.to_str().unwrap();
    let replace = ["replace", "--set", "find=<unk>", "--set", "with=<raw_unk>"];
    let piped = runner_tests::pipe(&[&["pipe"][..], &replace].concat(), &content).ok().stdout;
    assert!(piped == expected, "through a pipe");
    runner([&["apply"][..], &replace, &[name]].concat()).ok();
    assert!(fs::read(&file).unwrap() == expected);

    fs::write(&file, &content).unwrap();
    let expression = [&replace[..], &["--set", "regex=true"]].concat();
    let long = "the record at offset 0 is longer than the limit of 16,777,216 bytes";
    let refused = |ran: Ran| {
        ran.fails(2, long).says("--window").says("--set multiline=true");
    };
    refused(runner([&["apply"][..], &expression, &[name]].concat()));
    refused(runner_tests::pipe(&[&["pipe"][..], &expression].concat(), &content));
    assert!(fs::read(&file).unwrap() == content);
    runner([&["apply"][..], &expression, &["--set", "multiline=true", name]].concat()).ok();
    assert!(fs::read(&file).unwrap() == expected);
}

/// The first lines are there long before the last ones are written.
#[test]
fn a_line_at_a_time_for_a_long_time() {
    let mut run = Running::new(&["redact"]);
    for number in 0..40 {
        run.write(format!("{number} user@example.com\n").as_bytes());
        let mut line = String::new();
        run.output.as_mut().unwrap().read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{number} ")) && !line.contains("user@"), "{line}");
    }
    assert!(run.rest().1.success());
}
