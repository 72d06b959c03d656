//! What a line must contain to hold a value at all: the host searches for it
//! natively, and shows the plugin no other line.

use crate::key;
use crate::kind::{Kind, Kinds};
use runner_plugin::Prefilter;

/// The prefilter for these kinds. E-mail addresses and credentials have fixed
/// bytes in them, which is the fastest search there is; numbers need an
/// expression.
pub(crate) fn prefilter(kinds: Kinds) -> Prefilter {
    let mut literals = Vec::new();
    let mut expressions = Vec::new();
    if kinds.has(Kind::Email) {
        literals.extend(["@", "%40"]);
    }
    if kinds.has(Kind::Key) {
        literals.extend(key::prefixes());
    }
    if kinds.has(Kind::Bearer) {
        literals.extend(["bearer ", "bearer\t"]);
    }
    if kinds.has(Kind::Ipv4) {
        expressions.push(r"[0-9](?:\.[0-9]{1,3}){3}");
    }
    if kinds.has(Kind::Ipv6) {
        expressions.push("::|(?:[0-9A-Fa-f]{1,4}:){6}");
    }
    if kinds.has(Kind::Card) {
        expressions.push("[0-9](?:[ -]?[0-9]){12}");
    }
    if expressions.is_empty() {
        // Only `bearer` is looked for in either case, but a line too many
        // does no harm.
        let patterns = literals.into_iter().map(|literal| literal.as_bytes().to_vec()).collect();
        return Prefilter::Literals { patterns, ignore_ascii_case: kinds.has(Kind::Bearer) };
    }
    let mut regex = expressions.join("|");
    for literal in literals {
        regex.push('|');
        regex.push_str(if literal.starts_with("bearer") { "(?i:bearer)[ \\t]" } else { literal });
    }
    Prefilter::Regex(regex)
}
