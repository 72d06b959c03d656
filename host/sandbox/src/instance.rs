//! A linked plugin and its instances, in the process in which they run.

use std::sync::Arc;

use runner_contract::{FileHead, Job, Manifest, Param, Reply, Window};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::{Error, Fault, Kind, Result};
use wasmtime::component::Component;
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::bindings::{Lists, types};
use crate::call_error::Call;
use crate::described::Described;
use crate::facts::Facts;
use crate::limits::Limits;
use crate::link::Form;
use crate::log::Sink;
use crate::store::State;
use crate::tables::Tables;
use crate::{bindings, call_error, limits, link, manifest, store};

/// Everything needed to create instances.
#[derive(Clone)]
pub(crate) struct Linked {
    form: Form,
    pub(crate) name: String,
    /// Host memory needed to start an instance, apart from its memories and
    /// tables.
    pub(crate) instance_bytes: usize,
    pub(crate) limits: Limits,
    pub(crate) log: Sink,
    tables: Tables,
    engine: Engine,
}

impl Linked {
    /// Links the imports of a compiled plugin.
    ///
    /// # Errors
    /// If it is not a plugin.
    pub(crate) fn new(
        name: &str,
        component: &Component,
        engine: &Engine,
        limits: Limits,
        facts: Facts,
    ) -> Result<Self> {
        Ok(Self {
            form: link::link(name, component)?,
            name: name.to_owned(),
            instance_bytes: usize::try_from(facts.instance_bytes).unwrap_or(usize::MAX),
            limits,
            log: Arc::new(|_, _| {}),
            tables: Tables::default(),
            engine: engine.clone(),
        })
    }

    /// The same plugin under different limits.
    pub(crate) fn limited_to(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The same plugin with a different sink for its log messages.
    pub(crate) fn logging_to(&self, log: Sink) -> Self {
        Self { log, ..self.clone() }
    }

    /// The same plugin with these tables.
    pub(crate) fn with_tables(&self, tables: Tables) -> Self {
        Self { tables, ..self.clone() }
    }

    /// Starts an instance, passes it the parameters and the head of the file,
    /// and returns the job that it asks for. `params` must match the manifest.
    ///
    /// # Errors
    /// If the plugin refuses the parameters or the file, asks for a job that
    /// breaks the contract, or fails.
    pub(crate) fn begin(&self, params: &[Param], file: FileHead<'_>) -> Result<(Job, PluginInstance)> {
        let pre = self.plugin()?;
        let params: Vec<_> = params.iter().map(types::Param::from).collect();
        let mut instance = self.instantiate(pre)?;
        let answer = instance.call(Call::Begin, limits::BEGIN_FUEL, |guest, store| {
            guest.call_begin(store, &params, file.into())
        })?;
        let job = Job::from(instance.accept(Call::Begin, answer)?);
        job.validate().map_err(|why| breach(&self.name, &why))?;
        Ok((job, instance))
    }

    /// The manifest that the plugin describes itself with, checked.
    ///
    /// # Errors
    /// If the plugin fails to describe itself.
    pub(crate) fn describe(&self) -> Result<Manifest> {
        let pre = self.plugin()?;
        let manifest =
            self.instantiate(pre)?
                .call(Call::Describe, limits::DESCRIBE_FUEL, |guest, store| guest.call_describe(store))?;
        manifest::check(manifest.into()).map_err(|why| breach(&self.name, &why))
    }

    /// What the plugin says of itself when it is asked twice in one instance.
    ///
    /// # Errors
    /// As for [`Linked::describe`].
    pub(crate) fn describe_twice(&self) -> Result<Described> {
        let pre = self.plugin()?;
        let mut instance = self.instantiate(pre)?;
        let mut describe = || -> Result<Manifest> {
            let answer = instance
                .call(Call::Describe, limits::DESCRIBE_FUEL, |guest, store| guest.call_describe(store));
            answer.map(Manifest::from)
        };
        let (first, second) = (describe()?, describe()?);
        let component = pre.instance_pre().component();
        let imports = component.component_type();
        let imports = imports.imports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let described = Described { first, second, imports };
        described.checked().map_err(|why| breach(&self.name, &why))
    }

    fn plugin(&self) -> Result<&bindings::Pre<State>> {
        match &self.form {
            Form::Plugin(pre) => Ok(pre),
            Form::Command(_) => Err(Error::new(Kind::Internal, "a command was begun as a plugin")),
        }
    }

    /// What runs as a filter; `None` if it is a plugin.
    pub(crate) fn command(&self) -> Option<&CommandPre<State>> {
        match &self.form {
            Form::Plugin(_) => None,
            Form::Command(pre) => Some(pre),
        }
    }

    /// A store for an instance.
    pub(crate) fn store(&self) -> Store<State> {
        store::new(&self.engine, &self.limits, self.log.clone(), self.tables.clone())
    }

    fn instantiate(&self, pre: &bindings::Pre<State>) -> Result<PluginInstance> {
        let mut store = self.store();
        let started = store.data_mut().limiter.draw(self.instance_bytes);
        let started = started.and_then(|()| pre.instantiate(&mut store));
        store.data_mut().end_call();
        match started {
            Ok(plugin) => {
                let guest = plugin.runner_plugin_guest().clone();
                Ok(PluginInstance { code: self.clone(), guest, store, usable: true })
            }
            Err(error) => {
                let limiter = &store.data().limiter;
                Err(call_error::trapped(&self.name, Call::Start, &self.limits, limiter, &error))
            }
        }
    }
}

/// The error for a plugin that breaks the contract.
pub(crate) fn breach(plugin: &str, why: &str) -> Error {
    Error::new(Kind::Plugin, format!("plugin `{plugin}` breaks the contract"))
        .because(why)
        .of_fault(Fault::Contract)
}

/// An instance of a plugin with its own memory.
pub(crate) struct PluginInstance {
    code: Linked,
    guest: bindings::Guest,
    store: Store<State>,
    /// Cleared during each call: after a call without an answer, the state of
    /// the instance is undefined.
    usable: bool,
}

impl PluginInstance {
    /// Whether the last call was refused memory because of the plugin's limit.
    pub(crate) fn lacked_memory(&self) -> bool {
        self.store.data().limiter.memory_denied()
    }

    fn call<R>(
        &mut self,
        call: Call,
        fuel: usize,
        ask: impl FnOnce(&bindings::Guest, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        if !std::mem::take(&mut self.usable) {
            return Err(Error::new(
                Kind::Plugin,
                format!("plugin `{}` was called again after its previous call failed", self.code.name),
            ));
        }
        self.store.data_mut().limiter.start_call();
        self.store.set_hostcall_fuel(fuel);
        store::allow_instructions(&mut self.store);
        let answer = ask(&self.guest, &mut self.store);
        self.store.data_mut().end_call();
        if let (Some(meter), Call::Window(_)) = (&self.code.limits.meter, call) {
            meter.add(store::instructions(&self.store), self.store.data().limiter.memory_bytes());
        }
        match answer {
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

    /// Bytes of all linear memories.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.store.data().limiter.memory_bytes()
    }

    /// Returns the answer, or the error that the plugin reported instead. An
    /// error ends the instance.
    fn accept<R>(&mut self, call: Call, answer: Result<R, types::Failure>) -> Result<R> {
        answer.map_err(|failure| {
            self.usable = false;
            call_error::reported(&self.code.name, call, &failure.into())
        })
    }
}

impl Transform for PluginInstance {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let call = Call::Window(window.offset);
        let share = usize::try_from(self.code.limits.budget.reply_bytes()).unwrap_or(usize::MAX);
        let fuel = limits::reply_fuel(window.bytes.len()).min(share);
        let lists = Lists::from(window);
        self.store.data_mut().phases.start();
        let answer =
            self.call(call, fuel, |guest, store| guest.call_transform(store, lists.window(window)))?;
        let reply = self.accept(call, answer).map(Reply::from);
        self.store.data_mut().phases.finish();
        reply
    }
}
