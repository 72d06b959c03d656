//! Checks a plugin's replies, and maps them to the file.
//!
//! A reply that passes cannot reach outside its window, overlap a different
//! edit, or break a claim.

use std::ops::Range;

use runner_contract::{Change, Count, Framing, Job, MAX_COUNTS, Reply, Span, Window};

use crate::engine::chain::Trace;
use crate::engine::counts::Counts;
use crate::engine::diff;
use crate::engine::edits::EditList;
use crate::error::{Error, Fault, Kind, Result};
use crate::memory::{Budget, Denied};
use crate::profile::{self, Stage};

/// Maximum memory to match one line: the line, its entry in a table of distinct
/// lines, and the key for comparing it.
const LINE_BYTES: usize = 80;

/// What has been found so far.
#[derive(Debug, Default)]
pub struct Found {
    /// Edits that change something.
    pub(crate) edits: EditList,
    /// Where the first edit in a reply starts, including one without effect.
    pub(crate) first: Option<u64>,
    /// Where the last edit ends.
    pub(crate) reach: u64,
    /// What the plugin has counted.
    pub(crate) counts: Counts,
    /// How far several plugins got, where there are several.
    pub(crate) trace: Option<Trace>,
}

/// The origin of the parts of a window: consecutive pieces, each at a file
/// offset. A window has one piece unless records were packed together.
pub(crate) struct Origin<'a>(pub(crate) &'a [Piece]);

/// A piece of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Its offset in the window.
    pub(crate) at: u32,
    /// Its offset in the file.
    pub(crate) offset: u64,
    /// Its length in bytes.
    pub(crate) bytes: u32,
}

impl Origin<'_> {
    /// The file offset of a byte of the window, or of its end.
    pub(crate) fn of_byte(&self, at: u32) -> Option<u64> {
        let index = self.0.partition_point(|piece| piece.at <= at).checked_sub(1)?;
        let piece = self.0[index];
        Some(piece.offset + u64::from((at - piece.at).min(piece.bytes)))
    }

    /// The file offset of `[start, end)`; `None` when the range crosses from
    /// one piece to the next. Between two pieces, an insertion belongs to the
    /// second one.
    fn offset(&self, start: u32, end: u32) -> Option<u64> {
        let index = self.0.partition_point(|piece| piece.at <= start).checked_sub(1)?;
        let piece = self.0[index];
        (end <= piece.at + piece.bytes).then(|| piece.offset + u64::from(start - piece.at))
    }
}

/// The request that a reply answers.
pub(crate) struct Request<'a> {
    pub(crate) job: &'a Job,
    pub(crate) window: &'a Window<'a>,
    pub(crate) origin: &'a Origin<'a>,
}

/// Appends the edits of one reply to `found`.
///
/// # Errors
/// [`Kind::Plugin`] when the reply breaks the contract.
pub(crate) fn accept(request: &Request<'_>, reply: &Reply, found: &mut Found) -> Result<()> {
    let _span = profile::span(Stage::Accept);
    let window = request.window;
    let limit = match request.job.framing {
        Framing::Sequential => usize::try_from(reply.consumed).unwrap_or(usize::MAX).min(window.bytes.len()),
        _ => window.bytes.len(),
    };
    match &reply.change {
        Change::Unchanged => {}
        Change::Edits { spans, bytes } => edits(request, limit, spans, bytes, found)?,
        Change::Replaced(new) => replaced(request, &window.bytes[..limit], new, found)?,
    }
    counts(request, &reply.counts, found)
}

fn counts(request: &Request<'_>, counts: &[Count], found: &mut Found) -> Result<()> {
    if counts.len() > MAX_COUNTS {
        return Err(broken(request.window, &format!("returned {} counts", counts.len())));
    }
    for count in counts {
        let name = count.name as usize;
        if name >= request.job.counts.len() {
            return Err(broken(request.window, &format!("counted {name}, which its job does not name")));
        }
        found.counts.add(name, count.number);
    }
    Ok(())
}

fn replaced(request: &Request<'_>, old: &[u8], new: &[u8], found: &mut Found) -> Result<()> {
    let Request { job, window, .. } = request;
    let is_partial = job.leaves_records_out() || job.projection.is_some();
    if matches!(job.framing, Framing::Overlapping { .. }) || is_partial {
        return Err(broken(window, "replaced a whole window, which its framing or prefilter forbids"));
    }
    if job.claims.length_preserving && new.len() != old.len() {
        return Err(broken(window, "changed a length, but claims that it never does").of_fault(Fault::Claim));
    }
    // Lines are matched using tables with an entry for each line.
    let mut tables = found.edits.lease();
    if old.len() != new.len() {
        let lines = |bytes| memchr::memchr_iter(b'\n', bytes).count() + 1;
        tables.grow((lines(old) + lines(new)).saturating_mul(LINE_BYTES))?;
    }
    diff::diff(old, new, |o, n| Ok(found.push(window.offset + o.start as u64, &old[o], &new[n])?))
}

fn edits(
    request: &Request<'_>,
    limit: usize,
    spans: &[Span],
    mut bytes: &[u8],
    found: &mut Found,
) -> Result<()> {
    let Request { job, window, origin } = *request;
    // Under a sequential framing, bytes that were not consumed are not owned
    // yet.
    let owned_end = window.owned.end.min(limit);
    let mut reach = window.owned.start;
    let mut insertion = None;
    for span in spans {
        let Range { start, end } = span.start as usize..span.end as usize;
        check_place(window, limit, &(start..end))?;
        if start < reach || insertion == Some(start) && start == end {
            return Err(broken(window, &format!("returned overlapping or unsorted edits at byte {start}")));
        }
        if start >= owned_end && !(window.last && start == window.bytes.len()) {
            return Err(outside(window, start));
        }
        if job.claims.length_preserving && end - start != span.len as usize {
            return Err(
                broken(window, "changed a length, but claims that it never does").of_fault(Fault::Claim)
            );
        }
        let Some((new, rest)) = bytes.split_at_checked(span.len as usize) else {
            return Err(broken(window, "returned fewer replacement bytes than its edits need"));
        };
        bytes = rest;
        let Some(offset) = origin.offset(span.start, span.end) else {
            return Err(broken(
                window,
                &format!("returned an edit at byte {start} that crosses into another record or field"),
            ));
        };
        found.push(offset, &window.bytes[start..end], new)?;
        reach = end;
        insertion = (start == end).then_some(start);
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(broken(window, "returned more replacement bytes than its edits need"))
    }
}

/// An edit must lie in the window, and must not start before the owned range.
fn check_place(window: &Window<'_>, limit: usize, edit: &Range<usize>) -> Result<()> {
    let Range { start, end } = *edit;
    if start > end || end > limit {
        return Err(broken(window, &format!("returned an edit of bytes {start} to {end} of {limit}")));
    }
    if start < window.owned.start { Err(outside(window, start)) } else { Ok(()) }
}

fn outside(window: &Window<'_>, start: usize) -> Error {
    broken(window, &format!("returned an edit at byte {start}, outside the range that it owns"))
}

impl Found {
    /// Nothing found yet; edits must start at or after `first`.
    pub(crate) fn new(budget: &Budget, first: u64) -> Self {
        Self {
            edits: EditList::new(budget),
            first: None,
            reach: first,
            counts: Counts::default(),
            trace: None,
        }
    }

    /// The same for edits that are passed to another process, which has the
    /// replaced bytes.
    #[must_use]
    pub fn without_old_bytes(budget: &Budget, first: u64) -> Self {
        Self {
            edits: EditList::without_old(budget),
            first: None,
            reach: first,
            counts: Counts::default(),
            trace: None,
        }
    }

    /// Start, old length and new length of each edit that changes something.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = (u64, u32, u32)> {
        self.edits.spans()
    }

    /// The new bytes of all edits, concatenated.
    #[must_use]
    pub fn new_bytes(&self) -> &[u8] {
        self.edits.all_new_bytes()
    }

    /// The start of the first edit and the end of the last one, edits without
    /// effect included.
    #[must_use]
    pub fn touched(&self) -> Option<(u64, u64)> {
        self.first.map(|first| (first, self.reach))
    }

    /// What the plugin has counted: index of the name, and sum.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter()
    }

    /// Whether the edits and counts are those of another.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.edits.is_same(&other.edits) && self.counts == other.counts
    }

    /// Adds what was found after all of this.
    pub(crate) fn append(&mut self, other: Self) {
        if other.first.is_some() {
            self.first = self.first.or(other.first);
            self.reach = other.reach;
        }
        self.counts.append(&other.counts);
        self.edits.append(other.edits);
    }

    #[inline]
    pub(crate) fn push(&mut self, start: u64, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        self.first.get_or_insert(start);
        self.reach = start + old.len() as u64;
        if old == new { Ok(()) } else { self.edits.push(start, old, new) }
    }
}

/// The error for a reply that breaks the contract.
pub(crate) fn broken(window: &Window<'_>, what: &str) -> Error {
    Error::new(Kind::Plugin, format!("the plugin {what}, in the window at offset {}", window.offset))
        .hint("this is a bug in the plugin")
        .of_fault(Fault::Contract)
}
