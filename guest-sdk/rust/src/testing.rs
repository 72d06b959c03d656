//! Testing plugins natively: a reference model of the host that holds
//! everything in memory, and checks built on it. Needs the feature `testing`.
//!
//! The model keeps to the contract and to its letter: it refuses what a host
//! may refuse, shows as little as a host may show, and makes no attempt to be
//! fast. Every function panics only where its name says `assert` or `run`.

mod cases;
mod host;
mod params;
mod prefilter;

pub use cases::run_cases;
pub use host::{Cut, Edit, edits};

use crate::Plugin;

/// The content that edits lead to.
pub fn apply(input: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut output = Vec::with_capacity(input.len());
    let mut done = 0;
    for edit in edits {
        output.extend_from_slice(&input[done..edit.start]);
        output.extend_from_slice(&edit.new);
        done = edit.end;
    }
    output.extend_from_slice(&input[done..]);
    output
}

/// The content that a plugin makes of `input`.
///
/// # Errors
/// The plugin's own, and breaches of the contract.
pub fn edit<P: Plugin>(params: &[(&str, &str)], input: &[u8]) -> Result<Vec<u8>, String> {
    Ok(apply(input, &edits::<P>(params, input, &Cut::default())?))
}

/// Runs a plugin over many cuts of `input`, down to a byte or a record a
/// window, each with and without the prefilter and in one or in many
/// instances, and asserts that all give the same edits; or all an error.
///
/// Edits that change nothing count for nothing. The output of a plugin that
/// replaces whole windows is compared instead of its edits.
///
/// # Panics
/// When two cuts disagree, with both results.
pub fn assert_split_invariant<P: Plugin>(params: &[(&str, &str)], input: &[u8]) {
    let reference = edits::<P>(params, input, &Cut { windows: vec![usize::MAX], ..Cut::default() });
    for windows in [&[1][..], &[2], &[3], &[7], &[5, 1, 11, 2], &[64], &[1000, 1], &[usize::MAX]] {
        for (prefilter, fresh) in [(true, false), (false, false), (true, true)] {
            let cut = Cut { windows: windows.to_vec(), prefilter, fresh };
            let result = edits::<P>(params, input, &cut);
            match (&reference, &result) {
                (Err(_), Err(_)) => {}
                (Ok(expected), Ok(found)) if same(input, expected, found) => {}
                _ => panic!(
                    "the edits depend on the cut\n input: {}\n in one window: {reference:?}\n {cut:?}: {result:?}",
                    input.escape_ascii(),
                ),
            }
        }
    }
}

/// Whether two runs agree. A replaced window says nothing of single edits.
fn same(input: &[u8], left: &[Edit], right: &[Edit]) -> bool {
    if left.iter().chain(right).any(|edit| edit.whole_window) {
        apply(input, left) == apply(input, right)
    } else {
        left == right
    }
}
