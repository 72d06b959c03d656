//! A command that runs. It has a stack of its own, so it can pause in the middle
//! of a read where no input is left, and go on when there is more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape_lines;
use runner_pipeline::memory::Bytes;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::options::Options;
use crate::call_error::{self, Call};
use crate::instance::Linked;
use crate::limits::{Limits, reply_fuel};
use crate::log::Log;
use crate::output::{Ends, Output};
use crate::pipes::{Pipes, Refused};
use crate::stdio::Stdio;
use crate::store::State;

/// How often a command may give way without a reason before it is taken for one
/// that waits for what never comes.
const TURNS: usize = 10_000;
/// The memory of a stack, which the engine maps for each run.
const STACK_BYTES: usize = 2 << 20;
/// Maximum number of characters of the last words of a command.
const WORDS_CHARS: usize = 2000;

/// A command that runs.
pub(super) struct Process {
    name: String,
    limits: Limits,
    pipes: Pipes,
    output: Output,
    log: Log,
    /// `None` once it has ended.
    run: Option<Run>,
    /// The offset of the window that it works on.
    offset: Arc<AtomicU64>,
}

type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Process {
    /// A command that has not done anything yet.
    pub(super) fn start(linked: &Linked, options: &Options) -> Self {
        let pipes = Pipes::new(&linked.limits.budget);
        let output = Output::default();
        let arguments = options.arguments.clone();
        let stdio = Stdio { arguments, pipes: pipes.clone(), output: output.clone() };
        let offset = Arc::new(AtomicU64::new(0));
        let run = run(linked.clone(), stdio, options.ok_exits.clone(), Arc::clone(&offset));
        Self {
            name: linked.name.clone(),
            limits: linked.limits.clone(),
            pipes,
            output,
            log: Log::new(Arc::clone(&linked.log)),
            run: Some(Box::pin(run)),
            offset,
        }
    }

    /// Adds input. One that has ended does not want any.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(super) fn feed(&self, bytes: &[u8]) -> Result<()> {
        if self.run.is_some() {
            let share = usize::try_from(self.limits.budget.reply_bytes()).unwrap_or(usize::MAX);
            self.pipes.feed(bytes, reply_fuel(bytes.len()).min(share))?;
        }
        Ok(())
    }

    /// No input follows.
    pub(super) fn close(&self) {
        self.pipes.close();
    }

    pub(super) fn take_output(&self) -> Vec<u8> {
        self.pipes.take_output()
    }

    /// Lets it work until it has read everything and wants more, or has ended, and
    /// logs what it has written to standard error. `offset` is that of the window
    /// in messages.
    ///
    /// # Errors
    /// If it fails, or ends with an exit code that is not allowed.
    pub(super) fn run(&mut self, offset: u64) -> Result<()> {
        let done = self.go_on(offset);
        let ends = if self.run.is_some() && done.is_ok() { Ends::Later } else { Ends::Now };
        self.output.pass_on(&mut self.log, ends);
        done
    }

    fn go_on(&mut self, offset: u64) -> Result<()> {
        self.offset.store(offset, Ordering::Relaxed);
        let Some(run) = &mut self.run else { return Ok(()) };
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..TURNS {
            match run.as_mut().poll(&mut context) {
                Poll::Ready(ended) => {
                    self.run = None;
                    return ended;
                }
                Poll::Pending if self.pipes.waits() => return Ok(()),
                Poll::Pending => {}
            }
        }
        let what = format!("filter `{}` waits for something that never comes", self.name);
        Err(Error::new(Kind::Plugin, what).because("there is nothing but standard input"))
    }
}

/// Everything that a command does, from start to end.
async fn run(linked: Linked, stdio: Stdio, ok_exits: Vec<i32>, offset: Arc<AtomicU64>) -> Result<()> {
    let (pipes, output) = (stdio.pipes.clone(), stdio.output.clone());
    let mut store = linked.store();
    // Each write is bounded by itself; the pipe bounds all of them.
    store.set_hostcall_fuel(reply_fuel(0));
    store.data_mut().become_command(stdio);
    let ended = match store.data_mut().limiter.draw(linked.instance_bytes + STACK_BYTES) {
        Ok(()) => call(&linked, &mut store).await,
        Err(denied) => Err(denied),
    };
    let failed = |code: i32| {
        let words = escape_lines(&pipes.last_errors(), WORDS_CHARS);
        let error = Error::new(Kind::Plugin, format!("filter `{}` ended with exit code {code}", linked.name));
        let error = match words.is_empty() {
            true => error.because("it said nothing"),
            false => error.said(words),
        };
        match code {
            1..=255 => error.hint(format!("if that is no failure, allow it with `--ok-exit {code}`")),
            // No option can name it.
            _ => error,
        }
    };
    let code = match ended {
        Ok(Ok(())) => 0,
        Ok(Err(())) => 1,
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => exit.0,
            None => {
                let call = Call::Window(offset.load(Ordering::Relaxed));
                return Err(match pipes.refused() {
                    Some(Refused::TooMuch(limit)) => too_much(&linked.name, call, limit),
                    Some(Refused::Denied(denied)) => call_error::too_little(&linked.name, call, denied),
                    None => {
                        let limiter = &store.data().limiter;
                        call_error::trapped(&linked.name, call, &linked.limits, limiter, &error)
                    }
                });
            }
        },
    };
    if code != 0 && !ok_exits.contains(&code) {
        // The error has its last words.
        output.clear();
        return Err(failed(code));
    }
    Ok(())
}

async fn call(
    linked: &Linked,
    store: &mut wasmtime::Store<State>,
) -> wasmtime::Result<std::result::Result<(), ()>> {
    let pre: &CommandPre<State> =
        linked.command().ok_or_else(|| wasmtime::Error::msg("a plugin was started as a command"))?;
    let command = pre.instantiate_async(&mut *store).await?;
    command.wasi_cli_run().call_run(&mut *store).await
}

fn too_much(name: &str, call: Call, limit: usize) -> Error {
    let limit = Bytes(limit as u64);
    Error::new(Kind::Plugin, format!("filter `{name}` wrote more than {limit} at once {call}")).hint(
        "one that writes only when it has read everything needs a smaller file, or a plugin in its stead",
    )
}
