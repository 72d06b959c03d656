//! How a failed call is told to the user: which call, why, and what would
//! help. Never a backtrace, and never raw text from a guest.

use std::fmt;

use runner_pipeline::cancel::Seconds;
use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::{escape, escape_lines};
use runner_pipeline::memory::{Bytes, HINT};
use wasmtime::Trap;

use crate::clock::Stopped;
use crate::limits::{Limiter, Limits, reply_fuel};

/// Characters of a guest's error message that are shown.
const MESSAGE_CHARS: usize = 2000;

/// What the plugin was doing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    /// Being instantiated.
    Start,
    /// Saying what it is.
    Describe,
    /// Looking at parameters and head.
    Begin,
    /// Answering for the window at this offset.
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

/// The failure the plugin reported itself, in its own words: escaped, but for
/// line ends, so that what points at something in the line above still does.
pub(crate) fn reported(plugin: &str, call: Call, message: &str) -> Error {
    Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}"))
        .said(escape_lines(message, MESSAGE_CHARS))
}

/// A call that ended without an answer.
pub(crate) fn trapped(
    plugin: &str,
    call: Call,
    limits: &Limits,
    limiter: &Limiter,
    error: &wasmtime::Error,
) -> Error {
    if error.downcast_ref::<Stopped>().is_some()
        && let Err(stopped) = limits.cancel.get().check()
    {
        return stopped;
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        let what = match call {
            Call::Start => "did not start".to_owned(),
            Call::Describe => "did not describe itself".to_owned(),
            Call::Begin => "did not answer `begin`".to_owned(),
            Call::Window(offset) => format!("did not answer window at offset {offset}"),
        };
        return Error::new(
            Kind::Plugin,
            format!("plugin `{plugin}` {what} within {}", Seconds(limits.deadline)),
        )
        .hint("give it more time with `--timeout`");
    }
    if let Some(denied) = limiter.budget_denied() {
        return Error::new(
            Kind::Plugin,
            format!("plugin `{plugin}` needed more memory {call} than there is left"),
        )
        .because(denied)
        .hint(HINT);
    }
    if limiter.memory_denied() {
        let mib = limits.memory_bytes >> 20;
        return Error::new(
            Kind::Plugin,
            format!("plugin `{plugin}` needed more than {mib} MiB of memory {call}"),
        )
        .hint("give it more memory with `--memory`");
    }
    let (verb, why) = match trap {
        Some(Trap::StackOverflow) => {
            ("crashed", "it used up its stack, often by endless recursion".to_owned())
        }
        Some(Trap::UnreachableCodeReached) => {
            ("crashed", "it gave up (a panic, an abort or a failed assertion)".to_owned())
        }
        Some(trap) => ("crashed", trap.to_string()),
        // Its code ran to the end, or into something the host refused.
        None if !is_fuel(error) => ("failed", cause(error)),
        None if matches!(call, Call::Window(_)) && limits.budget.reply_bytes() < reply_fuel(0) as u64 => {
            let share = Bytes(limits.budget.reply_bytes());
            let why = format!("its answer is larger than {share}, a worker's share of `--memory-total`");
            return Error::new(Kind::Plugin, format!("plugin `{plugin}` failed {call}"))
                .because(why)
                .hint(HINT);
        }
        None => ("failed", "its answer is far larger than any sensible one".into()),
    };
    Error::new(Kind::Plugin, format!("plugin `{plugin}` {verb} {call}")).because(why)
}

fn cause(error: &wasmtime::Error) -> String {
    escape(&error.root_cause().to_string(), MESSAGE_CHARS)
}

/// Whether the answer was larger than the host would take.
fn is_fuel(error: &wasmtime::Error) -> bool {
    // Its type is private to wasmtime.
    error.root_cause().to_string().contains("fuel allocated for hostcalls")
}
