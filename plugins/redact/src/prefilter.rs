//! What a line must contain if it contains a value: the host searches for it
//! natively, and does not show other lines to the plugin.
//!
//! There is a prefilter only if it makes the search faster: for a single kind
//! that a few literals indicate, which the host finds at gigabytes per second.
//! The host can search for literals of several kinds, or for expressions of
//! digits, only byte by byte, which takes longer than the plugin's own passes
//! (measured: five times as long).

use crate::key;
use crate::kind::{Kind, Kinds};
use runner_plugin::Prefilter;

/// The prefilter for these kinds.
pub(crate) fn prefilter(kinds: Kinds) -> Prefilter {
    let only = Kind::ALL.into_iter().find(|&kind| kinds == Kinds::of(&[kind]));
    let literals: Vec<&str> = match only {
        // Escapes of the `@` end in `40`, or are `&#64;`.
        Some(Kind::Email) => vec!["@", "40", "#64;", "[at]", "(at)"],
        Some(Kind::Key) => key::prefixes().collect(),
        // `Authorization: Bearer x` as well.
        Some(Kind::Bearer) => vec!["bearer"],
        _ => return Prefilter::None,
    };
    let patterns = literals.into_iter().map(|literal| literal.as_bytes().to_vec()).collect();
    Prefilter::Literals { patterns, ignore_ascii_case: matches!(only, Some(Kind::Bearer | Kind::Email)) }
}
