//! What the commands that run a plugin share: the loaded plugin with its
//! parameters, and a way to stop the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runner_contract::{FileHead, Param};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Secrets, shown};
use runner_pipeline::memory::Budget;
use runner_pipeline::patch::PluginId;
use runner_pipeline::profile::{self, Stage};
use runner_pipeline::run::{Begun, Program};
use runner_sandbox::plugin::params::Given;
use runner_sandbox::plugin::{params, resolve};
use runner_sandbox::{Cache, Compiler, Limits, Plugin, Sandbox};

use crate::args::PluginArgs;
use crate::report::Reporter;

pub(crate) struct Session {
    plugin: Plugin,
    params: Vec<Param>,
    workers: usize,
    files: usize,
    budget: Budget,
    cancel: Cancel<'static>,
}

impl Session {
    /// Uses `workers` workers, or fewer if memory is short. `cancel` is called
    /// after the parameters have been read, because reading them may block for
    /// any time.
    pub(crate) fn new(
        args: &PluginArgs,
        workers: usize,
        cancel: impl FnOnce() -> Result<Cancel<'static>>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let _span = profile::span(Stage::Load);
        let plan = args.plan(workers)?;
        let budget = Budget::new(&plan);
        let mut given = match &args.params {
            Some(path) => params::read_file(path)?,
            None => Vec::new(),
        };
        given.extend(args.set.iter().map(|(name, value)| Given::set(name, value)));
        let cancel = match args.timeout_total {
            Some(total) => cancel()?.within(Instant::now(), total),
            None => cancel()?,
        };
        let limits = args.limits(budget.clone(), cancel);
        let plugin = load(&args.plugin, limits, args.compile_timeout, reporter)?;
        let params = params::check(plugin.manifest(), &given)?;
        let secret = params.iter().filter(|param| param.secret);
        reporter.keep_secret(Secrets::new(secret.map(|param| param.value.as_str())));
        Ok(Self { plugin, params, workers: plan.workers, files: plan.files, budget, cancel })
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Maximum number of small files in flight.
    pub(crate) fn files(&self) -> usize {
        self.files
    }

    /// Stops the run and all calls of the plugin.
    pub(crate) fn cancel(&self) -> Cancel<'static> {
        self.cancel
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        self.begin_with(&self.plugin, head)
    }

    fn begin_with(&self, plugin: &Plugin, head: FileHead<'_>) -> Result<Begun> {
        let (job, instance) =
            plugin.begin(&self.params, head).map_err(|error| self.blame(plugin, head, error))?;
        Ok((job, Box::new(instance)))
    }

    /// Decides who is to blame when a plugin refuses to begin. If it returns
    /// exactly the same message for a file that has nothing in common with this
    /// one, the parameters are the cause. That is a usage error, not a failure
    /// of the plugin.
    fn blame(&self, plugin: &Plugin, head: FileHead<'_>, error: Error) -> Error {
        let Some(words) = error.words() else { return error };
        let other: &[u8] = if head.head.is_empty() { b"\n" } else { b"" };
        let other = FileHead { size: Some(other.len() as u64), head: other };
        // Its log messages have been reported already.
        let silent = plugin.logging_to(Arc::new(|_, _| {}));
        let answer = silent.begin(&self.params, other).err();
        if answer.is_none_or(|answer| answer.words() != Some(words)) {
            return error;
        }
        error
            .of_kind(Kind::Usage)
            .hint("the plugin returns this error for any file, so its parameters are the cause")
    }

    /// Calls `run` with the program of this session. Its log messages go to
    /// `reporter`.
    pub(crate) fn with_program<T>(&self, reporter: &Reporter, run: impl FnOnce(&Program<'_>) -> T) -> T {
        let manifest = self.plugin.manifest();
        let plugin = self.plugin.logging_to(reporter.log_sink());
        run(&Program {
            id: PluginId {
                name: manifest.name.clone(),
                version: manifest.version.clone(),
                digest: self.plugin.digest().to_hex().to_string(),
            },
            params: params::storable(&self.params),
            params_digest: params::digest(&self.params),
            begin: &|head| self.begin_with(&plugin, head),
        })
    }
}

/// Loads a plugin by name or path, through the code cache if it is usable.
pub(crate) fn load(plugin: &str, limits: Limits, compile: Duration, reporter: &Reporter) -> Result<Plugin> {
    let resolved = resolve(plugin)?;
    // Without a cache, loading only takes longer.
    let cache = Cache::default_dir().and_then(|dir| Cache::open(&dir).ok());
    // This running program, even if its file has been replaced since.
    let compiler = Compiler::Child { program: "/proc/self/exe".into(), deadline: compile };
    let loaded =
        Sandbox::new(cache, compiler)?.load(&resolved.name, &resolved.bytes, limits, reporter.log_sink());
    loaded.map_err(|error| match &resolved.path {
        Some(path) => error.within(format!("cannot load the plugin {}", shown(path))),
        None => error,
    })
}
