//! Finds the parts of a window that can match at all, at native speed; only
//! those parts are shown to the plugin.
//!
//! The guarantee is one-sided: a record that matches is never left out, but a
//! record that does not match may be included. A search runs over many records
//! at once, so a hit may span records. The guarantee holds because searches
//! report where the first match *ends* (see `search`): every record that ends
//! before that has no match, and the search resumes after the record that
//! contains that end.

mod search;
mod tail;
#[cfg(test)]
mod tests;
mod weight;

use std::ops::Range;

use runner_contract::{Framing, Job, Prefilter};
use search::{Case, Search};
use tail::Tail;

use crate::engine::framing::{Cutter, View};
use crate::error::{Error, Kind, Result};
use crate::memory::{Budget, Lease};

/// Ranges in which edits may start are joined if they are this close: a guest
/// reads this many bytes in the time of one call. Tests keep the ranges apart.
const JOIN_BYTES: u64 = if cfg!(test) { 0 } else { 1 << 10 };

/// A prefilter prepared for one job.
#[derive(Debug)]
pub struct Finder {
    search: Search,
    scope: Scope,
    tail: Option<Tail>,
    /// The memory of the finder.
    _lease: Lease,
}

/// The unit to which the plugin's claim applies.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// A record without a match needs no edit.
    Record,
    /// An edit that starts at `s` comes with a match in `s..s + reach`.
    Edit { reach: u64 },
    /// An edit contains a match, and lies in one window.
    Window,
}

impl Scope {
    fn of(framing: &Framing) -> Self {
        match *framing {
            Framing::Delimited(_)
            | Framing::Quoted { .. }
            | Framing::Fixed { .. }
            | Framing::LengthPrefixed { .. } => Self::Record,
            // The byte at the edit's start, and the next `after` bytes: all
            // that the window is sure to show.
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
    /// Describes what is wrong with the prefilter: a malformed or too large
    /// expression, one that matches the empty string, or too many literals.
    pub fn new(job: &Job) -> Result<Option<Self>, String> {
        let search = Self::search(&job.prefilter)?;
        let scope = Scope::of(&job.framing);
        let tail = match scope {
            Scope::Edit { reach } => Tail::new(&job.prefilter, reach),
            Scope::Record | Scope::Window => None,
        };
        Ok(search.map(|search| Self { search, scope, tail, _lease: Lease::default() }))
    }

    /// Like [`Finder::new`], with the memory drawn from a budget.
    ///
    /// # Errors
    /// [`Kind::Plugin`] where [`Finder::new`] fails; when the budget has no
    /// room for the finder.
    pub fn within(job: &Job, budget: &Budget) -> Result<Option<Self>> {
        let mut lease = budget.lease();
        if let Prefilter::Literals { patterns, .. } = &job.prefilter {
            lease.grow(Search::literals_need_bytes(patterns))?;
        }
        let made = Self::new(job).map_err(|why| {
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

    /// The offset up to which no edit can start at or after `from`, however the
    /// input continues after the view; `from`, if that cannot be determined.
    ///
    /// The framing must be overlapping. `from` must not be before the first
    /// offset whose context is not completely in view.
    #[must_use]
    pub fn settled(&self, view: &View<'_>, from: u64) -> u64 {
        let Some(tail) = &self.tail else { return from };
        match self.search.first_end(view.slice(from..view.limit())) {
            Some(_) => from,
            None => tail.settled(view, from),
        }
    }

    /// The parts of `window` that can match: sorted, disjoint, not adjacent and
    /// not empty. They are whole records; under an overlapping framing, ranges
    /// in which edits may start (then `window` is the owned range); under
    /// `bytes`, the whole window or nothing.
    ///
    /// `window` must start and end at record boundaries, and be in view with
    /// the bytes that the cutter needs before it; under an overlapping framing,
    /// also with the context after it.
    ///
    /// # Errors
    /// When a record states an impossible length.
    pub fn candidates(
        &self,
        cutter: &Cutter,
        view: &View<'_>,
        window: Range<u64>,
    ) -> Result<Vec<Range<u64>>> {
        match self.scope {
            Scope::Record => self.records(cutter, view, window),
            Scope::Edit { reach } => Ok(self.edit_starts(view, window, reach)),
            Scope::Window => {
                let hit = self.search.first_end(view.slice(window.clone())).is_some();
                Ok(if hit { vec![window] } else { Vec::new() })
            }
        }
    }

    fn records(&self, cutter: &Cutter, view: &View<'_>, window: Range<u64>) -> Result<Vec<Range<u64>>> {
        let mut found = Vec::new();
        let mut from = window.start;
        while from < window.end {
            let chunk_end = match from.saturating_add(self.search.chunk_bytes()) {
                end if end >= window.end => window.end,
                end => cutter.record_at(view, from, end - 1)?.end,
            };
            if !self.search.may_match(view.slice(from..chunk_end)) {
                from = chunk_end;
                continue;
            }
            while let Some(end) = self.search.first_end(view.slice(from..chunk_end)) {
                let record = cutter.record_at(view, from, from + end as u64 - 1)?;
                from = record.end;
                if self.search.confirm(view.slice(record.clone())) {
                    append(&mut found, record);
                }
            }
            from = chunk_end;
        }
        Ok(found)
    }

    /// Finds where edits may start: an edit at `s` has a match `h..t` with `s
    /// <= h` and `t <= s + reach`.
    ///
    /// After a first match that ends at `t`, matches that start before `t` are
    /// not searched for. They end no earlier, so the starts of their edits also
    /// lie in `t - reach..t`. This keeps the search linear, however much the
    /// matches overlap.
    fn edit_starts(&self, view: &View<'_>, owned: Range<u64>, reach: u64) -> Vec<Range<u64>> {
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut start = owned.start;
        while start < owned.end {
            let chunk = start..start.saturating_add(self.search.chunk_bytes().max(reach)).min(owned.end);
            let limit = chunk.end.saturating_add(reach - 1);
            start = chunk.end;
            if !self.search.may_match(view.slice(chunk.start..limit)) {
                continue;
            }
            let mut from = chunk.start;
            while let Some(end) = self.search.first_end(view.slice(from..limit)) {
                from += end as u64;
                let starts = from.saturating_sub(reach).max(chunk.start)..from.min(chunk.end);
                match found.last_mut() {
                    _ if starts.is_empty() => {}
                    // The gap is shown too: an extra call costs more.
                    Some(last) if last.end + JOIN_BYTES >= starts.start => {
                        last.end = last.end.max(starts.end)
                    }
                    _ => found.push(starts),
                }
            }
        }
        found
    }
}

/// Appends a range that starts no earlier than the last one.
fn append(found: &mut Vec<Range<u64>>, range: Range<u64>) {
    match found.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        _ => found.push(range),
    }
}
