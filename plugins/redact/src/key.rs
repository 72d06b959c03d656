//! API keys, tokens and private keys: the built-in rules for secrets.

use crate::rules::{RuleSet, pem};
use std::ops::Range;
use std::sync::LazyLock;

/// The built-in rules, read when they are first needed.
static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| RuleSet::builtin().expect("the built-in rules are valid: a test reads them"));

/// Finds every secret of the built-in rules, and lines of private keys.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    RULES.find(text, &mut |secret| found(secret.value)).expect("the built-in expressions are small");
    pem::find(text, found);
}
