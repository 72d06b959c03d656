//! Finds the matches in a window.
//!
//! Within lines, they are found by a search from left to right in each line. An
//! empty match right after another match does not count, and neither does one
//! inside a UTF-8 sequence, because it would split the character.
//!
//! Across lines, they must not depend on how the file is cut. So a match
//! depends only on its place: it is the match of the expression anchored there,
//! in a text that ends `max_match` bytes later; assertions see the bytes
//! beyond. The first such place counts, and the search continues after that
//! match.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_automata::util::captures::{Captures, GroupInfo};
use regex_automata::{Anchored, Input};
use runner_plugin::Window;

use crate::text::Text;

/// Minimum number of bytes covered by one search for a candidate. It is small
/// in tests, so that they reach the end of a stride.
const STRIDE_BYTES: usize = if cfg!(test) { 3 } else { 64 * 1024 };

/// What to find out about a match.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Capture {
    /// Only its range, which is faster.
    Range,
    /// Its groups as well.
    Groups,
}

/// What to look for, and how.
#[derive(Debug)]
pub(crate) enum Search {
    /// A text, anywhere. `none` is an empty set of groups, reused because many
    /// windows are small.
    Literal { text: Text, none: Captures },
    /// An expression that cannot match a line end.
    Lines(Regex),
    /// An expression that may match a line end.
    Anywhere { regex: Regex, max_match: usize },
}

impl Search {
    pub(crate) fn literal(text: Text) -> Self {
        Self::Literal { text, none: Captures::empty(GroupInfo::empty()) }
    }

    pub(crate) fn lines(regex: Regex) -> Self {
        Self::Lines(regex)
    }

    pub(crate) fn anywhere(regex: Regex, max_match: usize) -> Self {
        Self::Anywhere { regex, max_match }
    }

    /// Calls `found` for each match that starts in the owned range, in order.
    pub(crate) fn each(
        &self,
        window: &Window<'_>,
        capture: Capture,
        mut found: impl FnMut(Range<usize>, &Captures),
    ) {
        match self {
            Self::Literal { text, none } => {
                let mut at = window.owned.start;
                while let Some(offset) = text.find(&window.bytes[at..]) {
                    let start = at + offset;
                    if start >= window.owned.end {
                        break;
                    }
                    at = start + text.len();
                    found(start..at, none);
                }
            }
            Self::Lines(regex) => lines(regex, window.bytes, capture, found),
            Self::Anywhere { regex, max_match } => {
                anywhere(regex, *max_match, window, capture, found);
            }
        }
    }
}

/// Memory for the result of a match.
fn captures(regex: &Regex, capture: Capture) -> Captures {
    match capture {
        Capture::Range => Captures::matches(regex.group_info().clone()),
        Capture::Groups => regex.create_captures(),
    }
}

fn lines(regex: &Regex, bytes: &[u8], capture: Capture, mut found: impl FnMut(Range<usize>, &Captures)) {
    let mut groups = captures(regex, capture);
    let mut at = 0;
    let mut previous = None;
    while at <= bytes.len() {
        regex.search_captures(&Input::new(bytes).range(at..), &mut groups);
        let Some(found_at) = groups.get_match() else { return };
        let Range { start, end } = found_at.range();
        if start == end && (previous == Some(end) || !is_place(bytes, end)) {
            at = end.max(at) + 1;
            continue;
        }
        found(start..end, &groups);
        previous = Some(end);
        at = end;
    }
}

/// Whether text may be inserted at a place: it must be inside a line, and
/// between characters.
fn is_place(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(byte) => !(0x80..0xC0).contains(byte),
        None => bytes.last().is_some_and(|byte| *byte != b'\n'),
    }
}

fn anywhere(
    regex: &Regex,
    max_match: usize,
    window: &Window<'_>,
    capture: Capture,
    mut found: impl FnMut(Range<usize>, &Captures),
) {
    let (bytes, owned) = (window.bytes, &window.owned);
    let mut groups = captures(regex, capture);
    let mut at = owned.start;
    while at < owned.end {
        // Matches that start in the next stride lie within these bytes.
        let stride = STRIDE_BYTES.max(max_match);
        let near = at..(at + stride + max_match).min(bytes.len());
        let candidate = regex.search(&Input::new(bytes).range(near)).map(|candidate| candidate.start());
        let Some(start) = candidate.filter(|start| *start < at + stride) else {
            // After the stride, a longer match may start before this one.
            at += stride;
            continue;
        };
        if start >= owned.end {
            return;
        }
        // The candidate may be too long, or may depend on the cut, so only its
        // start is used.
        let span = start..(start + max_match).min(bytes.len());
        regex.search_captures(&Input::new(bytes).range(span).anchored(Anchored::Yes), &mut groups);
        at = match groups.get_match() {
            Some(confirmed) => {
                found(confirmed.range(), &groups);
                confirmed.end()
            }
            None => start + 1,
        };
    }
}
