//! How far the input and the output of a command are matched, while it goes on.
//!
//! A command writes later than it reads: output waits in its buffers. So the output
//! so far comes from a part of the input so far. Any cut of both
//! gives the right bytes in the end; a good one keeps records that stay out of
//! the edits.

use runner_pipeline::engine::diff::{Records, each_hunk};

/// Longest window that is held back because too little of it is settled. The
/// next one is up to twice as long, which every limit of records allows.
const HELD_BYTES: usize = 4 << 20;
/// How often the records that are left are matched again.
const ROUNDS: usize = 64;

/// So much of a window, and of the output, belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) input: usize,
    pub(super) output: usize,
}

/// Whether a window has too few new bytes to be worth a look. It will be longer
/// the next time.
pub(super) fn is_too_short(new_bytes: usize, window_bytes: usize) -> bool {
    new_bytes < window_bytes / 4 && window_bytes <= HELD_BYTES
}

/// How much of a window, and of the output that there is, belongs together. More
/// than half of the window, or nothing, so that a longer one comes.
pub(super) fn settle(input: &[u8], output: &[u8], terminator: &[u8]) -> Settled {
    let (old, new) = (whole(input, terminator), whole(output, terminator));
    let (mut o, mut n) = (0, 0);
    for _ in 0..ROUNDS {
        let (olds, news) = matched(&old, &new, (o, n));
        if olds + news == 0 {
            break;
        }
        (o, n) = (o + olds, n + news);
    }
    let enough = |records: usize| 2 * old.bytes(0..records).end >= input.len();
    if !enough(o) {
        // Nothing stays, or nothing is alike: then one record comes out for each
        // that goes in, as far as that can be.
        let pairs = (old.count() - o).min(new.count() - n);
        (o, n) = (o + pairs, n + pairs);
    }
    if enough(o) {
        return Settled { input: old.bytes(0..o).end, output: new.bytes(0..n).end };
    }
    if input.len() <= HELD_BYTES {
        return Settled { input: 0, output: 0 };
    }
    // What was read without an answer counts as gone.
    let gone = if old.count() == 0 { input.len() } else { old.bytes(0..old.count()).end };
    Settled { input: gone, output: new.bytes(0..new.count()).end }
}

/// The records that end with a terminator.
fn whole<'a>(text: &'a [u8], terminator: &[u8]) -> Records<'a> {
    let records = Records::new(text, terminator);
    let count = records.count();
    if text.ends_with(terminator) { records } else { records.part(0..count.saturating_sub(1)) }
}

/// Compares as many records of each as both have, from these indices on. Returns
/// how many of each lie before the end of the last ones that are equal; all, if
/// as many follow on both sides.
fn matched(old: &Records<'_>, new: &Records<'_>, (o, n): (usize, usize)) -> (usize, usize) {
    let count = (old.count() - o).min(new.count() - n);
    let (old, new) = (old.part(o..o + count), new.part(n..n + count));
    let mut after = (0..count, 0..count);
    let mut is_alike = false;
    let mut reach = 0;
    // Nothing fails here.
    let _ = each_hunk(&old, &new, |olds, news| {
        is_alike |= olds.start > reach;
        reach = olds.end;
        after = (olds, news);
        Ok(())
    });
    is_alike |= reach < count;
    let is_trailing = after.0.end == count && after.1.end == count;
    match is_trailing {
        _ if count == 0 => (0, 0),
        // No difference at all, or one before the last record.
        _ if reach < count => (count, count),
        true if after.0.len() == after.1.len() && is_alike => (count, count),
        _ => (after.0.start, after.1.start),
    }
}
