//! What the commands that run plugins share: the loaded plugins with their
//! parameters, and a way to stop the run.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use runner_contract::FileHead;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::Budget;
use runner_pipeline::patch::{Evidence, PluginId};
use runner_pipeline::profile::{self, Stage};
use runner_pipeline::run::{Begun, COSTS, Program};
use runner_sandbox::plugin::params::Given;
use runner_sandbox::plugin::{Resolved, Several, names, params, resolve};
use runner_sandbox::{Cache, Isolation, LayerState, Layers, Limits, Plugin, Sandbox, plan_memory};

use crate::admitted::{Admitted, admitted};
use crate::args::{FilterArgs, PluginArgs};
use crate::capabilities::Raised;
use crate::question::Asking;
use crate::real_paths::streams;
use crate::report::{COMPILE_SILENCE, Reporter};

/// How many blocks of a stream are in memory: one in which the plugin works, the
/// next one, which is read meanwhile, and as much again, so that bytes are
/// seldom moved.
const STREAM_BLOCKS: u64 = 4;

/// What a session works on.
pub(crate) enum Work {
    /// These files, with at most so many workers.
    Files(usize, Vec<PathBuf>),
    Stream,
}

pub(crate) struct Session {
    plugins: Several,
    /// What is known of each plugin.
    evidence: Vec<Evidence>,
    workers: usize,
    files: usize,
    budget: Budget,
    cancel: Cancel<'static>,
}

impl Session {
    /// Uses fewer workers if memory is short. `cancel` is called after the
    /// parameters have been read, because reading them may block for any time.
    pub(crate) fn new(
        args: &PluginArgs,
        work: Work,
        cancel: impl FnOnce() -> Result<Cancel<'static>>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let _span = profile::span(Stage::Load);
        // In a stream, what is typed is data.
        let (workers, blocks, files, asking) = match work {
            Work::Files(workers, files) => (workers, 1, files, Asking::Terminal),
            Work::Stream => (1, STREAM_BLOCKS, streams(), Asking::Never),
        };
        let names = names(&args.plugin)?;
        // Nothing is run before all of them may be.
        let Admitted { found, evidence } = admitted(&names, args, (&files, asking), reporter)?;
        let most_bytes = found.iter().map(|(_, (bytes, _))| *bytes).max().unwrap_or_default();
        let plan = args.plan(workers, (names.len(), most_bytes))?;
        let budget = Budget::new(&plan);
        let mut given = match &args.params {
            Some(path) => params::read_file(path)?,
            None => Vec::new(),
        };
        given.extend(args.set.iter().map(|(name, value)| Given::set(name, value)));
        given.extend(args.filter.params()?);
        let cancel = match args.timeout_total {
            Some(total) => cancel()?.within(Instant::now(), total),
            None => cancel()?,
        };
        let limits = args.limits((plan.workers, blocks), budget.clone(), cancel);
        let load_one = |(number, (source, (memory_bytes, deadline))): (usize, &(Resolved, Raised))| {
            let (memory_bytes, deadline) = (*memory_bytes, *deadline);
            let budget = budget.of_process(number);
            let limits = Limits { budget, memory_bytes, deadline, ..limits.clone() };
            load_resolved(source, limits, args.compile.compile_timeout, reporter)
        };
        let loaded = found.iter().enumerate().map(load_one).collect::<Result<Vec<_>>>()?;
        for (name, plugin) in names.iter().zip(&loaded) {
            plugin.compiled_in().map_or(Ok(()), |time| reporter.compiled(name, time))?;
        }
        check_filter(&args.filter, &loaded)?;
        let plugins =
            Several::new(loaded, given, args.grants(), budget.clone())?.with_no_text(args.no_text());
        reporter.keep_secret(plugins.secrets());
        Ok(Self { plugins, evidence, workers: plan.workers, files: plan.files, budget, cancel })
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

    /// The plugins' names, with commas between them.
    pub(crate) fn plugin_names(&self) -> String {
        let names: Vec<_> = self.plugins.identities().map(|(manifest, _)| manifest.name.as_str()).collect();
        names.join(",")
    }

    /// The values of secret parameters, in the order in which the program has their names.
    pub(crate) fn hidden_values(&self) -> Vec<Vec<u8>> {
        self.plugins.hidden_values()
    }

    pub(crate) fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        self.plugins.begin(head)
    }

    /// Calls `run` with the program of this session. Its log messages go to
    /// `reporter`.
    pub(crate) fn with_program<T>(&self, reporter: &Reporter, run: impl FnOnce(&Program<'_>) -> T) -> T {
        with_program(&self.plugins.logging_to(&reporter.log_sink()), &self.evidence, run)
    }
}

/// Whether there is a filter for the options of filters.
fn check_filter(options: &FilterArgs, plugins: &[Plugin]) -> Result<()> {
    let Some(given) = options.given().filter(|_| !plugins.iter().any(Plugin::is_filter)) else {
        return Ok(());
    };
    let names: Vec<_> = plugins.iter().map(|plugin| format!("`{}`", plugin.manifest().name)).collect();
    let (names, is_none) = (names.join(" and "), if names.len() > 1 { "are none" } else { "is none" });
    let what = format!("{given} for a filter, which is a WASI command, and {names} {is_none}");
    Err(Error::new(Kind::Usage, what).hint(
        "parameters of a plugin are set by `--set`; for a file whose name begins with `-`, write `./-NAME`",
    ))
}

/// Calls `run` with the program that these plugins make. `evidence` is what is known of
/// each; there may be none.
pub(crate) fn with_program<T>(
    plugins: &Several,
    evidence: &[Evidence],
    run: impl FnOnce(&Program<'_>) -> T,
) -> T {
    let id = |(number, (manifest, digest)): (usize, _)| {
        PluginId::new(manifest, &digest).with(evidence.get(number).cloned().unwrap_or_default())
    };
    let ids: Vec<_> = plugins.identities().enumerate().map(id).collect();
    run(&Program {
        id: PluginId::several(&ids),
        params: plugins.storable_params(),
        params_digest: plugins.params_digest(),
        head_bytes: plugins.head_bytes(),
        begin: &|head| plugins.begin(head),
    })
}

/// The limits of a plugin that is only looked at or tried: those of a run with one
/// worker.
///
/// # Errors
/// If there is too little memory.
pub(crate) fn limits() -> Result<Limits> {
    let limits = Limits::default();
    let plan = plan_memory(1, (1, limits.window_bytes, limits.memory_bytes), None, COSTS)?;
    Ok(Limits { budget: Budget::new(&plan), ..limits })
}

/// Loads a bundled plugin, or a file, through the code cache if it is usable.
pub(crate) fn load(plugin: &str, limits: Limits, compile: Duration, reporter: &Reporter) -> Result<Plugin> {
    load_resolved(&resolve(plugin)?, limits, compile, reporter)
}

/// Loads a plugin whose bytes are at hand.
pub(crate) fn load_resolved(
    source: &Resolved,
    limits: Limits,
    compile: Duration,
    reporter: &Reporter,
) -> Result<Plugin> {
    let cache = Cache::open_default().unwrap_or_else(|why| {
        reporter.no_cache(&why);
        None
    });
    let sandbox = Sandbox::new(cache, Isolation::this_program(compile))?;
    let compiling = reporter.compiling(&source.name);
    let plugin = std::thread::scope(|scope| {
        let (loaded, wait) = mpsc::channel::<()>();
        if let Some(compiling) = compiling {
            // Without another thread, the user waits in silence.
            let _ = std::thread::Builder::new().spawn_scoped(scope, move || {
                if wait.recv_timeout(COMPILE_SILENCE) == Err(RecvTimeoutError::Timeout) {
                    compiling();
                }
            });
        }
        let plugin = source.load(&sandbox, limits, reporter.log_sink());
        drop(loaded);
        plugin
    })?;
    let missing = plugin.layers().into_iter().flat_map(Layers::lacking);
    let missing: Vec<_> = missing.filter(|(_, state)| *state == LayerState::Missing).collect();
    if !missing.is_empty() {
        reporter.not_confined(&missing);
    }
    Ok(plugin)
}
