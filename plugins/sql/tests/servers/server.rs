//! Starts programs, as another user where they refuse to run as root.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// A temporary folder with a server that works in it.
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    child: Option<Child>,
}

/// Whether the programs are there. Under `CI=true` they must be.
pub(crate) fn is_installed(what: &str, programs: &[&Path]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !program.exists()).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(env::var_os("CI").is_none_or(|value| value != "true"), "{what} is not installed: {missing:?}");
    eprintln!("skipped: {what} is not installed: {missing:?}");
    false
}

/// Whether the tests run as root.
fn is_root() -> bool {
    run(Command::new("id").arg("-u"), b"").trim_ascii() == b"0"
}

impl Server {
    /// Makes the folder, which belongs to `user` if the tests run as root.
    pub(crate) fn new(name: &str, user: &str) -> Self {
        let folder = env::temp_dir().join(format!("runner-sql-{name}-{}", process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        if is_root() {
            run(Command::new("chown").arg(user).arg(&folder), b"");
        }
        Self { folder, child: None }
    }

    /// A command that runs as `user` if the tests run as root.
    pub(crate) fn command(program: &Path, user: &str) -> Command {
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]).arg(program);
        command
    }

    /// Starts the server, and waits until a probe succeeds.
    pub(crate) fn start(&mut self, command: &mut Command, mut probe: impl FnMut() -> Command) {
        let log = fs::File::create(self.folder.with_extension("log")).expect("a log");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.child = Some(child.expect("a server"));
        let start = Instant::now();
        let mut is_ready =
            || probe().stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success());
        while !is_ready() {
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "the server does not start: {}",
                self.folder.display()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Nothing is to be kept, so the server need not write anything.
            drop(child.kill());
            drop(child.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
        drop(fs::remove_file(self.folder.with_extension("log")));
    }
}

/// The output of a command that must succeed.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // A command that fails does not read everything; its status says so.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("a status");
    writer.join().expect("no panic");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}", &errors[errors.len().saturating_sub(600)..]);
    output.stdout
}
