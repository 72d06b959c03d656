//! What tests compare.

use crate::key::Keys;
use crate::kind::{Kind, Kinds};
use crate::scan::scan;

/// The values of these kinds, separated by spaces.
pub(crate) fn found(kinds: &[Kind], text: &str) -> String {
    let keys = Keys::builtin().expect("valid rules");
    let values = scan(text.as_bytes(), Kinds::of(kinds), &keys).expect("small expressions");
    values.into_iter().map(|value| &text[value.range]).collect::<Vec<_>>().join(" ")
}
