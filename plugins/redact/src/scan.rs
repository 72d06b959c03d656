//! One pass over lines of text that finds every value.
//!
//! The pass goes from word to word (see [`crate::text`]) and asks the kinds
//! which could begin there; `@` and `:` are the handles of addresses, which
//! are looked at in both directions. No value holds a line end, so lines may
//! be scanned together.
//!
//! Where values overlap, as in `Bearer eyJ...`, they are redacted as one from
//! the first byte of either to the last, so that nothing of either shows. It
//! counts as of the kind that begins first; of those, the longest; of those,
//! the first in the order of [`Kind`].

use crate::kind::{Kind, Kinds};
use crate::style::is_pseudonym;
use crate::text::{escape, run_end};
use crate::{card, email, ipv4, ipv6, key};
use std::cmp::Reverse;
use std::ops::Range;

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) range: Range<usize>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a byte may be the beginning of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing.
    Other,
    /// A word that begins no value.
    Word,
    /// A word, and perhaps a number that is a value.
    Digit,
    /// A word, and perhaps a key or `Bearer`.
    Letter,
    /// The middle of an e-mail address.
    At,
    /// Part of an IPv6 address.
    Colon,
    /// A percent escape.
    Percent,
    /// An escape such as `\n`.
    Backslash,
}

/// Finds values of some kinds.
#[derive(Debug)]
pub(crate) struct Scanner {
    kinds: Kinds,
    classes: [Class; 256],
}

impl Scanner {
    /// A scanner for these kinds.
    pub(crate) fn new(kinds: Kinds) -> Self {
        let mut classes = [Class::Other; 256];
        for byte in 0..=u8::MAX {
            classes[usize::from(byte)] = match byte {
                b'0'..=b'9' if kinds.has(Kind::Ipv4) || kinds.has(Kind::Card) => Class::Digit,
                b'B' | b'b' if kinds.has(Kind::Bearer) => Class::Letter,
                _ if kinds.has(Kind::Key) && key::prefixes().any(|key| key.as_bytes()[0] == byte) => {
                    Class::Letter
                }
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Class::Word,
                b'@' if kinds.has(Kind::Email) => Class::At,
                b':' if kinds.has(Kind::Ipv6) => Class::Colon,
                b'%' => Class::Percent,
                b'\\' => Class::Backslash,
                _ => Class::Other,
            };
        }
        Self { kinds, classes }
    }

    /// The values in `text`, in order and disjoint.
    pub(crate) fn scan(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        // Where the last run of colons, and the last key, end: what begins
        // before is part of them.
        let (mut seen, mut key_end) = (0, 0);
        let mut at = 0;
        while at < text.len() {
            let start = at;
            match self.classes[usize::from(text[at])] {
                class @ (Class::Word | Class::Digit | Class::Letter) => {
                    match class {
                        Class::Digit => self.numbers(text, at, &mut found),
                        Class::Letter => self.credentials(text, at, &mut key_end, &mut found),
                        _ => {}
                    }
                    at = run_end(text, at + 1, |byte| byte.is_ascii_alphanumeric());
                    if self.kinds.has(Kind::Ipv6) && text.get(at) == Some(&b':') && at >= seen {
                        seen = address_at_colon(text, start, at, &mut found);
                    }
                }
                Class::Colon => {
                    if at >= seen {
                        seen = address_at_colon(text, at, at, &mut found);
                    }
                    at += 1;
                }
                Class::At => {
                    add(&mut found, Kind::Email, email::at_sign(text, at));
                    at += 1;
                }
                Class::Percent => {
                    if self.kinds.has(Kind::Email) {
                        add(&mut found, Kind::Email, email::at_sign(text, at));
                    }
                    at += if escape(text, at).is_some() { 3 } else { 1 };
                }
                Class::Backslash => {
                    at += if matches!(text.get(at + 1), Some(b'n' | b'r' | b't')) { 2 } else { 1 };
                }
                Class::Other => at += 1,
            }
        }
        merge(found)
    }

    fn numbers(&self, text: &[u8], at: usize, found: &mut Vec<Found>) {
        if self.kinds.has(Kind::Ipv4) {
            add(found, Kind::Ipv4, ipv4::at_word(text, at));
        }
        if self.kinds.has(Kind::Card) {
            let card = card::at_word(text, at);
            let pseudonym = at.saturating_sub("card_".len());
            add(found, Kind::Card, card.filter(|card| !is_pseudonym(&text[pseudonym..card.end])));
        }
    }

    fn credentials(&self, text: &[u8], at: usize, key_end: &mut usize, found: &mut Vec<Found>) {
        if self.kinds.has(Kind::Key) && at >= *key_end {
            let key = key::at_word(text, at);
            *key_end = key.as_ref().map_or(*key_end, |key| key.end);
            add(found, Kind::Key, key);
        }
        if self.kinds.has(Kind::Bearer) && matches!(text[at], b'B' | b'b') {
            let token = key::after_bearer(text, at);
            add(found, Kind::Bearer, token.filter(|token| !is_pseudonym(&text[token.clone()])));
        }
    }
}

fn address_at_colon(text: &[u8], word: usize, colon: usize, found: &mut Vec<Found>) -> usize {
    let run = ipv6::at_colon(text, word, colon);
    add(found, Kind::Ipv6, run.address);
    run.end
}

fn add(found: &mut Vec<Found>, kind: Kind, range: Option<Range<usize>>) {
    found.extend(range.map(|range| Found { range, kind }));
}

/// Sorts, and joins what overlaps.
fn merge(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_unstable_by_key(|value| (value.range.start, Reverse(value.range.end), value.kind));
    found.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps {
            earlier.range.end = earlier.range.end.max(later.range.end);
        }
        overlaps
    });
    found
}
