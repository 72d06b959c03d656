//! What the host keeps for an instance.

use std::sync::{Arc, Mutex};

use runner_pipeline::locks;
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::bindings::{self, types};
use crate::call_timing::Phases;
use crate::limits::{self, Limiter, Limits};
use crate::log::{Log, Sink};
use crate::meter::CALL_INSTRUCTIONS;
use crate::output::{self, Output, Stream};
use crate::pipes::Pipes;
use crate::stdio::Stdio;
use crate::tables::Tables;
use crate::wasi;

/// The state that host functions use.
pub(crate) struct State {
    pub(crate) limiter: Limiter,
    log: Arc<Mutex<Log>>,
    output: Output,
    /// The arguments of a command, a zero after each, and its streams.
    command: Option<(Vec<u8>, Stdio)>,
    tables: Tables,
    /// Created when a host function first needs it.
    wasi: Option<wasi::World>,
    pub(crate) phases: Phases,
}

/// A store for an instance.
pub(crate) fn new(engine: &Engine, limits: &Limits, log: Sink, tables: Tables) -> Store<State> {
    let log = Arc::new(Mutex::new(Log::new(log)));
    let state = State {
        limiter: Limiter::new(limits),
        output: Output::logging_to(Arc::clone(&log)),
        log,
        command: None,
        tables,
        wasi: None,
        phases: Phases::default(),
    };
    let mut store = Store::new(engine, state);
    store.call_hook(|mut store, hook| {
        store.data_mut().phases.pass(hook);
        Ok(())
    });
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits::DESCRIBE_FUEL);
    allow_instructions(&mut store);
    store
}

/// Lets the next call run [`CALL_INSTRUCTIONS`], if code counts them.
pub(crate) fn allow_instructions(store: &mut Store<State>) {
    // An error says that code does not count.
    let _ = store.set_fuel(CALL_INSTRUCTIONS);
}

/// The instructions since then; 0 if code does not count them.
pub(crate) fn instructions(store: &Store<State>) -> u64 {
    store.get_fuel().map_or(0, |left| CALL_INSTRUCTIONS.saturating_sub(left))
}

impl State {
    /// Runs a command from now on, not a plugin.
    pub(crate) fn become_command(&mut self, stdio: Stdio) {
        self.output = stdio.output.clone();
        let arguments = stdio.arguments.iter().flat_map(|one| one.bytes().chain([0])).collect();
        self.command = Some((arguments, stdio));
    }

    /// The streams of a command; `None` for a plugin.
    pub(crate) fn pipes(&self) -> Option<Pipes> {
        self.command.as_ref().map(|(_, stdio)| stdio.pipes.clone())
    }

    /// The arguments of a command, a zero after each.
    pub(crate) fn arguments(&self) -> &[u8] {
        self.command.as_ref().map_or(b"", |(arguments, _)| arguments)
    }

    /// Takes what a module writes to descriptor 1 or 2.
    ///
    /// # Errors
    /// If a command writes too much.
    pub(crate) fn written(&mut self, descriptor: u32, bytes: &[u8]) -> wasmtime::Result<()> {
        let stream = if descriptor == 1 { Stream::Output } else { Stream::Error };
        output::write(&self.output, self.pipes().as_ref(), (stream, bytes))
    }

    /// Passes on what was written during a call.
    pub(crate) fn end_call(&mut self) {
        self.output.end_call();
    }
}

impl bindings::Host for State {
    fn log(&mut self, level: types::Level, message: String) {
        locks::lock(&self.log).write(level.into(), &message);
    }

    fn table_size(&mut self, name: String) -> Option<u64> {
        self.tables.size(&name)
    }

    fn table_read(&mut self, name: String, offset: u64, length: u32) -> Vec<u8> {
        self.tables.read(&name, offset, length).to_vec()
    }
}

impl types::Host for State {}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let stdio = self.command.as_ref().map(|(_, stdio)| stdio);
        self.wasi.get_or_insert_with(|| wasi::World::new(&self.output, stdio)).view()
    }
}
