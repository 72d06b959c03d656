//! Replaces in the whole file in order, with matches of any length.
//!
//! One instance sees the file from its start to its end. A match is replaced
//! when nothing that follows could change it; until then its text is shown
//! again, followed by more. So the result is that of a search over the whole
//! file, and does not depend on windows or limits.

use std::borrow::Cow;
use std::ops::Range;

use runner_plugin::{Edits, Failure, Window};

use crate::bom;
use crate::counter::Counter;
use crate::decide::{Decider, Verdict};
use crate::hay::incomplete_bytes;
use crate::limits::{LOOK_AROUND_BYTES, WIDEST_BYTES};
use crate::search::{Replacer, Walk};
use crate::{COUNT, skip_rest};

/// How it is known that a match is final.
#[derive(Debug)]
pub(crate) enum Certainty {
    /// No match is longer.
    Longest(usize),
    /// By an automaton.
    Automaton(Box<Decider>),
}

/// A search over the whole file.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) replacer: Replacer,
    certainty: Certainty,
    counter: Counter,
    /// The number of bytes after which an undecided match is an error.
    max_match: usize,
    /// The last bytes before the next window.
    before: Vec<u8>,
    after_match: bool,
    /// The length of the longest window so far.
    widest: usize,
}

impl Stream {
    pub(crate) fn new(replacer: Replacer, certainty: Certainty, counter: Counter, max_match: usize) -> Self {
        let (before, after_match, widest) = (Vec::new(), false, 0);
        Self { replacer, certainty, counter, max_match, before, after_match, widest }
    }

    pub(crate) fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        if self.replacer.skips_bom() && bom::is_unknown(window) {
            edits.consumed(0);
            return Ok(());
        }
        self.widest = self.widest.max(window.bytes.len());
        let skip = self.replacer.bom_length(window);
        let before = std::mem::take(&mut self.before);
        let joined = match before.is_empty() {
            true => Cow::Borrowed(&window.bytes[skip..]),
            false => Cow::Owned([&before, window.bytes].concat()),
        };
        let bytes = if window.last || !self.replacer.sees_invalid() {
            &joined[..]
        } else {
            &joined[..joined.len() - incomplete_bytes(&joined)]
        };
        let in_window = |place: usize| place + skip - before.len();
        let hay = self.replacer.hay(bytes);
        let mut walk = Walk { at: hay.text_place(before.len()), after_match: self.after_match };
        loop {
            let found = match window.last {
                true => walk.next(&mut self.replacer, &hay.text, hay.text.len()),
                false => self.next(&mut walk, &hay.text),
            };
            let Some(found) = found else { break };
            if self.counter.takes() {
                let place = hay.range(found);
                edits.replace_with(in_window(place.start)..in_window(place.end), |out| {
                    self.replacer.write(&hay, bytes, out);
                });
                edits.count(COUNT, 1);
            }
            if self.counter.is_done() {
                skip_rest(window, edits);
                return Ok(());
            }
        }
        if !window.last {
            let done = hay.place(walk.at.min(hay.text.len()));
            self.after_match = walk.after_match;
            self.before = bytes[done.saturating_sub(LOOK_AROUND_BYTES)..done].to_vec();
            let consumed = in_window(done);
            self.check(window, consumed)?;
            edits.consumed(consumed as u64);
        }
        Ok(())
    }

    /// The next match that is final. If there is none, the walk goes to where
    /// the next one may begin.
    fn next(&mut self, walk: &mut Walk, text: &[u8]) -> Option<Range<usize>> {
        while walk.at <= text.len() {
            let (found, open) = self.certain(walk.at, text);
            match found {
                Some(found) if walk.accepts(&self.replacer, text, &found) => return Some(found),
                Some(_) => {}
                None => {
                    if open > walk.at {
                        *walk = Walk::new(open);
                    }
                    return None;
                }
            }
        }
        None
    }

    /// The first match at or after a place, if it is final; otherwise, where it
    /// may begin.
    fn certain(&mut self, from: usize, text: &[u8]) -> (Option<Range<usize>>, usize) {
        let all = from..text.len();
        let decider = match &mut self.certainty {
            Certainty::Longest(longest) => {
                let open = text.len().saturating_sub(*longest + LOOK_AROUND_BYTES);
                return (self.replacer.next(text, all).filter(|found| found.start < open), open);
            }
            Certainty::Automaton(decider) => decider,
        };
        match decider.first(text, from) {
            Verdict::Ends(end) => (self.replacer.next(text, from..end), end),
            Verdict::Never => (None, text.len()),
            Verdict::Open(open) => {
                // One that is already there may become longer.
                let begun = self.replacer.next(text, all);
                (None, begun.map_or(open, |begun| begun.start.min(open)))
            }
            Verdict::Unknown => {
                // The bytes at the end are shown to assertions only.
                let end = text.len().saturating_sub(LOOK_AROUND_BYTES).max(from);
                let open = decider.begin(text, from..end);
                match self.replacer.next(text, from..end) {
                    // No match that begins here or earlier can go on.
                    Some(found) if found.start < open => (Some(found), open),
                    found => (None, found.map_or(open, |found| found.start.min(open))),
                }
            }
        }
    }

    /// Refuses to wait for a match without end.
    fn check(&self, window: &Window<'_>, consumed: usize) -> Result<(), Failure> {
        let open = window.bytes.len() - consumed;
        let asks_too_much = consumed == 0 && 2 * window.bytes.len() > WIDEST_BYTES.max(self.widest);
        if open <= self.max_match && !asks_too_much {
            return Ok(());
        }
        let advice = if open <= self.max_match {
            "raise `--window`".to_owned()
        } else {
            "raise `max-match`, and `--window` with it".to_owned()
        };
        let message = format!(
            "a match of `find` may begin here, and its end is not found in the next {open} bytes, so nothing \
             is changed: make `find` end earlier (`.*?` instead of `.*`), or {advice}"
        );
        Err(Failure::from(message).at(consumed))
    }
}
