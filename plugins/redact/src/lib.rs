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
mod replacement;
mod scan;
mod sweep;
mod text;

use options::Options;
use runner_plugin::{Edits, FileHead, Framing, Job, Manifest, Params, Plugin, Window};

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

    fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), String> {
        let options = Options::read(params)?;
        let job = Job::new(Framing::lines()).prefilter(prefilter::prefilter(options.kinds));
        let job = if options.replacement.keeps_length() { job.length_preserving() } else { job };
        Ok((Self { options }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
        let Options { kinds, allowed, replacement } = &self.options;
        for found in scan::scan(window.bytes, *kinds) {
            let is_allowed = !allowed.is_empty() && {
                let plain =
                    holder::Spelling::of(window.bytes, &found).plain(&window.bytes[found.range.clone()]);
                allowed.has(found.kind, &plain)
            };
            if !is_allowed && !replacement.is_in(&window.bytes[found.range.clone()]) {
                edits.replace_with(found.range.clone(), |out| replacement.write(window.bytes, &found, out));
            }
        }
        Ok(())
    }
}

runner_plugin::export!(Redact);

/// The values in a text, for benches and tests of what is found: the name of
/// the kind, the start and the end of each.
///
/// # Errors
/// If `kinds` is no list of kinds.
#[doc(hidden)]
pub fn values(text: &[u8], kinds: &str) -> Result<Vec<(&'static str, usize, usize)>, String> {
    let found = scan::scan(text, kind::Kinds::parse(kinds)?);
    Ok(found.into_iter().map(|found| (found.kind.name(), found.range.start, found.range.end)).collect())
}
