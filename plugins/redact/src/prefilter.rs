//! What a line must contain to hold a value at all: the host searches for it
//! natively, and shows the plugin no other line.
//!
//! There is a prefilter only where it is the faster search: for one kind that
//! a few literals tell of, which the host finds at gigabytes a second.
//! Literals of several kinds, and expressions made of digits, it can only walk
//! through byte by byte, which takes longer than the plugin's own passes
//! (measured: five times as long).

use crate::key;
use crate::kind::{Kind, Kinds};
use runner_plugin::Prefilter;

/// The prefilter for these kinds.
pub(crate) fn prefilter(kinds: Kinds) -> Prefilter {
    let only = Kind::ALL.into_iter().find(|&kind| kinds == Kinds::of(&[kind]));
    let literals: Vec<&str> = match only {
        Some(Kind::Email) => vec!["@", "%40"],
        Some(Kind::Key) => key::prefixes().collect(),
        Some(Kind::Bearer) => vec!["bearer ", "bearer\t"],
        _ => return Prefilter::None,
    };
    let patterns = literals.into_iter().map(|literal| literal.as_bytes().to_vec()).collect();
    Prefilter::Literals { patterns, ignore_ascii_case: only == Some(Kind::Bearer) }
}
