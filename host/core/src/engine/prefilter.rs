//! Finds the parts of a window that can match at all, at native speed; only
//! those parts are shown to the plugin.
//!
//! The guarantee is one-sided: a record that matches is never left out, but a
//! record that does not match may be included. A search runs over many records
//! at once, so a hit may span records. The guarantee holds because searches
//! report where the first match *ends* (see `search`): every record that ends
//! before that has no match, and the search resumes after the record that
//! contains that end.

mod candidates;
mod ids;
mod search;
mod tail;
#[cfg(test)]
mod tests;
mod weight;

use std::ops::Range;

use ids::Ids;
use runner_contract::{Framing, Job, Pattern};
use search::{Case, Search};
use tail::Tail;

use crate::engine::framing::{Cutter, View};
use crate::error::{Error, Kind, Result};
use crate::memory::{Budget, Lease};

/// A prefilter prepared for one job.
#[derive(Debug)]
pub struct Finder {
    /// At least one. A record is a candidate if any of them finds it.
    searches: Vec<Search>,
    scope: Scope,
    /// One for each pattern, if all of them have one.
    tails: Vec<Tail>,
    /// Which prefilters a record matches, if the job wants to know.
    ids: Option<Ids>,
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
    /// Describes what is wrong with a prefilter: a malformed or too large
    /// expression, one that matches the empty string, or too many literals.
    pub fn new(job: &Job) -> Result<Option<Self>, String> {
        if job.prefilters.is_empty() {
            return Ok(None);
        }
        let scope = Scope::of(&job.framing);
        let tails = match scope {
            Scope::Edit { reach } => {
                job.prefilters.iter().map(|one| Tail::new(&one.pattern, reach)).collect()
            }
            Scope::Record | Scope::Window => None,
        };
        let ids = if job.reports_matches() { Some(Ids::new(&job.prefilters)?) } else { None };
        Ok(Some(Self {
            searches: searches(job)?,
            scope,
            tails: tails.unwrap_or_default(),
            ids,
            _lease: Lease::default(),
        }))
    }

    /// Like [`Finder::new`], with the memory drawn from a budget.
    ///
    /// # Errors
    /// [`Kind::Plugin`] where [`Finder::new`] fails; when the budget has no
    /// room for the finder.
    pub fn within(job: &Job, budget: &Budget) -> Result<Option<Self>> {
        let mut lease = budget.lease();
        for prefilter in &job.prefilters {
            if let Pattern::Literals { patterns, .. } = &prefilter.pattern {
                let times = if job.reports_matches() { 2 } else { 1 };
                lease.grow(Search::literals_need_bytes(patterns).saturating_mul(times))?;
            }
        }
        let made = Self::new(job).map_err(|why| {
            Error::new(Kind::Plugin, format!("the prefilter of the plugin cannot be used: {why}"))
        })?;
        let Some(finder) = made else { return Ok(None) };
        let ids = finder.ids.as_ref().map_or(0, Ids::memory_bytes);
        let searches = finder.searches.iter().map(Search::memory_bytes).sum::<usize>();
        lease.shrink_to(0);
        lease.grow(searches + ids)?;
        Ok(Some(Self { _lease: lease, ..finder }))
    }

    /// The offset up to which no edit can start at or after `from`, however the
    /// input continues after the view; `from`, if that cannot be determined.
    ///
    /// The framing must be overlapping. `from` must not be before the first
    /// offset whose context is not completely in view.
    #[must_use]
    pub fn settled(&self, view: &View<'_>, from: u64) -> u64 {
        let rest = view.slice(from..view.limit());
        if self.tails.is_empty() || self.searches.iter().any(|search| search.first_end(rest).is_some()) {
            return from;
        }
        self.tails.iter().map(|tail| tail.settled(view, from)).min().unwrap_or(from)
    }

    /// The records of a range that match a prefilter, if the job wants to know:
    /// the start of each, and a bit for each id. The range must consist of
    /// whole records in view.
    ///
    /// # Errors
    /// When a record states an impossible length.
    pub(crate) fn matches(
        &self,
        cutter: &Cutter,
        view: &View<'_>,
        records: Range<u64>,
        mut found: impl FnMut(u64, u64) -> Result<()>,
    ) -> Result<()> {
        let Some(ids) = &self.ids else { return Ok(()) };
        let mut start = records.start;
        while start < records.end {
            let end = cutter.next_boundary(view, start, start)?.unwrap_or(records.end);
            let of_record = ids.of(view.slice(start..end));
            if of_record != 0 {
                found(start, of_record)?;
            }
            start = end;
        }
        Ok(())
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
        let mut found = Vec::new();
        for search in &self.searches {
            let of_one = match self.scope {
                Scope::Record => search.records(cutter, view, window.clone())?,
                Scope::Edit { reach } => search.edit_starts(view, window.clone(), reach),
                Scope::Window => {
                    let hit = search.first_end(view.slice(window.clone())).is_some();
                    if hit { vec![window.clone()] } else { Vec::new() }
                }
            };
            found = if found.is_empty() { of_one } else { union(found, of_one) };
        }
        Ok(found)
    }
}

/// One search for all literals in either case, one for those in their own case,
/// and one for each expression.
fn searches(job: &Job) -> Result<Vec<Search>, String> {
    let mut literals: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    let mut searches = Vec::new();
    for prefilter in &job.prefilters {
        match &prefilter.pattern {
            Pattern::Literals { patterns, ignore_ascii_case } => {
                literals[usize::from(*ignore_ascii_case)].extend_from_slice(patterns);
            }
            Pattern::Regex(expression) => searches.push(Search::regex(expression)?),
        }
    }
    for (literals, case) in literals.iter().zip([Case::Sensitive, Case::AsciiInsensitive]) {
        if !literals.is_empty() {
            searches.push(Search::literals(literals, case)?);
        }
    }
    Ok(searches)
}

/// The union of two lists of ranges, each sorted and disjoint.
fn union(one: Vec<Range<u64>>, other: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut both = [one, other].concat();
    both.sort_unstable_by_key(|range| range.start);
    let mut found = Vec::with_capacity(both.len());
    both.into_iter().for_each(|range| append(&mut found, range));
    found
}

/// Appends a range that starts no earlier than the last one.
fn append(found: &mut Vec<Range<u64>>, range: Range<u64>) {
    match found.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        _ => found.push(range),
    }
}
