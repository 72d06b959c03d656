//! What the host keeps for an instance.

use std::time::Duration;

use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::bindings::{self, types};
use crate::call_timing::Phases;
use crate::clock::{CHECK_INTERVAL, Clock};
use crate::engine::ticks;
use crate::limits::{self, Limiter, Limits};
use crate::log::{Log, Sink};
use crate::wasi;

/// The state that host functions use.
pub(crate) struct State {
    pub(crate) limiter: Limiter,
    clock: Clock,
    log: Log,
    /// Created when a host function first needs it.
    wasi: Option<wasi::World>,
    pub(crate) phases: Phases,
}

/// A store for an instance, in which everything that runs checks its clock.
pub(crate) fn new(engine: &Engine, limits: &Limits, log: Sink) -> Store<State> {
    let state = State {
        limiter: Limiter::new(limits),
        clock: Clock::new(limits.cancel.clone()),
        log: Log::new(log),
        wasi: None,
        phases: Phases::default(),
    };
    let mut store = Store::new(engine, state);
    store.epoch_deadline_callback(|store| {
        store.data().clock.check().map(|left| UpdateDeadline::Continue(ticks(left)))
    });
    store.call_hook(|mut store, hook| {
        store.data_mut().phases.pass(hook);
        Ok(())
    });
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits::DESCRIBE_FUEL);
    store
}

/// Starts a call that may take until `deadline`.
pub(crate) fn start(store: &mut Store<State>, deadline: Duration) {
    store.data_mut().clock.start(deadline);
    store.set_epoch_deadline(ticks(deadline.min(CHECK_INTERVAL)));
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
