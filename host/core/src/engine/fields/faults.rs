//! Names the places where quotes must not stand.

use memchr::{memchr, memchr2};

use crate::error::{Error, Kind};
use crate::escape::group_digits;

/// The first places named of a file that does not fit.
const MAX_FAULTS: usize = 10;

const IN_FIELD: &str = "a quote inside a field that does not begin with a quote";
const AFTER_QUOTE: &str = "text after a closing quote";
const UNCLOSED: &str = "a quote that is never closed";

/// The error for records from the file offset `base` on whose quotes do not fit.
pub(super) fn misfit(base: u64, records: &[u8], delimiter: u8, quote: u8) -> Error {
    let places: Vec<_> = faults(records, delimiter, quote)
        .into_iter()
        .map(|(at, what)| format!("{what} at offset {}", group_digits(base + at as u64)))
        .collect();
    Error::new(Kind::Io, "the file's quotes do not fit the way in which the plugin reads it")
        .because(places.join("; "))
        .hint("these are the first such places; mend them, or tell the plugin what quotes mean in this file")
}

/// The first places, if each quote that does not fit counts as text.
fn faults(records: &[u8], delimiter: u8, quote: u8) -> Vec<(usize, &'static str)> {
    let mut faults = Vec::new();
    let mut at = 0;
    while at < records.len() && faults.len() < MAX_FAULTS {
        if records[at] == quote {
            let Some(end) = closing(records, at, quote) else {
                faults.push((at, UNCLOSED));
                break;
            };
            at = end;
            let is_end = match records[at..] {
                [] | [b'\n', ..] | [b'\r'] | [b'\r', b'\n', ..] => true,
                [byte, ..] => byte == delimiter,
            };
            if !is_end {
                faults.push((at, AFTER_QUOTE));
            }
            at += field_end(&records[at..], delimiter);
        } else {
            let end = at + field_end(&records[at..], delimiter);
            faults.extend(memchr(quote, &records[at..end]).map(|place| (at + place, IN_FIELD)));
            at = end;
        }
        at += 1;
    }
    faults
}

/// One past the closing quote of the field that begins at `open`.
fn closing(records: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at += memchr(quote, &records[at..])? + 1;
        if records.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

fn field_end(bytes: &[u8], delimiter: u8) -> usize {
    memchr2(delimiter, b'\n', bytes).unwrap_or(bytes.len())
}
