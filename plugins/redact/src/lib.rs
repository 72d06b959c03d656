//! The plugin `redact`: finds personal data and credentials in lines of text,
//! and masks them or replaces them with pseudonyms.
//!
//! Whether a value is found depends only on its line, so the result does not
//! depend on how the file is cut. README.md lists what is found and what is
//! not.

mod allow;
mod candidates;
mod context;
mod holder;
mod key;
mod kind;
mod kinds;
mod options;
#[cfg(test)]
mod oracle;
mod prefilter;
mod pseudonym;
mod replacement;
pub mod rules;
mod scan;
mod sweep;
mod text;

use key::Keys;
use kind::{Kind, Kinds};
use options::Options;
use runner_plugin::{
    Edits, Failure, FileHead, Framing, Job, LogLevel, Manifest, Params, Plugin, Window, log,
};
use runner_values::Shift;
use scan::Found;
use std::ops::Range;

/// The plugin, for one file.
#[derive(Debug)]
pub struct Redact {
    options: Options,
}

impl Plugin for Redact {
    fn describe() -> Manifest {
        options::declare(Manifest::new(
            "redact",
            env!("CARGO_PKG_VERSION"),
            "Masks or pseudonymises personal data and credentials",
        ))
    }

    fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let options = Options::read(params)?;
        for note in options.keys.notes() {
            log(LogLevel::Warn, &note);
        }
        let mut job = Job::new(Framing::lines())
            .prefilters(prefilter::prefilter(options.kinds, &options.keys))
            .counts(Kind::ALL.map(Kind::name))
            .text()
            .deterministic();
        if options.replacement.keeps_length() {
            job = job.length_preserving();
        }
        // With several kinds, a mask may uncover a value of another kind.
        if options.kinds.is_single() && options.replacement.is_recognised() && options.dates.is_none() {
            job = job.idempotent();
        }
        Ok((Self { options }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let mut start = 0;
        while start < window.bytes.len() {
            let end = part_end(window.bytes, start);
            for found in scan::scan(&window.bytes[start..end], self.options.kinds, &self.options.keys)? {
                let range = start + found.range.start..start + found.range.end;
                self.edit(window.bytes, Found { range, ..found }, edits)?;
            }
            start = end;
        }
        Ok(())
    }
}

impl Redact {
    /// Adds the edit of a value.
    fn edit(&self, text: &[u8], found: Found, edits: &mut Edits) -> Result<(), Failure> {
        let Options { allowed, replacement, dates, .. } = &self.options;
        let value = &text[found.range.clone()];
        if let (Kind::Date, Some(dates)) = (found.kind, dates) {
            return shift(dates, value, found.range, edits);
        }
        let is_allowed = !allowed.is_empty() && {
            let plain = holder::Spelling::of(text, &found).plain(value);
            allowed.has(found.kind, &plain)
        };
        if !is_allowed && !replacement.is_in(text, &found) {
            edits.replace_with(found.range.clone(), |out| replacement.write(text, &found, out));
            edits.count(found.kind as usize, 1);
        }
        Ok(())
    }
}

/// Number of bytes that are searched at a time: several passes go over them, so
/// they should stay in the cache.
const PART_BYTES: usize = 64 << 10;

/// The end of the part that begins at `start`: that of a line.
fn part_end(text: &[u8], start: usize) -> usize {
    let Some(part) = text.get(start..start + PART_BYTES) else { return text.len() };
    match memchr::memrchr(b'\n', part) {
        Some(end) => start + end + 1,
        None => memchr::memchr(b'\n', &text[start + PART_BYTES..])
            .map_or(text.len(), |end| start + PART_BYTES + end + 1),
    }
}

/// Shifts a date. What the calendar does not have is no date, and stays.
fn shift(dates: &Shift, value: &[u8], range: Range<usize>, edits: &mut Edits) -> Result<(), Failure> {
    if dates.is_date(value) {
        let mut shifted = Vec::new();
        dates.write(value, b"", &mut shifted).map_err(|why| Failure::from(why).at(range.start))?;
        edits.replace(range, &shifted);
        edits.count(Kind::Date as usize, 1);
    }
    Ok(())
}

runner_plugin::export!(Redact);

/// The values in a text, for benches and tests of what is found: the name of
/// the kind, the start and the end of each.
///
/// # Errors
/// If `kinds` is no list of kinds.
#[doc(hidden)]
pub fn values(text: &[u8], kinds: &str) -> Result<Vec<(&'static str, usize, usize)>, String> {
    let found = scan::scan(text, Kinds::parse(kinds)?, &Keys::builtin()?)?;
    Ok(found.into_iter().map(|found| (found.kind.name(), found.range.start, found.range.end)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_lines() {
        for (line, count) in
            [(1, 70_000), (100, 2_000), (PART_BYTES - 1, 3), (PART_BYTES, 3), (3 * PART_BYTES, 2)]
        {
            let mut text = [vec![b'a'; line], b"\n".to_vec()].concat().repeat(count);
            text.push(b'z');
            let mut start = 0;
            while start < text.len() {
                let end = part_end(&text, start);
                let longest = PART_BYTES.max(line + 1);
                assert!(start < end && end - start <= longest, "{line}: {start} to {end}");
                assert!(end == text.len() || text[end - 1] == b'\n', "{line}: {start} to {end}");
                start = end;
            }
        }
    }
}
