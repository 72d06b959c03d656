//! Cuts a view into windows, passes each to the transform, and checks the
//! replies.

mod pack;
mod ranges;
mod sequential;
#[cfg(test)]
mod tests;

use std::ops::Range;

use runner_contract::{Framing, Job, RecordMatch, Reply, Window};

use self::pack::Pack;
pub(crate) use self::ranges::is_needed;
use self::ranges::needed;
pub use self::sequential::{Position, find_sequential};
use crate::cancel::Cancel;
use crate::engine::fields::Splitter;
use crate::engine::framing::{Cutter, View};
use crate::engine::prefilter::Finder;
use crate::engine::transform::Transform;
pub use crate::engine::validate::Found;
use crate::engine::validate::{Origin, Piece, Request, accept};
use crate::error::{Place, Result};
use crate::hash::GROUP_BYTES;
use crate::memory::{Budget, Lease};
use crate::profile::{self, Stage};

/// Work is handed out in blocks of this size, or of the window size if that is
/// larger.
pub const BLOCK_BYTES: u64 = 1 << 20;
/// Maximum number of bytes around a block that are read with it.
pub const MARGIN_BYTES: u64 = 64 << 10;

/// The size of a block for a window of this size: whole groups.
#[must_use]
pub fn block_bytes(window_bytes: u64) -> u64 {
    BLOCK_BYTES.max(window_bytes.max(1).next_multiple_of(GROUP_BYTES))
}

/// Which records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Those that the job's prefilters let pass.
    Candidates,
    /// All of them, to try whether the prefilters leave out too much.
    All,
}

/// What stays the same from block to block.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What the plugin asks for.
    pub job: &'a Job,
    /// For the framing of the job.
    pub cutter: &'a Cutter,
    /// For the prefilter of the job; `None` if it has none, or if its instances
    /// are in another process.
    pub finder: Option<&'a Finder>,
    /// Approximate number of bytes shown in one call.
    pub window_bytes: u64,
    /// The length of the longest record.
    pub record_limit: u64,
    /// Which records are shown.
    pub shows: Shows,
    /// The budget for packed windows and edits.
    pub budget: &'a Budget,
    /// Stops the work before the next call.
    pub cancel: Cancel<'a>,
    /// The whole file, where it is at hand. Several plugins need it for what
    /// stands around a block.
    pub whole: Option<View<'a>>,
}

impl<'a> Context<'a> {
    /// The longest window of a sequential framing, in bytes.
    pub(crate) fn longest_window(&self) -> u64 {
        self.record_limit.max(self.window_bytes)
    }

    /// Bytes before and after a range that must be in view with it, as far as
    /// the file has them.
    #[must_use]
    pub fn margins(&self) -> (u64, u64) {
        let (before, after) = self.job.framing.context_bytes();
        (before.max(self.cutter.look_behind()), after)
    }

    /// The part of a view that is needed for a range.
    pub(crate) fn around<'v>(&self, view: &View<'v>, range: &Range<u64>) -> View<'v> {
        let (before, after) = self.margins();
        let base = range.start.saturating_sub(before).max(view.base);
        let limit = range.end.saturating_add(after).min(view.limit());
        View { base, bytes: view.slice(base..limit), end: view.end && limit == view.limit() }
    }
}

/// Adds the edits of `records`, whose ends are ends of records, to what was
/// found before; for an overlapping framing, the edits that start in the range.
/// The range must be in view, with the bytes that the framing needs around it.
///
/// # Errors
/// Any failure of the transform, and breaches of the contract; when the budget
/// is used up, or the run was stopped.
pub fn find(
    context: &Context<'_>,
    view: &View<'_>,
    transform: &mut dyn Transform,
    records: Range<u64>,
    mut found: Found,
) -> Result<Found> {
    let Range { mut start, end: last } = records;
    if start == last && view.end && view.limit() == 0 && context.job.show_empty {
        return ask_empty(context, transform, found);
    }
    let mut pack = Pack::new(context.budget);
    let splitter = Splitter::new(context.job);
    let leaves_out = context.job.leaves_records_out() && context.shows == Shows::Candidates;
    let finder = context.finder.filter(|_| leaves_out);
    let mut search = finder.map(|finder| Search { finder, room: context.budget.lease() });
    while start < last {
        let target = start.saturating_add(context.window_bytes).min(last);
        let end = profile::time(Stage::Cut, || context.cutter.next_boundary(view, start, target))?;
        // The range ends with a record, so no window ends after it.
        let end = end.map_or(last, |end| end.min(last));
        let window = start..end;
        match (&mut search, &splitter, &context.job.framing) {
            (_, Some(splitter), _) => {
                pack.project(splitter, view, &window)?;
                if pack.is_full(context) {
                    pack.ask(context, view, transform, &mut found)?;
                }
            }
            (None, ..) => {
                for part in needed(context.job, window) {
                    ask(context, view, transform, part, &mut found)?;
                }
            }
            (Some(search), _, Framing::Bytes | Framing::Overlapping { .. }) => {
                for part in needed(context.job, window) {
                    for candidate in search.candidates(context, view, part)? {
                        ask(context, view, transform, candidate, &mut found)?;
                    }
                }
            }
            (Some(search), ..) => {
                let mut candidates = search.candidates(context, view, window)?.into_iter();
                while pack.fill(context, view, &mut candidates)? {
                    pack.ask(context, view, transform, &mut found)?;
                }
            }
        }
        start = end;
    }
    pack.ask(context, view, transform, &mut found)?;
    Ok(found)
}

/// Shows an empty file.
fn ask_empty(context: &Context<'_>, transform: &mut dyn Transform, mut found: Found) -> Result<Found> {
    let window = Window::new(0, b"").last(true);
    let piece = Piece { at: 0, offset: 0, bytes: 0 };
    answer(context, transform, &window, &Origin(&[piece]), &mut found)?;
    Ok(found)
}

/// The search with a prefilter.
struct Search<'a> {
    finder: &'a Finder,
    /// The memory of the current list of candidates.
    room: Lease,
}

impl Search<'_> {
    /// The parts of a window that can match.
    fn candidates(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        window: Range<u64>,
    ) -> Result<Vec<Range<u64>>> {
        profile::time(Stage::Prefilter, || {
            let candidates = self.finder.candidates(context.cutter, view, window)?;
            self.room.shrink_to(0);
            self.room.grow(size_of_val(&candidates[..]))?;
            Ok(candidates)
        })
    }
}

/// Passes one range of the file to the transform, with the context that the
/// framing needs. A part covered by an earlier edit is left out, so that the
/// result is that of a scan from left to right.
fn ask(
    context: &Context<'_>,
    view: &View<'_>,
    transform: &mut dyn Transform,
    range: Range<u64>,
    found: &mut Found,
) -> Result<()> {
    let owned = range.start.max(found.reach)..range.end;
    if owned.is_empty() {
        return Ok(());
    }
    let shown = match context.job.framing {
        Framing::Overlapping { before, after } => {
            let start = owned.start.saturating_sub(u64::from(before)).max(view.base);
            start..(owned.end + u64::from(after)).min(view.limit())
        }
        _ => owned.clone(),
    };
    let bytes = slice(view, &shown);
    let matches = matches(context, view, &shown)?;
    let owned = (owned.start - shown.start) as usize..(owned.end - shown.start) as usize;
    let window = Window {
        matches: &matches,
        ..Window::new(shown.start, bytes).owning(owned).last(view.end && shown.end == view.limit())
    };
    let piece = Piece { at: 0, offset: shown.start, bytes: bytes.len() as u32 };
    answer(context, transform, &window, &Origin(&[piece]), found).map(|_| ())
}

/// Which records of a window match which prefilters, if the job shows records
/// that match none.
fn matches(context: &Context<'_>, view: &View<'_>, shown: &Range<u64>) -> Result<Vec<RecordMatch>> {
    let mut matches = Vec::new();
    if let Some(finder) = context.finder.filter(|_| context.job.reports_matches()) {
        profile::time(Stage::Prefilter, || {
            for candidate in finder.candidates(context.cutter, view, shown.clone())? {
                finder.matches(context.cutter, view, candidate, |start, ids| {
                    matches.push(RecordMatch { start: (start - shown.start) as u32, ids });
                    Ok(())
                })?;
            }
            Ok::<_, crate::error::Error>(())
        })?;
    }
    Ok(matches)
}

/// Passes a window to the transform and checks the reply.
fn answer(
    context: &Context<'_>,
    transform: &mut dyn Transform,
    window: &Window<'_>,
    origin: &Origin<'_>,
    found: &mut Found,
) -> Result<Reply> {
    context.cancel.check()?;
    let reply = transform.transform(window).map_err(|error| match error.place() {
        Some(Place::Window(at)) => match origin.of_byte(at) {
            Some(offset) => error.at_place(Place::File(offset)),
            None => error,
        },
        _ => error,
    })?;
    let request = Request { job: context.job, window, origin };
    accept(&request, &reply, found)?;
    Ok(reply)
}

fn slice<'v>(view: &View<'v>, range: &Range<u64>) -> &'v [u8] {
    &view.bytes[(range.start - view.base) as usize..(range.end - view.base) as usize]
}
