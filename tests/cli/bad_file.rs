//! Files that are none, that may not be read or written, or that are odd but
//! fine.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use runner_tests::{Ran, Scratch, is_root, runner, skip};
use rustix::fs::{CWD, FileType, Mode, mknodat};

const REPLACE: [&str; 4] = ["--set", "find=abc", "--set", "with=xyz"];

fn apply(file: &Path) -> Ran {
    runner(["apply", "replace", file.to_str().unwrap()].iter().chain(&REPLACE))
}

/// No command works on it.
#[track_caller]
fn refused(scratch: &Scratch, file: &Path, code: i32, what: &str) {
    let before = scratch.snapshot();
    let patch = scratch.path("patch");
    let name = file.to_str().unwrap();
    apply(file).fails(code, what);
    for options in [&["--dry-run"][..], &["--check"], &["-o", "-"], &["--strategy", "rewrite"]] {
        let ran = runner(["apply", "replace", name].iter().chain(&REPLACE).chain(options));
        ran.fails(code, what);
    }
    let plan = ["plan", "replace", name, "-o", patch.to_str().unwrap()];
    runner(plan.iter().chain(&REPLACE)).fails(code, what);
    runner!["verify", file].fails(code, what);
    runner!["recover", file].fails(code, what);
    assert_eq!(before, scratch.snapshot());
}

fn node(scratch: &Scratch, name: &str, kind: FileType) -> std::path::PathBuf {
    let path = scratch.path(name);
    mknodat(CWD, &path, kind, Mode::from_raw_mode(0o644), 0).unwrap();
    path
}

#[test]
fn what_is_no_file_is_refused() {
    let scratch = Scratch::new();
    let directory = scratch.path("directory");
    fs::create_dir(&directory).unwrap();
    refused(&scratch, &directory, 2, "directory is a directory; only files and block devices");
    refused(&scratch, &node(&scratch, "fifo", FileType::Fifo), 2, "fifo is a FIFO");
    refused(&scratch, &node(&scratch, "socket", FileType::Socket), 2, "socket is a socket");
    for device in ["/dev/null", "/dev/zero", "/dev/tty"] {
        refused(&scratch, Path::new(device), 2, &format!("{device} is a character device"));
    }
    refused(&scratch, &scratch.path("missing"), 2, "caused by: No such file or directory");
    let broken = scratch.path("broken-link");
    std::os::unix::fs::symlink("nowhere", &broken).unwrap();
    refused(&scratch, &broken, 2, "caused by: No such file or directory");
    let circle = scratch.path("circle");
    std::os::unix::fs::symlink("circle", &circle).unwrap();
    refused(&scratch, &circle, 2, "caused by: Too many levels of symbolic links");
}

/// Their size is not that of their content, so they cannot be changed safely;
/// and an error is never taken for "no edits".
#[test]
fn files_of_the_kernel_are_refused() {
    let scratch = Scratch::new();
    let proc = Path::new("/proc/version");
    let what = "/proc/version reports a size of 0, but has content";
    for args in [&["verify"][..], &["apply", "--check", "redact"], &["apply", "-o", "-", "redact"]] {
        runner(args.iter().map(Path::new).chain([proc])).fails(2, what).says("hint: `runner pipe`");
    }
    let sys = Path::new("/sys/kernel/notes");
    if sys.exists() {
        runner!["verify", sys].fails(2, "cannot map /sys/kernel/notes");
    }
    let version = fs::read(proc).unwrap();
    assert!(
        runner_tests::pipe(&["pipe", "replace", "--set", "find=no such text"], &version).ok().stdout
            == version
    );
    assert!(runner_tests::names(scratch.dir()).is_empty());
}

#[test]
fn a_read_only_file_is_not_written_by_anyone() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\n");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o444)).unwrap();
    let before = scratch.snapshot();
    apply(&file).fails(2, "file is read-only").says("hint: `chmod u+w ");
    assert_eq!(before, scratch.snapshot());
    // It may be read.
    let elsewhere = ["apply", "replace", file.to_str().unwrap(), "-o", "-"];
    assert_eq!(runner(elsewhere.iter().chain(&REPLACE)).ok().stdout, b"xyz\n");
    runner!["verify", &file].ok();
    assert_eq!(before, scratch.snapshot());
}

#[test]
fn permissions_count() {
    if !is_root() || !runner_tests::has("setpriv") {
        return skip("only root can become somebody else");
    }
    let place = tempfile::tempdir().unwrap();
    let scratch = Scratch::new();
    let plugin = place.path().join("tiny.wasm");
    fs::copy(scratch.guest("tiny"), &plugin).unwrap();
    let open = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(place.path(), 0o755);
    let tools = place.path().join("tools");
    fs::create_dir(&tools).unwrap();
    runner_tests::copy_binary(&tools.join("runner"));
    let dir = place.path().join("dir");
    fs::create_dir(&dir).unwrap();
    let file = dir.join("file");
    fs::write(&file, "abc\n").unwrap();
    let state = place.path().join("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(65534), Some(65534)).unwrap();
    open(&state, 0o700);
    let run = || {
        let mut command = runner_tests::program("setpriv");
        command.env("XDG_STATE_HOME", &state);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        command.arg(tools.join("runner")).arg("apply").args([&plugin, &file]);
        for name in ["HOME", "RUNNER_CACHE_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        Ran::of(command.output().unwrap())
    };
    let untouched = |ran: Ran, before: &runner_tests::Snapshot| {
        let ran = ran.fails(2, "caused by: Permission denied");
        assert_eq!(*before, runner_tests::Snapshot::of(&dir));
        ran
    };
    // The file may not be read, or not be written.
    for mode in [0o600, 0o644] {
        open(&file, mode);
        untouched(run(), &runner_tests::Snapshot::of(&dir)).says(&format!("cannot open {}", file.display()));
    }
    // The file may be written, but no journal beside it.
    open(&file, 0o666);
    let ran = untouched(run(), &runner_tests::Snapshot::of(&dir)).says("its directory must be writable");
    assert_eq!(ran.stderr.matches("  hint: ").count(), 1, "{}", ran.stderr);
    // The directory may not even be looked into.
    open(&dir, 0o700);
    untouched(run(), &runner_tests::Snapshot::of(&dir));
    // All is well.
    open(&dir, 0o777);
    run().ok();
    assert_eq!(fs::read(&file).unwrap(), b"!bc\n");
    assert_eq!(runner_tests::names(&dir), ["file"]);
}

#[test]
fn empty_files_and_files_without_a_last_line_end_are_fine() {
    let scratch = Scratch::new();
    let empty = scratch.write("file", "");
    let before = scratch.snapshot();
    apply(&empty).ok().says("nothing to change in 0 bytes");
    for plugin in ["newline", "redact"] {
        runner!["apply", plugin, &empty].ok();
    }
    runner!["apply", "csv", &empty, "--set", "mask=1", "--set", "header=false"].ok();
    assert_eq!(before, scratch.snapshot(), "no edit, no touch");

    let file = scratch.write("file", "1 abc\n2 abc");
    apply(&file).ok();
    assert_eq!(fs::read(&file).unwrap(), b"1 xyz\n2 xyz");
    let file = scratch.write("file", "abc");
    apply(&file).ok();
    assert_eq!(fs::read(&file).unwrap(), b"xyz");
    let file = scratch.write("file", "a\r\nb\r");
    runner!["apply", "newline", &file].ok();
    assert_eq!(fs::read(&file).unwrap(), b"a\nb\r");
    assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
}

#[test]
fn odd_names_are_fine() {
    let scratch = Scratch::new();
    for name in ["-rf", "a b", "new\nline", "\u{1b}[2J", "ü", &"x".repeat(255)] {
        let file = scratch.write(name, "abc\n");
        let ran = runner(
            ["apply", "replace", "--set", "find=abc", "--set", "with=xyz", "--"]
                .map(Path::new)
                .iter()
                .copied()
                .chain([file.as_path()]),
        )
        .ok();
        assert!(!ran.stderr.trim_end().chars().any(char::is_control), "{:?}", ran.stderr);
        assert_eq!(fs::read(&file).unwrap(), b"xyz\n");
        let ran = runner(
            ["apply", "replace", "--set", "find=z", "--set", "with=zz", "--strategy", "rewrite", "--"]
                .map(Path::new)
                .iter()
                .copied()
                .chain([file.as_path()]),
        );
        ran.ok();
        assert_eq!(fs::read(&file).unwrap(), b"xyzz\n");
        fs::remove_file(&file).unwrap();
    }
    assert!(runner_tests::names(scratch.dir()).is_empty());
}

#[test]
fn a_record_beyond_the_limit_is_refused() {
    let scratch = Scratch::new();
    let mut content = b"short\n".to_vec();
    content.resize(17 << 20, b'x');
    content.extend_from_slice(b"abc\nshort\n");
    let file = scratch.write("file", &content);
    let before = scratch.snapshot();
    let file = file.to_str().unwrap();
    let what = "the record at offset 6 is longer than the limit of 16,777,216 bytes";
    for jobs in ["1", "3"] {
        for plugin in
            [&["newline", "--set", "to=crlf"][..], &["replace", "--set", "find=ab.", "--set", "regex=true"]]
        {
            let options = ["apply", file, "--window", "64K", "-j", jobs];
            let ran = runner(options.iter().take(1).chain(plugin).chain(&options[1..]));
            ran.fails(2, &format!("error: {file}: {what}")).says("hint: raise the limit with `--window`");
            assert_eq!(before, scratch.snapshot());
        }
    }
    runner_tests::pipe(&["pipe", "newline", "--set", "to=crlf"], &content).fails(2, what);
    // As the hint says.
    runner!["apply", "newline", file, "--window", "32M", "--set", "to=crlf"].ok();
    let expected = String::from_utf8(content).unwrap().replace('\n', "\r\n");
    assert!(fs::read(file).unwrap() == expected.as_bytes());
}

/// Runs the binary with files limited to 100 MiB: the memory that is shared with
/// a worker counts as a file.
fn with_a_limit_of_file_sizes(args: &[&str]) -> Ran {
    let mut command = runner_tests::program("sh");
    // Units of 512 bytes.
    command.args(["-c", "ulimit -f 204800 && exec \"$0\" \"$@\"", runner_tests::binary()]).args(args);
    Ran::of(command.output().unwrap())
}

/// By default the kernel kills a process that writes beyond the limit.
#[test]
fn a_limit_of_file_sizes_is_an_error_as_a_full_disk_is() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc");
    let mut longer = fs::OpenOptions::new().append(true).open(&file).unwrap();
    longer.set_len(102 << 20).unwrap();
    longer.write_all(b"abc").unwrap();
    let out = scratch.path("out");
    // Fills the code cache, without a limit.
    runner!["apply", "replace", &file, "--set", "find=no such text"].ok();
    let before = scratch.snapshot();
    let apply = ["apply", "replace", file.to_str().unwrap(), "--set", "find=abc"];
    for options in [&["--set", "with=longer"][..], &["--set", "with=xyz", "-o", out.to_str().unwrap()]] {
        let args = [&apply, options].concat();
        with_a_limit_of_file_sizes(&args).fails(2, "File too large").says("`ulimit -f`");
        assert_eq!(before, scratch.snapshot());
    }
    // In place, the limit is met after the commit point.
    let args = [&apply[..], &["--set", "with=xyz"]].concat();
    with_a_limit_of_file_sizes(&args).fails(6, "File too large").says("hint: once that is fixed");
    runner!["recover", &file].ok();
    assert!(fs::read(&file).unwrap().ends_with(b"\0xyz"));
    assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
}
