//! The seam between the pipeline and whatever answers windows: the sandbox in
//! real runs, native fakes in tests.

use std::time::Duration;

use runner_contract::{Job, Reply, Window};

use crate::error::Result;

/// A job and an instance that answers for it.
pub type Begun = (Job, Box<dyn Transform>);

/// Window in, edits out.
pub trait Transform: Send {
    /// Answers for one window.
    ///
    /// # Errors
    /// Any failure to answer, [`Kind::Plugin`](crate::error::Kind::Plugin)
    /// for the plugin's own. The transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;

    /// How long the host may work for one window on behalf of this transform:
    /// to find what to show, and to check what was answered.
    fn patience(&self) -> Duration {
        Duration::MAX
    }
}
