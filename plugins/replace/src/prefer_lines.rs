//! Decides whether to search for a text by lines, although it does not depend
//! on lines.
//!
//! The result is the same. Without lines, they may have any length, but each
//! match that is not near another one costs a call, while matching lines are
//! shown together. If there is a match every few KiB, as in many logs, this
//! takes up to twice the time.

use std::ops::Range;

use memchr::memchr_iter;
use runner_plugin::FileHead;

/// Matches that are farther apart than this need a call each.
const APART_BYTES: usize = 1 << 10;
/// If the head of the file needs at least this many calls, lines are faster.
const MANY_CALLS: usize = 4;

/// Whether the head of the file suggests lines. `find` returns the first match
/// in its argument.
pub(crate) fn are_better(file: &FileHead<'_>, find: impl Fn(&[u8]) -> Option<Range<usize>>) -> bool {
    let (mut calls, mut shown, mut at) = (0, 0, 0);
    while let Some(found) = find(&file.head[at..]) {
        if calls == 0 || at + found.start > shown + APART_BYTES {
            calls += 1;
        }
        at += found.end;
        shown = at;
    }
    // With long lines, there is less to gain and more to lose.
    calls >= MANY_CALLS && memchr_iter(b'\n', file.head).take(calls).count() == calls
}
