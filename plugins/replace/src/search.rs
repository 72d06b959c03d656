//! Finds matches in a text, and writes their replacements.
//!
//! An empty match right after another match does not count. Neither does one
//! inside a UTF-8 sequence, because it would split the character, nor one after
//! the last line end, because no line is there.

use std::ops::Range;

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;

use runner_plugin::Window;

use crate::bom;
use crate::claims::is_about_bytes;
use crate::dictionary::Dictionary;
use crate::hay::Hay;
use crate::pattern::Pattern;
use crate::text::Text;
use crate::with::With;

/// What to find out about a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    /// Only its range, which is faster.
    Range,
    /// Its groups as well.
    Groups,
}

/// What is looked for, and what takes its place.
#[derive(Debug)]
pub(crate) enum Replacer {
    /// A text.
    Text { text: Text, with: Vec<u8> },
    /// An expression, with the groups of the last match.
    Regex(Box<Expression>),
    /// Many texts. The number is that of the last match.
    Dictionary { dictionary: Box<Dictionary>, entry: u32 },
}

/// An expression to replace.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) regex: Regex,
    groups: Captures,
    with: With,
    /// Whether it sees bytes that are not UTF-8 as characters.
    pub(crate) sees_invalid: bool,
    /// Whether a BOM at the start of the file is no part of the text.
    skips_bom: bool,
    /// Whether it asks for the end of the file.
    has_text_end: bool,
    /// Whether it has a text that is meant as bytes.
    is_about_bytes: bool,
    /// Whether every match is as long as its replacement.
    keeps_length: bool,
}

impl Replacer {
    pub(crate) fn regex(regex: Regex, with: With, pattern: &Pattern) -> Self {
        let groups = match with.capture() {
            Capture::Range => Captures::matches(regex.group_info().clone()),
            Capture::Groups => regex.create_captures(),
        };
        let (sees_invalid, has_text_end) = (pattern.sees_invalid(), pattern.has_text_end());
        let skips_bom = !pattern.syntax.names_bom;
        let is_about_bytes = pattern.is_about_bytes();
        let keeps_length = with.only_length().is_some_and(|length| pattern.only_length() == Some(length));
        Self::Regex(Box::new(Expression {
            regex,
            groups,
            with,
            sees_invalid,
            skips_bom,
            has_text_end,
            is_about_bytes,
            keeps_length,
        }))
    }

    pub(crate) fn dictionary(dictionary: Dictionary) -> Self {
        Self::Dictionary { dictionary: Box::new(dictionary), entry: 0 }
    }

    /// Whether it wants bytes that are not UTF-8 as characters.
    pub(crate) fn sees_invalid(&self) -> bool {
        matches!(self, Self::Regex(expression) if expression.sees_invalid)
    }

    /// Whether it looks for a text that is meant as bytes.
    pub(crate) fn is_about_bytes(&self) -> bool {
        match self {
            Self::Text { text, .. } => is_about_bytes(text.bytes()),
            Self::Dictionary { dictionary, .. } => dictionary.keys().any(is_about_bytes),
            Self::Regex(expression) => expression.is_about_bytes,
        }
    }

    /// Whether every match is as long as its replacement.
    pub(crate) fn keeps_length(&self) -> bool {
        match self {
            Self::Text { text, with } => text.len() == with.len(),
            Self::Dictionary { dictionary, .. } => dictionary.keeps_length(),
            Self::Regex(expression) => expression.keeps_length,
        }
    }

    /// Whether it looks for texts that are not UTF-8.
    pub(crate) fn has_bytes(&self) -> bool {
        match self {
            Self::Text { text, .. } => std::str::from_utf8(text.bytes()).is_err(),
            Self::Dictionary { dictionary, .. } => {
                dictionary.keys().any(|key| std::str::from_utf8(key).is_err())
            }
            Self::Regex(_) => false,
        }
    }

    /// The length of a BOM at the start of a window that is not searched.
    pub(crate) fn bom_length(&self, window: &Window<'_>) -> usize {
        if self.skips_bom() { bom::length(window) } else { 0 }
    }

    /// Whether a BOM at the start of the file is not searched.
    pub(crate) fn skips_bom(&self) -> bool {
        matches!(self, Self::Regex(expression) if expression.skips_bom)
    }

    /// The text to search.
    pub(crate) fn hay<'a>(&self, bytes: &'a [u8]) -> Hay<'a> {
        if self.sees_invalid() { Hay::valid(bytes) } else { Hay::raw(bytes) }
    }

    /// The first match in a range. It sees the text around the range.
    pub(crate) fn next(&mut self, text: &[u8], range: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Text { text: find, .. } => {
                let start = range.start + find.find(&text[range])?;
                Some(start..start + find.len())
            }
            Self::Regex(expression) => {
                let Expression { regex, groups, .. } = &mut **expression;
                regex.search_captures(&Input::new(text).range(range), groups);
                groups.get_match().map(|found| found.range())
            }
            Self::Dictionary { dictionary, entry } => {
                let found = dictionary.find(text, range)?;
                *entry = found.entry;
                Some(found.range)
            }
        }
    }

    /// Appends the replacement of the last match. The text is that of the
    /// search, shown as `bytes` in the file.
    pub(crate) fn write(&self, hay: &Hay<'_>, bytes: &[u8], out: &mut Vec<u8>) {
        self.write_in(hay, bytes, 0, out);
    }

    /// As [`Self::write`], after a search in a part of the text that starts at
    /// `base`.
    pub(crate) fn write_in(&self, hay: &Hay<'_>, bytes: &[u8], base: usize, out: &mut Vec<u8>) {
        match self {
            Self::Text { with, .. } => out.extend_from_slice(with),
            Self::Regex(expression) => {
                let group = |index| {
                    let span = expression.groups.get_group(index)?;
                    Some(hay.range(base + span.start..base + span.end))
                };
                expression.with.write(bytes, group, out);
            }
            Self::Dictionary { dictionary, entry } => out.extend_from_slice(dictionary.value(*entry)),
        }
    }

    /// Whether an empty match in a text counts. The text may end where no line
    /// is.
    fn is_place(&self, text: &[u8], at: usize) -> bool {
        match text.get(at) {
            Some(byte) => !(0x80..0xC0).contains(byte),
            None if matches!(self, Self::Regex(expression) if expression.has_text_end) => true,
            None => text.last().is_some_and(|byte| *byte != b'\n'),
        }
    }
}

/// Walks over the matches in a text.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// Where the search goes on.
    pub(crate) at: usize,
    /// Whether a match ends there.
    pub(crate) after_match: bool,
}

impl Walk {
    pub(crate) fn new(at: usize) -> Self {
        Self { at, after_match: false }
    }

    /// The next match before `end` that counts.
    pub(crate) fn next(&mut self, replacer: &mut Replacer, text: &[u8], end: usize) -> Option<Range<usize>> {
        while self.at <= end {
            let found = replacer.next(text, self.at..end)?;
            if self.accepts(replacer, text, &found) {
                return Some(found);
            }
        }
        None
    }

    /// The next match in a line, which is all of the text.
    pub(crate) fn next_in_line(&mut self, replacer: &mut Replacer, text: &[u8]) -> Option<Range<usize>> {
        while self.at <= text.len() {
            let found = replacer.next(text, self.at..text.len())?;
            // Its end is a place in the line, even if the line is empty.
            if found.is_empty() && found.end == text.len() {
                let touches = self.after_match && found.start == self.at;
                self.at = text.len() + 1;
                return (!touches).then_some(found);
            }
            if self.accepts(replacer, text, &found) {
                return Some(found);
            }
        }
        None
    }

    /// Whether a match counts; goes on after it.
    pub(crate) fn accepts(&mut self, replacer: &Replacer, text: &[u8], found: &Range<usize>) -> bool {
        let touches = self.after_match && found.start == self.at;
        if found.is_empty() && (touches || !replacer.is_place(text, found.end)) {
            *self = Self::new(found.end + 1);
            return false;
        }
        *self = Self { at: found.end, after_match: true };
        true
    }
}
