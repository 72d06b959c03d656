//! What the tests share: scratch directories, runs of the binary, mounted
//! filesystems, patches that are made by hand, and snapshots that show that
//! nothing was touched or left behind.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
#![allow(missing_docs, reason = "for tests alone: names of fields and variants say what they are")]

pub mod authoring;
pub mod authority;
pub mod forge;
pub mod guest;
pub mod hostile_registry;
pub mod kill;
pub mod medium;
pub mod mount;
pub mod packages;
pub mod peak;
mod processes;
pub mod proxy;
mod ran;
pub mod registries;
mod snapshot;
pub mod stop;
mod surroundings;
pub mod terminal;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub use processes::{assert_confined, helpers, status};
pub use ran::{Ran, without_compiling};
pub use runner_simulation::Random;
pub use snapshot::{Entry, Snapshot, names};
pub use surroundings::surround;

/// A directory of its own for each test, on a real filesystem.
pub struct Scratch(tempfile::TempDir);

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    pub fn new() -> Self {
        Self::within(temporary_dir())
    }

    /// The same in memory, where a sync costs nothing: for tests that make many
    /// small runs, and for which it does not matter what the files lie on.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        // In a container there is often too little.
        let free = rustix::fs::statvfs(memory).map_or(0, |room| room.f_bavail * room.f_frsize);
        Self::within(if free > 1 << 30 { memory } else { temporary_dir() })
    }

    fn within(place: &Path) -> Self {
        // For what tests make themselves.
        rustix::process::umask(0o022.into());
        Self(tempfile::tempdir_in(place).unwrap())
    }

    pub fn dir(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a program for `/bin/sh` that can be run at once: another process
    /// writes it, for the reason that is given at [`copy_binary`].
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let write = "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 700 \"$1\"";
        let status = Command::new("sh").args(["-c", write, "sh"]).arg(&path).arg(text).status().unwrap();
        assert!(status.success(), "sh: {status}");
        path
    }

    /// Builds a guest of `tests/guests`.
    pub fn guest(&self, name: &str) -> PathBuf {
        let source = repository().join(format!("tests/guests/{name}.wat"));
        self.write(&format!("{name}.wasm"), wat::parse_file(source).unwrap())
    }

    /// The names in it, sorted.
    pub fn entries(&self) -> Vec<String> {
        names(self.dir())
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.dir())
    }
}

/// The directory that cargo builds this profile in: it puts the programs of
/// tests into `deps`, and binaries beside that.
fn built() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(2).unwrap().to_owned()
}

/// The path of the binary under test.
pub fn binary() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| built().join("runner-under-test").into_os_string().into_string().unwrap())
}

/// Copies the binary under test. Another process does it: a descriptor that
/// writes to the copy may be inherited by whatever other tests start in this
/// moment, and a program that is open for writing cannot be run.
pub fn copy_binary(to: &Path) {
    let status = Command::new("cp").arg(binary()).arg(to).status().unwrap();
    assert!(status.success(), "cp: {status}");
}

/// Runs an ignored test of this program, given by its whole name, in a process
/// in which nothing else runs.
pub fn run_alone(test: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--ignored", "--exact", test, "--nocapture"]).output().unwrap();
    let [said, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && said.contains("1 passed"), "{said}{errors}");
    eprint!("{errors}");
}

/// A directory on a real filesystem, which stays.
pub fn temporary_dir() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built().with_file_name("tmp"))
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Descriptors that a run may have open at a time, whatever it does. What
/// leaks one for each file, window or edit does not get far.
pub const DESCRIPTORS: u32 = 40;
/// For whatever is not to be held to that.
pub const MANY_DESCRIPTORS: u32 = 1024;

/// Where children of tests have their state: the key of journals.
pub fn state_dir() -> PathBuf {
    temporary_dir().join("state/runner")
}

/// The names beside a target, as a child of a test gives them.
pub fn sidecars(target: &Path) -> runner_pipeline::sidecar::Names {
    use runner_pipeline::storage::{Entry, FileType, PrivateDirectory};
    // A directory that is held open could not be unmounted.
    let target = Entry::unpinned(Entry::resolve(target).unwrap().path());
    let state = PrivateDirectory::open_or_create(&state_dir()).unwrap();
    let key = state.key_or_new("journal-key").unwrap().map(runner_pipeline::user_state::Key::from_bytes);
    runner_pipeline::sidecar::Names::new(&target, FileType::Regular, key).unwrap()
}

/// The name without the tag that only a key gives.
pub fn untagged(name: &str) -> String {
    let tag = name.len().checked_sub(16).map(|at| name.split_at(at));
    match tag {
        Some((name, tag)) if name.ends_with('-') && tag.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name[..name.len() - 1].to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The entries of a directory, without tags, sorted.
pub fn untagged_names(dir: &Path) -> Vec<String> {
    names(dir).iter().map(|name| untagged(name)).collect()
}

/// The binary, in surroundings that do not depend on who runs the tests.
pub fn command() -> Command {
    command_with(DESCRIPTORS)
}

/// The same, and how many descriptors it may have open at a time.
pub fn command_with(descriptors: u32) -> Command {
    let mut command = surroundings::program(binary(), descriptors);
    command.stdin(Stdio::null());
    command
}

/// Another program, in the same surroundings, which are those of the binary
/// where that is run by it.
pub fn program(name: &str) -> Command {
    surroundings::program(name, MANY_DESCRIPTORS)
}

/// Runs the binary to its end.
pub fn runner(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    Ran::of(command().args(args).output().unwrap())
}

/// `runner!["apply", "replace", &file]`: arguments of several types.
#[macro_export]
macro_rules! runner {
    ($($arg:expr),* $(,)?) => {
        $crate::runner([$(std::ffi::OsStr::new($arg)),*])
    };
}

/// Feeds the binary's standard input.
///
/// What a pipe can hold is in it, with its end, before the binary starts. So
/// such an input never pauses, and a plugin sees all of it at once.
pub fn pipe(args: &[&str], input: &[u8]) -> Ran {
    use std::io::Write;
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = command();
    command.args(args).stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.len() <= PIPE_BYTES {
        writer.write_all(input).unwrap();
        drop(writer);
        return Ran::of(command.output().unwrap());
    }
    let child = command.spawn().unwrap();
    // Otherwise this process keeps the reading end, and writing never fails.
    drop(command);
    std::thread::scope(|scope| {
        // A run that fails may leave some of it unread.
        scope.spawn(move || drop(writer.write_all(input)));
        Ran::of(child.wait_with_output().unwrap())
    })
}

/// What a pipe of Linux holds by default, see pipe(7).
const PIPE_BYTES: usize = 64 << 10;

/// Says loudly that something was not tested here. It must be where it counts.
#[track_caller]
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "cannot be skipped here: {why}");
    eprintln!("SKIPPED: {why}");
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a program is installed.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// What `RUNNER_SEED` says, or 1.
pub fn seed() -> u64 {
    std::env::var("RUNNER_SEED").map_or(1, |seed| seed.parse().expect("RUNNER_SEED is a number"))
}

/// Lines like those of a web server, `bytes` of them or a little more.
pub fn log_lines(bytes: usize, line_end: &str) -> Vec<u8> {
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
