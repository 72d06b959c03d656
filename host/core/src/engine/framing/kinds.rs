//! One struct for each framing with records. Offsets are file offsets. See
//! [`super::Cutter`] for the contracts of the operations with the same names.

use std::ops::Range;

use memchr::memmem::{Finder, FinderRev};
use memchr::{memchr_iter, memchr2_iter};
use runner_contract::{ByteOrder, FieldCheck};

use super::View;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::escape::group_digits;

/// A boundary follows every occurrence of the delimiter, overlapping ones
/// included. So only the few bytes before an offset decide whether it is a
/// boundary.
#[derive(Debug, Clone)]
pub(super) struct Delimited {
    finder: Finder<'static>,
    finder_rev: FinderRev<'static>,
}

impl Delimited {
    pub(super) fn new(delimiter: &[u8]) -> Self {
        Self {
            finder: Finder::new(delimiter).into_owned(),
            finder_rev: FinderRev::new(delimiter).into_owned(),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.finder.needle().len() as u64
    }

    /// The first boundary in `target..=stop`.
    pub(super) fn boundary_in(&self, view: &View<'_>, target: u64, stop: u64) -> Option<u64> {
        let start = target.saturating_sub(self.len()).max(view.base);
        let at = self.finder.find(view.slice(start..stop))?;
        Some(start + at as u64 + self.len())
    }

    pub(super) fn start_before(&self, view: &View<'_>, from: u64, before: u64) -> u64 {
        // Occurrences that end after `from`.
        let start = (from + 1).saturating_sub(self.len()).max(view.base);
        match self.finder_rev.rfind(view.slice(start..before - 1)) {
            Some(at) => start + at as u64 + self.len(),
            None => from,
        }
    }
}

/// A boundary follows every delimiter that has an even number of quotes before
/// it in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

/// Whether an offset is inside quotes: whether the number of quotes before it
/// is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parity {
    Outside,
    Inside,
}

impl Parity {
    pub(super) fn of(quotes: u64) -> Self {
        if quotes % 2 == 1 { Self::Inside } else { Self::Outside }
    }
}

impl Quoted {
    /// The number of quotes in a range.
    pub(super) fn count(self, view: &View<'_>, range: Range<u64>) -> u64 {
        memchr_iter(self.quote, view.slice(range)).count() as u64
    }

    /// The first boundary in `target..=stop`. The byte at `target - 1` is the
    /// first that can end a record; `parity` is the parity of the quotes before
    /// it.
    pub(super) fn boundary_in(self, view: &View<'_>, target: u64, stop: u64, parity: Parity) -> Option<u64> {
        let start = target - 1;
        let mut inside = parity == Parity::Inside;
        let bytes = view.slice(start..stop);
        for at in memchr2_iter(self.delimiter, self.quote, bytes) {
            if bytes[at] == self.quote {
                inside = !inside;
            } else if !inside {
                return Some(start + at as u64 + 1);
            }
        }
        None
    }

    pub(super) fn start_before(self, view: &View<'_>, from: u64, before: u64) -> u64 {
        let bytes = view.slice(from..before - 1);
        let mut inside = Parity::of(self.count(view, from..before - 1)) == Parity::Inside;
        for at in memchr2_iter(self.delimiter, self.quote, bytes).rev() {
            if bytes[at] == self.quote {
                inside = !inside;
            } else if !inside {
                return from + at as u64 + 1;
            }
        }
        from
    }
}

/// Records of a fixed size after a header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    pub(super) header: u64,
    pub(super) size: u64,
}

impl Fixed {
    /// Returns `None` if the boundary would not be below 2^64.
    pub(super) fn boundary_at_or_after(self, target: u64) -> Option<u64> {
        let records = target.saturating_sub(self.header).div_ceil(self.size);
        records.checked_mul(self.size)?.checked_add(self.header)
    }

    pub(super) fn start_before(self, before: u64) -> u64 {
        let content = (before - 1).saturating_sub(self.header);
        self.header + content / self.size * self.size
    }
}

/// Records that state their length, after a header. Boundaries can only be
/// found by walking from record to record.
#[derive(Debug, Clone)]
pub(super) struct LengthPrefixed {
    pub(super) header: u64,
    pub(super) offset: u32,
    pub(super) width: u8,
    pub(super) order: ByteOrder,
    pub(super) adjustment: i64,
    /// What is true of the head of every record.
    pub(super) checks: Vec<FieldCheck>,
}

impl LengthPrefixed {
    /// The first record start at or after `target`, walking from a record
    /// start. If the file ends within a record's length field, the result is
    /// the end of the file.
    pub(super) fn first_at_or_after(
        &self,
        view: &View<'_>,
        mut start: u64,
        target: u64,
    ) -> Result<Option<u64>> {
        while start < target {
            match self.stated_end(view, start)? {
                Some(end) => start = end,
                None => return Ok(view.end.then_some(view.limit())),
            }
        }
        Ok(Some(start))
    }

    /// The first boundary in `target..=stop`.
    pub(super) fn boundary_in(
        &self,
        view: &View<'_>,
        from: u64,
        target: u64,
        stop: u64,
    ) -> Result<Option<u64>> {
        Ok(self.first_at_or_after(view, from, target)?.filter(|end| *end <= stop))
    }

    pub(super) fn start_before(&self, view: &View<'_>, from: u64, before: u64) -> Result<u64> {
        let mut start = from;
        while let Some(end) = self.stated_end(view, start)?.filter(|end| *end < before) {
            start = end;
        }
        Ok(start)
    }

    /// The end of the record at `start` according to its length field, which
    /// may be after the end of the file. `None` if the field is not wholly in
    /// view.
    fn stated_end(&self, view: &View<'_>, start: u64) -> Result<Option<u64>> {
        let width = u64::from(self.width);
        let field_start = start.saturating_add(self.offset.into());
        let field = view.slice(field_start..field_start.saturating_add(width));
        if field.len() as u64 != width {
            return Ok(None);
        }
        if !self.checks.iter().all(|check| check.allows(view.slice(start..view.limit()))) {
            let start = group_digits(start);
            let what =
                format!("the record at offset {start} does not begin as the plugin says all records do");
            return Err(Error::new(ErrorKind::Io, what)
                .hint("the file is damaged, or is not in the format that the plugin reads"));
        }
        let value = self.order.decode(field);
        // None of this can overflow: four numbers of at most 64 bits.
        let least = i128::from(self.offset) + i128::from(self.width);
        let length = least + i128::from(value) + i128::from(self.adjustment);
        match u64::try_from(i128::from(start) + length) {
            Ok(end) if length >= least => Ok(Some(end)),
            _ => Err(Error::new(
                ErrorKind::Io,
                format!(
                    "the record at offset {} states an impossible length: {} bytes",
                    group_digits(start),
                    group_digits(length)
                ),
            )
            .hint("the file is damaged, or is not in the format that the plugin reads")),
        }
    }
}
