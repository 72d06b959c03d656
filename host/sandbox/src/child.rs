//! The process that compiles plugins: how it is started, limited and ended.
//!
//! The parent passes the plugin as the child's standard input, and reads native
//! code or an error from its standard output. The child limits its own memory
//! before it reads anything, and dies with its parent.

mod inside;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use runner_pipeline::cancel::{Cancel, Seconds};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use runner_pipeline::stack;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};

pub use self::inside::compile_for_parent;
use crate::limits::{CODE_BYTES, COMPILE_MEMORY_BYTES};

/// The first argument of a child, followed by the plugin's name and the
/// parent's process id. A program that is started with it must call
/// [`compile_for_parent`], and exit with the code that it returns.
pub const COMPILE_COMMAND: &str = "__compile";

/// Exit code of a child that returns native code.
const EXIT_COMPILED: u8 = 0;
/// Exit code of a child that could not even return an error.
const EXIT_FAILED: u8 = 1;
/// Exit code of a child that returns an error instead of native code.
const EXIT_REFUSED: u8 = 3;
/// Bytes that are kept of the messages of a child.
const MESSAGE_BYTES: u64 = 1 << 16;
/// Maximum number of characters shown of the messages of a crashed child.
const MESSAGE_CHARS: usize = 400;
/// How often the parent checks whether the run was stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The standard library's message before it aborts because memory ran out.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// An error as it is sent through the pipe.
#[derive(Serialize, Deserialize)]
struct Refusal {
    what: String,
    because: Option<String>,
    hints: Vec<String>,
}

/// Compiles in a child process, which has ended when this returns.
///
/// # Errors
/// If the plugin cannot be compiled in time, or at all, or if the run is
/// stopped.
pub(crate) fn compile(
    program: &Path,
    deadline: Duration,
    name: &str,
    bytes: &[u8],
    cancel: Cancel<'_>,
) -> Result<Vec<u8>> {
    let failed =
        |why: io::Error| Error::new(Kind::Io, "cannot start the process that compiles plugins").because(why);
    let end = Instant::now().checked_add(deadline);
    let messages = anonymous_file(b"").map_err(failed)?;
    let mut child = Command::new(program)
        .arg0("runner")
        .args([COMPILE_COMMAND, name, &std::process::id().to_string()])
        .env_clear()
        // The compiler's threads get the standard library's stack size.
        .env("RUST_MIN_STACK", stack::STACK_BYTES.to_string())
        .stdin(anonymous_file(bytes).map_err(failed)?)
        .stdout(Stdio::piped())
        .stderr(messages.try_clone().map_err(failed)?)
        .spawn()
        .map(Running)
        .map_err(failed)?;
    let answer = match child.0.stdout.take() {
        Some(mut stdout) => read_until(&mut stdout, end, cancel, failed)?,
        None => Answer::TooLong,
    };
    let answer = match answer {
        Answer::Whole(answer) => answer,
        Answer::TooLate => {
            return Err(Error::new(
                Kind::Plugin,
                format!("cannot compile `{name}` within {}", Seconds(deadline)),
            )
            .hint("give it more time with `--compile-timeout`"));
        }
        Answer::TooLong => {
            let mib = CODE_BYTES >> 20;
            return Err(Error::new(
                Kind::Plugin,
                format!("`{name}` compiles to more than {mib} MiB of code"),
            ));
        }
    };
    let status = child.0.wait().map_err(failed)?;
    if status.success() {
        return Ok(answer);
    }
    if status.code() == Some(EXIT_REFUSED.into())
        && let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer)
    {
        return Err(refusal.into());
    }
    Err(crashed(name, status, messages))
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

enum Answer {
    Whole(Vec<u8>),
    TooLate,
    TooLong,
}

/// Reads to the end of the pipe, which the child closes when it exits.
fn read_until(
    pipe: &mut ChildStdout,
    end: Option<Instant>,
    cancel: Cancel<'_>,
    failed: impl Fn(io::Error) -> Error,
) -> Result<Answer> {
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        cancel.check()?;
        let left = end.map_or(POLL_INTERVAL, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(Answer::TooLate);
        }
        let timeout = Timespec::try_from(left.min(POLL_INTERVAL)).ok();
        match poll(&mut [PollFd::new(pipe, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(failed(error.into())),
        }
        match pipe.read(&mut buffer).map_err(&failed)? {
            0 => return Ok(Answer::Whole(answer)),
            count if answer.len() + count > CODE_BYTES => return Ok(Answer::TooLong),
            count => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

fn crashed(name: &str, status: ExitStatus, mut messages: File) -> Error {
    let mut message = Vec::new();
    // If the messages cannot be read, the status alone is reported.
    let _ = messages.rewind().and_then(|()| messages.take(MESSAGE_BYTES).read_to_end(&mut message));
    let message = escape(String::from_utf8_lossy(&message).trim(), MESSAGE_CHARS);
    if message.contains(OUT_OF_MEMORY) {
        let mib = COMPILE_MEMORY_BYTES >> 20;
        return Error::new(
            Kind::Plugin,
            format!("cannot compile `{name}`: the compiler needed more than {mib} MiB of memory"),
        )
        .because(message);
    }
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, code) => format!("exit code {}", code.unwrap_or_default()),
    };
    let error = Error::new(Kind::Plugin, format!("cannot compile `{name}`: the compiler crashed ({how})"));
    let error = if message.is_empty() { error } else { error.because(message) };
    error.hint("no file was touched; if the plugin is valid, this is a bug in the compiler")
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        let because = std::error::Error::source(error).map(ToString::to_string);
        Self { what: error.to_string(), because, hints: error.hints().to_vec() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let error = Self::new(Kind::Plugin, refusal.what);
        let error = refusal.because.into_iter().fold(error, Self::because);
        refusal.hints.into_iter().fold(error, Self::hint)
    }
}
