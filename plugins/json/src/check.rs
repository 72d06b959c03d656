//! Checks whole texts, without changing anything.

use crate::automaton::Case;
use crate::lexer::Rest;
use crate::plan::Plan;
use crate::scanner::{Input, Output, Scanner, Walk};
use std::ops::Range;

/// Takes no changes.
struct Nothing;

impl Output for Nothing {
    fn replace(&mut self, _: Range<usize>, _: &[u8]) {}

    fn fill(&mut self, _: Range<usize>, _: u8) {}
}

/// Counts the top-level values of a text.
///
/// # Errors
/// If the text is not JSON.
fn count(text: &[u8]) -> Result<u64, String> {
    let plan = Plan::new(Vec::new(), Case::Exact)?;
    let mut scanner = Scanner::new();
    let input = Input { bytes: text, rest: Rest::Nothing };
    Walk::new(&mut scanner, &plan, input, &mut Nothing).run(0).map_err(|fault| fault.what)?;
    Ok(scanner.top.index)
}

/// Checks that a text is exactly one value.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn one_value(text: &[u8]) -> Result<(), String> {
    match count(text)? {
        1 => Ok(()),
        0 => Err("a value is missing".into()),
        _ => Err("there is more than one value".into()),
    }
}

/// Whether a line holds whole values.
pub(crate) fn is_whole(line: &[u8]) -> bool {
    count(line).is_ok_and(|values| values > 0)
}
