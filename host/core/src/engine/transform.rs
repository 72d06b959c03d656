//! The seam between the pipeline and whatever answers windows: the sandbox in
//! real runs, native fakes in tests.

use std::time::Duration;

use runner_contract::{Edits, Job, Reply, Window};

use crate::error::{Error, Kind, Result};

/// A job and an instance that answers for it.
pub type Begun = (Job, Box<dyn Transform>);

/// Window in, edits out.
pub trait Transform: Send {
    /// Answers for one window.
    ///
    /// # Errors
    /// Any failure to answer, [`Kind::Plugin`] for the plugin's own. The
    /// transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;

    /// How long the host may work for one window on behalf of this transform:
    /// to find what to show, and to check what was answered.
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
