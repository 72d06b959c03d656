//! What a line must contain to hold a value at all: the host searches for it
//! natively, and shows the plugin no other line.
//!
//! There is a prefilter only where it is the faster search. The host finds
//! literals, and expressions with a literal in them, at gigabytes a second;
//! an alternation of numbers and literals, or a run of digits, it can only
//! walk through byte by byte, which takes longer than the plugin's own
//! passes (measured: a quarter to a half of their speed).

use crate::key;
use crate::kind::{Kind, Kinds};
use runner_plugin::Prefilter;

/// Three dots between numbers.
const IPV4: &str = r"[0-9](?:\.[0-9]{1,3}){3}";

/// Two colons together, or the six that an address has without.
const IPV6: &str = "::|:(?:[0-9A-Fa-f]{1,4}:){5}";

/// The prefilter for these kinds.
pub(crate) fn prefilter(kinds: Kinds) -> Prefilter {
    if kinds == Kinds::of(&[Kind::Ipv4]) {
        return Prefilter::Regex(IPV4.into());
    }
    if kinds == Kinds::of(&[Kind::Ipv6]) {
        return Prefilter::Regex(IPV6.into());
    }
    if [Kind::Ipv4, Kind::Ipv6, Kind::Card].into_iter().any(|kind| kinds.has(kind)) {
        return Prefilter::None;
    }
    let mut literals = Vec::new();
    if kinds.has(Kind::Email) {
        literals.extend(["@", "%40"]);
    }
    if kinds.has(Kind::Key) {
        literals.extend(key::prefixes());
    }
    if kinds.has(Kind::Bearer) {
        literals.extend(["bearer ", "bearer\t"]);
    }
    // Only `bearer` is looked for in either case, but a line too many does no
    // harm.
    let patterns = literals.into_iter().map(|literal| literal.as_bytes().to_vec()).collect();
    Prefilter::Literals { patterns, ignore_ascii_case: kinds.has(Kind::Bearer) }
}
