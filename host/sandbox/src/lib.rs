//! Runs plugins in a sandbox: a plugin can do nothing but answer.
//!
//! A plugin sees only what is passed to it, and can do two things: answer, and
//! log. However hostile it is, a call ends within its deadline, uses bounded
//! memory on both sides, and returns an answer or an error. Text from the
//! plugin reaches the rest of the program escaped. Compiling is limited by a
//! child process ([`Compiler::Child`]).
//!
//! One [`Sandbox`] serves a process. It [loads](Sandbox::load) a [`Plugin`],
//! which [begins](Plugin::begin) as many [`Instance`]s as there are workers.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod bindings;
mod cache;
mod call_error;
mod call_timing;
mod census;
mod child;
mod clock;
mod code;
mod compile;
mod componentize;
mod engine;
mod facts;
mod instance;
mod limits;
mod log;
mod manifest;
mod memory_plan;
mod native_code;
pub mod plugin;
mod type_cycles;
mod wasi;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use wasmtime::component::{Component, HasSelf, Linker};

pub use self::cache::Cache;
pub use self::child::{COMPILE_COMMAND, compile_for_parent};
pub use self::compile::Compiler;
pub use self::instance::{Instance, Plugin};
pub use self::limits::reply_fuel;
pub use self::limits::{Limits, MAX_PLUGIN_BYTES};
pub use self::log::Sink;
pub use self::memory_plan::plan_memory;

use self::cache::Cached;
use self::code::CodeFile;
use self::facts::Facts;
use self::instance::{Code, State};
use self::native_code::Source;

/// Maximum number of characters of a plugin's name in messages.
const NAME_CHARS: usize = 200;

/// The state that all plugins share: the engine, the ticker for deadlines, and
/// the cache of compiled code.
pub struct Sandbox {
    ticking: Arc<engine::Ticking>,
    cache: Option<Cache>,
    compiler: Compiler,
}

impl Sandbox {
    /// Sets up an engine. Without a cache, every load compiles the plugin.
    ///
    /// # Errors
    /// If the machine is not supported, or no thread can be started.
    pub fn new(cache: Option<Cache>, compiler: Compiler) -> Result<Self> {
        Ok(Self { ticking: Arc::new(engine::Ticking::new()?), cache, compiler })
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
        let (component, facts) = self.component(&source, &digest, limits.cancel.get())?;
        let code = Code {
            pre: link(&name, &component)?,
            name,
            instance_bytes: usize::try_from(facts.instance_bytes).unwrap_or(usize::MAX),
            limits,
            log,
            ticking: self.ticking.clone(),
        };
        Plugin::new(code, digest)
    }

    /// Takes a plugin's native code from the cache, or else compiles the plugin
    /// and stores the code.
    fn component(
        &self,
        source: &Source<'_>,
        digest: &blake3::Hash,
        cancel: Cancel<'_>,
    ) -> Result<(Component, Facts)> {
        let engine = self.ticking.engine();
        let load = |code: &code::Code| {
            let component = native_code::component(engine, source.name, code);
            component.map(|component| (component, code.facts()))
        };
        let mut file = CodeFile::new()?;
        if let Some(cache) = &self.cache {
            file = match cache.load(engine, digest, file) {
                Cached::Found(code) => match load(&code) {
                    Ok(loaded) => return Ok(loaded),
                    Err(_) => CodeFile::new()?,
                },
                Cached::Missing(file) => file,
                Cached::Bad => CodeFile::new()?,
            };
        }
        let code = self.compiler.compile(engine, source, file, cancel)?;
        let loaded = load(&code)?;
        if let Some(cache) = &self.cache {
            cache.store(engine, digest, &code);
        }
        Ok(loaded)
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

/// Checks the imports and exports of a component, and links its imports.
fn link(name: &str, component: &Component) -> Result<bindings::Pre<State>> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut wasi = false;
    for (import, _) in ty.imports(engine) {
        if wasi::PACKAGES.iter().any(|package| import.starts_with(package)) {
            wasi = true;
        } else if !bindings::IMPORTS.contains(&import) {
            let import = escape(import, 80);
            return Err(Error::new(
                Kind::Plugin,
                format!("`{name}` imports `{import}`, which is not available to plugins"),
            )
            .hint(format!("a plugin may import {} and WASI 0.2", bindings::IMPORTS[0])));
        }
    }
    if !ty.exports(engine).any(|(export, _)| export == bindings::GUEST) {
        return Err(componentize::wrong_contract(
            name,
            "component",
            ty.exports(engine).map(|(export, _)| export),
        ));
    }
    let mut linker = Linker::new(engine);
    let linked = bindings::host::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
        .and_then(|()| if wasi { wasi::add_to_linker(&mut linker) } else { Ok(()) })
        .and_then(|()| bindings::Pre::new(linker.instantiate_pre(component)?));
    linked.map_err(|error| {
        Error::new(Kind::Plugin, format!("`{name}` does not implement the contract {}", bindings::GUEST))
            .because(escape(&format!("{error:#}"), 1000))
    })
}
