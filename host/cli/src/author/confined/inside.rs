//! The side of the process that confines itself, and then runs a program of a build.
//!
//! There are two. The outer one enters namespaces, and starts the inner one as the
//! first process in them: when that ends, the kernel ends all others there. The inner
//! one takes on all other layers, and the program inherits them.

use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use runner_confine::{Calls, Layers, Limits, Policy};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use super::wire::{COMMAND, Demand, NAMESPACES, NOT_CONFINED, Request, Stage};

/// What is installed for everybody. The user's own folders are not among it.
const SYSTEM: [&str; 7] = ["/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/sbin", "/usr"];
/// What the loader of programs reads, the settings of OpenSSL and LDC, without which
/// Node.js and LDC do not start, the time zone, and the number of processors.
const FILES: [&str; 8] = [
    "/etc/ld.so.cache",
    "/etc/ldc2",
    "/etc/ldc2.conf",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/ssl/openssl.cnf",
    "/sys/devices/system/cpu",
];
/// Devices that hold nothing.
const DEVICES: [&str; 5] = ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];
/// The greatest private memory of each process, in bytes.
const MEMORY_BYTES: u64 = 4 << 30;
/// The greatest size of a file, in bytes.
const FILE_BYTES: u64 = 1 << 30;
/// The greatest number of open files of each process.
const DESCRIPTORS: u64 = 4096;
/// The greatest number of processes and threads.
const PROCESSES: u64 = 1024;
/// What a shell adds to the number of a signal that has ended a program.
const SIGNALLED: i32 = 128;

/// Does the work of such a process if this is one, and never returns then. In every
/// other process it returns at once.
///
/// Call it before anything else in `main`: the process must have one thread, and be
/// dumpable.
pub(crate) fn child_main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(COMMAND) {
        return;
    }
    let request = arguments.next().and_then(|text| serde_json::from_str(&text).ok());
    let code = match request {
        Some(request) => run(request),
        None => complain("it does not know what to do"),
    };
    std::process::exit(code);
}

fn run(request: Request) -> i32 {
    let done = match request.stage {
        Stage::Outer { parent } => outer(request, parent),
        Stage::Inner { .. } => inner(&request),
    };
    done.unwrap_or_else(|why| complain(&why))
}

/// Says why nothing was run.
fn complain(why: &str) -> i32 {
    // If it cannot be said, the exit code says it.
    let _ = writeln!(std::io::stderr(), "the process that runs the tools cannot confine itself: {why}");
    NOT_CONFINED
}

fn outer(request: Request, parent: u32) -> Result<i32, String> {
    let why = |error: rustix::io::Errno| error.to_string();
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(why)?;
    if getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
        return Err("the parent is gone".to_owned());
    }
    let entered = runner_confine::enter_namespaces(&request.room);
    if let (Err(error), Demand::Full, false) = (&entered, request.demand, request.words.is_empty()) {
        return Err(format!("namespaces: {error}"));
    }
    let Request { folder, .. } = request.clone();
    let inner = Request { stage: Stage::Inner { is_in_namespaces: entered.is_ok() }, ..request };
    let inner = serde_json::to_string(&inner).map_err(|error| error.to_string())?;
    // The folder is opened anew: the current one is on a mount that is read-only now.
    let mut child = Command::new("/proc/self/exe")
        .arg0("runner")
        .args([COMMAND, &inner])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    // While it is open, this process lives.
    let _alive = child.stdin.take();
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(code(status))
}

fn inner(request: &Request) -> Result<i32, String> {
    let is_in_namespaces = request.stage == Stage::Inner { is_in_namespaces: true };
    // In a namespace of its own, its parent has no number.
    let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    let layers = confine(request, parent).map_err(|error| error.to_string())?;
    // If the parent has ended before there was a signal for that, there will be none.
    let stdin = std::io::stdin();
    let mut ends = [PollFd::new(&stdin, PollFlags::empty())];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut ends, Some(&now)).map_err(|error| error.to_string())?;
    if ends[0].revents().contains(PollFlags::HUP) {
        return Err("the parent is gone".to_owned());
    }
    let Some((program, arguments)) = request.words.split_first() else {
        let state = if is_in_namespaces { "full" } else { "missing" };
        let said = writeln!(std::io::stdout(), "{NAMESPACES}{state}\n{layers}");
        return said.map(|()| 0).map_err(|error| error.to_string());
    };
    if request.demand == Demand::Full && !(is_in_namespaces && layers.complete()) {
        return Err(format!("not all layers are in force: {layers}"));
    }
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).status();
    status.map(code).map_err(|error| format!("{program}: {error}"))
}

fn confine(request: &Request, parent: u32) -> runner_confine::Result<Layers> {
    let limits = Limits {
        data_bytes: Some(MEMORY_BYTES),
        file_bytes: FILE_BYTES,
        descriptors: DESCRIPTORS,
        processes: Some(PROCESSES),
        ..Limits::default()
    };
    let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    let policy = Policy::new(Calls::Programs, parent)
        .keep(0)
        .keep(1)
        .keep(2)
        .limits(limits)
        .executes(paths(&SYSTEM))
        .executes(request.executable.iter().cloned())
        .reads(paths(&FILES))
        .uses_devices(paths(&DEVICES))
        .owns([Path::new(&request.room).to_owned()]);
    let mut layers = runner_confine::before_threads(&policy)?;
    layers.add(&runner_confine::on_all_threads(&policy)?);
    Ok(layers)
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| SIGNALLED + status.signal().unwrap_or(0))
}
