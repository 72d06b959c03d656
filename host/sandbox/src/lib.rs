//! Runs plugins in a sandbox: a plugin can do nothing but answer.
//!
//! A plugin sees only what is passed to it, and can do two things: answer, and
//! log. However hostile it is, a call ends within its deadline, uses bounded
//! memory on both sides, and returns an answer or an error. Text from the
//! plugin reaches the rest of the program escaped. Unless the caller wants it
//! otherwise ([`Isolation`]), plugins are compiled and run in confined processes.
//!
//! One [`Sandbox`] serves a process. It [loads](Sandbox::load) a [`Plugin`],
//! which [begins](Plugin::begin) as many instances as there are threads.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod adapter;
mod bindings;
mod cache;
mod call_error;
mod call_timing;
mod census;
mod child;
mod code;
mod componentize;
mod contract_version;
mod described;
mod engine;
mod facts;
mod filter;
mod instance;
mod isolation;
mod limits;
mod link;
mod loaded;
mod log;
mod manifest;
mod memory_plan;
#[allow(missing_docs, reason = "only tests see it from outside")]
mod message;
mod meter;
mod native_code;
mod output;
mod pipes;
pub mod plugin;
mod remote;
mod running;
mod stdio;
mod store;
mod tables;
#[doc(hidden)]
pub mod testing;
mod type_cycles;
mod wasi;
mod worker;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use runner_contract::Manifest;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::Engine;

pub use self::cache::Cache;
pub use self::contract_version::contract_version;
pub use self::described::Described;
pub use self::isolation::{Isolation, worker_main};
pub use self::limits::reply_fuel;
pub use self::limits::{Confinement, Limits, MAX_PLUGIN_BYTES, MAX_TEXT_BYTES};
pub use self::loaded::Plugin;
pub use self::log::Sink;
pub use self::memory_plan::plan_memory;
pub use self::meter::{CALL_INSTRUCTIONS, Meter, Usage};
pub use self::tables::Tables;

pub use runner_confine::{Layer, Layers, State as LayerState};

use self::cache::Cached;
use self::code::{Code, CodeFile};
use self::engine::Counting;
use self::instance::Linked;
use self::isolation::Compiler;
use self::loaded::{FirstRun, Runs};
use self::native_code::Source;
use self::remote::Host;

/// Maximum number of characters of a plugin's name in messages.
const NAME_CHARS: usize = 200;

/// What all plugins share: the engine, and the cache of compiled code.
pub struct Sandbox {
    /// In a process that runs plugins elsewhere, only the names of cached code
    /// depend on it.
    engine: Engine,
    cache: Option<Cache>,
    isolation: Isolation,
}

impl Sandbox {
    /// Sets up an engine. Without a cache, every load compiles the plugin.
    ///
    /// # Errors
    /// If the machine is not supported.
    pub fn new(cache: Option<Cache>, isolation: Isolation) -> Result<Self> {
        isolation.check()?;
        Ok(Self { engine: engine::new(Counting::Off)?, cache, isolation })
    }

    /// Compiles a plugin, or takes it from the cache, and asks it for its
    /// manifest. `name` is the plugin's name in messages.
    ///
    /// # Errors
    /// If the bytes are not a plugin, or if it fails to describe itself.
    pub fn load(&self, name: &str, bytes: &[u8], limits: Limits, log: Sink) -> Result<Plugin> {
        let name = escape(name, NAME_CHARS);
        if bytes.len() as u64 > MAX_PLUGIN_BYTES {
            return Err(too_large(&format!("`{name}`"), bytes.len() as u64));
        }
        let digest = blake3::hash(bytes);
        let source = Source { name: &name, bytes };
        let cancel = limits.cancel.clone();
        let (engine, counting) = match limits.counting() {
            Counting::Off => (self.engine.clone(), Counting::Off),
            Counting::On => (engine::new(Counting::On)?, Counting::On),
        };
        let first = First::new(self, &engine, &name, limits, &log);
        let compiler = Compiler { engine: &engine, counting, cancel: cancel.get() };
        Ok(Plugin::new(digest, self.run(&source, &digest, &first, &compiler)?, log))
    }

    /// Takes a plugin's native code from the cache, or else compiles the plugin
    /// and stores the code, and runs it.
    fn run(
        &self,
        source: &Source<'_>,
        digest: &blake3::Hash,
        first: &First<'_>,
        compiler: &Compiler<'_>,
    ) -> Result<FirstRun> {
        let engine = compiler.engine;
        let mut file = first.file()?;
        if let Some(cache) = &self.cache {
            file = match cache.load(engine, digest, file) {
                Cached::Found(code) => match first.run(&Arc::new(code))? {
                    Some((manifest, runs)) => return Ok(FirstRun { manifest, runs, compiled_in: None }),
                    None => first.file()?,
                },
                Cached::Missing(file) => file,
                Cached::Bad => first.file()?,
            };
        }
        let started = Instant::now();
        let code = Arc::new(self.isolation.compile(compiler, source, file, first.confinement())?);
        let compiled_in = Some(started.elapsed());
        let (manifest, runs) = first.run(&code)?.ok_or_else(remote::stale)?;
        if let Some(cache) = &self.cache {
            cache.store(engine, digest, &code);
        }
        Ok(FirstRun { manifest, runs, compiled_in })
    }
}

/// The first run of a plugin, in which it describes itself.
enum First<'a> {
    InProcess { engine: &'a Engine, name: &'a str, limits: Limits, log: &'a Sink },
    InWorker(Arc<Host>, &'a Sink),
}

impl<'a> First<'a> {
    fn new(sandbox: &Sandbox, engine: &'a Engine, name: &'a str, limits: Limits, log: &'a Sink) -> Self {
        match &sandbox.isolation {
            Isolation::InProcess => Self::InProcess { engine, name, limits, log },
            Isolation::Processes { program, .. } => {
                Self::InWorker(Arc::new(Host::new(program.clone(), name.to_owned(), limits)), log)
            }
        }
    }

    fn confinement(&self) -> Confinement {
        match self {
            Self::InProcess { limits, .. } => limits.confinement,
            Self::InWorker(host, _) => host.confinement(),
        }
    }

    /// An empty file for the code, which a worker has already.
    fn file(&self) -> Result<CodeFile> {
        let file = CodeFile::new()?;
        if let Self::InWorker(host, _) = self {
            host.start_early(file.as_fd())?;
        }
        Ok(file)
    }

    /// The manifest, and what runs the plugin from now on. `None` if the code
    /// is for another machine or another version of the engine.
    fn run(&self, code: &Arc<Code>) -> Result<Option<(Manifest, Runs)>> {
        match self {
            Self::InProcess { engine, name, limits, log } => {
                let Ok(component) = native_code::component(engine, name, &code.path()) else {
                    return Ok(None);
                };
                let linked = Linked::new(name, &component, engine, limits.clone(), code.facts())?;
                let manifest = running::describe(&linked.logging_to(Arc::clone(log)))?;
                Ok(Some((manifest, Runs::InProcess(Box::new(linked)))))
            }
            Self::InWorker(host, log) => {
                let loaded = host.load(Arc::clone(code), Arc::clone(log))?;
                Ok(loaded.map(|(manifest, layers)| (manifest, Runs::InWorker(Arc::clone(host), layers))))
            }
        }
    }
}

/// The error for a plugin of more than [`MAX_PLUGIN_BYTES`].
#[must_use]
pub(crate) fn too_large(plugin: &str, bytes: u64) -> Error {
    let mib = MAX_PLUGIN_BYTES >> 20;
    Error::new(Kind::Plugin, format!("plugin {plugin} has {bytes} bytes; the limit is {mib} MiB"))
}

/// The component that a plugin is compiled from: a component itself, or a core
/// module in its wrapping. For tests; [`Sandbox::load`] does the same.
///
/// # Errors
/// [`Kind::Plugin`] if the bytes are neither.
#[doc(hidden)]
pub fn as_component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    componentize::component(&escape(name, NAME_CHARS), bytes)
}
