//! Checks what a plugin has answered, and maps it to the file.
//!
//! Nothing that passes here can reach outside the window it was an answer to,
//! overlap another edit, or break a claim.

use std::ops::Range;

use runner_contract::{Change, Framing, Job, Prefilter, Reply, Span, Window};

use crate::cancel::{Deadline, Paced};
use crate::engine::diff;
use crate::engine::edits::EditList;
use crate::error::{Error, Kind, Result};
use crate::memory::{Budget, Denied};
use crate::profile::{self, Stage};

/// Memory that matching takes for a line, at most: the line itself, its place
/// in a table of all different ones, and what it is compared by.
const LINE_BYTES: usize = 80;
/// Nanoseconds that an edit takes, about; and bytes that are copied in one.
const SPAN_NS: usize = 50;
const COPIED_PER_NS: usize = 8;

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The edits that change something.
    pub(crate) edits: EditList,
    /// Where the first edit starts that was answered, one without effect
    /// included.
    pub(crate) first: Option<u64>,
    /// Where the last one ends.
    pub(crate) reach: u64,
}

/// Where the parts of a window come from: consecutive pieces of the window,
/// each at a file offset. One piece, unless records were packed together.
pub(crate) struct Origin<'a>(pub(crate) &'a [Piece]);

/// A piece of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Where in the window it begins.
    pub(crate) at: u32,
    /// Where in the file it begins.
    pub(crate) offset: u64,
    /// Its length in bytes.
    pub(crate) bytes: u32,
}

impl Origin<'_> {
    /// The file offset of `[start, end)`; `None` when it crosses a seam. At a
    /// seam, an insertion belongs to the piece that begins there.
    fn offset(&self, start: u32, end: u32) -> Option<u64> {
        let index = self.0.partition_point(|piece| piece.at <= start).checked_sub(1)?;
        let piece = self.0[index];
        (end <= piece.at + piece.bytes).then(|| piece.offset + u64::from(start - piece.at))
    }
}

/// What a reply is an answer to.
pub(crate) struct Asked<'a> {
    pub(crate) job: &'a Job,
    pub(crate) window: &'a Window<'a>,
    pub(crate) origin: &'a Origin<'a>,
    /// The end of the time for the call, which checking counts towards.
    pub(crate) deadline: &'a Deadline<'a>,
}

/// Appends the edits of one reply to `found`.
///
/// # Errors
/// [`Kind::Plugin`] when the reply breaks the contract, or takes too long to
/// be checked.
pub(crate) fn accept(asked: &Asked<'_>, reply: &Reply, found: &mut Found) -> Result<()> {
    let _span = profile::span(Stage::Accept);
    let window = asked.window;
    let limit = match asked.job.framing {
        Framing::Sequential => usize::try_from(reply.consumed).unwrap_or(usize::MAX).min(window.bytes.len()),
        _ => window.bytes.len(),
    };
    match &reply.change {
        Change::Unchanged => Ok(()),
        Change::Edits { spans, bytes } => edits(asked, limit, spans, bytes, found),
        Change::Replaced(new) => replaced(asked, &window.bytes[..limit], new, found),
    }
}

fn replaced(asked: &Asked<'_>, old: &[u8], new: &[u8], found: &mut Found) -> Result<()> {
    let Asked { job, window, .. } = asked;
    if matches!(job.framing, Framing::Overlapping { .. }) || job.prefilter != Prefilter::None {
        return Err(broken(window, "replaced a whole window, which its framing or prefilter forbids"));
    }
    if job.length_preserving && new.len() != old.len() {
        return Err(broken(window, "changed a length, but claims that it never does"));
    }
    // Lines are matched by way of tables with an entry for each.
    let mut tables = found.edits.lease();
    if old.len() != new.len() {
        let lines = |bytes| memchr::memchr_iter(b'\n', bytes).count() + 1;
        tables.grow((lines(old) + lines(new)).saturating_mul(LINE_BYTES))?;
    }
    let mut pace = Paced::new(asked.deadline, "matching the lines of the plugin's answer with the window's");
    diff::diff(old, new, &mut pace, |o, n| {
        Ok(found.push(window.offset + o.start as u64, &old[o], &new[n])?)
    })
}

fn edits(asked: &Asked<'_>, limit: usize, spans: &[Span], mut bytes: &[u8], found: &mut Found) -> Result<()> {
    let Asked { job, window, origin, deadline } = *asked;
    // Under a sequential framing, what was not consumed is not owned yet.
    let owned_end = window.owned.end.min(limit);
    let mut reach = window.owned.start;
    let mut insertion = None;
    let mut pace = Paced::new(deadline, "checking the plugin's answer");
    for span in spans {
        pace.step(SPAN_NS + span.len as usize / COPIED_PER_NS)?;
        let Range { start, end } = span.start as usize..span.end as usize;
        check_place(window, limit, &(start..end))?;
        if start < reach || insertion == Some(start) && start == end {
            return Err(broken(window, &format!("answered overlapping or unsorted edits at byte {start}")));
        }
        if start >= owned_end && !(window.last && start == window.bytes.len()) {
            return Err(outside(window, start));
        }
        if job.length_preserving && end - start != span.len as usize {
            return Err(broken(window, "changed a length, but claims that it never does"));
        }
        let Some((new, rest)) = bytes.split_at_checked(span.len as usize) else {
            return Err(broken(window, "answered fewer replacement bytes than its edits need"));
        };
        bytes = rest;
        let Some(offset) = origin.offset(span.start, span.end) else {
            return Err(broken(
                window,
                &format!("answered an edit at byte {start} that crosses into another record"),
            ));
        };
        found.push(offset, &window.bytes[start..end], new)?;
        reach = end;
        insertion = (start == end).then_some(start);
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(broken(window, "answered more replacement bytes than its edits need"))
    }
}

/// An edit lies in the window, and does not start before what it owns.
fn check_place(window: &Window<'_>, limit: usize, edit: &Range<usize>) -> Result<()> {
    let Range { start, end } = *edit;
    if start > end || end > limit {
        return Err(broken(window, &format!("answered an edit of bytes {start} to {end} of {limit}")));
    }
    if start < window.owned.start { Err(outside(window, start)) } else { Ok(()) }
}

fn outside(window: &Window<'_>, start: usize) -> Error {
    broken(window, &format!("answered an edit at byte {start}, outside of what it owns"))
}

impl Found {
    /// Nothing found yet, from `first` on.
    pub(crate) fn new(budget: &Budget, first: u64) -> Self {
        Self { edits: EditList::new(budget), first: None, reach: first }
    }

    fn push(&mut self, start: u64, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        self.first.get_or_insert(start);
        self.reach = start + old.len() as u64;
        if old == new { Ok(()) } else { self.edits.push(start, old, new) }
    }
}

/// An answer that breaks the contract.
pub(crate) fn broken(window: &Window<'_>, what: &str) -> Error {
    Error::new(Kind::Plugin, format!("the plugin {what}, in the window at offset {}", window.offset))
        .hint("this is a fault in the plugin; the file is untouched")
}
