//! Runs a plugin for its author, in the sandbox: its instructions are counted,
//! and its log is kept.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runner_contract::{FileHead, Job, LogLevel};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::output::Output;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use runner_pipeline::locks;
use runner_pipeline::run::{Options, Program, apply_to};
use runner_pipeline::storage::{Entry, read_small};
use runner_sandbox::plugin::params::Given;
use runner_sandbox::plugin::{Resolved, Several};
use runner_sandbox::{Limits, Meter, Plugin, Sink};

use super::build::remove;
use super::case::{Answer, DATA_BYTES, Failure};
use crate::loaded_plugin::{limits, load_resolved, with_program};
use crate::report::Reporter;

/// Far more than a call needs to run all of its instructions.
const DEADLINE: Duration = Duration::from_secs(60);
/// The most threads of a run, and one for the collector.
const LANES: usize = 3;
/// Maximum number of messages that are kept.
const MESSAGES: usize = 1000;

/// Size of windows in bytes, and number of threads.
pub(super) type Cut = (u64, usize);

/// A plugin that is tried.
pub(super) struct Bench {
    plugin: Plugin,
    pub(super) meter: Meter,
    pub(super) scratch: tempfile::TempDir,
    log: Arc<Mutex<Vec<(LogLevel, String)>>>,
}

/// Loads a plugin whose instructions are counted. All commands for authors use
/// such code, so that it is compiled once, within the time `compile`.
///
/// # Errors
/// If the plugin cannot be read or loaded.
pub(super) fn load(
    path: &Path,
    compile: Duration,
    cancel: Cancel<'static>,
    reporter: &Reporter,
) -> Result<(Plugin, Meter)> {
    let meter = Meter::default();
    let limits = Limits {
        deadline: DEADLINE,
        lanes: LANES,
        cancel: cancel.into(),
        meter: Some(meter.clone()),
        ..limits()?
    };
    let source = Resolved::file(path)?;
    Ok((load_resolved(&source, limits, compile, reporter)?, meter))
}

impl Bench {
    /// # Errors
    /// If there is no folder for temporary files.
    pub(super) fn new((plugin, meter): (Plugin, Meter)) -> Result<Self> {
        let scratch = tempfile::tempdir().map_err(Error::at("create a folder in", &std::env::temp_dir()))?;
        Ok(Self { plugin, meter, scratch, log: Arc::default() })
    }

    /// Takes what was logged since the last call, as lines of a report.
    pub(super) fn log_page(&self) -> Page {
        let mut page = Page::default();
        for (level, line) in std::mem::take(&mut *locks::lock(&self.log)) {
            page.line(format_args!("      log {level:?}: {line}"));
        }
        page
    }

    fn sink(&self) -> Sink {
        let log = Arc::clone(&self.log);
        Arc::new(move |level: LogLevel, line: &str| {
            let mut log = locks::lock(&log);
            if log.len() < MESSAGES {
                log.push((level, line.to_owned()));
            }
        })
    }

    fn plugins(&self, params: &[Given]) -> Result<Several> {
        let plugins = vec![self.plugin.clone()];
        let plugins = Several::new(plugins, params.to_vec(), (Vec::new(), None), limits()?.budget)?;
        Ok(plugins.logging_to(&self.sink()))
    }

    /// The job that the plugin asks for on a file with these bytes.
    pub(super) fn job(&self, params: &[Given], head: &[u8]) -> Result<Job> {
        let (job, _) = self.plugins(params)?.begin(FileHead::new(Some(head.len() as u64), head))?;
        Ok(job)
    }

    /// Calls `run` with the program.
    pub(super) fn with<T>(&self, params: &[Given], run: impl FnOnce(&Program<'_>) -> Result<T>) -> Result<T> {
        with_program(&self.plugins(params)?, &[], run)
    }

    /// The output of a file, or the error.
    ///
    /// # Errors
    /// If the run was stopped.
    pub(super) fn once(&self, input: &Path, params: &[Given], cut: Cut) -> Result<Answer> {
        let (window_bytes, threads) = cut;
        let out = self.scratch.path().join("output");
        remove(&out)?;
        let options = Options { window_bytes, threads, ..Options::default() };
        let made = self.with(params, |program| {
            let entry = Output::File(Entry::resolve(&out)?);
            apply_to(input, &entry, program, &options, &mut |_| {})?;
            read_small(&out, DATA_BYTES)
        });
        match made {
            Err(error) if error.kind() == Kind::Interrupted => Err(error),
            made => Ok(made.map_err(|error| Failure::from(&error))),
        }
    }
}
