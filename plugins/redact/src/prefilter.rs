//! What a line must contain if it contains a value: the host searches for it
//! natively, and does not show other lines to the plugin.
//!
//! There is a prefilter only if it makes the search faster: for a single kind
//! that a few literals indicate, which the host finds at gigabytes per second.
//! The host can search for literals of several kinds, or for expressions of
//! digits, only byte by byte, which takes longer than the plugin's own passes
//! (measured: five times as long).

use crate::kind::{Kind, Kinds};
use runner_plugin::Pattern;

/// The prefilter for these kinds.
pub(crate) fn prefilter(kinds: Kinds) -> Option<Pattern> {
    let only = Kind::ALL.into_iter().find(|&kind| kinds == Kinds::of(&[kind]));
    let literals: Vec<&str> = match only {
        Some(Kind::Email) => vec!["@", "%40"],
        Some(Kind::Bearer) => vec!["bearer ", "bearer\t"],
        _ => return None,
    };
    let patterns = literals.into_iter().map(|literal| literal.as_bytes().to_vec()).collect();
    Some(Pattern::Literals { patterns, ignore_ascii_case: only == Some(Kind::Bearer) })
}
