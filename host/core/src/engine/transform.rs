//! The interface between the pipeline and whatever transforms windows: the
//! sandbox in real runs, native fakes in tests.

use std::time::Duration;

use runner_contract::{Job, Reply, Window};

use crate::error::Result;

/// A job, and an instance that carries it out.
pub type Begun = (Job, Box<dyn Transform>);

/// Transforms a window into edits.
pub trait Transform: Send {
    /// Transforms one window.
    ///
    /// # Errors
    /// Any failure; [`Kind::Plugin`](crate::error::Kind::Plugin) for a failure
    /// of the plugin itself. The transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;

    /// How long the host may work on one window on behalf of this transform: to
    /// find candidates, and to check the reply.
    fn patience(&self) -> Duration {
        Duration::MAX
    }
}
