//! Tests plugins natively: a reference model of the host that keeps everything
//! in memory, and checks based on it. Requires the feature `testing`.
//!
//! The model follows the contract to the letter: it refuses everything that a
//! host may refuse, shows as little as a host may show, and is not meant to be
//! fast. Only functions whose names contain `assert` or `run` panic.

mod cases;
mod fields;
mod host;
mod params;
mod prefilter;

pub use cases::run_cases;
pub use host::{Cut, Edit, Outcome, edits, outcome};

use crate::{Params, Plugin};

/// The parameters that a plugin gets when the user gives these, with defaults.
///
/// # Errors
/// If the host would refuse them.
pub fn params<P: Plugin>(given: &[(&str, &str)]) -> Result<Params, String> {
    params::check(&P::describe(), given)
}

/// The content of `input` after the edits.
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

/// The content of `input` after a plugin has processed it.
///
/// # Errors
/// Errors of the plugin, and violations of the contract.
pub fn edit<P: Plugin>(params: &[(&str, &str)], input: &[u8]) -> Result<Vec<u8>, String> {
    Ok(apply(input, &edits::<P>(params, input, &Cut::default())?))
}

/// Runs a plugin over `input`, cut into windows in many ways, down to one byte
/// or record per window. Each cut is used with and without the prefilters, and
/// with one or many instances. Asserts that all runs give the same edits and
/// the same counts, or that all fail.
///
/// Edits that change nothing are ignored. If a plugin replaces whole windows,
/// its output is compared instead of its edits.
///
/// # Panics
/// If two cuts disagree. The message contains both results.
pub fn assert_split_invariant<P: Plugin>(params: &[(&str, &str)], input: &[u8]) {
    let reference = outcome::<P>(params, input, &Cut { windows: vec![usize::MAX], ..Cut::default() });
    for windows in [&[1][..], &[2], &[3], &[7], &[5, 1, 11, 2], &[64], &[1000, 1], &[usize::MAX]] {
        for (prefilter, fresh) in [(true, false), (false, false), (true, true)] {
            let cut = Cut { windows: windows.to_vec(), prefilter, fresh };
            let result = outcome::<P>(params, input, &cut);
            match (&reference, &result) {
                (Err(_), Err(_)) => {}
                (Ok(expected), Ok(found))
                    if same(input, &expected.edits, &found.edits) && expected.counts == found.counts => {}
                _ => panic!(
                    "the edits depend on the cut\n input: {}\n in one window: {reference:?}\n {cut:?}: {result:?}",
                    input.escape_ascii(),
                ),
            }
        }
    }
}

/// Whether two runs agree. A replaced window does not tell the single edits.
fn same(input: &[u8], left: &[Edit], right: &[Edit]) -> bool {
    if left.iter().chain(right).any(|edit| edit.whole_window) {
        apply(input, left) == apply(input, right)
    } else {
        left == right
    }
}
