//! Runs plugins where they can do nothing but answer.
//!
//! A plugin sees what is passed to it and can do two things: answer, and log.
//! However hostile it is, a call ends within its deadline, uses bounded
//! memory on both sides, and returns an answer or an error; text from it
//! reaches the rest of the program escaped. Compiling is bounded by a child
//! process ([`Compiler::Child`]).
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
mod compile;
mod componentize;
mod engine;
mod limits;
mod log;
mod manifest;
mod memory_plan;
pub mod plugin;
mod sealed_memfd;
mod type_cycles;
mod wasi;

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime_wasi::{WasiCtxView, WasiView};

pub use self::cache::Cache;
pub use self::child::{COMPILE_COMMAND, compile_for_parent};
pub use self::compile::Compiler;
pub use self::limits::reply_fuel;
pub use self::limits::{Limits, MAX_PLUGIN_BYTES};
pub use self::log::Sink;
pub use self::memory_plan::plan_memory;

use self::bindings::types;
use self::call_error::Call;
use self::call_timing::Phases;
use self::clock::Clock;
use self::limits::Limiter;
use self::log::Log;
use runner_contract::{FileHead, Job, Manifest, Param, Reply, Window};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;

/// Characters of a plugin's name in messages.
const NAME_CHARS: usize = 200;

/// What all plugins share: the engine, the clock for deadlines, and the cache
/// of compiled code.
pub struct Sandbox {
    ticking: Arc<engine::Ticking>,
    cache: Option<Cache>,
    compiler: Compiler,
}

impl Sandbox {
    /// Sets up an engine. Without a cache every load compiles.
    ///
    /// # Errors
    /// When the machine is not supported or has no threads left.
    pub fn new(cache: Option<Cache>, compiler: Compiler) -> Result<Self> {
        Ok(Self { ticking: Arc::new(engine::Ticking::new()?), cache, compiler })
    }

    /// Compiles a plugin, or takes it from the cache, and asks what it is.
    /// `name` is what messages call it.
    ///
    /// # Errors
    /// When the bytes are not a plugin, or it fails to describe itself.
    pub fn load(&self, name: &str, bytes: &[u8], limits: Limits, log: Sink) -> Result<Plugin> {
        let name = escape(name, NAME_CHARS);
        if bytes.len() as u64 > MAX_PLUGIN_BYTES {
            return Err(too_large(&format!("`{name}`"), bytes.len() as u64));
        }
        // Of what cannot even be read, the compiler says what is wrong.
        let parts = census::take(bytes).unwrap_or_default();
        parts.check().map_err(|why| census::refused(&name, why))?;
        let digest = blake3::hash(bytes);
        let engine = self.ticking.engine();
        let cached = self.cache.as_ref().and_then(|cache| cache.load(engine, &digest));
        let component = match cached {
            Some(component) => component,
            None => {
                let code = self.compiler.compile(engine, &name, bytes, limits.cancel.get())?;
                let component = compile::component(engine, &name, &code)?;
                if let Some(cache) = &self.cache {
                    cache.store(engine, &digest, code);
                }
                component
            }
        };
        let code = Code {
            pre: link(&name, &component)?,
            name,
            instance_bytes: parts.instance_bytes(),
            limits,
            log,
            ticking: self.ticking.clone(),
        };
        let manifest = code.describe()?;
        Ok(Plugin { code, digest, manifest })
    }
}

/// The refusal of a plugin of more than [`MAX_PLUGIN_BYTES`].
#[must_use]
pub(crate) fn too_large(plugin: &str, bytes: u64) -> Error {
    let mib = MAX_PLUGIN_BYTES >> 20;
    Error::new(Kind::Plugin, format!("plugin {plugin} has {bytes} bytes; at most {mib} MiB are compiled"))
}

/// The bytes that a plugin is compiled from: those of a component as they
/// are, those of a core module wrapped. For tests; [`Sandbox::load`] does it.
///
/// # Errors
/// [`Kind::Plugin`], when the bytes are neither.
#[doc(hidden)]
pub fn as_component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    componentize::component(&escape(name, NAME_CHARS), bytes)
}

/// Checks what a component imports and exports, and gives it what it may have.
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
                format!("`{name}` imports `{import}`, which no plugin gets"),
            )
            .hint(format!("it may import {} and WASI 0.2", bindings::IMPORTS[0])));
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
        Error::new(Kind::Plugin, format!("`{name}` does not fit the contract {}", bindings::GUEST))
            .because(escape(&format!("{error:#}"), 1000))
    })
}

/// A plugin that was compiled and said what it is.
#[derive(Clone)]
pub struct Plugin {
    code: Code,
    digest: blake3::Hash,
    manifest: Manifest,
}

impl Plugin {
    /// What the plugin says of itself, checked.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The BLAKE3 of the bytes it was loaded from.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }

    /// The same plugin under other limits.
    #[must_use]
    pub fn limited_to(&self, limits: Limits) -> Self {
        Self { code: Code { limits, ..self.code.clone() }, ..self.clone() }
    }

    /// The same plugin, with another place for what it logs.
    #[must_use]
    pub fn logging_to(&self, log: Sink) -> Self {
        Self { code: Code { log, ..self.code.clone() }, ..self.clone() }
    }

    /// Starts an instance, tells it what to work on, and returns what it asks
    /// for. `params` must be what the manifest allows.
    ///
    /// # Errors
    /// When it refuses the parameters or the file, asks for a job that breaks
    /// the contract, or fails.
    pub fn begin(&self, params: &[Param], file: FileHead<'_>) -> Result<(Job, Instance)> {
        let params: Vec<_> = params.iter().map(types::Param::from).collect();
        let mut instance = self.code.instantiate()?;
        let answer = instance.call(Call::Begin, limits::BEGIN_FUEL, |guest, store| {
            guest.call_begin(store, &params, file.into())
        })?;
        let job = Job::from(instance.accept(Call::Begin, answer)?);
        job.validate().map_err(|why| self.code.breach(&why))?;
        Ok((job, instance))
    }
}

/// What instances are made from.
#[derive(Clone)]
struct Code {
    pre: bindings::Pre<State>,
    name: String,
    /// What starting an instance takes of the host's memory, besides its
    /// memories and tables.
    instance_bytes: usize,
    limits: Limits,
    log: Sink,
    /// Deadlines only pass while this lives, so everything that runs guest
    /// code holds it.
    ticking: Arc<engine::Ticking>,
}

impl Code {
    fn describe(&self) -> Result<Manifest> {
        let manifest = self
            .instantiate()?
            .call(Call::Describe, limits::DESCRIBE_FUEL, |guest, store| guest.call_describe(store))?;
        manifest::check(manifest.into()).map_err(|why| self.breach(&why))
    }

    fn breach(&self, why: &str) -> Error {
        Error::new(Kind::Plugin, format!("plugin `{}` breaks the contract", self.name)).because(why)
    }

    fn instantiate(&self) -> Result<Instance> {
        let state = State {
            limiter: Limiter::new(&self.limits),
            clock: Clock::new(self.limits.cancel.clone()),
            log: Log::new(self.log.clone()),
            wasi: None,
            phases: Phases::default(),
        };
        let mut store = Store::new(self.ticking.engine(), state);
        clock::watch(&mut store);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits::DESCRIBE_FUEL);
        clock::start(&mut store, self.limits.deadline);
        let started = store.data_mut().limiter.draw(self.instance_bytes);
        match started.and_then(|()| self.pre.instantiate(&mut store)) {
            Ok(plugin) => {
                let guest = plugin.runner_plugin_guest().clone();
                Ok(Instance { code: self.clone(), guest, store, usable: true })
            }
            Err(error) => {
                let limiter = &store.data().limiter;
                Err(call_error::trapped(&self.name, Call::Start, &self.limits, limiter, &error))
            }
        }
    }
}

/// One instance with its own memory, for one worker.
pub struct Instance {
    code: Code,
    guest: bindings::Guest,
    store: Store<State>,
    /// Cleared for the length of each call: what did not answer is in no
    /// state to be asked again.
    usable: bool,
}

impl Instance {
    fn call<R>(
        &mut self,
        call: Call,
        fuel: usize,
        ask: impl FnOnce(&bindings::Guest, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        if !std::mem::take(&mut self.usable) {
            return Err(Error::new(
                Kind::Plugin,
                format!("plugin `{}` was asked again after its previous call failed", self.code.name),
            ));
        }
        self.store.data_mut().limiter.start_call();
        self.store.set_hostcall_fuel(fuel);
        clock::start(&mut self.store, self.code.limits.deadline);
        match ask(&self.guest, &mut self.store) {
            Ok(answer) => {
                self.usable = true;
                Ok(answer)
            }
            Err(error) => {
                let limiter = &self.store.data().limiter;
                Err(call_error::trapped(&self.code.name, call, &self.code.limits, limiter, &error))
            }
        }
    }

    /// An answer, or the error that the plugin reported instead; that ends
    /// the instance too.
    fn accept<R>(&mut self, call: Call, answer: Result<R, String>) -> Result<R> {
        answer.map_err(|message| {
            self.usable = false;
            call_error::reported(&self.code.name, call, &message)
        })
    }
}

impl Transform for Instance {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let call = Call::Window(window.offset);
        let share = usize::try_from(self.code.limits.budget.reply_bytes()).unwrap_or(usize::MAX);
        let fuel = limits::reply_fuel(window.bytes.len()).min(share);
        self.store.data_mut().phases.start();
        let answer = self.call(call, fuel, |guest, store| guest.call_transform(store, window.into()))?;
        let reply = self.accept(call, answer).map(Reply::from);
        self.store.data_mut().phases.finish();
        reply
    }

    fn patience(&self) -> Duration {
        self.code.limits.deadline
    }
}

/// What host functions work on.
struct State {
    limiter: Limiter,
    clock: Clock,
    log: Log,
    /// Made when a host function first needs it.
    wasi: Option<wasi::World>,
    phases: Phases,
}

impl bindings::Host for State {
    fn log(&mut self, level: types::Level, message: String) {
        self.log.write(level.into(), &message);
    }
}

impl types::Host for State {}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.get_or_insert_with(wasi::World::new).view()
    }
}
