//! The plugin of a worker: loaded once, used by all lanes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use runner_confine::{Layers, Limits as ProcessLimits, Policy};
use runner_contract::Job;
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{Budget, Plan};
use runner_pipeline::{locks, profile};
use wasmtime::Engine;

use super::CODE;
use super::arriving::Arriving;
use super::parent_budget::Parent;
use crate::engine::{self, Counting};
use crate::instance::Linked;
use crate::limits::{Confinement, Limits};
use crate::log::Sink;
use crate::message::{Load, Outcome};
use crate::meter::{Meter, Usage};
use crate::native_code;
use crate::running;
use crate::tables::Tables;

/// What all lanes share.
pub(super) struct Plugin {
    engine: Engine,
    /// There if the code counts its instructions.
    meter: Option<Meter>,
    policy: Policy,
    limits: ProcessLimits,
    /// What confines the process before there is code.
    layers: Layers,
    /// With whom the budget is shared.
    parent: Parent,
    linked: OnceLock<Linked>,
    /// The finder of the last job, for other lanes and files with the same job:
    /// building one can take longer than a small file.
    finder: Mutex<Option<(Job, Arc<Finder>)>>,
    tables: Mutex<Arriving>,
}

impl Plugin {
    pub(super) fn new(
        counting: Counting,
        (policy, limits): (Policy, ProcessLimits),
        layers: Layers,
        parent: Parent,
    ) -> Result<Self> {
        Ok(Self {
            engine: engine::new(counting)?,
            meter: (counting == Counting::On).then(Meter::default),
            policy,
            limits,
            layers,
            parent,
            linked: OnceLock::new(),
            finder: Mutex::new(None),
            tables: Mutex::default(),
        })
    }

    /// Maps the code, confines the process for good, and asks the plugin to
    /// describe itself: its first instruction.
    pub(super) fn load(&self, load: Load, log: Sink) -> Result<Outcome> {
        if load.profile {
            profile::start();
        }
        let path = PathBuf::from(format!("/proc/self/fd/{CODE}"));
        let Ok(component) = native_code::component(&self.engine, &load.name, &path) else {
            return Ok(Outcome::Stale);
        };
        drop(super::take(CODE));
        let of_process = ProcessLimits { address_space_bytes: load.address_space_bytes, ..self.limits };
        let policy = self.policy.clone().limits(of_process);
        let for_good = runner_confine::on_all_threads(&policy).map_err(|error| {
            Error::new(Kind::Internal, "the process that runs the plugin cannot confine itself")
                .because(error)
        })?;
        let mut layers = self.layers.clone();
        layers.add(&for_good);
        let wanted = if load.fully_confined { Confinement::Full } else { Confinement::AsFarAsPossible };
        wanted.check(&layers)?;
        let limits = Limits { meter: self.meter.clone(), ..limits(&load) };
        let linked = Linked::new(&load.name, &component, &self.engine, limits, load.facts())?;
        linked.limits.budget.share_with(Some(Arc::new(self.parent.clone())));
        let manifest = running::describe(&linked.logging_to(log))?;
        // Loaded once, so nobody else has set it.
        let _ = self.linked.set(linked);
        Ok(Outcome::Loaded { manifest, layers: layers.to_string() })
    }

    /// What all instances needed since the last look, if that is counted.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.meter.as_ref().map(Meter::take)
    }

    /// The plugin, once it is loaded.
    pub(super) fn linked(&self) -> Result<&Linked> {
        self.linked.get().ok_or_else(|| Error::new(Kind::Internal, "the plugin is not loaded"))
    }

    /// Takes a part of a table: bytes from an offset on, of so many. Whether all
    /// of it is there.
    pub(super) fn take_table(&self, name: String, digest: [u8; 32], part: (u64, u64, &[u8])) -> Result<bool> {
        locks::lock(&self.tables).take(name, digest, part, self.budget())
    }

    pub(super) fn tables(&self) -> Tables {
        locks::lock(&self.tables).tables()
    }

    pub(super) fn budget(&self) -> &Budget {
        self.linked.get().map_or(&Budget::UNLIMITED, |linked| &linked.limits.budget)
    }

    /// The finder for a job.
    pub(super) fn finder(&self, job: &Job) -> Result<Option<Arc<Finder>>> {
        // Whoever needs the same one waits for it.
        let mut last = locks::lock(&self.finder);
        if let Some((known, finder)) = &*last
            && known == job
        {
            return Ok(Some(Arc::clone(finder)));
        }
        *last = None;
        let finder = Finder::within(job, self.budget())?.map(Arc::new);
        *last = finder.as_ref().map(|finder| (job.clone(), Arc::clone(finder)));
        Ok(finder)
    }
}

fn limits(load: &Load) -> Limits {
    let budget = load.pool_bytes.map_or(Budget::UNLIMITED, |pool_bytes| {
        Budget::new(&Plan {
            workers: 1,
            total_bytes: load.total_bytes,
            pool_bytes,
            reply_bytes: load.reply_bytes,
            files: 1,
            file_bytes: 0,
        })
    });
    Limits { memory_bytes: load.memory_bytes, budget, ..Limits::default() }
}
