//! The plugin's worker: started, loaded, and replaced when it has died.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use runner_channel::{Shape, Slot};
use runner_confine::Layers;
use runner_contract::{MAX_CONTEXT_BYTES, Manifest};
use runner_pipeline::engine::framing::MIN_RECORD_LIMIT_BYTES;
use runner_pipeline::engine::transform::{WorkerDied, has_died};
use runner_pipeline::engine::window::{MARGIN_BYTES, block_bytes};
use runner_pipeline::error::{Error, Fault, Kind, Result};
use runner_pipeline::memory::Peer;
use runner_pipeline::{locks, profile};

use super::keeper::Worker;
use super::lane::{ANOTHER, Lane};
use crate::code::Code;
use crate::described::Described;
use crate::instance::breach;
use crate::limits::{Confinement, Limits};
use crate::log::{Log, NOTE_BYTES, Sink};
use crate::manifest;
use crate::message::{Load, Outcome, Request};
use crate::worker::Start;

/// Bytes of a part of a reply. Longer replies come in several parts.
const REPLY_BYTES: usize = 2 << 20;
/// Bytes of a request beside a view: the parameters, and the head of a file.
const PARAMS_BYTES: u64 = 8 << 20;
/// Memory of a worker that is not drawn from its budget: the program itself,
/// the engine and the allocator.
const PROCESS_BYTES: u64 = 48 << 20;
/// The same for each lane: its stack.
const LANE_BYTES: u64 = 5 << 20;
/// How often a worker may die before anything is asked of it.
const ATTEMPTS: usize = 5;
/// Address space of the program and its libraries, the code, and the heap of the
/// first thread.
const PROCESS_SPACE_BYTES: u64 = 1 << 30;
/// The same for each lane: the stack, and the heap of a thread, which may be
/// replaced by a second one.
const LANE_SPACE_BYTES: u64 = 256 << 20;
/// The same for each linear memory: what Wasmtime reserves, and its guard pages.
const MEMORY_SPACE_BYTES: u64 = (4 << 30) + (128 << 20);

/// Starts workers for a plugin with certain limits.
pub(crate) struct Host {
    program: PathBuf,
    name: String,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// There once the plugin is compiled.
    code: Option<Arc<Code>>,
    worker: Option<Arc<Worker>>,
    /// Whether the worker has loaded the plugin.
    loaded: bool,
}

impl Host {
    /// A host whose worker starts when it is needed. `program` answers to
    /// [`worker_main`](crate::worker_main).
    pub(crate) fn new(program: PathBuf, name: String, limits: Limits) -> Self {
        Self { program, name, limits, state: Mutex::default() }
    }

    /// The same plugin under different limits, so with another worker.
    pub(crate) fn limited_to(&self, limits: Limits) -> Self {
        let code = locks::lock(&self.state).code.clone();
        let state = Mutex::new(State { code, ..State::default() });
        Self { program: self.program.clone(), name: self.name.clone(), limits, state }
    }

    pub(crate) fn confinement(&self) -> Confinement {
        self.limits.confinement
    }

    /// Starts a worker before there is code: the process is up when the code is
    /// there. `code` is the file that will have it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start_early(&self, code: BorrowedFd<'_>) -> Result<()> {
        let worker = self.start(code)?;
        let mut state = locks::lock(&self.state);
        if let Some(before) = state.worker.replace(worker) {
            // It waits for code that was of no use.
            before.kill("it has no code to run");
        }
        state.loaded = false;
        Ok(())
    }

    /// Loads the plugin, and returns its manifest and what confines it; `None`
    /// if the code was made for another machine or another version of the
    /// engine.
    ///
    /// # Errors
    /// If the plugin fails to describe itself, or the worker dies.
    pub(crate) fn load(&self, code: Arc<Code>, log: Sink) -> Result<Option<(Manifest, Layers)>> {
        let mut state = locks::lock(&self.state);
        state.code = Some(code);
        self.ready(&mut state, log)
    }

    /// A lane of a worker that has loaded the plugin.
    ///
    /// # Errors
    /// If no worker can be started, or it cannot load the plugin.
    pub(crate) fn lane(self: &Arc<Self>, log: Sink) -> Result<Lane> {
        for _ in 0..ATTEMPTS {
            self.limits.cancel.get().check()?;
            let mut state = locks::lock(&self.state);
            if !state.loaded || state.worker.as_ref().is_none_or(|worker| worker.is_over()) {
                // What it logs then was said the first time.
                self.ready(&mut state, Arc::new(|_, _| {}))?.ok_or_else(stale)?;
            }
            let Some(worker) = state.worker.clone() else { continue };
            drop(state);
            if let Some(slot) = worker.take_slot() {
                return Ok(self.converse(&worker, slot, log));
            }
        }
        Err(Error::new(
            Kind::Plugin,
            format!("the process that runs plugin `{}` dies again and again", self.name),
        )
        .of_fault(Fault::Trap))
    }

    /// What the plugin says of itself when it is asked twice in one instance.
    ///
    /// # Errors
    /// If it fails to describe itself, or no worker can be started.
    pub(crate) fn describe_twice(self: &Arc<Self>) -> Result<Described> {
        let mut lane = self.lane(Arc::new(|_, _| {}))?;
        let Outcome::Described { manifests, imports } = lane.load(&Request::DescribeTwice)? else {
            return Err(lane.breach(ANOTHER));
        };
        let (first, second) = *manifests;
        let described = Described { first, second, imports };
        described.checked().map_err(|why| breach(&self.name, &why))
    }

    /// Sees to it that there is a worker, and that it has loaded the plugin. One
    /// that dies is replaced once: that is not always the plugin's doing.
    fn ready(&self, state: &mut State, log: Sink) -> Result<Option<(Manifest, Layers)>> {
        match self.try_ready(state, Arc::clone(&log)) {
            Err(error) if has_died(&error) => self.try_ready(state, log),
            loaded => loaded,
        }
    }

    fn try_ready(&self, state: &mut State, log: Sink) -> Result<Option<(Manifest, Layers)>> {
        let no_code = || Error::new(Kind::Internal, "a plugin is run before it is compiled");
        let code = state.code.clone().ok_or_else(no_code)?;
        let worker = match &state.worker {
            Some(worker) if !worker.is_over() && !state.loaded => Arc::clone(worker),
            _ => self.start(code.as_fd())?,
        };
        (state.worker, state.loaded) = (Some(Arc::clone(&worker)), false);
        self.limits.budget.share_with(Some(Arc::clone(&worker) as Arc<dyn Peer>));
        let loaded = self.load_in(&worker, &code, log);
        match &loaded {
            Ok(Some(_)) => state.loaded = true,
            // A worker loads only once.
            _ => worker.kill("it could not load the plugin"),
        }
        loaded
    }

    /// Asks a worker to load the plugin.
    fn load_in(&self, worker: &Arc<Worker>, code: &Code, log: Sink) -> Result<Option<(Manifest, Layers)>> {
        let died = || {
            let how = worker.how_it_died().how;
            Error::new(Kind::Plugin, format!("the process that runs plugin `{}` died", self.name))
                .because(WorkerDied { how })
        };
        let slot = worker.take_slot().ok_or_else(died)?;
        let mut lane = self.converse(worker, slot, log);
        let Limits { budget, .. } = &self.limits;
        let request = Request::Load(Load {
            name: self.name.clone(),
            memory_bytes: self.limits.memory_bytes,
            pool_bytes: budget.pool_bytes(),
            total_bytes: budget.total_bytes(),
            reply_bytes: budget.reply_bytes(),
            instance_bytes: code.facts().instance_bytes,
            memories: code.facts().memories,
            address_space_bytes: self.address_space_bytes(code),
            fully_confined: self.limits.confinement == Confinement::Full,
            profile: profile::is_on(),
        });
        match lane.load(&request)? {
            Outcome::Stale => Ok(None),
            Outcome::Loaded { manifest, layers } => {
                let manifest = manifest::check(manifest).map_err(|why| breach(&self.name, &why))?;
                let layers = layers.parse().map_err(|_| lane.breach("layers that there are not"))?;
                Ok(Some((manifest, layers)))
            }
            _ => Err(lane.breach(ANOTHER)),
        }
    }

    fn converse(&self, worker: &Arc<Worker>, slot: Slot, log: Sink) -> Lane {
        Lane::new(self.name.clone(), self.limits.clone(), Arc::clone(worker), slot, Log::new(log))
    }

    fn start(&self, code: BorrowedFd<'_>) -> Result<Arc<Worker>> {
        let code = code.try_clone_to_owned().map_err(|why| {
            Error::new(Kind::Io, "cannot start the process that runs the plugin").because(why)
        })?;
        let counting = self.limits.counting();
        let start = Start { shape: self.shape(), data_bytes: self.data_bytes(), counting };
        Worker::start(&self.program, start, code, self.limits.cancel.clone())
    }

    fn shape(&self) -> Shape {
        let Limits { window_bytes, blocks, lanes, .. } = self.limits;
        let block = block_bytes(window_bytes).saturating_mul(blocks.max(1)) + 2 * MARGIN_BYTES;
        let record = MIN_RECORD_LIMIT_BYTES.max(window_bytes);
        let request = block + record + 2 * u64::from(MAX_CONTEXT_BYTES) + PARAMS_BYTES;
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Shape {
            slots: lanes.max(1),
            block_bytes: size(block),
            request_bytes: size(request),
            reply_bytes: REPLY_BYTES,
            note_bytes: NOTE_BYTES,
        }
    }

    fn lanes(&self) -> u64 {
        self.limits.lanes.max(1) as u64
    }

    /// The worker's limit of private memory: the budget that it shares with this
    /// process, and what it does not draw from there.
    fn data_bytes(&self) -> Option<u64> {
        let replies = self.lanes().saturating_mul(self.limits.budget.reply_bytes());
        let drawn = self.limits.budget.pool_bytes()?.saturating_add(replies);
        Some(drawn.saturating_add(PROCESS_BYTES + self.lanes() * LANE_BYTES))
    }

    /// The worker's limit of address space: what it reserves beside its memory.
    fn address_space_bytes(&self, code: &Code) -> Option<u64> {
        let Shape { slots: _, block_bytes, request_bytes, reply_bytes, note_bytes } = self.shape();
        let slot = [block_bytes, request_bytes, reply_bytes, note_bytes];
        let slot = slot.iter().map(|bytes| *bytes as u64).sum::<u64>();
        let memories = code.facts().memories.max(1).saturating_mul(MEMORY_SPACE_BYTES);
        let lane = LANE_SPACE_BYTES.saturating_add(slot).saturating_add(memories);
        let lanes = self.lanes().saturating_mul(lane);
        Some(self.data_bytes()?.saturating_add(PROCESS_SPACE_BYTES).saturating_add(lanes))
    }
}

/// The error for code that was made here, and that this machine cannot run.
pub(crate) fn stale() -> Error {
    Error::new(Kind::Internal, "the compiler's code is not for this machine")
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(worker) = &locks::lock(&self.state).worker {
            worker.kill("the run is over");
            // Nothing of it is left when this returns.
            worker.how_it_died();
        }
        self.limits.budget.share_with(None);
    }
}
