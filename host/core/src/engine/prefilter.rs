//! Which parts of a window can match at all, found at native speed; only
//! those are shown to the plugin.
//!
//! The promise is one-sided: a record that matches is never left out, one
//! that does not may be included. Searching goes over many records at once,
//! so a hit may lie across records; what keeps the promise is that searches
//! tell where the first match *ends* (see `search`): every record that ends
//! before that has no match, and the search resumes behind the one that does
//! not.

mod search;
mod tail;
#[cfg(test)]
mod tests;
mod walk;
mod weight;

use std::ops::Range;
use std::sync::mpsc;
use std::time::Duration;

use runner_contract::{Framing, Job, Prefilter};
use search::{Case, Search};
use tail::Tail;

use crate::cancel::{Cancel, Deadline, Paced};
use crate::engine::framing::{Cutter, View};
use crate::error::{Error, Kind, Result};
use crate::memory::{Budget, Lease};
use crate::stack;

/// Ranges in which edits may start that are as near as this are shown together:
/// a guest looks at so many bytes in the time of a call. Tests keep them apart.
const NEAR_BYTES: u64 = if cfg!(test) { 0 } else { 1 << 10 };

/// Bytes of literals that take a few milliseconds.
const QUICK_BYTES: usize = 4 << 10;
/// How often it is looked whether the run was stopped, while a finder is made.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Nanoseconds that a hit takes, about, besides the search.
const HIT_NS: usize = 100;

/// A prefilter made ready for one job.
#[derive(Debug)]
pub struct Finder {
    search: Search,
    scope: Scope,
    tail: Option<Tail>,
    /// The memory that it holds.
    _lease: Lease,
}

/// What the plugin makes its claim for.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// A record without a match needs no edit.
    Record,
    /// An edit that starts at `s` comes with a match in `s..s + reach`.
    Edit { reach: u64 },
    /// An edit holds a match, and lies in one window.
    Window,
}

impl Scope {
    fn of(framing: &Framing) -> Self {
        match *framing {
            Framing::Delimited(_)
            | Framing::Quoted { .. }
            | Framing::Fixed { .. }
            | Framing::LengthPrefixed { .. } => Self::Record,
            // The byte at the edit's start, and `after` more: all that the
            // window is sure to show of what follows.
            Framing::Overlapping { after, .. } => Self::Edit { reach: u64::from(after) + 1 },
            Framing::Bytes | Framing::Sequential => Self::Window,
        }
    }
}

impl Finder {
    /// The finder for a job that passed [`Job::validate`]; `None` when it has
    /// no prefilter.
    ///
    /// # Errors
    /// Says in words what is wrong with the prefilter: a malformed or too
    /// large expression, one that matches the empty string, too many literals.
    pub fn new(job: &Job) -> Result<Option<Self>, String> {
        let search = Self::search(&job.prefilter)?;
        let scope = Scope::of(&job.framing);
        let tail = match scope {
            Scope::Edit { reach } => Tail::new(&job.prefilter, reach),
            Scope::Record | Scope::Window => None,
        };
        Ok(search.map(|search| Self { search, scope, tail, _lease: Lease::default() }))
    }

    /// The same, with its memory drawn on a budget.
    ///
    /// # Errors
    /// [`Kind::Plugin`], where [`Finder::new`] fails; when the budget has no
    /// room for it, or the run was stopped.
    pub fn within(job: &Job, budget: &Budget, cancel: Cancel<'_>) -> Result<Option<Self>> {
        let mut lease = budget.lease();
        if let Prefilter::Literals { patterns, .. } = &job.prefilter {
            lease.grow(Search::literals_need_bytes(patterns))?;
        }
        let made = if takes_long(&job.prefilter) { aside(job, cancel)? } else { Self::new(job) };
        let made = made.map_err(|why| {
            Error::new(Kind::Plugin, format!("the plugin's prefilter cannot be used: {why}"))
        })?;
        let Some(finder) = made else { return Ok(None) };
        lease.shrink_to(0);
        lease.grow(finder.search.memory_bytes())?;
        Ok(Some(Self { _lease: lease, ..finder }))
    }

    fn search(prefilter: &Prefilter) -> Result<Option<Search>, String> {
        Ok(match prefilter {
            Prefilter::None => None,
            Prefilter::Literals { patterns, ignore_ascii_case } => {
                let case = if *ignore_ascii_case { Case::AsciiInsensitive } else { Case::Sensitive };
                Some(Search::literals(patterns, case)?)
            }
            Prefilter::Regex(expression) => Some(Search::regex(expression)?),
        })
    }

    /// The offset up to which no edit can start from `from` on, however the
    /// input goes on after the view; `from`, where that cannot be told.
    ///
    /// The framing is overlapping, and `from` is not before the first place of
    /// which the view does not hold all of the context.
    ///
    /// # Errors
    /// When the deadline is over, or the run was stopped.
    pub fn settled(&self, view: &View<'_>, from: u64, deadline: &Deadline<'_>) -> Result<u64> {
        let Some(tail) = &self.tail else { return Ok(from) };
        let mut pace = Paced::new(deadline, "searching with the plugin's prefilter");
        let match_in_view = self.search.first_end(view.slice(from..view.limit()), &mut pace)?;
        Ok(if match_in_view.is_none() { tail.settled(view, from) } else { from })
    }

    /// The parts of `window` that can match: sorted, disjoint, none touching
    /// the next, none empty. They are whole records; under an overlapping
    /// framing, ranges in which edits may start (`window` is the owned range
    /// then); under `bytes`, the whole window or nothing.
    ///
    /// `window` starts and ends at record boundaries, and is in view with
    /// what the cutter needs before it; under an overlapping framing, with
    /// its context behind it.
    ///
    /// # Errors
    /// When a record states an impossible length; when the deadline is over,
    /// or the run was stopped.
    pub fn candidates(
        &self,
        cutter: &Cutter,
        view: &View<'_>,
        window: Range<u64>,
        deadline: &Deadline<'_>,
    ) -> Result<Vec<Range<u64>>> {
        let mut pace = Paced::new(deadline, "searching with the plugin's prefilter");
        match self.scope {
            Scope::Record => self.records(cutter, view, window, &mut pace),
            Scope::Edit { reach } => self.edit_starts(view, window, reach, &mut pace),
            Scope::Window => {
                let hit = self.search.first_end(view.slice(window.clone()), &mut pace)?.is_some();
                Ok(if hit { vec![window] } else { Vec::new() })
            }
        }
    }

    fn records(
        &self,
        cutter: &Cutter,
        view: &View<'_>,
        window: Range<u64>,
        pace: &mut Paced<'_>,
    ) -> Result<Vec<Range<u64>>> {
        let mut found = Vec::new();
        let mut from = window.start;
        while from < window.end {
            let chunk_end = match from.saturating_add(self.search.chunk_bytes()) {
                end if end >= window.end => window.end,
                end => cutter.record_at(view, from, end - 1)?.end,
            };
            if !self.search.may_match(view.slice(from..chunk_end), pace)? {
                from = chunk_end;
                continue;
            }
            while let Some(end) = self.search.first_end(view.slice(from..chunk_end), pace)? {
                let record = cutter.record_at(view, from, from + end as u64 - 1)?;
                from = record.end;
                pace.step(HIT_NS)?;
                if self.search.confirm(view.slice(record.clone()), pace)? {
                    append(&mut found, record);
                }
            }
            from = chunk_end;
        }
        Ok(found)
    }

    /// Where edits may start: an edit at `s` has a match `h..t` with `s <= h`
    /// and `t <= s + reach`.
    ///
    /// After a first match that ends at `t`, others that start before `t` are
    /// not looked for: they end no earlier, so `t - reach..t` holds the starts
    /// of their edits as well. That keeps the search linear, however much
    /// matches overlap.
    fn edit_starts(
        &self,
        view: &View<'_>,
        owned: Range<u64>,
        reach: u64,
        pace: &mut Paced<'_>,
    ) -> Result<Vec<Range<u64>>> {
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut start = owned.start;
        while start < owned.end {
            let chunk = start..start.saturating_add(self.search.chunk_bytes().max(reach)).min(owned.end);
            let limit = chunk.end.saturating_add(reach - 1);
            start = chunk.end;
            if !self.search.may_match(view.slice(chunk.start..limit), pace)? {
                continue;
            }
            let mut from = chunk.start;
            while let Some(end) = self.search.first_end(view.slice(from..limit), pace)? {
                pace.step(HIT_NS)?;
                from += end as u64;
                let starts = from.saturating_sub(reach).max(chunk.start)..from.min(chunk.end);
                match found.last_mut() {
                    _ if starts.is_empty() => {}
                    // What lies between is shown, too: one call more costs more.
                    Some(last) if last.end + NEAR_BYTES >= starts.start => {
                        last.end = last.end.max(starts.end)
                    }
                    _ => found.push(starts),
                }
            }
        }
        Ok(found)
    }
}

/// Whether it may take more than a few milliseconds to make the finder for a
/// prefilter.
fn takes_long(prefilter: &Prefilter) -> bool {
    match prefilter {
        Prefilter::None => false,
        Prefilter::Literals { patterns, .. } => patterns.iter().map(Vec::len).sum::<usize>() > QUICK_BYTES,
        // A short one may ask for a thousand repetitions.
        Prefilter::Regex(_) => true,
    }
}

/// Makes a finder on a thread of its own. Nothing interrupts that, and it may
/// take a second or two, so the thread is left behind when the run is stopped.
fn aside(job: &Job, cancel: Cancel<'_>) -> Result<Result<Option<Finder>, String>> {
    let (done, made) = mpsc::channel();
    let job = job.clone();
    let work = move || {
        // Nobody waits for it when the run was stopped.
        let _ = done.send(Finder::new(&job));
    };
    stack::builder().spawn(work).map_err(stack::cannot_start)?;
    loop {
        match made.recv_timeout(LOOK_EVERY) {
            Ok(made) => return Ok(made),
            Err(mpsc::RecvTimeoutError::Timeout) => cancel.check()?,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(Error::new(Kind::Internal, "the thread that makes the prefilter has panicked"));
            }
        }
    }
}

/// Appends a range that starts no earlier than the last one.
fn append(found: &mut Vec<Range<u64>>, range: Range<u64>) {
    match found.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        _ => found.push(range),
    }
}
