//! What a line must contain if it contains a value: the host searches for it
//! natively, and does not show other lines to the plugin.
//!
//! There is a prefilter only if it makes the search faster: for a single kind
//! that a few literals indicate, which the host finds at gigabytes per second.
//! The host can search for many literals, or for expressions of digits, only
//! byte by byte, which takes longer than the plugin's own passes (measured: five
//! times as long).

use crate::key::Keys;
use crate::kind::{Kind, Kinds};
use runner_plugin::Pattern;

/// Number of keywords of rules from which on the plugin searches faster.
const MAX_KEYWORDS: usize = 12;

/// The prefilter for these kinds and rules.
pub(crate) fn prefilter(kinds: Kinds, keys: &Keys) -> Option<Pattern> {
    let only = Kind::ALL.into_iter().find(|&kind| kinds == Kinds::of(&[kind]))?;
    let literals: Vec<&[u8]> = match only {
        // Escapes of the `@` end in `40`, or are `&#64;`.
        Kind::Email => vec![b"@", b"40", b"#64;", b"[at]", b"(at)"],
        // `Authorization: Bearer x` as well.
        Kind::Bearer => vec![b"bearer"],
        Kind::Key => keys.keywords().filter(|keywords| (1..=MAX_KEYWORDS).contains(&keywords.len()))?,
        _ => return None,
    };
    let patterns = literals.into_iter().map(<[u8]>::to_vec).collect();
    Some(Pattern::Literals { patterns, ignore_ascii_case: true })
}
