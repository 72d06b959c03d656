//! What the child leaves in its output: native code with a trailer, or a
//! refusal. Its exit code says which of them it is.
//!
//! A plugin may have taken the child over, so the parent believes nothing that
//! it reads here: sizes are bounded, and texts are escaped once more.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::escape::{escape, escape_lines};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::cannot_run;
use crate::code::{Code, CodeFile};
use crate::facts::Facts;
use crate::limits::{CODE_BYTES, COMPILE_MEMORY_BYTES};

/// Exit code of a child that returns native code.
pub(super) const EXIT_COMPILED: u8 = 0;
/// Exit code of a child that could not even return an error.
pub(super) const EXIT_FAILED: u8 = 1;
/// Exit code of a child that returns an error instead of native code.
pub(super) const EXIT_REFUSED: u8 = 3;
/// Exit code of a child whose answer is larger than files may be.
pub(super) const EXIT_TOO_LARGE: u8 = 4;

/// Maximum size of an answer.
pub(super) const ANSWER_BYTES: u64 = CODE_BYTES + TRAILER_BYTES as u64;

/// The last bytes of an answer with native code: this mark, the number of bytes
/// of code, least significant first, and the facts.
const MARK: [u8; 8] = *b"\0runner\0";
const TRAILER_BYTES: usize = 16 + Facts::BYTES;

/// Bytes that are read of a refusal. The compiler's texts are far shorter: they
/// are cut after 1,000 characters, of which each takes up to 12 bytes.
const REFUSAL_BYTES: u64 = 1 << 16;
/// Maximum number of characters shown of each text of a refusal.
const TEXT_CHARS: usize = 1 << 14;
/// Maximum number of hints shown.
const HINTS: usize = 4;
/// Bytes that are read of the messages of a crashed child.
const MESSAGE_BYTES: u64 = 1 << 16;
/// Maximum number of characters shown of them.
const MESSAGE_CHARS: usize = 400;
/// The standard library's message before it aborts because memory ran out.
const OUT_OF_MEMORY: &str = "memory allocation of";
/// In the message of the library that starts the compiler's threads.
const NO_THREAD: &str = "ThreadPoolBuildError";
const IN_THE_COMPILER: &str = "no file was touched; if the plugin is valid, this is a bug in the compiler";

/// An error as the child writes it.
#[derive(Serialize, Deserialize)]
pub(super) struct Refusal {
    /// What was wanting, if it is not the plugin's fault.
    #[serde(default)]
    for_want_of: Option<Want>,
    what: String,
    because: Option<String>,
    hints: Vec<String>,
    /// What the plugin did wrong.
    #[serde(default)]
    fault: Option<Fault>,
}

/// What is wanting where a plugin is not at fault.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Want {
    /// A layer that the caller insists on.
    Confinement,
    /// A call of the system, which failed.
    System,
    /// Memory, or threads.
    Memory,
}

/// The trailer of `code_bytes` bytes of native code.
pub(super) fn trailer(code_bytes: usize, facts: Facts) -> [u8; TRAILER_BYTES] {
    let mut trailer = [0; TRAILER_BYTES];
    trailer[..8].copy_from_slice(&MARK);
    trailer[8..16].copy_from_slice(&(code_bytes as u64).to_le_bytes());
    trailer[16..].copy_from_slice(&facts.to_bytes());
    trailer
}

/// Reads the answer of a child that has ended. `messages` is what it wrote to
/// its standard error.
///
/// # Errors
/// If the child has refused the plugin or crashed, or if its answer is not
/// native code of the permitted size.
pub(super) fn read(name: &str, answer: CodeFile, status: ExitStatus, messages: File) -> Result<Code> {
    let size = answer.file().metadata().map_err(cannot_run)?.len();
    if size > ANSWER_BYTES {
        return Err(too_long(name));
    }
    if status.success() {
        let (code_bytes, facts) = read_trailer(answer.file(), size).ok_or_else(|| not_code(name))?;
        return answer.seal(code_bytes, facts);
    }
    if status.code() == Some(EXIT_REFUSED.into())
        && let Some(refusal) = read_refusal(answer.file())
    {
        return Err(refusal.into());
    }
    Err(crashed(name, status, messages))
}

/// The number of bytes of code, and the facts. `None` if there is no trailer
/// that fits the size of the answer.
fn read_trailer(answer: &File, size: u64) -> Option<(u64, Facts)> {
    let code_bytes = size.checked_sub(TRAILER_BYTES as u64)?;
    let mut trailer = [0; TRAILER_BYTES];
    answer.read_exact_at(&mut trailer, code_bytes).ok()?;
    let facts = Facts::from_bytes(*trailer.last_chunk()?)?;
    (trailer == self::trailer(usize::try_from(code_bytes).ok()?, facts)).then_some((code_bytes, facts))
}

fn read_refusal(mut answer: &File) -> Option<Refusal> {
    let mut text = Vec::new();
    answer.rewind().ok()?;
    answer.take(REFUSAL_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The error for a child that wrote more than [`ANSWER_BYTES`].
pub(super) fn too_long(name: &str) -> Error {
    let mib = CODE_BYTES >> 20;
    Error::new(Kind::Plugin, format!("`{name}` compiles to more than {mib} MiB of code"))
}

fn not_code(name: &str) -> Error {
    Error::new(Kind::Plugin, format!("cannot compile `{name}`: the compiler's answer is not code"))
        .hint(IN_THE_COMPILER)
}

fn crashed(name: &str, status: ExitStatus, messages: File) -> Error {
    let cannot = format!("cannot compile `{name}`");
    // If the messages cannot be read, the status alone is reported.
    let message = read_messages(messages).unwrap_or_default();
    if message.contains(OUT_OF_MEMORY) {
        let mib = COMPILE_MEMORY_BYTES >> 20;
        let what = format!("{cannot}: the compiler needed more than {mib} MiB of memory");
        return Error::new(Kind::Plugin, what).because(message);
    }
    if message.contains(NO_THREAD) {
        let what = format!("{cannot}: the compiler could not start a thread");
        let hint = "the system, or `ulimit -u`, allows no more processes and threads";
        return Error::new(Kind::OutOfMemory, what).hint(hint);
    }
    if status.signal() == Some(Signal::KILL.as_raw()) {
        let what = format!("{cannot}: the process that compiles was killed");
        return Error::new(Kind::OutOfMemory, what)
            .hint("if nobody killed it, the machine ran out of memory");
    }
    if status.signal() == Some(Signal::XFSZ.as_raw()) || status.code() == Some(EXIT_TOO_LARGE.into()) {
        // A limit from outside: the child's own one leads to `too_long`.
        return Error::io("write", "the compiler's answer".as_ref(), io::ErrorKind::FileTooLarge.into())
            .within(cannot);
    }
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, code) => format!("exit code {}", code.unwrap_or_default()),
    };
    let error = Error::new(Kind::Plugin, format!("{cannot}: the compiler crashed ({how})"));
    let error = if message.is_empty() { error } else { error.because(message) };
    error.hint(IN_THE_COMPILER)
}

fn read_messages(mut messages: File) -> io::Result<String> {
    let mut message = Vec::new();
    messages.rewind()?;
    messages.take(MESSAGE_BYTES).read_to_end(&mut message)?;
    Ok(escape(String::from_utf8_lossy(&message).trim(), MESSAGE_CHARS))
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        let because = std::error::Error::source(error).map(ToString::to_string);
        let for_want_of = match error.kind() {
            Kind::Refused => Some(Want::Confinement),
            Kind::Io => Some(Want::System),
            Kind::OutOfMemory => Some(Want::Memory),
            _ => None,
        };
        Self {
            for_want_of,
            what: error.to_string(),
            because,
            hints: error.hints().to_vec(),
            fault: error.fault(),
        }
    }
}

impl From<Refusal> for Error {
    /// Text that is escaped already stays as it is.
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.for_want_of {
            Some(Want::Confinement) => Kind::Refused,
            Some(Want::System) => Kind::Io,
            Some(Want::Memory) => Kind::OutOfMemory,
            None => Kind::Plugin,
        };
        let error = Self::new(kind, escape(&refusal.what, TEXT_CHARS));
        let error = match refusal.fault {
            Some(fault) => error.of_fault(fault),
            None => error,
        };
        let because = refusal.because.iter().map(|because| escape_lines(because, TEXT_CHARS));
        let error = because.fold(error, Self::because);
        error.with_hints(refusal.hints.iter().take(HINTS).map(|hint| escape(hint, TEXT_CHARS)))
    }
}
