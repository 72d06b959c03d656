//! The process that compiles plugins: how it is started, limited and ended.
//!
//! The parent passes the plugin as the child's standard input. The child's
//! standard output is a file in memory, in which the parent finds native code
//! or an error when the child has ended. The child limits its own memory and
//! the size of that file before it reads anything, and dies with its parent.

mod answer;
mod inside;

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use runner_pipeline::cancel::{Cancel, Seconds};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::stack;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub(crate) use self::inside::compile_for_parent;
use crate::code::{Code, CodeFile};
use crate::engine::Counting;
use crate::limits::Confinement;
use crate::native_code::Source;

/// The first argument of a child, followed by the plugin's name and the
/// parent's process id. A program that is started with it must call
/// [`compile_for_parent`], and exit with the code that it returns.
pub(crate) const COMPILE_COMMAND: &str = "__compile";

/// A further argument of a child that refuses to compile unless it is fully
/// confined.
const FULLY_CONFINED: &str = "fully-confined";

/// The last argument of a child whose code counts its instructions.
const COUNTING: &str = "counting";

/// What bounds a compilation.
pub(crate) struct CompileLimits<'a> {
    pub(crate) deadline: Duration,
    pub(crate) confinement: Confinement,
    pub(crate) counting: Counting,
    pub(crate) cancel: Cancel<'a>,
}

/// How often the parent checks whether the run was stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Compiles in a child process, which has ended when this returns.
///
/// # Errors
/// If the plugin cannot be compiled in time, or at all, or if the run is
/// stopped.
pub(crate) fn compile(
    program: &Path,
    source: &Source<'_>,
    file: CodeFile,
    limits: &CompileLimits<'_>,
) -> Result<Code> {
    let CompileLimits { deadline, confinement, counting, cancel } = *limits;
    let name = source.name;
    let end = Instant::now().checked_add(deadline);
    let messages = anonymous_file(b"").map_err(cannot_run)?;
    let mut child = Command::new(program)
        .arg0("runner")
        .args([COMPILE_COMMAND, name, &std::process::id().to_string()])
        .args((confinement == Confinement::Full).then_some(FULLY_CONFINED))
        .args((counting == Counting::On).then_some(COUNTING))
        .env_clear()
        // The compiler's threads get the standard library's stack size.
        .env("RUST_MIN_STACK", stack::STACK_BYTES.to_string())
        .stdin(anonymous_file(source.bytes).map_err(cannot_run)?)
        .stdout(file.as_fd().try_clone_to_owned().map_err(cannot_run)?)
        .stderr(messages.try_clone().map_err(cannot_run)?)
        .spawn()
        .map(Running)
        .map_err(cannot_run)?;
    match wait_until(&mut child, file.file(), end, cancel)? {
        End::Exited(status) => answer::read(name, file, status, messages),
        End::TooLong => Err(answer::too_long(name)),
        End::TooLate => {
            Err(Error::new(Kind::Plugin, format!("cannot compile `{name}` within {}", Seconds(deadline)))
                .hint("give it more time with `--compile-timeout`"))
        }
    }
}

fn cannot_run(why: io::Error) -> Error {
    let error = |kind| Error::new(kind, "cannot start the process that compiles plugins");
    let error = match why.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) if !Path::new("/proc/self").exists() => {
            error(Kind::Io).hint("`/proc` must be mounted")
        }
        Some(Errno::CHILD) => error(Kind::Io)
            .hint("this process ignores SIGCHLD, so nothing is known of its children: reset the signal"),
        Some(Errno::AGAIN) => {
            error(Kind::OutOfMemory).hint("the system, or `ulimit -u`, allows no more processes and threads")
        }
        _ => error(Kind::Io),
    };
    error.because(why)
}

/// A child process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the child has ended and has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An anonymous file with the content `bytes`, positioned at its start.
fn anonymous_file(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("runner-plugin", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// How a wait for a child has ended. Only in the first case has the child.
enum End {
    Exited(ExitStatus),
    TooLate,
    TooLong,
}

/// Waits until the child has ended, must be ended, or the run is stopped.
fn wait_until(child: &mut Running, answer: &File, end: Option<Instant>, cancel: Cancel<'_>) -> Result<End> {
    let ended = pidfd_open(Pid::from_child(&child.0), PidfdFlags::empty());
    let ended = ended.map_err(|e| cannot_run(e.into()))?;
    loop {
        cancel.check()?;
        let left = end.map_or(POLL_INTERVAL, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(End::TooLate);
        }
        // The limit that the child sets itself comes first, unless it is not
        // the program that it should be.
        if answer.metadata().map_err(cannot_run)?.len() > answer::ANSWER_BYTES {
            return Ok(End::TooLong);
        }
        let timeout = Timespec::try_from(left.min(POLL_INTERVAL)).ok();
        match poll(&mut [PollFd::new(&ended, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return child.0.wait().map(End::Exited).map_err(cannot_run),
            Err(error) => return Err(cannot_run(error.into())),
        }
    }
}
