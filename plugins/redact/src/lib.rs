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
        let Options { kinds, allowed, replacement, keys, dates } = &self.options;
        for found in scan::scan(window.bytes, *kinds, keys)? {
            let value = &window.bytes[found.range.clone()];
            if let (Kind::Date, Some(dates)) = (found.kind, dates) {
                shift(dates, value, found.range, edits)?;
                continue;
            }
            let is_allowed = !allowed.is_empty() && {
                let plain = holder::Spelling::of(window.bytes, &found).plain(value);
                allowed.has(found.kind, &plain)
            };
            if !is_allowed && !replacement.is_in(window.bytes, &found) {
                edits.replace_with(found.range.clone(), |out| replacement.write(window.bytes, &found, out));
                edits.count(found.kind as usize, 1);
            }
        }
        Ok(())
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
