//! The code that changes windows: a plugin, loaded once, or native code.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use runner_contract::{FileHead, HEAD_BYTES, Job, LogLevel, Manifest};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::patch::PluginId;
use runner_pipeline::run;
use runner_sandbox::plugin::Configured;
use runner_sandbox::plugin::params::Given;
use runner_sandbox::{Cache, Isolation, Limits, Sandbox, Sink};

use crate::plugin::{PluginSource, default_isolation};

/// A job, and native code that carries it out.
pub type Begun = (Job, Box<dyn Transform>);

#[derive(Debug, Clone)]
pub(super) enum Program {
    Plugin(Box<Plugin>),
    Native(Native),
}

#[derive(Clone)]
pub(super) struct Plugin {
    source: PluginSource,
    params: Vec<Given>,
    log: Sink,
    isolation: Option<Isolation>,
    cache: CodeCache,
    /// The plugin, with the limits of the run that loaded it.
    loaded: OnceLock<runner_sandbox::Plugin>,
}

#[derive(Clone)]
pub(super) struct Native {
    name: String,
    begin: Arc<dyn Fn(FileHead<'_>) -> Result<Begun> + Send + Sync>,
    /// Whether a parameter was set. Native code has none, so a run refuses it.
    has_params: bool,
}

#[derive(Debug, Clone)]
enum CodeCache {
    Default,
    In(Option<PathBuf>),
}

impl Program {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self {
            Self::Plugin(plugin) => plugin.params.push(Given::set(name, value)),
            Self::Native(native) => native.has_params = true,
        }
    }

    pub(super) fn log_to(&mut self, sink: Sink) {
        if let Self::Plugin(plugin) = self {
            plugin.log = sink;
        }
    }

    pub(super) fn run_in(&mut self, isolation: Isolation) {
        if let Self::Plugin(plugin) = self {
            plugin.isolation = Some(isolation);
        }
    }

    pub(super) fn cache_in(&mut self, directory: Option<PathBuf>) {
        if let Self::Plugin(plugin) = self {
            plugin.cache = CodeCache::In(directory);
        }
    }

    pub(super) fn manifest(&self, limits: Limits) -> Result<Manifest> {
        match self {
            Self::Plugin(plugin) => Ok(plugin.loaded(limits)?.manifest().clone()),
            Self::Native(native) => {
                let what = format!("`{}` is native code, and has no manifest", shown(&native.name));
                Err(Error::new(Kind::Usage, what).hint("call `manifest` only on a plugin"))
            }
        }
    }

    /// Calls `work` with the program that the pipeline runs.
    pub(super) fn with<T>(
        &self,
        limits: Limits,
        work: impl FnOnce(&run::Program<'_>) -> Result<T>,
    ) -> Result<T> {
        match self {
            Self::Plugin(plugin) => {
                let configured = plugin.configured(limits)?;
                work(&run::Program {
                    id: PluginId::new(configured.manifest(), &configured.digest()),
                    params: configured.storable_params(),
                    params_digest: configured.params_digest(),
                    head_bytes: HEAD_BYTES,
                    begin: &|head| configured.begin(head),
                })
            }
            Self::Native(native) => {
                if native.has_params {
                    let what = format!("`{}` is native code, and takes no parameters", shown(&native.name));
                    return Err(Error::new(Kind::Usage, what)
                        .hint("call `set` only on a plugin; a closure captures the values that it needs"));
                }
                work(&run::Program::native(&native.name, &|head| native.begin(head)))
            }
        }
    }
}

impl Plugin {
    pub(super) fn new(source: PluginSource) -> Self {
        Self {
            source,
            params: Vec::new(),
            log: silent(),
            isolation: None,
            cache: CodeCache::Default,
            loaded: OnceLock::new(),
        }
    }

    fn configured(&self, limits: Limits) -> Result<Configured> {
        let configured = Configured::new(self.loaded(limits)?, &self.params)?;
        let (secrets, log) = (configured.secrets(), Arc::clone(&self.log));
        Ok(configured.logging_to(Arc::new(move |level: LogLevel, message: &str| {
            log(level, &secrets.redact(message));
        })))
    }

    /// The plugin with these limits, which is loaded on the first call.
    fn loaded(&self, limits: Limits) -> Result<runner_sandbox::Plugin> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded.limited_to(limits));
        }
        let loaded = self.load(limits)?;
        self.loaded.get_or_init(|| loaded.clone());
        Ok(loaded)
    }

    fn load(&self, limits: Limits) -> Result<runner_sandbox::Plugin> {
        let resolved = self.source.resolve()?;
        let isolation = match &self.isolation {
            Some(isolation) => isolation.clone(),
            None => default_isolation(&resolved.name)?,
        };
        let cache = match &self.cache {
            CodeCache::Default => Cache::open_default().ok().flatten(),
            CodeCache::In(directory) => directory.as_deref().and_then(|dir| Cache::open(dir).ok()),
        };
        // Messages that a plugin logs while it describes itself are dropped: it
        // is not known yet which of its parameters are secret.
        resolved.load(&Sandbox::new(cache, isolation)?, limits, silent())
    }
}

fn silent() -> Sink {
    Arc::new(|_, _| {})
}

impl Native {
    pub(super) fn new(
        name: &str,
        begin: impl Fn(FileHead<'_>) -> Result<Begun> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), begin: Arc::new(begin), has_params: false }
    }

    /// The job must keep the contract, like that of a plugin.
    fn begin(&self, head: FileHead<'_>) -> Result<run::Begun> {
        let (job, transform) = (self.begin)(head)?;
        job.validate().map_err(|why| {
            Error::new(
                Kind::Plugin,
                format!("`{}` asks for a job that breaks the contract", shown(&self.name)),
            )
            .because(why)
        })?;
        Ok((job, transform.into()))
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("name", &self.name).finish_non_exhaustive()
    }
}
