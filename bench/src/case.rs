//! What a case is: files, commands, and what is made of their times.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Some commands that are compared.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) runs: Vec<Run>,
    pub(super) rows: Vec<Row>,
    /// Rounds at most, of cases that take long.
    pub(super) rounds: u32,
    /// Whether a round goes before the others, in which nothing is timed,
    /// code gets compiled, and results are compared.
    pub(super) rehearsal: bool,
}

impl Case {
    pub(super) fn new(runs: Vec<Run>, rows: Vec<Row>) -> Self {
        Self { runs, rows, rounds: u32::MAX, rehearsal: true }
    }

    pub(super) fn at_most(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }
}

/// What is timed as one.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) label: String,
    /// Made anew before each round, outside of the timing.
    pub(super) fresh: Vec<Fresh>,
    /// Read before each round, so that the cache is warm.
    pub(super) warm: Vec<PathBuf>,
    /// Run one after the other.
    pub(super) steps: Vec<Step>,
    /// A file that is synced behind the last step. Both times are taken, so
    /// that a run without it need not be done apart.
    pub(super) synced: Option<PathBuf>,
    /// A file, or a folder of files, that must be the same after every run of
    /// the case that has one.
    pub(super) result: Option<PathBuf>,
}

impl Run {
    pub(super) fn new(label: impl Into<String>, step: Step) -> Self {
        Self {
            label: label.into(),
            fresh: Vec::new(),
            warm: Vec::new(),
            steps: vec![step],
            synced: None,
            result: None,
        }
    }

    pub(super) fn fresh(mut self, fresh: Fresh) -> Self {
        self.fresh.push(fresh);
        self
    }

    pub(super) fn warm(mut self, path: &Path) -> Self {
        self.warm.push(path.to_owned());
        self
    }

    pub(super) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) fn synced(mut self, path: &Path) -> Self {
        self.synced = Some(path.to_owned());
        self
    }

    pub(super) fn result(mut self, path: &Path) -> Self {
        self.result = Some(path.to_owned());
        self
    }
}

/// The label of the time that includes the sync.
pub(super) fn with_sync(label: &str) -> String {
    format!("{label} + sync")
}

/// Files as they are before a run.
#[derive(Debug, Clone)]
pub(super) enum Fresh {
    Copy {
        from: PathBuf,
        to: PathBuf,
    },
    /// Many copies, in a folder of their own.
    Copies {
        from: PathBuf,
        folder: PathBuf,
        count: u32,
    },
    /// A file of holes with some lines in it.
    Sparse {
        path: PathBuf,
        size: u64,
    },
    /// Nothing of this name.
    Gone(PathBuf),
}

/// One command.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) command: Command,
    pub(super) stdin: Option<PathBuf>,
    pub(super) stdout: Out,
    /// An exit code that means success, too.
    pub(super) exit: i32,
}

/// Where standard output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    /// `/dev/null`.
    Dropped,
    /// `/dev/null`, but in the rehearsal a file, which is the run's result.
    Compared,
    To(PathBuf),
    /// A file that `apply --profile --json` tells its stages in.
    Profile,
}

impl Step {
    pub(super) fn new<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        Self { command, stdin: None, stdout: Out::Dropped, exit: 0 }
    }

    /// A parameter of a plugin.
    pub(super) fn set(self, parameter: &str) -> Self {
        self.arguments(&["--set", parameter])
    }

    pub(super) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(super) fn on(mut self, file: &Path) -> Self {
        self.command.arg(file);
        self
    }

    pub(super) fn stdin(mut self, path: &Path) -> Self {
        self.stdin = Some(path.to_owned());
        self
    }

    pub(super) fn stdout(mut self, out: Out) -> Self {
        self.stdout = out;
        self
    }

    /// Found changes: the exit code 1 of `--check`.
    pub(super) fn finds(mut self) -> Self {
        self.exit = 1;
        self
    }
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) ask: Ask,
    pub(super) target: Option<Target>,
}

/// What a line tells. Runs are named by their labels.
#[derive(Debug)]
pub(super) enum Ask {
    /// How many times as fast as the fastest of some others.
    Faster {
        ours: String,
        than: Vec<String>,
    },
    /// How many times the time of another.
    Time {
        ours: String,
        of: String,
    },
    Milliseconds(String),
    /// Peak private memory.
    Memory(String),
    /// Milliseconds for a GiB.
    PerGib {
        ours: String,
        bytes: u64,
    },
    /// How many times the time that another takes to write in place.
    Write {
        ours: String,
        of: String,
    },
    /// Microseconds for a call: what many calls take longer than few.
    PerCall {
        many: String,
        few: String,
        calls: u64,
    },
}

/// What a line's median should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    pub(super) fn faster(ours: &str, than: &[impl ToString]) -> Self {
        let than = than.iter().map(ToString::to_string).collect();
        Self { ask: Ask::Faster { ours: ours.into(), than }, target: None }
    }

    pub(super) fn time(ours: &str, of: &str) -> Self {
        Self { ask: Ask::Time { ours: ours.into(), of: of.into() }, target: None }
    }

    pub(super) fn of(ask: Ask) -> Self {
        Self { ask, target: None }
    }

    pub(super) fn at_least(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtLeast(bound));
        self
    }

    pub(super) fn at_most(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtMost(bound));
        self
    }
}
