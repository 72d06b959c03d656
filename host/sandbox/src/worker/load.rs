//! The plugin of a worker: loaded once, used by all lanes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use runner_confine::{Layers, Policy};
use runner_contract::{Job, Manifest};
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::locks;
use runner_pipeline::memory::{Budget, Plan};
use runner_pipeline::profile;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::CODE;
use crate::engine::Ticking;
use crate::instance::Linked;
use crate::limits::{Confinement, Limits};
use crate::log::Sink;
use crate::message::{Load, Outcome};
use crate::native_code;
use crate::shared_budget::SharedBudget;

/// What all lanes share.
pub(super) struct Plugin {
    ticking: Arc<Ticking>,
    policy: Policy,
    layers: Mutex<Layers>,
    /// The other process with which the budget is shared.
    shared: SharedBudget,
    linked: OnceLock<Linked>,
    /// The finder of the last job, for other lanes and files with the same job:
    /// building one can take longer than a small file.
    finder: Mutex<Option<(Job, Arc<Finder>)>>,
}

impl Plugin {
    pub(super) fn new(policy: Policy, layers: Layers, shared: SharedBudget) -> Result<Self> {
        Ok(Self {
            ticking: Arc::new(Ticking::without_epochs()?),
            policy,
            layers: Mutex::new(layers),
            shared,
            linked: OnceLock::new(),
            finder: Mutex::new(None),
        })
    }

    /// Maps the code, confines the process for good, and asks the plugin to
    /// describe itself: its first instruction.
    pub(super) fn load(&self, load: Load, log: Sink) -> Result<Outcome> {
        if load.profile {
            profile::start();
        }
        let path = PathBuf::from(format!("/proc/self/fd/{CODE}"));
        let Ok(component) = native_code::component(self.ticking.engine(), &load.name, &path) else {
            return Ok(Outcome::Stale);
        };
        drop(super::take(CODE));
        limit_address_space(load.address_space_bytes)?;
        let layers = runner_confine::on_all_threads(&self.policy).map_err(|error| {
            Error::new(Kind::Internal, "the process that runs the plugin cannot confine itself")
                .because(error)
        })?;
        let layers = {
            let mut all = locks::lock(&self.layers);
            all.add(&layers);
            all.clone()
        };
        let wanted = if load.fully_confined { Confinement::Full } else { Confinement::AsFarAsPossible };
        wanted.check(&layers)?;
        let linked = Linked::new(&load.name, &component, &self.ticking, limits(&load), load.facts())?;
        linked.limits.budget.share_with(Some(Arc::new(self.shared.clone())));
        let manifest: Manifest = linked.logging_to(log).describe()?;
        // Loaded once, so nobody else has set it.
        let _ = self.linked.set(linked);
        Ok(Outcome::Loaded { manifest, layers: layers.to_string() })
    }

    /// The plugin, once it is loaded.
    pub(super) fn linked(&self) -> Result<&Linked> {
        self.linked.get().ok_or_else(|| Error::new(Kind::Internal, "the plugin is not loaded"))
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
        let finder = Finder::on_this_thread(job, self.budget())?.map(Arc::new);
        *last = finder.as_ref().map(|finder| (job.clone(), Arc::clone(finder)));
        Ok(finder)
    }
}

/// Bounds what page tables can take, which no other limit counts: memory that is
/// only read takes none but theirs.
fn limit_address_space(bytes: Option<u64>) -> Result<()> {
    let Some(bytes) = bytes else { return Ok(()) };
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::As, limit).map_err(|error| {
        Error::new(Kind::Internal, "the process that runs the plugin cannot limit its address space")
            .because(std::io::Error::from(error))
    })
}

/// Time is limited from outside.
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
    Limits { memory_bytes: load.memory_bytes, budget, deadline: Duration::MAX, ..Limits::default() }
}
