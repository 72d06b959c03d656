//! Finds where records end. Pure: maps bytes to boundaries.
//!
//! Parallel workers scan a file in *blocks*. Each worker owns the records that
//! *start* in its block, and may have to read into the next block to find the
//! end of its last record. About the bytes before its block, a worker needs a
//! single number, the *carry*:
//!
//! | framing         | carry at an offset                                   |
//! |-----------------|------------------------------------------------------|
//! | quoted          | 1 inside quotes, else 0                              |
//! | length-prefixed | where the first record at or after the offset starts |
//! | all others      | 0 (not needed)                                        |
//!
//! The results depend only on the file, not on its division into blocks, views
//! or windows, as long as the caller meets the requirements of each method.
//!
//! Framings without records (`bytes`, `overlapping`, `sequential`) have a
//! boundary at every offset: each byte is a record.

mod kinds;
#[cfg(test)]
mod tests;

use std::ops::Range;

use kinds::{Delimited, Fixed, LengthPrefixed, Parity, Quoted};
use runner_contract::Framing;

use crate::error::{Error, Kind as ErrorKind, Result};
use crate::escape::{count, group_digits};

/// Records up to this size are held whole, whatever the window.
pub const MIN_RECORD_LIMIT_BYTES: u64 = 16 << 20;

/// A contiguous part of the file.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The file offset of the first byte.
    pub base: u64,
    /// The content.
    pub bytes: &'a [u8],
    /// Whether the file ends with `bytes`. Otherwise more bytes follow.
    pub end: bool,
}

impl<'a> View<'a> {
    /// The offset one past the last byte.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// The bytes of `range` that are in view.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> &'a [u8] {
        let start = range.start.max(self.base);
        let end = range.end.min(self.limit());
        if start < end { &self.bytes[(start - self.base) as usize..(end - self.base) as usize] } else { &[] }
    }
}

/// A prepared framing, with the maximum length of a record.
#[derive(Debug, Clone)]
pub struct Cutter {
    kind: Kind,
    record_limit: u64,
}

#[derive(Debug, Clone)]
enum Kind {
    Any,
    Delimited(Box<Delimited>),
    Quoted(Quoted),
    Fixed(Fixed),
    LengthPrefixed(LengthPrefixed),
}

impl Cutter {
    /// A cutter for a framing that passed [`Job::validate`](runner_contract::Job::validate).
    #[must_use]
    pub fn new(framing: &Framing, record_limit_bytes: u64) -> Self {
        let kind = match framing {
            Framing::Bytes | Framing::Overlapping { .. } | Framing::Sequential => Kind::Any,
            Framing::Delimited(delimiter) => Kind::Delimited(Box::new(Delimited::new(delimiter))),
            &Framing::Quoted { delimiter, quote } => Kind::Quoted(Quoted { delimiter, quote }),
            &Framing::Fixed { header, size } => Kind::Fixed(Fixed { header, size }),
            &Framing::LengthPrefixed { header, offset, width, order, adjustment, ref checks } => {
                let checks = checks.clone();
                Kind::LengthPrefixed(LengthPrefixed { header, offset, width, order, adjustment, checks })
            }
        };
        Self { kind, record_limit: record_limit_bytes }
    }

    /// Number of bytes before the start of a record or block that a view must
    /// contain, as far as the file has them.
    #[must_use]
    pub fn look_behind(&self) -> u64 {
        match &self.kind {
            Kind::Delimited(delimited) => delimited.len(),
            Kind::Quoted(_) => 1,
            Kind::Any | Kind::Fixed(_) | Kind::LengthPrefixed(_) => 0,
        }
    }

    /// Whether carries must be computed; see the module's documentation.
    #[must_use]
    pub fn needs_carry(&self) -> bool {
        matches!(self.kind, Kind::Quoted(_) | Kind::LengthPrefixed(_))
    }

    /// The carry at offset 0.
    #[must_use]
    pub fn initial_carry(&self) -> u64 {
        match &self.kind {
            Kind::LengthPrefixed(records) => records.header,
            Kind::Any | Kind::Delimited(_) | Kind::Quoted(_) | Kind::Fixed(_) => 0,
        }
    }

    /// The part of [`Cutter::advance`] that reads the whole block. It needs
    /// nothing from before the block, so it can run in parallel.
    #[must_use]
    pub fn summarize(&self, view: &View<'_>, block: Range<u64>) -> u64 {
        match &self.kind {
            Kind::Quoted(quoted) => quoted.count(view, block) % 2,
            Kind::Any | Kind::Delimited(_) | Kind::Fixed(_) | Kind::LengthPrefixed(_) => 0,
        }
    }

    /// The carry at the block's end, computed from the carry at its start and
    /// the block's summary. To be called in file order. `None` if the view is
    /// too short to determine it. The carry may lie past the end of the file:
    /// then the last record was cut short.
    ///
    /// # Errors
    /// When a record states an impossible length.
    pub fn advance(
        &self,
        view: &View<'_>,
        block: Range<u64>,
        carry: u64,
        summary: u64,
    ) -> Result<Option<u64>> {
        match &self.kind {
            Kind::Quoted(_) => Ok(Some(carry ^ summary)),
            Kind::LengthPrefixed(records) => records.first_at_or_after(view, carry, block.end),
            Kind::Any | Kind::Delimited(_) | Kind::Fixed(_) => Ok(Some(0)),
        }
    }

    /// The first offset in `block` at which a record starts. Neither the end of
    /// the file nor an offset in a header is a start. Reads nothing beyond the
    /// block, however long the record is that spans it.
    ///
    /// `carry` must be the carry at the block's start, and `block` must lie in
    /// the view with [`Cutter::look_behind`] bytes before it.
    #[must_use]
    pub fn first_start(&self, view: &View<'_>, block: Range<u64>, carry: u64) -> Option<u64> {
        let block = block.start..block.end.min(view.limit());
        if block.is_empty() {
            return None;
        }
        let start = match &self.kind {
            Kind::Any => Some(block.start),
            Kind::Delimited(_) | Kind::Quoted(_) if block.start == 0 => Some(0),
            // A boundary exactly at the block's end starts a record of the next
            // block.
            Kind::Delimited(delimited) => delimited.boundary_in(view, block.start, block.end - 1),
            Kind::Quoted(quoted) => {
                let parity = Parity::of(carry + quoted.count(view, block.start - 1..block.start));
                quoted.boundary_in(view, block.start, block.end - 1, parity)
            }
            Kind::Fixed(fixed) => fixed.boundary_at_or_after(block.start),
            Kind::LengthPrefixed(_) => Some(carry),
        };
        start.filter(|start| block.contains(start))
    }

    /// The first boundary after `from` that is not before `at_least`. The end
    /// of the file counts as a boundary. `None` if the view is too short to
    /// determine it, which happens only when the file continues after the view.
    ///
    /// `from` must be the start of a record before the end of the file, in view
    /// with [`Cutter::look_behind`] bytes. `at_least` may be after `from` by at
    /// most the record limit. Then every record that ends at or before the
    /// result keeps the limit, whatever `from` and `at_least` are.
    ///
    /// # Errors
    /// When the record that ends at the result is longer than the limit (at
    /// most the limit is read beyond `at_least` to find out), or a record
    /// states an impossible length.
    pub fn next_boundary(&self, view: &View<'_>, from: u64, at_least: u64) -> Result<Option<u64>> {
        let target = at_least.max(from.saturating_add(1));
        if target > view.limit() && !view.end {
            return Ok(None);
        }
        let target = target.min(view.limit());
        let stop = target.saturating_add(self.record_limit).min(view.limit());
        let found = self.boundary_in(view, from, target, stop)?;
        // The record extends at least to this point: a boundary, the end of the
        // view, or the limit.
        let end = found.unwrap_or(stop);
        if end - from > self.record_limit {
            // No boundary is in `target..end`, so the record starts at the last
            // one before `target`.
            let start = self.start_before(view, from, target)?;
            if end - start > self.record_limit {
                return Err(self.too_long(start));
            }
        }
        Ok((found.is_some() || view.end).then_some(end))
    }

    /// Where the last record that starts before `block_end` ends, which is the
    /// first boundary that is not before `block_end`. `None` if the view is too
    /// short to determine it.
    ///
    /// `first` must be the start of a record before `block_end`, in view with
    /// [`Cutter::look_behind`] bytes; no further than the record limit away.
    /// `carry` must be the carry at `block_end`. With it, nothing before
    /// `block_end` is read, unless the record is too long.
    ///
    /// # Errors
    /// As for [`Cutter::next_boundary`].
    pub fn last_end(&self, view: &View<'_>, first: u64, block_end: u64, carry: u64) -> Result<Option<u64>> {
        let limit = view.limit();
        let end = match self.first_start(
            view,
            block_end..limit.min(first.saturating_add(self.record_limit)),
            carry,
        ) {
            Some(end) => Some(end),
            None => Some(limit).filter(|_| view.end),
        };
        match end.filter(|end| end - first <= self.record_limit) {
            Some(end) => Ok(Some(end)),
            None => self.next_boundary(view, first, block_end),
        }
    }

    /// The last boundary in view, or `from`, which must be the start of a
    /// record in view with [`Cutter::look_behind`] bytes. It is a boundary
    /// however the file continues.
    ///
    /// # Errors
    /// When a record states an impossible length.
    pub fn last_boundary(&self, view: &View<'_>, from: u64) -> Result<u64> {
        self.start_before(view, from, view.limit() + 1)
    }

    /// The record that contains `hit`.
    ///
    /// `from` must be the start of a record at or before `hit`, in view with
    /// [`Cutter::look_behind`] bytes. The end of the record must be in view as
    /// well; otherwise the record counts as ending with the view.
    ///
    /// # Errors
    /// When a record states an impossible length.
    pub fn record_at(&self, view: &View<'_>, from: u64, hit: u64) -> Result<Range<u64>> {
        let start = self.start_before(view, from, hit + 1)?;
        let end = self.boundary_in(view, start, hit + 1, view.limit())?;
        Ok(start..end.unwrap_or(view.limit()))
    }

    /// The first boundary in `target..=stop`. `stop` must be in view, and
    /// `from` the start of a record before `target`. If the end of the file
    /// cuts a record short, that end is not found here.
    fn boundary_in(&self, view: &View<'_>, from: u64, target: u64, stop: u64) -> Result<Option<u64>> {
        let boundary = match &self.kind {
            Kind::Any => Some(target),
            Kind::Delimited(delimited) => delimited.boundary_in(view, target, stop),
            Kind::Quoted(quoted) => {
                let parity = Parity::of(quoted.count(view, from..target - 1));
                quoted.boundary_in(view, target, stop, parity)
            }
            Kind::Fixed(fixed) => fixed.boundary_at_or_after(target),
            Kind::LengthPrefixed(records) => records.boundary_in(view, from, target, stop)?,
        };
        Ok(boundary.filter(|boundary| *boundary <= stop))
    }

    /// The last record start before `before`, at or after `from`, which is a
    /// record start itself.
    fn start_before(&self, view: &View<'_>, from: u64, before: u64) -> Result<u64> {
        match &self.kind {
            Kind::Any => Ok(before - 1),
            Kind::Delimited(delimited) => Ok(delimited.start_before(view, from, before)),
            Kind::Quoted(quoted) => Ok(quoted.start_before(view, from, before)),
            Kind::Fixed(fixed) => Ok(fixed.start_before(before)),
            Kind::LengthPrefixed(records) => records.start_before(view, from, before),
        }
    }

    fn too_long(&self, start: u64) -> Error {
        let (start, limit) = (group_digits(start), count(self.record_limit, "byte"));
        Error::new(
            ErrorKind::Io,
            format!("the record at offset {start} is longer than the limit of {limit}"),
        )
        .hint(match self.kind {
            Kind::Quoted(_) => {
                "an unclosed quote turns everything after it into one record; otherwise raise the limit with `--window`, up to 1GiB"
            }
            _ => {
                "raise the limit with `--window`, up to 1GiB; some plugins can work without records, such as `replace` with `--set multiline=true`"
            }
        })
    }
}
