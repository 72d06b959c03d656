//! A worker process, and the thread that starts it and sees it die. The process
//! dies with this thread, so nothing that the parent does leaves one behind.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use runner_channel::{Channel, Slot, Tally, Watch};
use runner_confine::Layer;
use runner_pipeline::cancel::CancelToken;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Peer;
use runner_pipeline::{locks, stack};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use crate::worker::{EXIT_LACKS, EXIT_NOT_CONFINED, Start, WORK_COMMAND};

/// How long a process that is killed may take to die.
const DYING: Duration = Duration::from_secs(1);
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
    /// Once the process has started, and until it is waited for.
    process: Option<Arc<Process>>,
    /// It was killed by this process, for this reason.
    killed: Option<String>,
    /// How it has died.
    died: Option<Death>,
}

/// How a worker has died, for people.
#[derive(Clone)]
pub(super) struct Death {
    pub(super) how: String,
    /// Whose fault it may be.
    pub(super) kind: Kind,
}

/// A process that has not been waited for: its number is its own.
struct Process {
    pidfd: OwnedFd,
    number: Pid,
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
        let (channel, slots) = Channel::new(start.shape).map_err(no_channel)?;
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
        let died = died.map_or_else(|error| not_run(&error), how);
        self.lock().died = Some(died);
        self.changed.notify_all();
    }

    fn see_die(&self, mut child: Child, watch: Watch, cancel: &CancelToken) -> io::Result<ExitStatus> {
        let number = Pid::from_child(&child);
        match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pidfd) => {
                let process = Arc::new(Process { pidfd, number });
                let mut state = self.lock();
                state.process = Some(Arc::clone(&process));
                if state.killed.is_some() {
                    process.kill();
                }
                drop(state);
                let every = (!cancel.is_never()).then_some(LOOK_EVERY);
                let look = || {
                    if cancel.get().check().is_err() {
                        self.kill("the run was stopped");
                    }
                };
                watch.until_death(process.pidfd.as_fd(), every, look);
                self.lock().process = None;
            }
            // What cannot be watched over cannot be used.
            Err(error) => {
                watch.died();
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("the kernel gives no `pidfd_open`: {error}")));
            }
        }
        child.wait()
    }

    /// Ends the process, for this reason.
    pub(super) fn kill(&self, why: &str) {
        let mut state = self.lock();
        state.killed.get_or_insert_with(|| why.to_owned());
        if let Some(process) = &state.process {
            process.kill();
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    /// Waits for the end of the process, and says how it died. One that does not
    /// die when it is killed (it may be frozen) dies with this process.
    pub(super) fn how_it_died(&self) -> Death {
        let until = Instant::now() + DYING;
        let mut state = self.lock();
        loop {
            let died = state.died.clone();
            if died.is_some() || until <= Instant::now() {
                let killed = state.killed.clone().map(|how| Death { how, kind: Kind::Plugin });
                let unknown = || Death { how: "it has not ended yet".to_owned(), kind: Kind::Plugin };
                return killed.or(died).unwrap_or_else(unknown);
            }
            state = locks::wait_until(&self.changed, state, until);
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

impl Process {
    fn kill(&self) {
        // A filter of a container may refuse the first call. Both fail if the
        // process has died.
        let killed = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = killed.or_else(|_| kill_process(self.number, Signal::KILL));
    }
}

fn not_run(error: &io::Error) -> Death {
    let mut kind = Kind::Io;
    let why = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) if !Path::new("/proc/self").exists() => "; `/proc` must be mounted",
        Some(Errno::CHILD) => "; this process ignores SIGCHLD, so nothing is known of its children",
        Some(Errno::AGAIN | Errno::NOMEM) => {
            kind = Kind::OutOfMemory;
            "; the system, or `ulimit -u`, allows no more processes and threads"
        }
        _ => "",
    };
    Death { how: format!("it could not be run: {error}{why}"), kind }
}

fn how(status: ExitStatus) -> Death {
    let layer = |code: i32| Layer::ALL.into_iter().find(|layer| EXIT_NOT_CONFINED + *layer as i32 == code);
    let (how, kind) = match (status.signal(), status.code()) {
        (Some(signal), _) if signal == Signal::ABORT.as_raw() => {
            (format!("it was ended by signal {signal}, usually because it lacks memory"), Kind::Plugin)
        }
        (Some(signal), _) => (format!("it was ended by signal {signal}"), Kind::Plugin),
        (None, Some(EXIT_LACKS)) => {
            let how = "it lacks threads or memory: the system, or a limit of this process, gives no more";
            (how.to_owned(), Kind::OutOfMemory)
        }
        (None, Some(code)) => match layer(code) {
            Some(layer) => (format!("it cannot confine itself: the kernel refuses `{layer}`"), Kind::Io),
            None => (format!("it ended with exit code {code}"), Kind::Plugin),
        },
        (None, None) => ("it has ended".to_owned(), Kind::Plugin),
    };
    Death { how, kind }
}

fn no_channel(error: runner_channel::Error) -> Error {
    let why = match &error {
        runner_channel::Error::Io(why) => why.raw_os_error().map(Errno::from_raw_os_error),
        _ => None,
    };
    let failed = cannot_start(error);
    match why {
        // A file in memory is a file.
        Some(Errno::FBIG) => failed.hint("the limit of file sizes (`ulimit -f`) is too low for it"),
        Some(Errno::NOMEM) => failed.of_kind(Kind::OutOfMemory),
        _ => failed,
    }
}

fn cannot_start(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Io, "cannot start the process that runs the plugin").because(why)
}
