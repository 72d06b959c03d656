//! `runner plugin dev`: builds a plugin when its sources change, and shows what it
//! changes at the start of a file. It never writes to the file.

mod sample;
mod watched;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use clap::Args as ArgGroup;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, count, shown};
use runner_pipeline::run::{Options, OsPatch, dry_run};
use runner_pipeline::target::OsTarget;
use runner_sandbox::plugin::params::Given;

use self::sample::Sample;
use self::watched::Watched;
use super::bench::Bench;
use crate::Outcome;
use crate::args::{CompileArgs, bytes, key_value};
use crate::report::{Reporter, replaced_by};
use crate::show::{View, changes};
use crate::signals::cancel_on_signals;

/// What stands on a terminal is cleared, with what was scrolled away, and the
/// cursor is set to the start.
const CLEAR: &[u8] = b"\x1b[2J\x1b[3J\x1b[H";

#[derive(Debug, ArgGroup)]
pub(crate) struct DevArgs {
    /// A project's folder, or the path of a .wasm or .wat file
    plugin: PathBuf,
    /// The file on whose start the plugin is run; it is never changed
    file: PathBuf,
    /// Set a parameter of the plugin; repeat the option for each parameter
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// How much of the file is shown to the plugin
    #[arg(long, value_name = "BYTES", default_value = "1M", value_parser = bytes)]
    sample: u64,
    #[command(flatten)]
    compile: CompileArgs,
}

/// Shows the changes that a plugin makes, and again whenever it changes, until the
/// user ends it.
///
/// # Errors
/// If the plugin cannot be watched, or nothing can be shown. A plugin that cannot
/// be built or fails is shown, and the watch goes on.
pub(crate) fn dev(args: &DevArgs, reporter: &Reporter) -> Result<Outcome> {
    let cancel = cancel_on_signals()?;
    let mut watched = Watched::new(&args.plugin, &args.file, args.compile.compile_timeout)?;
    let params: Vec<_> = args.set.iter().map(|(name, value)| Given::set(name, value)).collect();
    let round = Round { args, params: &params, cancel, reporter };
    let mut saved = None;
    loop {
        refuse_special(&args.file)?;
        match round.run(&mut watched, saved) {
            Err(error) if cancel.check().is_err() || error.kind() == Kind::Interrupted => break,
            Err(error) if crate::report::is_broken_pipe(&error) => return Err(error),
            Err(error) => reporter.error(&error),
            Ok(()) => {}
        }
        let Ok(changed) = watched.wait(cancel) else { break };
        if std::io::stdout().is_terminal() {
            reporter.own(CLEAR)?;
        }
        reporter.show(&Page::of(format_args!("{} has changed", shown(&changed.path))))?;
        saved = changed.at;
    }
    Ok(Outcome::Done)
}

/// Refuses what will not become a regular file. A file that is not there yet may be
/// made.
fn refuse_special(file: &Path) -> Result<()> {
    match std::fs::metadata(file) {
        Ok(found) if !found.is_file() => {
            Err(Error::new(Kind::Usage, format!("{} is not a regular file", shown(file)))
                .hint("give the file on whose start the plugin is to be run"))
        }
        _ => Ok(()),
    }
}

/// What stays the same from round to round.
struct Round<'a> {
    args: &'a DevArgs,
    params: &'a [Given],
    cancel: Cancel<'static>,
    reporter: &'a Reporter,
}

impl Round<'_> {
    /// Builds the plugin, runs it, and shows what it changes. `saved` is when the
    /// change was saved that led to this round.
    fn run(&self, watched: &mut Watched, saved: Option<SystemTime>) -> Result<()> {
        let started = Instant::now();
        let plugin = watched.load(self.cancel, self.reporter)?;
        let manifest = plugin.0.manifest();
        let name = format!("{} {}", shown(&manifest.name), shown(&manifest.version));
        let bench = Bench::new(plugin)?;
        let sample = Sample::new(&self.args.file, self.args.sample, bench.scratch.path())?;
        let options = Options { cancel: self.cancel, ..Options::default() };
        let mut page = Page::default();
        let made = bench.with(self.params, |program| {
            let mut look = |target: &OsTarget, patch: &OsPatch, _: &_| {
                let source = target.file.try_clone();
                let source = source.map_err(Error::at("duplicate the descriptor of", &self.args.file))?;
                let view = View { source: Some(source), ..View::default() };
                changes(patch, &view, "`runner apply --dry-run --diff` shows all", &mut page)
            };
            dry_run(&sample.path, program, &options, &mut |_| {}, &mut look)
        });
        // What was logged may say why it failed.
        self.reporter.show(&bench.log_page())?;
        let report = made.map_err(|error| match sample.is_whole {
            true => error,
            false => error.hint("the plugin sees the start of the file alone; `--sample` says how much"),
        })?;
        let stats = &report.stats;
        let took = match saved.and_then(|saved| saved.elapsed().ok()) {
            Some(since) => format!("{:.2} s after it was saved", since.as_secs_f64()),
            None => format!("{:.2} s", started.elapsed().as_secs_f64()),
        };
        let what = sample.what(&self.args.file);
        self.reporter.show(&Page::of(format_args!(
            "{name} on {what}: {}, {} replaced{} ({took})",
            count(stats.edits, "edit"),
            count(stats.old_bytes, "byte"),
            replaced_by(stats)
        )))?;
        self.reporter.show(&page)
    }
}
