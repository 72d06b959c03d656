//! Work on whole blocks, wherever the plugin runs.

use std::ops::Range;

use runner_contract::Job;

use crate::engine::answer::{Answer, breach};
use crate::engine::chain::Chain;
use crate::engine::framing::View;
use crate::engine::prefilter::Finder;
use crate::engine::transform::Instance;
use crate::engine::validate::Found;
use crate::engine::window::{self, Context, Position};
use crate::error::{Error, Kind, Result};
use crate::memory::Budget;
use crate::storage::CopyMemory;

impl Instance {
    /// The finder that instances of this kind need: one in another process has
    /// its own, and no expression of a plugin is evaluated in this one.
    ///
    /// # Errors
    /// As for [`Finder::within`].
    pub fn finder(&self, job: &Job, budget: &Budget) -> Result<Option<Finder>> {
        match self {
            Self::Local(_) => Finder::within(job, budget),
            Self::Remote(_) | Self::Chain(_) => Ok(None),
        }
    }

    /// Several plugins, if it is several.
    pub(crate) fn chain(&mut self) -> Option<&mut Chain> {
        match self {
            Self::Chain(chain) => Some(chain),
            Self::Local(_) | Self::Remote(_) => None,
        }
    }

    /// As [`BlockTransform::take_memory`](crate::engine::transform::BlockTransform::take_memory).
    pub(crate) fn take_memory(&mut self) -> Option<Box<dyn CopyMemory>> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote) => remote.take_memory(),
            Self::Chain(chain) => chain.take_memory(),
        }
    }

    /// The same for a stream, whose records come in order.
    ///
    /// # Errors
    /// If it is several plugins that need more than a stream has.
    pub(crate) fn begin_stream(&mut self) -> Result<Option<Box<dyn CopyMemory>>> {
        if let Some(chain) = self.chain() {
            chain.in_order()?;
        }
        Ok(self.take_memory())
    }

    /// Asks for the edits of `records`, whose ends are ends of records; for an
    /// overlapping framing, for the edits that start in the range. The range
    /// must be in view, with the bytes that the framing needs around it.
    ///
    /// While another process works on them, this one can do something else.
    /// [`Instance::records`] must be called next, with the same arguments.
    pub(crate) fn ask_records(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        records: &Range<u64>,
    ) -> Result<()> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Remote(remote) => {
                remote.ask_records(context, &context.around(view, records), records.clone())
            }
            Self::Chain(chain) => chain.ask_records(context, view, records),
        }
    }

    /// The edits that were asked for.
    pub(crate) fn records(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        records: &Range<u64>,
    ) -> Result<Found> {
        match self {
            Self::Local(transform) => {
                let found = Found::new(context.budget, records.start);
                window::find(context, view, &mut **transform, records.clone(), found)
            }
            Self::Remote(remote) => {
                let near = context.around(view, records);
                let mut answer = Answer::new(context.job, &near, records.clone(), context.budget);
                remote.records(context, &near, &mut answer)?;
                Ok(answer.finish())
            }
            Self::Chain(chain) => chain.records(context, view, records),
        }
    }

    /// Asks for the edits of `records`, and waits for them. Both ends of the
    /// range are ends of records; under an overlapping framing, these are the
    /// edits that start in the range. The range must be in view, with the bytes
    /// that the framing needs around it.
    ///
    /// # Errors
    /// Any failure of the plugin, and breaches of the contract; when the budget
    /// is used up, or the run was stopped.
    pub fn edits(&mut self, context: &Context<'_>, view: &View<'_>, records: Range<u64>) -> Result<Found> {
        self.ask_records(context, view, &records)?;
        self.records(context, view, &records)
    }

    /// The edits of the sequential windows that start before `until`, as far as
    /// they are in view; advances `position`.
    ///
    /// # Errors
    /// As for [`Instance::edits`].
    pub fn sequential(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        until: u64,
        position: &mut Position,
    ) -> Result<Found> {
        let mut found = Found::new(context.budget, 0);
        let remote = match self {
            Self::Local(transform) => {
                found = window::find_sequential(context, view, &mut **transform, (position, until), found)?;
                position.check(view)?;
                return Ok(found);
            }
            Self::Remote(remote) => remote,
            Self::Chain(_) => return Err(Error::new(Kind::Internal, "several plugins in a sequential scan")),
        };
        while position.is_due(view, until) {
            // Whether the last window is that of the file shows one byte later.
            let shown = position.at.saturating_add(position.want).max(until);
            let end = shown.saturating_add(1).min(view.limit());
            if end <= position.at.saturating_add(position.want) && !view.end {
                break;
            }
            let near = context.around(view, &(position.at..end));
            let mut answer = Answer::new(context.job, &near, position.at..end, context.budget);
            let next = remote.sequential(context, &near, (*position, until), &mut answer)?;
            check_progress(context, view, *position, next)?;
            answer.consumed(next.at)?;
            found.append(answer.finish());
            *position = next;
        }
        position.check(view)?;
        Ok(found)
    }

    /// Bytes of linear memory that the instance had after its last answer. `None`
    /// if that is not known.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        match self {
            Self::Local(_) | Self::Chain(_) => None,
            Self::Remote(remote) => remote.memory_bytes(),
        }
    }

    /// As [`Finder::settled`](crate::engine::prefilter::Finder::settled), for
    /// an overlapping framing. `from` without a prefilter.
    pub(crate) fn settled(&mut self, context: &Context<'_>, view: &View<'_>, from: u64) -> Result<u64> {
        match self {
            Self::Local(_) => Ok(context.finder.map_or(from, |finder| finder.settled(view, from))),
            Self::Chain(_) => Ok(from),
            // Bytes after the view cannot be settled.
            Self::Remote(remote) => {
                let near = context.around(view, &(from..view.limit()));
                Ok(remote.settled(context, &near, from)?.clamp(from, view.limit()))
            }
        }
    }
}

/// A plugin that makes no progress was to be found out in its own process. A
/// window that grows is twice as long each time, so there are few of them. The
/// last window may be empty.
fn check_progress(context: &Context<'_>, view: &View<'_>, from: Position, to: Position) -> Result<()> {
    // A skip beyond the end is found out next.
    let is_at_end = view.end && to.at >= view.limit();
    let has_grown = to.at == from.at && to.want / 2 >= from.want;
    let has_moved = to.at > from.at || has_grown || to.is_over && !from.is_over;
    if has_moved && (is_at_end || !to.is_over) && (1..=context.longest_window()).contains(&to.want) {
        return Ok(());
    }
    Err(breach(&format!("a window of {} bytes at offset {}, coming from {}", to.want, to.at, from.at)))
}
