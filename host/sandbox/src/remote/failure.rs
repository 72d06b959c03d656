//! Why an exchange with a worker failed, and what is said of it. Whatever it is,
//! the worker is not used again.

use runner_pipeline::cancel::{Cancel, Seconds};
use runner_pipeline::engine::answer;
use runner_pipeline::engine::transform::WorkerDied;
use runner_pipeline::error::{Error, Fault, Kind};
use runner_pipeline::memory::Denied;

use super::call::Call;
use super::keeper::{Death, Worker};
use crate::limits::Limits;

/// Why an exchange failed.
pub(super) enum Failed {
    Channel(runner_channel::Error),
    /// The budget has no room for the answer.
    Denied(Denied),
    /// What the worker has sent is no answer.
    Spoilt(&'static str),
    /// The request does not fit: it has so many bytes.
    TooLong(usize),
}

impl Failed {
    /// Whether there was no answer in time.
    pub(super) fn is_late(&self) -> bool {
        matches!(self, Self::Channel(runner_channel::Error::Timeout))
    }
}

impl From<runner_channel::Error> for Failed {
    fn from(error: runner_channel::Error) -> Self {
        Self::Channel(error)
    }
}

impl From<Denied> for Failed {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// Who was asked, and for what.
pub(super) struct Asked<'a> {
    pub(super) plugin: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) worker: &'a Worker,
    pub(super) call: Call,
    pub(super) cancel: Cancel<'a>,
}

impl Asked<'_> {
    /// Ends the worker, and describes the failure.
    pub(super) fn error(&self, failed: Failed) -> Error {
        let Self { plugin, worker, .. } = self;
        match failed {
            Failed::Channel(runner_channel::Error::Timeout) => self.late(),
            Failed::Channel(runner_channel::Error::WorkerDied) => self.died(),
            Failed::Channel(runner_channel::Error::Malformed(what)) => spoilt(worker, plugin, &what),
            Failed::Channel(error) => {
                worker.kill("it could not be asked");
                Error::new(Kind::Io, format!("cannot ask the process that runs plugin `{plugin}`"))
                    .because(error)
            }
            Failed::Spoilt(what) => spoilt(worker, plugin, what),
            Failed::Denied(denied) => {
                worker.kill("its answer was too long");
                Error::from(denied)
            }
            Failed::TooLong(bytes) => {
                Error::new(Kind::Plugin, format!("plugin `{plugin}` cannot be given {bytes} bytes at once"))
                    .hint("the parameters are too long")
            }
        }
    }

    fn late(&self) -> Error {
        let time = Seconds(self.limits.deadline);
        self.worker.kill(&format!("it was killed, because it worked on something else for {time}"));
        let what = match self.call {
            Call::Load => "did not start and describe itself".to_owned(),
            Call::Begin => "did not answer `begin`".to_owned(),
            Call::Block(offset) => format!("did not process the window at offset {offset}"),
        };
        Error::new(Kind::Plugin, format!("plugin `{}` {what} within {time}", self.plugin))
            .hint("give it more time with `--timeout`")
            .of_fault(Fault::Time)
    }

    fn died(&self) -> Error {
        if let Err(stopped) = self.cancel.check() {
            return stopped;
        }
        let Death { how, kind } = self.worker.how_it_died();
        if kind != Kind::Plugin {
            return Error::new(kind, format!("cannot run plugin `{}` in a process of its own", self.plugin))
                .because(how);
        }
        let place = match self.call {
            Call::Load => "while loading it".to_owned(),
            Call::Begin => "before the first window".to_owned(),
            Call::Block(offset) => format!("at offset {offset}"),
        };
        Error::new(Kind::Plugin, format!("the process that runs plugin `{}` died {place}", self.plugin))
            .because(WorkerDied { how })
            .of_fault(Fault::Trap)
    }
}

/// Kills a worker that breaks the rules.
pub(super) fn spoilt(worker: &Worker, plugin: &str, what: &str) -> Error {
    worker.kill("it answered with something that no worker answers");
    answer::breach(what).of_plugin(plugin)
}
