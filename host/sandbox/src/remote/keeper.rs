//! A worker process, and the thread that starts it and sees it die. The process
//! dies with this thread, so nothing that the parent does leaves one behind.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use runner_channel::{Channel, Slot, Tally, Watch};
use runner_pipeline::cancel::CancelToken;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Peer;
use runner_pipeline::{locks, stack};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::worker::{Start, WORK_COMMAND};

/// How often the keeper looks whether the run was stopped.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A worker, from its start to its death.
pub(super) struct Worker {
    /// What the two processes have drawn from their budget.
    tally: Tally,
    state: Mutex<State>,
    /// There is a free slot, or the process has died.
    changed: Condvar,
}

struct State {
    /// Free slots.
    slots: Vec<Slot>,
    /// A pidfd, once the process has started.
    process: Option<Arc<OwnedFd>>,
    /// It was killed by this process, for this reason.
    killed: Option<String>,
    /// How it has died.
    died: Option<String>,
}

impl Worker {
    /// Starts a worker. Its process is up some milliseconds later; requests
    /// wait until then. `cancel` kills it.
    ///
    /// # Errors
    /// If there can be no channel or no thread. If there can be no process, the
    /// worker dies at once.
    pub(super) fn start(
        program: &Path,
        start: Start,
        code: OwnedFd,
        cancel: CancelToken,
    ) -> Result<Arc<Self>> {
        let (channel, slots) = Channel::new(start.shape).map_err(cannot_start)?;
        let tally = slots.first().map(Slot::tally).ok_or_else(|| cannot_start("there are no lanes"))?;
        let command = command(program, start, &channel, code).map_err(cannot_start)?;
        let state = State { slots, process: None, killed: None, died: None };
        let worker = Arc::new(Self { tally, state: Mutex::new(state), changed: Condvar::new() });
        let (kept, watch) = (Arc::clone(&worker), channel.watch());
        stack::builder().spawn(move || kept.keep(command, watch, &cancel)).map_err(stack::cannot_start)?;
        Ok(worker)
    }

    /// What the keeper does.
    fn keep(&self, mut command: Command, watch: Watch, cancel: &CancelToken) {
        let child = command.spawn();
        // Now only the process has its files.
        drop(command);
        let died = match child {
            Ok(child) => self.see_die(child, watch, cancel),
            Err(error) => {
                watch.died();
                Err(error)
            }
        };
        let died = died.map_or_else(|error| format!("it could not be run: {error}"), how);
        let mut state = self.lock();
        (state.process, state.died) = (None, Some(died));
        drop(state);
        self.changed.notify_all();
    }

    fn see_die(&self, mut child: Child, watch: Watch, cancel: &CancelToken) -> io::Result<ExitStatus> {
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(process) => {
                let process = Arc::new(process);
                let mut state = self.lock();
                state.process = Some(Arc::clone(&process));
                if state.killed.is_some() {
                    kill(&process);
                }
                drop(state);
                let every = (!cancel.is_never()).then_some(LOOK_EVERY);
                let look = || {
                    if cancel.get().check().is_err() {
                        self.kill("the run was stopped");
                    }
                };
                watch.until_death(process.as_fd(), every, look);
            }
            // What cannot be watched over cannot be used.
            Err(_) => {
                watch.died();
                child.kill()?;
            }
        }
        child.wait()
    }

    /// Ends the process, for this reason.
    pub(super) fn kill(&self, why: &str) {
        let mut state = self.lock();
        state.killed.get_or_insert_with(|| why.to_owned());
        if let Some(process) = &state.process {
            kill(process);
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    /// Waits for the end of the process, and says how it died, for people.
    pub(super) fn how_it_died(&self) -> String {
        let mut state = self.lock();
        loop {
            match &state.died {
                Some(died) => return state.killed.as_ref().unwrap_or(died).clone(),
                None => state = locks::wait(&self.changed, state),
            }
        }
    }

    /// Takes a free slot, waiting for one. `None` if the worker is over.
    pub(super) fn take_slot(&self) -> Option<Slot> {
        let mut state = self.lock();
        while !state.is_over() {
            match state.slots.pop() {
                Some(slot) => return Some(slot),
                None => state = locks::wait(&self.changed, state),
            }
        }
        None
    }

    pub(super) fn give_back(&self, slot: Slot) {
        self.lock().slots.push(slot);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        locks::lock(&self.state)
    }
}

impl Peer for Worker {
    fn lease(&self, bytes: u64) {
        self.tally.add(bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.tally.subtract(bytes);
    }

    /// A process that is gone has nothing, whatever it said.
    fn leased_bytes(&self) -> u64 {
        if self.lock().died.is_some() { 0 } else { self.tally.other() }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.killed.is_some() || self.died.is_some()
    }
}

/// The process that runs a plugin.
fn command(program: &Path, start: Start, channel: &Channel, code: OwnedFd) -> io::Result<Command> {
    let mut command = Command::new(program);
    command
        .arg0("runner")
        .args([WORK_COMMAND, &std::process::id().to_string()])
        .args(start.arguments())
        .env_clear()
        // The three descriptors that a worker has.
        .stdin(channel.requests().try_clone_to_owned()?)
        .stdout(channel.replies().try_clone_to_owned()?)
        .stderr(code);
    Ok(command)
}

fn kill(process: &OwnedFd) {
    // It fails only if the process has died.
    let _ = pidfd_send_signal(process, Signal::KILL);
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("it was ended by signal {signal}"),
        (None, code) => format!("it ended with exit code {}", code.unwrap_or_default()),
    }
}

fn cannot_start(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Io, "cannot start the process that runs the plugin").because(why)
}
