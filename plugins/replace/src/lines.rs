//! Whether a text, which needs no lines, is better looked for in lines.
//!
//! The result is the same. Anywhere, lines may be of any length; but each match
//! that is not near another one costs a call, while lines that match are shown
//! together. Where there is one every few KiB, as in many a log, that is up to
//! twice the time.

use std::ops::Range;

use memchr::memchr_iter;
use runner_plugin::FileHead;

/// Matches that are farther apart than that have a call each.
const APART_BYTES: usize = 1 << 10;
/// From so many calls for the file's head on, lines are better.
const MANY_CALLS: usize = 4;

/// Whether the file's head looks like that; `find` tells the first match in
/// what it is given.
pub(crate) fn are_better(file: &FileHead<'_>, find: impl Fn(&[u8]) -> Option<Range<usize>>) -> bool {
    let (mut calls, mut shown, mut at) = (0, 0, 0);
    while let Some(found) = find(&file.head[at..]) {
        if calls == 0 || at + found.start > shown + APART_BYTES {
            calls += 1;
        }
        at += found.end;
        shown = at;
    }
    // Where lines are long, there is less to be gained, and more to be lost.
    calls >= MANY_CALLS && memchr_iter(b'\n', file.head).take(calls).count() == calls
}
