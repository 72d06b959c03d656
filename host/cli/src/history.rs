//! Records what was changed in the user's history.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use runner_history::{Action, Entry, History, Name};
use runner_pipeline::error::Result;
use runner_pipeline::patch::{Evidence, PluginId};
use runner_pipeline::run::Report;
use runner_pipeline::user_state;

use crate::report::Reporter;

/// The environment variable that turns the history off.
const VARIABLE: &str = "RUNNER_HISTORY";

/// Records the changes of one run.
///
/// A change that cannot be recorded is still made: it is complete by then. The user
/// is warned once.
#[derive(Default)]
pub(crate) struct Recorder {
    /// `None` inside if nothing is recorded.
    history: OnceLock<Option<History>>,
}

/// A change that is complete.
pub(crate) struct Change<'a> {
    pub(crate) action: Action,
    pub(crate) file: &'a Path,
    pub(crate) plugin: Option<PluginId>,
    /// Paths as the user gave them.
    pub(crate) kept: Kept<'a>,
}

/// The files that a change was read from, written to, or kept in.
#[derive(Default)]
pub(crate) struct Kept<'a> {
    pub(crate) output: Option<&'a Path>,
    pub(crate) patch: Option<&'a Path>,
    pub(crate) undo: Option<&'a Path>,
    pub(crate) backup: Option<PathBuf>,
}

impl Recorder {
    /// Records a change that a run has made. One without edits is none.
    pub(crate) fn made(&self, change: Change<'_>, report: &Report, reporter: &Reporter) {
        let Some(history) = self.history(reporter).filter(|_| report.stats.edits > 0) else { return };
        let root = |root: Option<blake3::Hash>| root.map(|root| root.to_hex().to_string());
        let entry = Entry {
            edits: Some(report.stats.edits),
            old_size: Some(report.stats.pre_size),
            new_size: Some(report.stats.post_size()),
            old_root: root(report.pre_root),
            new_root: root(report.post_root),
            ..change.entry()
        };
        warn(history.append(&entry), reporter);
    }

    /// Records that a run which was interrupted was brought to an end, with the
    /// size and the root of the file.
    pub(crate) fn recovered(
        &self,
        change: Change<'_>,
        (size, root): (u64, Option<blake3::Hash>),
        reporter: &Reporter,
    ) {
        let Some(history) = self.history(reporter) else { return };
        let new_root = root.map(|root| root.to_hex().to_string());
        let entry = Entry { new_size: Some(size), new_root, ..change.entry() };
        warn(history.append(&entry), reporter);
    }

    /// The history, which is opened for the first change.
    fn history(&self, reporter: &Reporter) -> Option<&History> {
        let open = || open().inspect_err(|error| reporter.no_history(error)).ok();
        self.history.get_or_init(|| is_on().then(open).flatten()).as_ref()
    }

    /// Makes what was recorded durable.
    pub(crate) fn finish(&self, reporter: &Reporter) {
        if let Some(Some(history)) = self.history.get() {
            warn(history.sync(), reporter);
        }
    }
}

fn warn(recorded: Result<()>, reporter: &Reporter) {
    if let Err(error) = recorded {
        reporter.no_history(&error);
    }
}

impl Change<'_> {
    fn entry(self) -> Entry {
        let Self { action, file, plugin, kept } = self;
        let name = |path: &Path| Name(absolute(path));
        Entry {
            time: now(),
            action,
            file: name(file),
            output: kept.output.map(name),
            plugin,
            edits: None,
            old_size: None,
            new_size: None,
            old_root: None,
            new_root: None,
            patch: kept.patch.map(name),
            undo: kept.undo.map(name),
            backup: kept.backup.as_deref().map(name),
        }
    }
}

fn is_on() -> bool {
    std::env::var_os(VARIABLE).is_none_or(|value| value != "off")
}

fn open() -> Result<History> {
    History::open(&user_state::directory()?)
}

/// The time in whole seconds.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A path from the root, without symbolic links as far as that can be found out.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let whole = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    whole.unwrap_or_else(|_| path.to_owned())
}

/// What was known of a plugin, for people. It is not escaped.
pub(crate) fn evidence_lines(evidence: &Evidence) -> Vec<String> {
    let id = evidence.id.iter().map(|id| format!("identity {id}"));
    let signer = evidence.signer.iter().map(|key| format!("signed by {key}"));
    let vetted = evidence.vetted_by.iter().map(|key| format!("vetted by {key}"));
    id.chain(signer).chain(vetted).collect()
}
