//! The real binary, killed at one of its system calls.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// All that the binary may change files and directories with.
pub const CALLS: [&str; 16] = [
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
    "copy_file_range",
    "fsetxattr",
    "fchown",
    "fchmod",
];
const SIGKILL: i32 = 9;

/// The binary, without arguments yet. It is killed when it makes a call for the
/// `nth` time, of those that concern a path, if one is given.
pub fn at((call, nth): (&str, u32), path: Option<&Path>) -> Command {
    let mut strace = super::program("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
    if let Some(path) = path {
        strace.arg("-P").arg(path);
    }
    strace.arg("--").arg(crate::binary());
    strace
}

/// Runs `apply` on a file by a command that kills it, and waits for its end.
fn status(mut killing: Command, file: &Path, options: &[&str]) -> ExitStatus {
    killing.args(["apply", "replace", "-j", "1"]).args(options).arg(file);
    killing.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

/// Runs `apply` and kills it when it makes a call for the `nth` time; whether
/// it came to its end.
pub fn apply(file: &Path, options: &[&str], call: &str, nth: u32) -> bool {
    let status = status(at((call, nth), None), file, options);
    assert!(status.success() || status.signal() == Some(SIGKILL), "neither done nor killed: {status}");
    status.success()
}

/// Runs `apply` and kills it before it writes to the file: its journal stands,
/// and nothing of it is carried out.
pub fn at_first_write(file: &Path, options: &[&str]) {
    let status = status(at(("pwrite64", 1), Some(file)), file, options);
    assert_eq!(status.signal(), Some(SIGKILL), "it is killed: {status}");
    assert!(super::sidecars(file).journal.path().exists(), "and its journal stands");
}
