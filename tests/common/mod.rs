//! What the command-line tests share: scratch directories, runs of the binary,
//! and snapshots that show that nothing was touched or left behind.

// Every test program uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

pub(crate) mod kill;
pub(crate) mod mount;
mod random;
pub(crate) mod stop;
mod surroundings;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) use random::Random;
#[allow(unused_imports, reason = "shared by several test programs")]
pub(crate) use surroundings::surround;

/// A directory of its own for each test, on a real filesystem.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        // For what tests make themselves.
        rustix::process::umask(0o022.into());
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Builds a guest of `tests/guests`.
    pub(crate) fn guest(&self, name: &str) -> PathBuf {
        let source = repository().join(format!("tests/guests/{name}.wat"));
        self.write(&format!("{name}.wasm"), wat::parse_file(source).unwrap())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.dir())
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Everything in a directory: what appears, vanishes or changes shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<String, Entry>);

#[derive(PartialEq, Eq)]
pub(crate) struct Entry {
    content: Option<Vec<u8>>,
    inode: u64,
    mode: u32,
    modified_ns: i128,
    changed_ns: i128,
}

impl Snapshot {
    pub(crate) fn of(dir: &Path) -> Self {
        let entry = |path: &Path| {
            let meta = fs::symlink_metadata(path).unwrap();
            let modified_ns = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
            let changed_ns = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
            let content = meta.is_file().then(|| fs::read(path).unwrap());
            Entry { content, inode: meta.ino(), mode: meta.mode(), modified_ns, changed_ns }
        };
        Self(names(dir).into_iter().map(|name| (name.clone(), entry(&dir.join(name)))).collect())
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content = self.content.as_ref().map(|content| (content.len(), blake3::hash(content)));
        let Self { inode, mode, modified_ns, changed_ns, .. } = self;
        write!(f, "{content:?} inode {inode} mode {mode:o} at {modified_ns}/{changed_ns}")
    }
}

/// The entries of a directory, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Descriptors that a run may have open at a time, whatever it does. What
/// leaks one for each file, window or edit does not get far.
pub(crate) const DESCRIPTORS: u32 = 40;
/// For whatever is not to be held to that.
pub(crate) const MANY_DESCRIPTORS: u32 = 1024;

/// Where children of tests have their state: the key of journals.
pub(crate) fn state_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("state/runner")
}

/// The names beside a target, as a child of a test gives them.
pub(crate) fn sidecars(target: &Path) -> runner_pipeline::sidecar::Names {
    use runner_pipeline::storage::{Entry, FileType, PrivateDirectory};
    // A directory that is held open could not be unmounted.
    let target = Entry::unpinned(Entry::resolve(target).unwrap().path());
    let state = PrivateDirectory::open_or_create(&state_dir()).unwrap();
    let key = state.key_or_new("journal-key").unwrap().map(runner_pipeline::user_state::Key::from_bytes);
    runner_pipeline::sidecar::Names::new(&target, FileType::Regular, key).unwrap()
}

/// The name without the tag that only a key gives.
pub(crate) fn untagged(name: &str) -> String {
    let tag = name.len().checked_sub(16).map(|at| name.split_at(at));
    match tag {
        Some((name, tag)) if name.ends_with('-') && tag.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name[..name.len() - 1].to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The entries of a directory, without tags, sorted.
pub(crate) fn untagged_names(dir: &Path) -> Vec<String> {
    names(dir).iter().map(|name| untagged(name)).collect()
}

/// The binary, in surroundings that do not depend on who runs the tests.
pub(crate) fn command() -> Command {
    command_with(DESCRIPTORS)
}

/// The same, and how many descriptors it may have open at a time.
pub(crate) fn command_with(descriptors: u32) -> Command {
    let mut command = surroundings::program(env!("CARGO_BIN_EXE_runner-under-test"), descriptors);
    command.stdin(Stdio::null());
    command
}

/// Another program, in the same surroundings, which are those of the binary
/// where that is run by it.
pub(crate) fn program(name: &str) -> Command {
    surroundings::program(name, MANY_DESCRIPTORS)
}

/// What a run has come to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{}: {stderr}", output.status));
        Self { code, stdout: output.stdout, stderr }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Asserts the exit code and the form of the message: one `error:` that
    /// says `what`, then causes and hints, and nothing that a terminal would
    /// obey.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, what: &str) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        // A busy machine may shed workers in any run.
        let aside = |line: &str| line.starts_with("plugin ") || line.ends_with(" workers go on");
        let mut lines = self.stderr.lines().filter(|line| !aside(line));
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("error: "), "{}", self.stderr);
        let known = ["  caused by: ", "  hint: ", "    | "];
        for line in lines {
            assert!(known.iter().any(|known| line.starts_with(known)), "{}", self.stderr);
        }
        assert!(self.stderr.contains(what), "it should say `{what}`:\n{}", self.stderr);
        assert!(!self.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, what: &str) -> Self {
        assert!(self.stderr.contains(what), "it should say `{what}`:\n{}", self.stderr);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }
}

/// Runs the binary to its end.
pub(crate) fn runner(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    Ran::of(command().args(args).output().unwrap())
}

/// `runner!["apply", "replace", &file]`: arguments of several types.
#[macro_export]
macro_rules! runner {
    ($($arg:expr),* $(,)?) => {
        $crate::common::runner([$(std::ffi::OsStr::new($arg)),*])
    };
}

/// Feeds the binary's standard input.
pub(crate) fn pipe(args: &[&str], input: &[u8]) -> Ran {
    use std::io::Write;
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A run that fails may leave some of it unread.
        scope.spawn(move || drop(stdin.write_all(input)));
        Ran::of(child.wait_with_output().unwrap())
    })
}

/// Says loudly that something was not tested here. It must be where it counts.
#[track_caller]
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "cannot be skipped here: {why}");
    eprintln!("SKIPPED: {why}");
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a program is installed.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// What `RUNNER_SEED` says, or 1.
pub(crate) fn seed() -> u64 {
    std::env::var("RUNNER_SEED").map_or(1, |seed| seed.parse().expect("RUNNER_SEED is a number"))
}

/// Lines like those of a web server, `bytes` of them or a little more.
pub(crate) fn log_lines(bytes: usize, line_end: &str) -> Vec<u8> {
    use std::io::Write;
    let mut random = Random(1);
    let mut out = Vec::with_capacity(bytes + 300);
    while out.len() < bytes {
        let [a, b, c, d] = [(); 4].map(|()| random.below(256));
        let user = random.below(1000);
        let path = "/aa/Find/me".repeat(1 + random.below(8) as usize);
        write!(out, "{a}.{b}.{c}.{d} - user{user}@example.com \"GET http://host{path}\" ").unwrap();
        write!(out, "{} {}{line_end}", 200 + random.below(300), random.below(100_000)).unwrap();
    }
    out
}
