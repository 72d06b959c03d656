//! Cuts a view into windows, passes each to the transform, and checks the
//! replies.

#[cfg(test)]
mod tests;

use std::ops::Range;

use runner_contract::{Framing, Job, Reply, Window};

use crate::cancel::{Cancel, Deadline};
use crate::engine::framing::{Cutter, View};
use crate::engine::prefilter::Finder;
use crate::engine::transform::Transform;
use crate::engine::validate::{Found, Origin, Piece, Request, accept, broken};
use crate::error::Result;
use crate::memory::{Budget, Lease};
use crate::profile::{self, Stage};

/// What stays the same from block to block.
pub(crate) struct Context<'a> {
    pub(crate) job: &'a Job,
    pub(crate) cutter: &'a Cutter,
    pub(crate) finder: Option<&'a Finder>,
    pub(crate) window_bytes: u64,
    pub(crate) record_limit: u64,
    /// The budget for packed windows and edits.
    pub(crate) budget: &'a Budget,
    /// Stops the work on a window.
    pub(crate) cancel: Cancel<'a>,
}

impl<'a> Context<'a> {
    /// The deadline for the window at `offset`, starting now.
    pub(crate) fn deadline(&self, transform: &dyn Transform, offset: u64) -> Deadline<'a> {
        Deadline::start(self.cancel, transform.patience(), offset)
    }
}

/// The views in which records are searched for. Each contains the bytes before
/// the first record that the framing needs.
pub(crate) struct Views<'r, 'v> {
    /// Used first.
    pub(crate) near: &'r View<'v>,
    /// Used from the point where the near view ends too early.
    pub(crate) wider: Option<&'r View<'v>>,
}

/// The edits of the records that start in `range`, and the end of the last of
/// these records. `range` must begin at the start of a record. For an
/// overlapping framing, the edits that start in the range.
///
/// `None` when the views end too early.
pub(crate) fn find(
    context: &Context<'_>,
    views: Views<'_, '_>,
    transform: &mut dyn Transform,
    range: Range<u64>,
) -> Result<Option<(Found, u64)>> {
    let Range { start: first, end: block_end } = range;
    let mut found = Found::new(context.budget, first);
    let mut pack = Pack { lease: context.budget.lease(), ..Pack::default() };
    let mut search = context.finder.map(|finder| Search { finder, room: context.budget.lease() });
    let Views { near: mut view, mut wider } = views;
    let mut start = first;
    let (_, after) = context.job.framing.context_bytes();
    while start < block_end {
        let target = (start + context.window_bytes).min(block_end);
        let deadline = context.deadline(transform, start);
        let end = profile::time(Stage::Cut, || context.cutter.next_boundary(view, start, target))?;
        let Some(end) = end.filter(|end| view.end || end + after <= view.limit()) else {
            match wider.take() {
                Some(wider) => view = wider,
                None => return Ok(None),
            }
            continue;
        };
        let window = start..end;
        match (&mut search, &context.job.framing) {
            (None, _) => ask(context, view, transform, window, &mut found)?,
            (Some(search), Framing::Bytes | Framing::Overlapping { .. }) => {
                for candidate in search.candidates(context, view, window, &deadline)? {
                    ask(context, view, transform, candidate, &mut found)?;
                }
            }
            (Some(search), _) => {
                let mut candidates = search.candidates(context, view, window, &deadline)?.into_iter();
                while pack.fill(context, view, &mut candidates)? {
                    pack.ask(context, view, transform, &mut found)?;
                }
            }
        }
        start = end;
    }
    pack.ask(context, view, transform, &mut found)?;
    Ok(Some((found, start)))
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
        deadline: &Deadline<'_>,
    ) -> Result<Vec<Range<u64>>> {
        profile::time(Stage::Prefilter, || {
            let candidates = self.finder.candidates(context.cutter, view, window, deadline)?;
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
    let window = Window {
        offset: shown.start,
        bytes,
        owned: (owned.start - shown.start) as usize..(owned.end - shown.start) as usize,
        last: view.end && shown.end == view.limit(),
    };
    let piece = Piece { at: 0, offset: shown.start, bytes: bytes.len() as u32 };
    answer(context, transform, &window, &Origin(&[piece]), found).map(|_| ())
}

/// Passes a window to the transform and checks the reply. Both count towards
/// one deadline.
fn answer(
    context: &Context<'_>,
    transform: &mut dyn Transform,
    window: &Window<'_>,
    origin: &Origin<'_>,
    found: &mut Found,
) -> Result<Reply> {
    let deadline = context.deadline(transform, window.offset);
    context.cancel.check()?;
    let reply = transform.transform(window)?;
    let request = Request { job: context.job, window, origin, deadline: &deadline };
    accept(&request, &reply, found)?;
    Ok(reply)
}

fn slice<'v>(view: &View<'v>, range: &Range<u64>) -> &'v [u8] {
    &view.bytes[(range.start - view.base) as usize..(range.end - view.base) as usize]
}

/// Candidate records from different places, packed into one window.
#[derive(Default)]
struct Pack {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    end: u64,
    /// The memory of both.
    lease: Lease,
}

impl Pack {
    /// Collects candidates until they fill a window. Returns whether they do.
    fn fill(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        candidates: &mut impl Iterator<Item = Range<u64>>,
    ) -> Result<bool> {
        profile::time(Stage::Pack, || {
            for candidate in candidates {
                self.push(view, candidate)?;
                if self.bytes.len() as u64 >= context.window_bytes {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn push(&mut self, view: &View<'_>, range: Range<u64>) -> Result<()> {
        let bytes = slice(view, &range);
        self.lease.reserve(&mut self.bytes, bytes.len())?;
        self.lease.reserve(&mut self.pieces, 1)?;
        match self.pieces.last_mut() {
            Some(piece) if self.end == range.start => piece.bytes += bytes.len() as u32,
            _ => {
                let at = self.bytes.len() as u32;
                self.pieces.push(Piece { at, offset: range.start, bytes: bytes.len() as u32 });
            }
        }
        self.bytes.extend_from_slice(bytes);
        self.end = range.end;
        Ok(())
    }

    fn ask(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        transform: &mut dyn Transform,
        found: &mut Found,
    ) -> Result<()> {
        let Some(first) = self.pieces.first() else { return Ok(()) };
        let window = Window {
            offset: first.offset,
            bytes: &self.bytes,
            owned: 0..self.bytes.len(),
            last: view.end && self.end == view.limit(),
        };
        answer(context, transform, &window, &Origin(&self.pieces), found)?;
        self.bytes.clear();
        self.pieces.clear();
        Ok(())
    }
}

/// The position of a sequential scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    /// The next byte to show.
    pub(crate) at: u64,
    /// The number of bytes to show.
    pub(crate) want: u64,
}

/// The edits of the sequential windows that start before `block_end`. `None`
/// when the view ends too early.
pub(crate) fn find_sequential(
    context: &Context<'_>,
    view: &View<'_>,
    transform: &mut dyn Transform,
    block_end: u64,
    position: &mut Position,
) -> Result<Option<Found>> {
    let mut found = Found::new(context.budget, 0);
    let view_end = view.limit();
    while position.at < block_end {
        let end = (position.at + position.want).min(view_end);
        if end == view_end && !view.end {
            return Ok(None);
        }
        let bytes = slice(view, &(position.at..end));
        let last = view.end && end == view_end;
        let window = Window { offset: position.at, bytes, owned: 0..bytes.len(), last };
        let piece = Piece { at: 0, offset: position.at, bytes: bytes.len() as u32 };
        let reply = answer(context, transform, &window, &Origin(&[piece]), &mut found)?;
        let shown = bytes.len() as u64;
        if last && reply.consumed != shown {
            return Err(broken(&window, &format!("consumed {} of the last {shown} bytes", reply.consumed)));
        }
        // The next window is longer than what was left, so that the plugin
        // makes progress.
        let left = shown.saturating_sub(reply.consumed);
        position.want = if left == shown { 2 * position.want } else { context.window_bytes.max(left + 1) };
        if position.want > context.record_limit.max(context.window_bytes) {
            return Err(broken(
                &window,
                &format!("consumed {} of {shown} bytes, and asks for more", reply.consumed),
            ));
        }
        position.at = position.at.saturating_add(reply.consumed);
    }
    Ok(Some(found))
}
