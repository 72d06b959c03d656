//! A plugin or a filter: whatever was loaded, in the process in which it runs.

use runner_contract::{FileHead, Job, Manifest, Param, Reply, Window};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::Result;

use crate::filter::{self, Filter};
use crate::instance::{Linked, PluginInstance};

/// What it says of itself.
///
/// # Errors
/// As for [`Linked::describe`].
pub(crate) fn describe(linked: &Linked) -> Result<Manifest> {
    match linked.command() {
        Some(_) => Ok(filter::manifest(&linked.name)),
        None => linked.describe(),
    }
}

/// Begins on a file, and returns the job. `params` must match the manifest.
///
/// # Errors
/// As for [`Linked::begin`] and [`Filter::begin`].
pub(crate) fn begin(linked: &Linked, params: &[Param], file: FileHead<'_>) -> Result<(Job, Instance)> {
    if linked.command().is_some() {
        let (job, filter) = Filter::begin(linked, params)?;
        return Ok((job, Instance::Filter(Box::new(filter))));
    }
    let (job, instance) = linked.begin(params, file)?;
    Ok((job, Instance::Plugin(Box::new(instance))))
}

/// What answers for windows, for one thread.
pub(crate) enum Instance {
    Plugin(Box<PluginInstance>),
    Filter(Box<Filter>),
}

impl Instance {
    /// Bytes of all linear memories. A filter begins with fresh memory each time, or
    /// must keep it: 0.
    pub(crate) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Plugin(instance) => instance.memory_bytes(),
            Self::Filter(_) => 0,
        }
    }

    /// Whether the last call was refused memory because of the plugin's limit.
    /// Not of a filter, which has fresh memory each time, or must keep it.
    pub(crate) fn lacked_memory(&self) -> bool {
        match self {
            Self::Plugin(instance) => instance.lacked_memory(),
            Self::Filter(_) => false,
        }
    }
}

impl Transform for Instance {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        match self {
            Self::Plugin(instance) => instance.transform(window),
            Self::Filter(filter) => filter.transform(window),
        }
    }
}
