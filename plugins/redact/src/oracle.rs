//! Reference models for tests: slow, and derived from the definitions.

use crate::kind::{Kind, Kinds};
use crate::scan::scan;
use regex::bytes::Regex;
use std::ops::Range;

/// The boundaries of words, found by a regular expression.
pub(crate) struct Boundaries {
    words: Vec<Range<usize>>,
    escapes: Vec<Range<usize>>,
}

impl Boundaries {
    pub(crate) fn of(text: &[u8]) -> Self {
        let tokens =
            Regex::new(r"(?s-u)(%[0-9A-Fa-f]{2}|\\[nrt])|([A-Za-z0-9]+)|.").expect("a valid expression");
        let (mut words, mut escapes) = (Vec::new(), Vec::new());
        for token in tokens.captures_iter(text) {
            escapes.extend(token.get(1).map(|escape| escape.range()));
            words.extend(token.get(2).map(|word| word.range()));
        }
        Self { words, escapes }
    }

    pub(crate) fn is_word_start(&self, at: usize) -> bool {
        self.words.iter().any(|word| word.start == at)
    }

    /// Whether no word continues at `at`.
    pub(crate) fn is_word_end(&self, at: usize) -> bool {
        !self.words.iter().any(|word| word.contains(&at))
    }

    pub(crate) fn is_outside_escape(&self, at: usize) -> bool {
        !self.escapes.iter().any(|escape| escape.start < at && at < escape.end)
    }
}

/// The values of these kinds, separated by spaces.
pub(crate) fn found(kinds: &[Kind], text: &str) -> String {
    let values = scan(text.as_bytes(), Kinds::of(kinds));
    values.into_iter().map(|value| &text[value.range]).collect::<Vec<_>>().join(" ")
}

/// Asserts that the scanner finds the union of all ranges that are values
/// according to `is_value`.
pub(crate) fn assert_scan_equals(kind: Kind, text: &str, is_value: impl Fn(&Range<usize>, &[u8]) -> bool) {
    let mut expected: Vec<Range<usize>> = Vec::new();
    for start in 0..text.len() {
        for end in start + 1..=text.len() {
            if !is_value(&(start..end), &text.as_bytes()[start..end]) {
                continue;
            }
            match expected.last_mut().filter(|last| start < last.end) {
                Some(last) => last.end = last.end.max(end),
                None => expected.push(start..end),
            }
        }
    }
    let found = scan(text.as_bytes(), Kinds::of(&[kind]));
    assert_eq!(found.into_iter().map(|value| value.range).collect::<Vec<_>>(), expected, "in {text:?}");
}
