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

use std::ops::Range;

use crate::error::Result;
use crate::framing::{Cutter, View};
use crate::job::{Framing, Job, Prefilter};
use search::Search;
use tail::Tail;

/// Ranges in which edits may start that are as near as this are shown together:
/// a guest looks at so many bytes in the time of a call. Tests keep them apart.
const NEAR_BYTES: u64 = if cfg!(test) { 0 } else { 1 << 10 };

/// A prefilter made ready for one job.
#[derive(Debug)]
pub struct Finder {
    search: Search,
    scope: Scope,
    tail: Option<Tail>,
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

impl Finder {
    /// The finder for a job that passed [`Job::validate`]; `None` when it has
    /// no prefilter.
    ///
    /// # Errors
    /// Says in words what is wrong with the prefilter: a malformed or too
    /// large expression, one that matches the empty string, too many literals.
    pub fn new(job: &Job) -> Result<Option<Self>, String> {
        let search = match &job.prefilter {
            Prefilter::None => return Ok(None),
            Prefilter::Literals { patterns, ignore_ascii_case } => {
                Search::literals(patterns, *ignore_ascii_case)?
            }
            Prefilter::Regex(expression) => Search::regex(expression)?,
        };
        let scope = match job.framing {
            Framing::Delimited(_)
            | Framing::Quoted { .. }
            | Framing::Fixed { .. }
            | Framing::LengthPrefixed { .. } => Scope::Record,
            // The byte at the edit's start, and `after` more: all that the
            // window is sure to show of what follows.
            Framing::Overlapping { after, .. } => Scope::Edit { reach: u64::from(after) + 1 },
            Framing::Bytes | Framing::Sequential => Scope::Window,
        };
        let tail = match scope {
            Scope::Edit { reach } => Tail::new(&job.prefilter, reach),
            Scope::Record | Scope::Window => None,
        };
        Ok(Some(Self { search, scope, tail }))
    }

    /// The offset up to which no edit can start from `from` on, however the
    /// input goes on behind the view; `from`, where that cannot be told.
    ///
    /// The framing is overlapping, and `from` is not before the first place of
    /// which the view does not hold all of the context.
    #[must_use]
    pub fn settled(&self, view: &View<'_>, from: u64) -> u64 {
        match &self.tail {
            Some(tail) if self.search.first_end(view.slice(from..view.limit())).is_none() => {
                tail.settled(view, from)
            }
            _ => from,
        }
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

    /// Where edits may start: an edit at `s` has a match `h..t` with `s <= h`
    /// and `t <= s + reach`.
    ///
    /// After a first match that ends at `t`, others that start before `t` are
    /// not looked for: they end no earlier, so `t - reach..t` holds the starts
    /// of their edits as well. That keeps the search linear, however much
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
                    // What lies between is shown, too: one call more costs more.
                    Some(last) if last.end + NEAR_BYTES >= starts.start => {
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
