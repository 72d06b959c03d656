//! The interface between the pipeline and whatever transforms windows: the
//! sandbox in real runs, native fakes in tests.

use std::time::Duration;

use runner_contract::{Edits, Job, Reply, Window};

use crate::error::{Error, Kind, Result};

/// A job, and an instance that carries it out.
pub type Begun = (Job, Box<dyn Transform>);

/// Transforms a window into edits.
pub trait Transform: Send {
    /// Transforms one window.
    ///
    /// # Errors
    /// Any failure; [`Kind::Plugin`] for a failure
    /// of the plugin itself. The transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;

    /// How long the host may work on one window on behalf of this transform: to
    /// find candidates, and to check the reply.
    fn patience(&self) -> Duration {
        Duration::MAX
    }
}

/// A closure answers as a plugin written in Rust does: it collects the edits
/// of one window, in order, or says why it cannot. Both that and a mistake in
/// the edits are errors of [`Kind::Plugin`].
///
/// The type of the window must be written out, as in
/// `|window: &Window<'_>, edits: &mut Edits|`.
impl<F> Transform for F
where
    F: FnMut(&Window<'_>, &mut Edits) -> Result<(), String> + Send,
{
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let mut edits = Edits::new(window);
        let reply = self(window, &mut edits).and_then(|()| edits.finish());
        reply.map_err(|why| {
            Error::new(Kind::Plugin, format!("cannot transform the window at offset {}", window.offset))
                .because(why)
        })
    }
}
