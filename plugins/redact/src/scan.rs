//! Finds all values in lines of text.
//!
//! One sweep finds the places that may matter ([`crate::candidates`]); each is
//! looked at closely for the kinds that it may hold. No value contains a line
//! end, so lines can be searched together, and whether a value is found
//! depends on its line alone.
//!
//! Overlapping values, as in `Bearer eyJ...`, are redacted as one value, from
//! the first byte of either to the last, so that nothing of either is visible.
//! Its kind is that of a credential if one of them is one, because its mask
//! shows nothing; of those that are left, that of the value that begins first;
//! then the longest; then the first in the order of [`Kind`].

use crate::candidates::{self, AT, BASE64, COLON, DIGITS, GROUPS, LETTERS, NAME, OCTETS, WORD};
use crate::context::url::{UserInfo, user_info};
use crate::context::{assignment, basic, bearer, option};
use crate::key::Keys;
use crate::kind::{Kind, Kinds};
use crate::kinds::{card, date, email, iban, ipv4, ipv6, mac, national, phone, uuid};
use crate::pseudonym::is_pseudonym;
use crate::rules::pem;
use crate::{sweep, text};
use std::cmp::Reverse;
use std::ops::Range;

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its range.
    pub(crate) range: Range<usize>,
    /// Its kind.
    pub(crate) kind: Kind,
}

/// The places of the sweep where values of each kind are found. Keys have rules
/// of their own, and UUIDs and dates have sweeps of their own.
const PLACES: [(Kind, u16); 15] = [
    (Kind::Email, AT),
    (Kind::Ipv4, OCTETS),
    (Kind::Ipv6, COLON),
    (Kind::Mac, COLON | LETTERS | NAME | WORD),
    (Kind::Card, DIGITS),
    (Kind::Iban, LETTERS),
    (Kind::Phone, DIGITS | GROUPS),
    (Kind::Ssn, DIGITS | GROUPS),
    (Kind::Id, DIGITS | LETTERS),
    (Kind::Pem, BASE64),
    (Kind::Bearer, NAME | WORD),
    (Kind::Basic, NAME | WORD),
    (Kind::Password, AT | NAME | WORD),
    (Kind::Token, AT | NAME | WORD),
    (Kind::Cookie, NAME | WORD),
];

/// The values of these kinds in `text`, in order and disjoint.
///
/// # Errors
/// If a rule for keys has an expression that is too large.
pub(crate) fn scan(text: &[u8], kinds: Kinds, keys: &Keys) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    let wanted = PLACES.iter().filter(|(kind, _)| kinds.has(*kind)).fold(0, |all, (_, places)| all | places);
    if wanted != 0 {
        sweep_for(text, kinds, wanted, &mut found);
    }
    let add = &mut |range: Range<usize>, kind| found.push(Found { range, kind });
    if kinds.has(Kind::Uuid) {
        let is_hyphen = |seen: sweep::Seen<'_>| {
            (seen.byte(0) == b'-')
                & (seen.byte(5) == b'-')
                & (seen.byte(10) == b'-')
                & (seen.byte(15) == b'-')
        };
        sweep::each_place(text, is_hyphen, |at| {
            uuid::find(text, at).into_iter().for_each(|range| add(range, Kind::Uuid))
        });
    }
    if kinds.has(Kind::Key) {
        keys.find(text, &mut |range| add(range, Kind::Key))?;
    }
    found.sort_unstable_by_key(|value| (value.range.start, Reverse(value.range.end), value.kind));
    // A part of a pseudonym may look like a value of its own.
    let mut pseudonym_end = 0;
    found.retain(|value| {
        if value.range.end <= pseudonym_end {
            return false;
        }
        let is_pseudonym = is_pseudonym(text, value);
        if is_pseudonym {
            pseudonym_end = value.range.end;
        }
        !is_pseudonym
    });
    let found = merge(found);
    Ok(if kinds.has(Kind::Date) { with_dates(text, found) } else { found })
}

/// Adds what the sweep finds at the wanted places.
fn sweep_for(text: &[u8], kinds: Kinds, wanted: u16, found: &mut Vec<Found>) {
    let seen = assignment::Seen::default();
    let mut search = Search { text, kinds, colons_end: 0, base64_end: 0, seen, found };
    candidates::each(text, wanted, |at, bits| search.at(at, bits));
}

/// Adds the dates that no other value overlaps.
fn with_dates(text: &[u8], mut found: Vec<Found>) -> Vec<Found> {
    let values = found.len();
    let is_separator = |seen: sweep::Seen<'_>| {
        let is = |next: usize, what: u8| seen.byte(next) == what;
        ((is(0, b'-') | is(0, b'/')) & (seen.byte(3) == seen.byte(0)))
            | (is(0, b'/') & is(4, b'/'))
            | (is(0, b'.') & is(3, b'.'))
    };
    sweep::each_place(text, is_separator, |at| {
        let Some(range) = date::find(text, at) else { return };
        let next = found[..values].partition_point(|value| value.range.end <= range.start);
        if next == values || found[next].range.start >= range.end {
            found.push(Found { range, kind: Kind::Date });
        }
    });
    found.sort_unstable_by_key(|value| value.range.start);
    found
}

/// The close look at places.
struct Search<'a> {
    text: &'a [u8],
    kinds: Kinds,
    /// The end of the run of colons and digits that was looked at last.
    colons_end: usize,
    /// The end of the run of base64 that was looked at last.
    base64_end: usize,
    /// What the keys before the place have shown.
    seen: assignment::Seen,
    found: &'a mut Vec<Found>,
}

impl Search<'_> {
    /// Looks at a place that has these bits.
    #[inline]
    fn at(&mut self, at: usize, bits: u16) {
        let text = self.text;
        if bits & NAME != 0 {
            let mut seen = std::mem::take(&mut self.seen);
            self.contextual(|add| assignment::find(text, at, &mut seen, add));
            self.seen = seen;
        }
        if bits & OCTETS != 0 && self.kinds.has(Kind::Ipv4) {
            let range = if text[at + 1] == b'.' { ipv4::dotted(text, at) } else { ipv4::dashed(text, at) };
            self.add(range, Kind::Ipv4);
        }
        if bits & (DIGITS | GROUPS) != 0 {
            self.digits(at, bits);
        }
        if bits & COLON != 0 {
            self.colon(at);
        }
        if bits & AT != 0 {
            self.sign(at);
        }
        if bits & LETTERS != 0 {
            self.letters(at);
        }
        if bits & WORD != 0 {
            self.word(at);
        }
        if bits & BASE64 != 0 && at >= self.base64_end {
            let (line, end) = pem::find(text, at);
            self.base64_end = end;
            self.add(line, Kind::Pem);
        }
    }

    fn add(&mut self, range: Option<Range<usize>>, kind: Kind) {
        if let Some(range) = range.filter(|range| !range.is_empty() && self.kinds.has(kind)) {
            self.found.push(Found { range, kind });
        }
    }

    /// Adds what a finder of several kinds finds.
    fn contextual(&mut self, find: impl FnOnce(&mut dyn FnMut(Range<usize>, Kind))) {
        find(&mut |range, kind| self.add(Some(range), kind));
    }

    fn digits(&mut self, at: usize, bits: u16) {
        let text = self.text;
        let at = text::escape::digits_start(text, at, text.len());
        if at == text.len() {
            return;
        }
        if bits & DIGITS != 0 {
            if self.kinds.has(Kind::Card) {
                self.add(card::find(text, at), Kind::Card);
            }
            self.add(national::named(text, at), Kind::Id);
            self.add(national::ssn(text, at), Kind::Ssn);
            self.add(phone::named(text, at), Kind::Phone);
        }
        if bits & GROUPS != 0 {
            let phone = match text[at] {
                b'+' => phone::international(text, at),
                _ => phone::national(text, at),
            };
            self.add(phone, Kind::Phone);
            if text[at].is_ascii_digit() {
                self.add(national::ssn(text, at), Kind::Ssn);
            }
        }
    }

    fn colon(&mut self, at: usize) {
        let text = self.text;
        if text[at] | 0x20 == b'i' {
            return self.add(ipv6::reversed(text, at), Kind::Ipv6);
        }
        if at < self.colons_end {
            return;
        }
        // The first colon of the run is the one that matters.
        let first = ipv6::first_colon(text, at);
        self.colons_end = ipv6::run_end(text, at);
        if self.kinds.has(Kind::Ipv6) {
            self.add(ipv6::find(text, first), Kind::Ipv6);
        }
        let address = match text[first] {
            b':' => mac::in_run(text, first, self.colons_end),
            _ => mac::escaped(text, first),
        };
        let second = address.as_ref().and_then(|first| mac::second(text, first));
        self.add(address, Kind::Mac);
        self.add(second, Kind::Mac);
    }

    fn sign(&mut self, at: usize) {
        let text = self.text;
        let Some(sign) = email::sign(text, at) else { return };
        match user_info(text, sign) {
            Some(UserInfo::Password(range, kind)) => self.add(Some(range), kind),
            Some(UserInfo::Name) => {}
            None if self.kinds.has(Kind::Email) => self.add(email::find(text, at), Kind::Email),
            None => {}
        }
    }

    fn letters(&mut self, at: usize) {
        let text = self.text;
        match text[at] {
            b'-' | b'_' => self.add(mac::pairs(text, at), Kind::Mac),
            b'.' => self.add(mac::quads(text, at), Kind::Mac),
            _ => {
                self.add(iban::find(text, at), Kind::Iban);
                self.add(national::insurance(text, at), Kind::Id);
            }
        }
    }

    fn word(&mut self, at: usize) {
        let text = self.text;
        match text[at..] {
            [b'-', b'-', ..] => self.contextual(|add| assignment::option(text, at, add)),
            [b'-', ..] => self.add(option::find(text, at), Kind::Password),
            [_, second, ..] if second | 0x20 == b'y' => {
                self.add(option::identified(text, at), Kind::Password)
            }
            [_, second, ..] if second | 0x20 == b'a' => self.add(basic(text, at), Kind::Basic),
            _ => self.add(bearer(text, at), Kind::Bearer),
        }
    }
}

/// Joins values that overlap; they are in order.
fn merge(mut found: Vec<Found>) -> Vec<Found> {
    found.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps {
            earlier.range.end = earlier.range.end.max(later.range.end);
            if later.kind.is_secret() && !earlier.kind.is_secret() {
                earlier.kind = later.kind;
            }
        }
        overlaps
    });
    found
}

#[cfg(test)]
mod tests;
