//! A loaded plugin: what it says of itself, and where its instances run.

use std::sync::Arc;
use std::time::Duration;

use runner_confine::Layers;
use runner_contract::{FileHead, Manifest, Param};
use runner_pipeline::engine::transform::{Begun, Instance, has_died};
use runner_pipeline::error::Result;

use crate::described::Described;
use crate::filter;
use crate::instance::Linked;
use crate::limits::Limits;
use crate::log::Sink;
use crate::remote::{Blocks, Host};
use crate::running;
use crate::tables::Tables;

/// A plugin that has been compiled and has described itself.
#[derive(Clone)]
pub struct Plugin {
    digest: blake3::Hash,
    manifest: Manifest,
    runs: Runs,
    log: Sink,
    tables: Tables,
    /// `None` if its code was in the cache.
    compiled_in: Option<Duration>,
}

/// Where the instances of a plugin run.
#[derive(Clone)]
pub(crate) enum Runs {
    InProcess(Box<Linked>),
    /// The layers are those that the worker says are in force.
    InWorker(Arc<Host>, Layers),
}

/// What the first run of a plugin has come to.
pub(crate) struct FirstRun {
    pub(crate) manifest: Manifest,
    pub(crate) runs: Runs,
    /// How long compiling took, if that was needed.
    pub(crate) compiled_in: Option<Duration>,
}

impl Plugin {
    pub(crate) fn new(digest: blake3::Hash, first: FirstRun, log: Sink) -> Self {
        let FirstRun { manifest, runs, compiled_in } = first;
        Self { digest, manifest, runs, log, tables: Tables::default(), compiled_in }
    }

    /// The manifest of the plugin, checked.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether it is a command that runs as a filter.
    #[must_use]
    pub fn is_filter(&self) -> bool {
        filter::is_filter(&self.manifest)
    }

    /// The BLAKE3 hash of the bytes that it was loaded from.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.digest
    }

    /// What confines the process that runs the plugin. `None` if that is this
    /// process, which nothing confines.
    #[must_use]
    pub fn layers(&self) -> Option<&Layers> {
        match &self.runs {
            Runs::InProcess(_) => None,
            Runs::InWorker(_, layers) => Some(layers),
        }
    }

    /// How long it took to compile the plugin, as wall time. `None` if its native
    /// code was in the cache.
    #[must_use]
    pub fn compiled_in(&self) -> Option<Duration> {
        self.compiled_in
    }

    /// The same plugin under different limits.
    #[must_use]
    pub fn limited_to(&self, limits: Limits) -> Self {
        let runs = match &self.runs {
            Runs::InProcess(linked) => Runs::InProcess(Box::new(linked.limited_to(limits))),
            Runs::InWorker(host, layers) => Runs::InWorker(Arc::new(host.limited_to(limits)), layers.clone()),
        };
        Self { runs, ..self.clone() }
    }

    /// The same plugin with a different sink for its log messages.
    #[must_use]
    pub fn logging_to(&self, log: Sink) -> Self {
        Self { log, ..self.clone() }
    }

    /// The tables that its instances may read.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The same plugin with these tables, which its instances may read.
    #[must_use]
    pub fn with_tables(&self, tables: Tables) -> Self {
        Self { tables, ..self.clone() }
    }

    /// What the plugin says of itself when it is asked twice in one instance, and
    /// what it imports.
    ///
    /// # Errors
    /// If it fails to describe itself, or the process that runs it dies.
    pub fn describe_twice(&self) -> Result<Described> {
        match &self.runs {
            Runs::InProcess(linked) => linked.describe_twice(),
            Runs::InWorker(host, _) => host.describe_twice(),
        }
    }

    /// Starts an instance, passes it the parameters and the head of the file,
    /// and returns the job that it asks for. `params` must match the manifest.
    ///
    /// # Errors
    /// If the plugin refuses the parameters or the file, asks for a job that
    /// breaks the contract, or fails; if the process that runs it dies.
    pub fn begin(&self, params: &[Param], file: FileHead<'_>) -> Result<Begun> {
        let log = Arc::clone(&self.log);
        match &self.runs {
            Runs::InProcess(linked) => {
                let linked = linked.logging_to(log).with_tables(self.tables.clone());
                let (job, instance) = running::begin(&linked, params, file)?;
                Ok((job, Instance::local(instance)))
            }
            Runs::InWorker(host, _) => {
                let begin = || {
                    let mut lane = host.lane(Arc::clone(&log))?;
                    lane.give(&self.tables)?;
                    Blocks::begin(lane, params, file)
                };
                // The death of a process is not always the plugin's doing.
                let begun = match begin() {
                    Err(error) if has_died(&error) => begin(),
                    begun => begun,
                };
                begun.map(|(job, blocks)| (job, Instance::Remote(Box::new(blocks))))
            }
        }
    }
}
