//! Others at work on the file while it is scanned. A plugin that logs more
//! than a pipe holds stands still until somebody reads, so these tests decide
//! what happens when; none of them waits for time to pass.

use std::fs::{self, OpenOptions};
use std::io::{PipeReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use runner_tests::{Ran, Scratch, runner, without_compiling};

/// A run that stands still in its first window.
struct Held {
    child: Child,
    stderr: PipeReader,
    said: String,
}

impl Held {
    fn start(scratch: &Scratch, options: &[&str]) -> Self {
        let (mut stderr, theirs) = std::io::pipe().unwrap();
        // The plugin says 20,000 bytes.
        rustix::pipe::fcntl_setpipe_size(&stderr, 4096).unwrap();
        let mut command = runner_tests::command();
        command.arg("apply").arg(scratch.path("chatty.wasm")).arg(scratch.path("file")).args(options);
        // One worker, so that the rest of the file is not yet read; and all
        // the time there is, as standing still counts.
        command.args(["-j", "1", "--window", "64K", "--timeout", "3600"]);
        let child = command.stdout(Stdio::null()).stderr(theirs).spawn().unwrap();
        // The command holds the other end, too.
        drop(command);
        let mut said = String::new();
        while without_compiling(&said).is_empty() || !said.ends_with('\n') {
            let mut byte = [0];
            assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{said}");
            said.push(byte[0].into());
        }
        said = without_compiling(&said);
        assert!(said.starts_with("plugin warn: at work"), "{said}");
        Self { child, stderr, said }
    }

    /// Lets it go on to its end.
    fn finish(mut self) -> Ran {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        Ran { code, stdout: Vec::new(), stderr: self.said }
    }
}

/// A file of several blocks.
fn scratch() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let file = scratch.write("file", runner_tests::log_lines(3 << 20, "\n"));
    scratch.guest("chatty");
    (scratch, file)
}

/// Somebody does something, in whatever way: the run ends with an error, and
/// the file is as they left it.
#[track_caller]
fn disturbed(options: &[&str], (code, what): (i32, &str), disturb: impl Fn(&PathBuf)) {
    let (scratch, file) = scratch();
    let held = Held::start(&scratch, options);
    disturb(&file);
    let theirs = fs::read(&file).unwrap();
    // What they left beside it stays, too.
    let names: Vec<_> =
        runner_tests::names(scratch.dir()).into_iter().filter(|name| !name.contains(".runner-")).collect();
    held.finish().fails(code, what);
    assert!(fs::read(&file).unwrap() == theirs, "the file is not as they left it");
    assert_eq!(runner_tests::names(scratch.dir()), names);
}

const CHANGED: &str = "was changed by another process during the run";

const LINE: &[u8] = b"one more line\n";

fn append(file: &PathBuf) {
    OpenOptions::new().append(true).open(file).unwrap().write_all(LINE).unwrap();
}

#[test]
fn a_file_that_grows_is_not_replaced() {
    disturbed(&["--strategy", "rewrite"], (7, "14 bytes were appended to it"), append);
}

/// Where no length changes, what is appended stays where it is.
#[test]
fn a_file_that_grows_is_changed_up_to_its_old_end() {
    for options in [&[][..], &["--dry-run"]] {
        let (scratch, file) = scratch();
        let mut expected = fs::read(&file).unwrap();
        let held = Held::start(&scratch, options);
        append(&file);
        let ran = held.finish().ok();
        if options.is_empty() {
            let size = expected.len();
            ran.says(&format!("14 bytes appended after byte {size} were kept"));
            expected[0] = b'!';
        } else {
            ran.says("were not scanned");
        }
        expected.extend_from_slice(LINE);
        assert!(fs::read(&file).unwrap() == expected, "{options:?}");
        assert_eq!(runner_tests::names(scratch.dir()), ["chatty.wasm", "file"]);
    }
}

/// What will be overwritten must still be what was scanned, whatever the
/// file's times say.
#[test]
fn a_file_that_grows_and_is_written_is_left_alone() {
    disturbed(&[], (7, CHANGED), |file| {
        OpenOptions::new().write(true).open(file).unwrap().write_all_at(b"theirs", 100).unwrap();
        append(file);
    });
}

#[test]
fn a_file_that_is_written_is_left_alone() {
    for at in [0, 3_000_000] {
        disturbed(&[], (7, CHANGED), |file| {
            OpenOptions::new().write(true).open(file).unwrap().write_all_at(b"theirs", at).unwrap();
        });
    }
}

#[test]
fn a_file_that_is_replaced_is_left_alone() {
    for options in [&[][..], &["--strategy", "rewrite"]] {
        disturbed(options, (7, CHANGED), |file| {
            let other = file.with_extension("other");
            fs::copy(file, &other).unwrap();
            fs::rename(other, file).unwrap();
        });
    }
}

#[test]
fn a_file_that_is_cut_is_left_alone() {
    for size in [0, 1, 4096, 100_000, 2 << 20] {
        disturbed(&[], (2, "it was cut short"), |file| {
            OpenOptions::new().write(true).open(file).unwrap().set_len(size).unwrap();
        });
    }
    // A cut within the last page raises no fault.
    disturbed(&[], (7, CHANGED), |file| {
        let size = fs::metadata(file).unwrap().len();
        OpenOptions::new().write(true).open(file).unwrap().set_len(size - 1).unwrap();
    });
}

#[test]
fn a_file_that_is_removed_is_not_brought_back() {
    let (scratch, file) = scratch();
    let held = Held::start(&scratch, &[]);
    fs::remove_file(&file).unwrap();
    held.finish().fails(2, "caused by: No such file or directory");
    assert_eq!(runner_tests::names(scratch.dir()), ["chatty.wasm"]);
}

/// What goes to a pipe cannot be taken back, but it is said that it is not
/// what the file would have given.
#[test]
fn a_stream_of_a_file_that_changes_fails() {
    let scratch = Scratch::new();
    let file = scratch.write("file", runner_tests::log_lines(3 << 20, "\n"));
    let mut command = runner_tests::command();
    command.args(["apply", "replace", "--set", "find=user", "--set", "with=someone", "-o", "-"]).arg(&file);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first byte comes when the scan is done, and the last ones wait for
    // somebody who reads.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    OpenOptions::new().append(true).open(&file).unwrap().write_all(b"one more line\n").unwrap();
    stdout.read_to_end(&mut Vec::new()).unwrap();
    Ran::of(child.wait_with_output().unwrap()).fails(7, CHANGED);
}

#[test]
fn one_run_at_a_time() {
    let (scratch, file) = scratch();
    let first = Held::start(&scratch, &[]);
    let before = scratch.snapshot();
    let what = format!("cannot lock {}", file.display());
    let replace = ["replace", "--set", "find=user", "--set", "with=USER"];
    let file_name = file.to_str().unwrap();
    for options in
        [&["apply", file_name][..], &["apply", file_name, "--dry-run"], &["apply", file_name, "-o", "-"]]
    {
        let ran = runner(options[..1].iter().chain(&replace).chain(&options[1..]));
        ran.fails(7, &what).says("hint: another run is using it");
    }
    runner!["recover", &file].fails(7, &what);
    runner!["verify", &file].fails(7, &what);
    assert_eq!(before, scratch.snapshot());
    // The first one did not notice.
    first.finish().ok();
    assert!(fs::read(&file).unwrap().starts_with(b"!"));
    runner!["verify", &file].ok();
    assert_eq!(runner_tests::names(scratch.dir()), ["chatty.wasm", "file"]);
}

/// Readers do not hinder each other.
#[test]
fn reading_together_is_fine() {
    let (scratch, file) = scratch();
    let first = Held::start(&scratch, &["--dry-run"]);
    let root = runner!["verify", &file].ok().stdout;
    let replace = ["apply", "replace", file.to_str().unwrap(), "--set", "find=user", "--set", "with=USER"];
    runner(replace.iter().chain(&["--dry-run"])).ok();
    runner(replace).fails(7, "cannot lock");
    first.finish().ok();
    assert_eq!(runner!["verify", &file].ok().stdout, root);
}

/// The first Ctrl-C stops a scan, in its first block or its last one, and
/// nothing has happened.
#[test]
fn an_interrupted_scan_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for bytes in [3 << 20, 100_000] {
            let scratch = Scratch::new();
            scratch.write("file", runner_tests::log_lines(bytes, "\n"));
            scratch.guest("chatty");
            let before = scratch.snapshot();
            let held = Held::start(&scratch, &[]);
            kill_process(Pid::from_child(&held.child), signal).unwrap();
            held.finish().fails(7, "interrupted").says("hint: the file is untouched");
            assert_eq!(before, scratch.snapshot());
        }
    }
}

/// What cannot be stopped for is not lost either: a killed scan is noticed,
/// and cleaned up on request.
#[test]
fn a_killed_scan_leaves_the_file_alone() {
    let (scratch, file) = scratch();
    let before = scratch.snapshot();
    let mut held = Held::start(&scratch, &[]);
    held.child.kill().unwrap();
    held.child.wait().unwrap();
    runner!["recover", &file].ok();
    assert_eq!(before, scratch.snapshot());
}

/// Somebody else has the file mapped, so its pages cannot be evicted: that is
/// found out before anything is written.
#[test]
fn a_file_that_stays_in_the_page_cache_is_left_alone() {
    use runner_pipeline::storage::mmap::Mapping;
    let scratch = Scratch::new();
    let path = scratch.write("file", runner_tests::log_lines(100_000, "\n"));
    let file = fs::File::open(&path).unwrap();
    let mapping = Mapping::new(&file, file.metadata().unwrap().len(), &path).unwrap();
    let sum: u64 = mapping.bytes().iter().map(|byte| u64::from(*byte)).sum();
    assert!(sum > 0, "every page was looked at");
    let before = scratch.snapshot();
    let replace = ["apply", "replace", path.to_str().unwrap(), "--set", "find=user", "--set", "with=USER"];
    let ran = runner(replace.iter().chain(&["--verify", "evicted"]));
    ran.fails(5, "remains in the page cache").says("another process may have it mapped");
    assert_eq!(before, scratch.snapshot());
}
