//! `runner plugin test`: runs cases on a built plugin, in the sandbox, with windows
//! of several sizes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use runner_contract::LogLevel;
use runner_pipeline::commit::output::Output;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use runner_pipeline::run::{Options, apply_to};
use runner_pipeline::storage::Entry;
use runner_sandbox::plugin::Several;
use runner_sandbox::{Isolation, Plugin};

use super::build::{is_plugin, remove};
use super::case::{self, Answer, Case};
use super::project::Project;
use crate::Outcome;
use crate::loaded_plugin::{limits, load, with_program};
use crate::report::Reporter;

/// The sizes of windows that are tried, in bytes, and numbers of threads. The
/// first one is the usual one, with which the others must agree. A scan has no
/// windows of less than 64 KiB, so shorter inputs are never cut.
const CUTS: [(u64, usize); 4] = [(1 << 20, 1), (64 << 10, 1), (192 << 10, 2), (1 << 20, 2)];

/// Tests a plugin, or that of a project, with the cases of a folder; without
/// one, the folder `cases` of the project.
///
/// # Errors
/// If the plugin cannot be loaded, or cases cannot be read; any I/O error. Cases
/// that fail are no error, but an outcome.
pub(crate) fn test(plugin: &Path, cases: Option<&Path>, reporter: &Reporter) -> Result<Outcome> {
    let (path, folder) = places(plugin, cases)?;
    let cases = case::read_all(&folder)?;
    let text = path.to_str().ok_or_else(|| Error::new(Kind::Usage, "the plugin's path is not UTF-8"))?;
    let bench = Bench {
        plugin: load(text, limits()?, Isolation::COMPILE_DEADLINE, reporter)?,
        scratch: tempfile::tempdir().map_err(Error::at("create a folder in", &std::env::temp_dir()))?,
        log: Arc::default(),
    };
    let mut failures = 0;
    for case in &cases {
        let mut page = Page::default();
        match bench.run(case)? {
            None => page.line(format_args!("ok    {}", case.name)),
            Some(why) => {
                failures += 1;
                page.line(format_args!("FAIL  {}", case.name));
                page.several("      ", "      ", &why, usize::MAX);
                let log = std::mem::take(&mut *runner_pipeline::locks::lock(&bench.log));
                for (level, line) in log {
                    page.line(format_args!("      log {level:?}: {line}"));
                }
            }
        }
        reporter.show(&page)?;
    }
    let passed = cases.len() - failures;
    reporter.show(&Page::of(format_args!("{passed} passed, {failures} failed")))?;
    Ok(if failures == 0 { Outcome::Done } else { Outcome::Changes })
}

/// The plugin, and the folder of the cases.
fn places(plugin: &Path, cases: Option<&Path>) -> Result<(PathBuf, PathBuf)> {
    if is_plugin(plugin) {
        let beside = || plugin.parent().unwrap_or(Path::new("")).join("cases");
        return Ok((plugin.to_owned(), cases.map_or_else(beside, Path::to_owned)));
    }
    let project = Project::open(plugin)?;
    let path = project.plugin();
    if !path.exists() {
        return Err(
            Error::new(Kind::Usage, "the plugin is not built yet").hint("run `runner plugin build` first")
        );
    }
    Ok((path, cases.map_or_else(|| project.folder.join("cases"), Path::to_owned)))
}

/// A plugin that is tested.
struct Bench {
    plugin: Plugin,
    scratch: tempfile::TempDir,
    /// What the plugin has logged since the case began.
    log: Arc<Mutex<Vec<(LogLevel, String)>>>,
}

impl Bench {
    /// Runs a case with every cut. Returns what is wrong.
    fn run(&self, case: &Case) -> Result<Option<String>> {
        runner_pipeline::locks::lock(&self.log).clear();
        let [usual, others @ ..] = CUTS;
        let found = self.once(case, usual)?;
        if let Some(why) = case.difference(&found) {
            return Ok(Some(why));
        }
        for (window, threads) in others {
            let other = self.once(case, (window, threads))?;
            let why = match (&found, &other) {
                (Ok(found), Ok(other)) if found == other => continue,
                (Err(_), Err(_)) => continue,
                (Ok(found), Ok(other)) => case::diff(found, other),
                (Ok(_), Err(message)) => format!("an error: {message}"),
                (Err(_), Ok(_)) => "no error".to_owned(),
            };
            let cut =
                format!("with windows of about {window} bytes and {threads} threads, it is not the same");
            return Ok(Some(format!("{cut}: no edit may depend on where a window begins or ends\n{why}")));
        }
        Ok(None)
    }

    /// The output of a case, or the error of the plugin.
    fn once(&self, case: &Case, (window_bytes, threads): (u64, usize)) -> Result<Answer> {
        let log = Arc::clone(&self.log);
        let sink = move |level: LogLevel, line: &str| {
            runner_pipeline::locks::lock(&log).push((level, line.to_owned()));
        };
        let out = self.scratch.path().join("output");
        remove(&out)?;
        let made = limits()
            .and_then(|limits| {
                Several::new(
                    vec![self.plugin.clone()],
                    case.params.clone(),
                    (Vec::new(), None),
                    limits.budget,
                )
            })
            .and_then(|plugins| {
                let plugins = plugins.logging_to(&(Arc::new(sink) as runner_sandbox::Sink));
                let options = Options { window_bytes, threads, ..Options::default() };
                let entry = Output::File(Entry::resolve(&out)?);
                with_program(&plugins, |program| {
                    apply_to(&case.input, &entry, program, &options, &mut |_| {})
                })
            });
        match made {
            Ok(_) => std::fs::read(&out).map(Ok).map_err(Error::at("read", &out)),
            Err(error) if matches!(error.kind(), Kind::Plugin | Kind::Usage | Kind::Refused) => {
                let causes = error.causes().map(|cause| format!(": {cause}")).collect::<String>();
                Ok(Err(format!("{error}{causes}")))
            }
            Err(error) => Err(error),
        }
    }
}
