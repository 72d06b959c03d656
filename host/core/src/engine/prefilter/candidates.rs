//! The parts of a window in which one search finds something.

use std::ops::Range;

use super::append;
use super::search::Search;
use crate::engine::framing::{Cutter, View};
use crate::error::Result;

/// Ranges in which edits may start are joined if they are this close: a guest
/// reads this many bytes in the time of one call. Tests keep the ranges apart.
const JOIN_BYTES: u64 = if cfg!(test) { 0 } else { 1 << 10 };

impl Search {
    /// The records that can match. See [`super::Finder::candidates`].
    pub(super) fn records(
        &self,
        cutter: &Cutter,
        view: &View<'_>,
        window: Range<u64>,
    ) -> Result<Vec<Range<u64>>> {
        let mut found = Vec::new();
        let mut from = window.start;
        while from < window.end {
            let chunk_end = match from.saturating_add(self.chunk_bytes()) {
                end if end >= window.end => window.end,
                end => cutter.record_at(view, from, end - 1)?.end,
            };
            if !self.may_match(view.slice(from..chunk_end)) {
                from = chunk_end;
                continue;
            }
            while let Some(end) = self.first_end(view.slice(from..chunk_end)) {
                let record = cutter.record_at(view, from, from + end as u64 - 1)?;
                from = record.end;
                if self.confirm(view.slice(record.clone())) {
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
    pub(super) fn edit_starts(&self, view: &View<'_>, owned: Range<u64>, reach: u64) -> Vec<Range<u64>> {
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut start = owned.start;
        while start < owned.end {
            let chunk = start..start.saturating_add(self.chunk_bytes().max(reach)).min(owned.end);
            let limit = chunk.end.saturating_add(reach - 1);
            start = chunk.end;
            if !self.may_match(view.slice(chunk.start..limit)) {
                continue;
            }
            let mut from = chunk.start;
            while let Some(end) = self.first_end(view.slice(from..limit)) {
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
