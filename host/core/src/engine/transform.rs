//! The interfaces between the pipeline and whatever makes edits: code in this
//! process, which answers window by window, or a process that is not trusted,
//! which answers block by block.

use std::ops::Range;

use runner_contract::{Edits, Job, Reply, Window};

use crate::engine::answer::Answer;
use crate::engine::chain::Chain;
use crate::engine::framing::View;
use crate::engine::window::{Context, Position};
use crate::error::{Error, Kind, Result};
use crate::memory::is_denied;
use crate::storage::CopyMemory;

/// A job, and what carries it out.
pub type Begun = (Job, Instance);

/// What makes edits, for one thread.
pub enum Instance {
    /// Answers window by window, in this process.
    Local(Box<dyn Transform>),
    /// Answers block by block, in a process that is not trusted.
    Remote(Box<dyn BlockTransform>),
    /// Several, each of which sees what those before it make of the file.
    Chain(Box<Chain>),
}

impl Instance {
    /// An instance in this process.
    #[must_use]
    pub fn local(transform: impl Transform + 'static) -> Self {
        Self::Local(Box::new(transform))
    }
}

impl From<Box<dyn Transform>> for Instance {
    fn from(transform: Box<dyn Transform>) -> Self {
        Self::Local(transform)
    }
}

/// Transforms a window into edits.
pub trait Transform: Send {
    /// Transforms one window.
    ///
    /// # Errors
    /// Any failure; [`Kind::Plugin`] for a failure
    /// of the plugin itself. The transform must not be used afterwards.
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply>;
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

/// Transforms a block into edits, in another process. Nothing that it answers
/// is believed: an [`Answer`] checks each edit.
pub trait BlockTransform: Send {
    /// Memory into which blocks should be read. A view of it reaches the other
    /// process without a copy. It is given once.
    fn take_memory(&mut self) -> Option<Box<dyn CopyMemory>>;

    /// Asks for the edits of `records`. Both ends of the range are ends of
    /// records (under an overlapping framing, the range is owned), and the view
    /// begins and ends with the bytes that the framing needs around it. The
    /// view must stay as it is until the edits are there.
    ///
    /// # Errors
    /// Any failure, as for [`Transform::transform`].
    /// [`WorkerDied`] as the cause if the work may succeed in a new process.
    fn ask_records(&mut self, context: &Context<'_>, view: &View<'_>, records: Range<u64>) -> Result<()>;

    /// Waits for the edits that were asked for last, for the same view, and
    /// passes them to `answer`.
    ///
    /// # Errors
    /// As for [`BlockTransform::ask_records`]; the errors of `answer`.
    fn records(&mut self, context: &Context<'_>, view: &View<'_>, answer: &mut Answer<'_>) -> Result<()>;

    /// Passes the edits of sequential windows to `answer`: those from the
    /// position on that start before the offset, as far as the view contains
    /// them. Returns the position after them, which is not checked.
    ///
    /// # Errors
    /// As for [`BlockTransform::ask_records`].
    fn sequential(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        range: (Position, u64),
        answer: &mut Answer<'_>,
    ) -> Result<Position>;

    /// As [`Finder::settled`](crate::engine::prefilter::Finder::settled), not
    /// checked.
    ///
    /// # Errors
    /// As for [`BlockTransform::ask_records`].
    fn settled(&mut self, context: &Context<'_>, view: &View<'_>, from: u64) -> Result<u64>;

    /// As [`Instance::memory_bytes`], not checked.
    fn memory_bytes(&self) -> Option<u64> {
        None
    }
}

/// The cause of an error: the process that ran the plugin has died.
#[derive(Debug, Clone)]
pub struct WorkerDied {
    /// How it died, for people.
    pub how: String,
}

impl std::fmt::Display for WorkerDied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.how)
    }
}

impl std::error::Error for WorkerDied {}

/// Whether the same work may succeed when nothing else runs beside it: others
/// used the memory up, or the process died that worked for all of them.
#[must_use]
pub fn may_succeed_alone(error: &Error) -> bool {
    is_denied(error) || has_died(error)
}

/// Whether the process has died that ran the plugin.
#[must_use]
pub fn has_died(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<WorkerDied>())
}
