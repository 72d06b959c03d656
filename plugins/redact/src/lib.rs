//! The plugin `redact`: finds e-mail addresses, IP addresses, card numbers and
//! credentials in lines of text, and masks them or replaces them with
//! pseudonyms.
//!
//! Whether a value is found depends only on its line, so the result does not
//! depend on how the file is cut. README.md lists what is found and what is
//! not.

mod bearer;
mod card;
mod email;
mod ipv4;
mod ipv6;
mod key;
mod kind;
#[cfg(test)]
mod oracle;
mod prefilter;
pub mod rules;
mod scan;
mod style;
mod sweep;
mod text;

use kind::Kinds;
use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};
use scan::scan;
use style::Style;

/// The plugin, for one file.
#[derive(Debug)]
pub struct Redact {
    kinds: Kinds,
    style: Style,
}

impl Plugin for Redact {
    fn describe() -> Manifest {
        Manifest::new(
            "redact",
            env!("CARGO_PKG_VERSION"),
            "Masks or pseudonymises e-mail addresses, IP addresses, card numbers and credentials",
        )
        .param(
            ParamSpec::text(
                "kinds",
                "What to redact: all, or a list of email, ipv4, ipv6, card, key, bearer",
            )
            .default("all"),
        )
        .param(
            ParamSpec::text("style", "`mask` keeps the length, `hash` writes keyed pseudonyms")
                .default("mask"),
        )
        .param(ParamSpec::secret(
            "key",
            "The secret key of `style=hash`: the same key gives the same pseudonyms",
        ))
    }

    fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let kinds = Kinds::parse(params.required("kinds")?)?;
        let style = match (params.required("style")?, params.get("key")) {
            ("mask", None) => Style::Mask,
            ("mask", Some(_)) => return Err("`key` is only used with `style=hash`".into()),
            ("hash", None | Some("")) => return Err("`style=hash` needs a secret `key`".into()),
            ("hash", Some(secret)) => Style::hash(secret),
            (other, _) => return Err(format!("`style` must be `mask` or `hash`, not `{other}`").into()),
        };
        let job = Job::new(Framing::lines()).prefilters(prefilter::prefilter(kinds));
        let job = if matches!(style, Style::Mask) { job.length_preserving() } else { job };
        Ok((Self { kinds, style }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        for found in scan(window.bytes, self.kinds) {
            let value = &window.bytes[found.range.clone()];
            edits.replace_with(found.range, |out| self.style.write(found.kind, value, out));
        }
        Ok(())
    }
}

runner_plugin::export!(Redact);
