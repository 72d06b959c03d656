//! Describes a failed call to the user: which call, why, and what would help.
//! The description never contains raw text from a guest.

mod backtrace;

use std::fmt;

use runner_contract::Failure;
use runner_pipeline::error::{Error, Fault, Kind, Place};
use runner_pipeline::escape::{escape, escape_lines, group_digits};
use runner_pipeline::memory::{Bytes, Denied, HINT};
use rustix::io::Errno;
use wasmtime::Trap;

use crate::limits::{BEGIN_FUEL, DESCRIBE_FUEL, Limiter, Limits, REPLY_FUEL, REPLY_FUEL_PER_BYTE};
use crate::log::VOLUME_BYTES;
use crate::meter::CALL_INSTRUCTIONS;

/// Maximum number of characters shown of a guest's error message.
const MESSAGE_CHARS: usize = 2000;

/// The call that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    /// The plugin is instantiated.
    Start,
    /// `describe`: the plugin returns its manifest.
    Describe,
    /// `begin`: the plugin gets the parameters and the head of the file.
    Begin,
    /// `transform`: the plugin gets the window at this offset.
    Window(u64),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("while starting"),
            Self::Describe => f.write_str("while describing itself"),
            Self::Begin => f.write_str("before the first window"),
            Self::Window(offset) => write!(f, "at offset {offset}"),
        }
    }
}

/// An error that the plugin returned, with its own message. The message is
/// escaped except for line ends, so that a marker still points at the right
/// place in the line above.
pub(crate) fn reported(plugin: &str, call: Call, failure: &Failure) -> Error {
    let words = escape_lines(&failure.message, MESSAGE_CHARS);
    // Where the reason is follows, once it is known where in the file that is.
    let reported = |place| {
        let what = format!("plugin `{plugin}` failed");
        Error::new(Kind::Plugin, what).said(words.clone()).at_place(place)
    };
    match (call, failure.position.map(u32::try_from)) {
        (Call::Window(_), Some(Ok(position))) => reported(Place::Window(position)),
        (Call::Begin, Some(Ok(position))) => reported(Place::File(position.into())),
        _ => Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}")).said(words),
    }
}

/// The error of a call that ended without an answer.
pub(crate) fn trapped(
    plugin: &str,
    call: Call,
    limits: &Limits,
    limiter: &Limiter,
    error: &wasmtime::Error,
) -> Error {
    let trap = error.downcast_ref::<Trap>();
    if let Some(denied) = limiter.budget_denied() {
        return too_little(plugin, call, denied);
    }
    if limiter.memory_denied() {
        let limit = Bytes(limits.memory_bytes);
        return Error::new(
            Kind::Plugin,
            format!("plugin `{plugin}` needed more than {limit} of memory {call}"),
        )
        .hint("give it more memory with `--memory`")
        .of_fault(Fault::Memory);
    }
    if trap.is_none() && is_machine(error) {
        let what =
            format!("the machine, or a limit of this process, had no memory for plugin `{plugin}` {call}");
        return Error::new(Kind::OutOfMemory, what)
            .because(cause(error))
            .hint("use fewer threads with `-j`, or raise the limit (`ulimit -v`, `ulimit -d`)");
    }
    let (verb, why) = match trap {
        Some(Trap::StackOverflow) => {
            ("crashed", "it overflowed its stack, often because of endless recursion".to_owned())
        }
        Some(Trap::UnreachableCodeReached) => {
            ("crashed", "it aborted, usually because of a panic or a failed assertion".to_owned())
        }
        Some(Trap::OutOfFuel) => {
            let instructions = group_digits(i128::from(CALL_INSTRUCTIONS));
            ("gave no answer", format!("it ran {instructions} instructions, so it may be in an endless loop"))
        }
        Some(trap) => ("crashed", trap.to_string()),
        // The call returned something invalid, or the host refused something.
        None if !is_fuel(error) => ("failed", cause(error)),
        None if backtrace::is_inside(error) => return message_too_large(plugin, call),
        None if matches!(call, Call::Window(_)) && limits.budget.reply_bytes() < REPLY_FUEL as u64 => {
            let share = Bytes(limits.budget.reply_bytes());
            let why = format!("its answer is larger than {share}, a worker's share of `--memory-total`");
            return Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}"))
                .because(why)
                .hint(HINT)
                .of_fault(Fault::Memory);
        }
        None => return answer_too_large(plugin, call),
    };
    let why = match backtrace::functions(error).filter(|_| trap.is_some()) {
        Some(functions) => format!("{why}; it was in {functions}"),
        None => why,
    };
    Error::new(Kind::Plugin, format!("plugin `{plugin}` {verb} {call}")).because(why).of_fault(Fault::Trap)
}

/// The error of a call in which the plugin passes more to the host than the host
/// reads: a message for the log, or the name of a table.
fn message_too_large(plugin: &str, call: Call) -> Error {
    let limit = Bytes(limit_bytes(call));
    Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}"))
        .because(format!("it passed a message to the log that exceeds the size limit of {limit}"))
        .hint(format!(
            "of a longer message, the log shows the first lines: {} at most",
            Bytes(VOLUME_BYTES as u64)
        ))
}

/// The error of a call for which the rest of the budget was too little.
pub(crate) fn too_little(plugin: &str, call: Call, denied: Denied) -> Error {
    Error::new(Kind::Plugin, format!("plugin `{plugin}` needed more memory {call} than is left"))
        .because(denied)
        .hint(HINT)
        .of_fault(Fault::Memory)
}

/// The error of a call whose answer exceeds the limit for answers of its kind.
fn answer_too_large(plugin: &str, call: Call) -> Error {
    let limit = Bytes(limit_bytes(call));
    let error = Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}")).of_fault(Fault::Memory);
    let why = format!("its answer exceeds the size limit of {limit}");
    if !matches!(call, Call::Window(_)) {
        return error.because(why);
    }
    error.because(format!("{why} plus {REPLY_FUEL_PER_BYTE} times the window")).hint(
        "a smaller `--window` makes answers smaller, but not below what one record needs; some plugins can work without records, such as `replace` with `--set multiline=true`",
    )
}

/// The constant part of the limit on what a plugin passes to the host.
fn limit_bytes(call: Call) -> u64 {
    let limit = match call {
        Call::Start | Call::Describe => DESCRIBE_FUEL,
        Call::Begin => BEGIN_FUEL,
        Call::Window(_) => REPLY_FUEL,
    };
    limit as u64
}

fn cause(error: &wasmtime::Error) -> String {
    escape(&error.root_cause().to_string(), MESSAGE_CHARS)
}

/// Whether the machine refused memory.
fn is_machine(error: &wasmtime::Error) -> bool {
    let source = error.root_cause();
    let os = source.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    os == Some(Errno::NOMEM.raw_os_error()) || source.downcast_ref::<Errno>() == Some(&Errno::NOMEM)
}

/// Whether the answer was larger than the host accepts.
fn is_fuel(error: &wasmtime::Error) -> bool {
    // Its type is private to wasmtime.
    error.root_cause().to_string().contains("fuel allocated for hostcalls")
}
