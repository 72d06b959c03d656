//! What the commands that run a plugin have in common: the plugin, loaded and
//! told its parameters, and a way to stop.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::args::PluginArgs;
use super::report::Reporter;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::fs::Entry;
use crate::job::{FileHead, Param};
use crate::memory::Budget;
use crate::patch::PluginId;
use crate::plugin::{params, resolve};
use crate::profile::{self, Stage};
use crate::run::{Begun, Program};
use crate::sandbox::{Cache, Compiler, Limits, Plugin, Sandbox};

pub(super) struct Session {
    plugin: Plugin,
    params: Vec<Param>,
    workers: usize,
    files: usize,
    budget: Budget,
    cancel: Cancel<'static>,
}

impl Session {
    /// With so many workers, or fewer, if memory is short. `cancel` is called
    /// once what was given is read, which may take as long as it likes.
    pub(super) fn new(
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
        given.extend(args.set.iter().cloned());
        let cancel = match args.timeout_total {
            Some(total) => cancel()?.within(Instant::now(), total),
            None => cancel()?,
        };
        let limits = args.limits(budget.clone(), cancel);
        let plugin = load(&args.plugin, limits, args.compile_timeout, reporter)?;
        let params = params::check(plugin.manifest(), &given)?;
        Ok(Self { plugin, params, workers: plan.workers, files: plan.files, budget, cancel })
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// Small files that may be in flight.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    /// What stops the run, and all calls of the plugin.
    pub(super) fn cancel(&self) -> Cancel<'static> {
        self.cancel
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(super) fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        self.begin_with(&self.plugin, head)
    }

    fn begin_with(&self, plugin: &Plugin, head: FileHead<'_>) -> Result<Begun> {
        let (job, instance) = plugin.begin(&self.params, head)?;
        Ok((job, Box::new(instance)))
    }

    /// Calls `run` with the program that this session stands for; what it logs
    /// goes to `reporter`.
    pub(super) fn with_program<T>(&self, reporter: &Reporter, run: impl FnOnce(&Program<'_>) -> T) -> T {
        let manifest = self.plugin.manifest();
        let plugin = self.plugin.logging_to(reporter.log_sink());
        run(&Program {
            id: PluginId {
                name: manifest.name.clone(),
                version: manifest.version.clone(),
                digest: self.plugin.digest().to_hex().to_string(),
            },
            params: params::storable(manifest, &self.params),
            params_digest: params::digest(&self.params),
            begin: &|head| self.begin_with(&plugin, head),
        })
    }
}

/// Loads a plugin by name or path, through the code cache where there is one.
pub(super) fn load(plugin: &str, limits: Limits, compile: Duration, reporter: &Reporter) -> Result<Plugin> {
    let resolved = resolve(plugin)?;
    // A cache that cannot be used only costs time.
    let cache = Cache::default_dir().and_then(|dir| Cache::open(&dir).ok());
    // This very program, even if its file was replaced meanwhile.
    let compiler = Compiler::Child { program: "/proc/self/exe".into(), deadline: compile };
    Sandbox::new(cache, compiler)?.load(&resolved.name, &resolved.bytes, limits, reporter.log_sink())
}

/// Stops the run at the first Ctrl-C (or SIGTERM, SIGHUP). The second one
/// kills.
pub(super) fn cancel_on_signals() -> Result<Cancel<'static>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static STOPPED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&STOPPED))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&STOPPED)))
            .map_err(|e| Error::new(crate::error::Kind::Usage, "cannot handle signals").because(e))?;
    }
    Ok(Cancel::new(&STOPPED))
}

/// A name for a patch that is only needed while this process runs. It is
/// created exclusively, and only if it outgrows memory.
pub(super) fn temporary_patch() -> Entry {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Entry::unpinned(std::env::temp_dir().join(format!("runner-{}-{count}.patch", std::process::id())))
}
