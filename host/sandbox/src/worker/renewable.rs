//! An instance that is replaced when it has used up its memory.
//!
//! Some languages free memory late, or not at all: Python's bindings keep some
//! bytes of every edit. A plugin is a pure function, so a new instance gives the
//! same answer for the window. With the framing `sequential`, an instance may keep
//! state, so it is never replaced.

use runner_contract::{FileHead, Framing, Job, LogLevel, Param, Reply, Window};
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::{Error, Kind, Result};

use crate::instance::{Linked, breach};
use crate::running::{self, Instance};

/// An instance, and what is needed to begin another one.
pub(super) struct Renewable {
    linked: Linked,
    params: Vec<Param>,
    head: Vec<u8>,
    file_bytes: Option<u64>,
    seed: Option<u64>,
    job: Job,
    /// `None` once another one could not be begun.
    instance: Option<Instance>,
    /// How many windows this instance has answered.
    windows: u64,
    /// Whether the user knows that instances are replaced.
    is_told: bool,
}

impl Renewable {
    /// Begins on a file. Also returns the job.
    ///
    /// # Errors
    /// As for [`Linked::begin`].
    pub(super) fn begin(linked: Linked, params: Vec<Param>, file: FileHead<'_>) -> Result<(Job, Self)> {
        let (job, instance) = running::begin(&linked, &params, file)?;
        let renewable = Self {
            linked,
            params,
            head: file.head.to_vec(),
            file_bytes: file.size,
            seed: file.seed,
            job: job.clone(),
            instance: Some(instance),
            windows: 0,
            is_told: false,
        };
        Ok((job, renewable))
    }

    /// Bytes of linear memory of the instance.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        self.instance.as_ref().map(Instance::memory_bytes)
    }

    /// Whether another instance may have enough memory for what this one had not.
    fn may_renew(&self) -> bool {
        let lacked = self.instance.as_ref().is_some_and(Instance::lacked_memory);
        lacked && self.windows > 0 && self.job.framing != Framing::Sequential
    }

    fn renew(&mut self) -> Result<()> {
        // Its memory comes first.
        self.instance = None;
        let head = FileHead { size: self.file_bytes, head: &self.head, seed: self.seed };
        let (job, instance) = running::begin(&self.linked, &self.params, head)?;
        if job != self.job {
            return Err(breach(&self.linked.name, "`begin` has returned another job than before"));
        }
        if !std::mem::replace(&mut self.is_told, true) {
            let what = format!(
                "it keeps memory from window to window, and goes on in a new instance after {} of them; with a \
                 larger `--memory` that happens less often",
                self.windows
            );
            (self.linked.log)(LogLevel::Warn, &what);
        }
        (self.instance, self.windows) = (Some(instance), 0);
        Ok(())
    }

    fn ask(&mut self, window: &Window<'_>) -> Result<Reply> {
        let name = &self.linked.name;
        let gone = || Error::new(Kind::Plugin, format!("plugin `{name}` could not begin again"));
        let reply = self.instance.as_mut().ok_or_else(gone)?.transform(window)?;
        self.windows += 1;
        Ok(reply)
    }
}

impl Transform for Renewable {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        match self.ask(window) {
            Err(_) if self.may_renew() => {
                self.renew()?;
                self.ask(window)
            }
            answer => answer,
        }
    }
}
