//! A benchmark case: its input files, its commands, and the metrics that are
//! computed from their times.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Commands that are compared with each other.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) runs: Vec<Run>,
    pub(crate) rows: Vec<Row>,
    /// The most rounds of this case, if it takes long.
    pub(crate) max_rounds: u32,
    /// Whether an untimed round goes first, in which plugins are compiled and
    /// results are compared.
    pub(crate) warm_up: bool,
}

impl Case {
    pub(crate) fn new(runs: Vec<Run>, rows: Vec<Row>) -> Self {
        Self { runs, rows, max_rounds: u32::MAX, warm_up: true }
    }

    pub(crate) fn max_rounds(mut self, rounds: u32) -> Self {
        self.max_rounds = rounds;
        self
    }
}

/// One or more commands that are timed together.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) label: String,
    /// Created before each round. This is not timed.
    pub(crate) inputs: Vec<Input>,
    /// Files or folders that are read before each round, so that the page
    /// cache is warm.
    pub(crate) warm: Vec<PathBuf>,
    /// Executed in this order.
    pub(crate) steps: Vec<Step>,
    /// A file that is synced after the last step. The times with and without
    /// this sync are both recorded, so that no second run is needed.
    pub(crate) synced: Option<PathBuf>,
    /// A file or folder whose content must be the same after every run of the
    /// case that has a result.
    pub(crate) result: Option<PathBuf>,
}

impl Run {
    pub(crate) fn new(label: impl Into<String>, step: Step) -> Self {
        Self {
            label: label.into(),
            inputs: Vec::new(),
            warm: Vec::new(),
            steps: vec![step],
            synced: None,
            result: None,
        }
    }

    pub(crate) fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    pub(crate) fn warm(mut self, path: &Path) -> Self {
        self.warm.push(path.to_owned());
        self
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(crate) fn synced(mut self, path: &Path) -> Self {
        self.synced = Some(path.to_owned());
        self
    }

    pub(crate) fn result(mut self, path: &Path) -> Self {
        self.result = Some(path.to_owned());
        self
    }
}

/// What a label ends with if the time includes a sync.
pub(crate) const WITH_SYNC: &str = " + sync";

/// The label of a run's time including its sync.
pub(crate) fn with_sync(label: &str) -> String {
    format!("{label}{WITH_SYNC}")
}

/// The state of a file or folder before a run.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Copy {
        from: PathBuf,
        to: PathBuf,
    },
    /// Many copies in one folder.
    Copies {
        from: PathBuf,
        folder: PathBuf,
        count: u32,
    },
    /// A file of holes with a few lines in it.
    Holes {
        path: PathBuf,
        size: u64,
    },
    /// Nothing exists at this path.
    Absent(PathBuf),
}

/// One command.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: Command,
    pub(crate) stdin: Option<PathBuf>,
    pub(crate) stdout: Stdout,
    /// An exit code that counts as success, besides 0.
    pub(crate) accepted_exit: i32,
}

/// Where standard output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stdout {
    /// To `/dev/null`.
    Discarded,
    /// To `/dev/null`, but in the warm-up round to a file, which is the run's
    /// result.
    Compared,
    /// To this file.
    File(PathBuf),
    /// To the file from which the profile of `apply --profile --json` is read.
    Profile,
}

impl Step {
    pub(crate) fn new<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[A]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        Self { command, stdin: None, stdout: Stdout::Discarded, accepted_exit: 0 }
    }

    /// Adds a plugin parameter, as `NAME=VALUE`.
    pub(crate) fn set(self, parameter: &str) -> Self {
        self.arguments(&["--set", parameter])
    }

    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Adds a path as the next argument.
    pub(crate) fn on(mut self, file: &Path) -> Self {
        self.command.arg(file);
        self
    }

    pub(crate) fn stdin(mut self, path: &Path) -> Self {
        self.stdin = Some(path.to_owned());
        self
    }

    pub(crate) fn stdout(mut self, stdout: Stdout) -> Self {
        self.stdout = stdout;
        self
    }

    /// Accepts exit code 1, with which `--check` reports changes.
    pub(crate) fn finds_changes(mut self) -> Self {
        self.accepted_exit = 1;
        self
    }
}

/// A row of the table of ratios.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) metric: Metric,
    pub(crate) target: Option<Target>,
}

/// What a row shows. Strings are labels of runs.
#[derive(Debug)]
pub(crate) enum Metric {
    /// How many times as fast as the fastest of `than`.
    Speedup { ours: String, than: Vec<String> },
    /// Time divided by the time of `base`.
    TimeRatio { ours: String, base: String },
    /// Wall time in milliseconds.
    Milliseconds(String),
    /// Peak private memory in MiB.
    PeakMemory(String),
    /// Milliseconds per GiB.
    PerGib { ours: String, bytes: u64 },
    /// Time of the in-place write divided by that of `base`.
    WriteRatio { ours: String, base: String },
    /// Microseconds per call: the extra time of `many`, divided by the number
    /// of extra calls.
    PerCall { many: String, few: String, calls: u64 },
}

/// The target for a row's median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    pub(crate) fn is_met(self, median: f64) -> bool {
        match self {
            Self::AtLeast(bound) => median >= bound,
            Self::AtMost(bound) => median <= bound,
        }
    }
}

impl Row {
    pub(crate) fn new(metric: Metric) -> Self {
        Self { metric, target: None }
    }

    pub(crate) fn speedup(ours: &str, than: &[impl ToString]) -> Self {
        let than = than.iter().map(ToString::to_string).collect();
        Self::new(Metric::Speedup { ours: ours.into(), than })
    }

    pub(crate) fn time_ratio(ours: &str, base: &str) -> Self {
        Self::new(Metric::TimeRatio { ours: ours.into(), base: base.into() })
    }

    pub(crate) fn at_least(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtLeast(bound));
        self
    }

    pub(crate) fn at_most(mut self, bound: f64) -> Self {
        self.target = Some(Target::AtMost(bound));
        self
    }
}
