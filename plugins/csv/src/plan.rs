//! What happens to the records of a file.

use crate::begin::{DELETED, DROPPED};
use crate::change::{Buffers, Change, Changer, Failure, RawField};
use crate::record::{Fault, FaultKind, Field, Record, Shape};
use crate::steps::{Step, Steps};
use runner_plugin::Edits;
use std::ops::Range;

/// [`Steps`], with what follows from them.
#[derive(Debug)]
pub(crate) struct Plan {
    steps: Steps,
    /// The columns that change, ascending, with the index of the change. Not
    /// those beyond the first record's.
    changing: Vec<(usize, usize)>,
    /// Whether columns are dropped.
    drops: bool,
    /// Number of fields needed of each record.
    limit: usize,
}

/// A parsed record in its window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The window that contains the record.
    pub(crate) bytes: &'a [u8],
    pub(crate) record: &'a Record,
    /// Its first [`Plan::limit`] fields, or all if there are fewer.
    pub(crate) fields: &'a [Field],
    /// Whether it contains the names of the columns.
    pub(crate) is_header: bool,
}

/// Buffers that are reused to save allocations.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) buffers: Buffers,
    pub(crate) new: Vec<u8>,
    pub(crate) group: Vec<u8>,
}

/// What is wrong, where, and sometimes why.
pub(crate) type Located = (Fault, Option<String>);

impl Plan {
    pub(crate) fn new(steps: Steps) -> Self {
        let drops = steps.rest == Step::Drop || steps.columns.contains(&Step::Drop);
        let places = steps.columns.iter().enumerate();
        let changing = places.filter_map(|(column, step)| match step {
            Step::Change(change) => Some((column, *change)),
            _ => None,
        });
        Self { changing: changing.collect(), drops, limit: steps.limit(usize::from(drops)), steps }
    }

    /// Number of fields needed of each record.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a backslash that may be an escape is a fault.
    pub(crate) fn guards_backslashes(&self) -> bool {
        self.steps.guards_backslashes
    }

    /// Whether the record at this offset contains the names of the columns.
    pub(crate) fn is_header(&self, offset: u64) -> bool {
        self.steps.header == Some(offset)
    }

    /// Whether the file has a header.
    pub(crate) fn has_header(&self) -> bool {
        self.steps.header.is_some()
    }

    /// The change of a column of the first record.
    pub(crate) fn change_of(&self, column: usize) -> Option<&Change> {
        match self.steps.columns.get(column) {
            Some(Step::Change(change)) => self.steps.changes.get(*change),
            _ => None,
        }
    }

    /// The columns that are needed, ascending, if nothing depends on whole
    /// records.
    pub(crate) fn wanted_fields(&self) -> Option<Vec<usize>> {
        let Steps { rest, conditions, expected, .. } = &self.steps;
        let has_records = self.drops || *rest != Step::Keep || !conditions.is_empty() || expected.is_some();
        // A record of one empty field would be an empty line.
        let may_be_empty = self.change_of(0).is_some_and(Change::may_write_nothing);
        if has_records || may_be_empty || self.changing.is_empty() {
            return None;
        }
        let groups = self.steps.changes.iter().filter_map(|change| change.group);
        let mut fields: Vec<usize> = self.changing.iter().map(|(column, _)| *column).chain(groups).collect();
        fields.sort_unstable();
        fields.dedup();
        Some(fields)
    }

    fn step(&self, column: usize) -> Step {
        self.steps.columns.get(column).copied().unwrap_or(self.steps.rest)
    }

    /// Adds the edits of one record. Missing columns are ignored.
    ///
    /// # Errors
    /// If the record cannot be changed as asked.
    pub(crate) fn apply(
        &self,
        changer: &Changer,
        row: Row<'_>,
        scratch: &mut Scratch,
        edits: &mut Edits,
    ) -> Result<(), Located> {
        if row.record.is_blank() {
            return Ok(());
        }
        if let Some(expected) = self.steps.expected.filter(|expected| *expected != row.fields.len()) {
            return Err(at(
                row.record.content.start,
                (FaultKind::Ragged { found: row.fields.len(), expected }, None),
            ));
        }
        if self.steps.guards_backslashes {
            backslash(row)?;
        }
        if !row.is_header && !self.steps.conditions.is_empty() && self.is_deleted(changer, row, scratch) {
            edits.delete(row.record.content.start..row.record.end);
            edits.count(DELETED, 1);
            return Ok(());
        }
        if self.drops {
            return self.edit_rest(changer, row, scratch, edits);
        }
        if !row.is_header {
            self.edit(changer, row, scratch, edits)?;
        }
        Ok(())
    }

    /// Whether one of the conditions holds. A field that the record does not
    /// have counts as empty.
    fn is_deleted(&self, changer: &Changer, row: Row<'_>, scratch: &mut Scratch) -> bool {
        let value = &mut scratch.new;
        self.steps.conditions.iter().any(|(column, condition)| {
            let Some(column) = column else { return false };
            value.clear();
            if let Some(field) = row.fields.get(*column) {
                changer.value(&raw(row, field), value);
            }
            condition.holds(value)
        })
    }

    /// Adds the edits of a record none of whose fields is dropped.
    fn edit(
        &self,
        changer: &Changer,
        row: Row<'_>,
        scratch: &mut Scratch,
        edits: &mut Edits,
    ) -> Result<(), Located> {
        let beyond = match self.steps.rest {
            Step::Change(change) => Some(change),
            _ => None,
        };
        let beyond = beyond
            .map(|change| (self.steps.columns.len()..row.fields.len()).map(move |column| (column, change)));
        let is_only = row.fields.len() == 1 && row.fields[0].end == row.record.content.end;
        for (column, change) in self.changing.iter().copied().chain(beyond.into_iter().flatten()) {
            let Some(field) = row.fields.get(column) else { break };
            let raw = RawField { is_first: column == 0, is_only, ..raw(row, field) };
            let range = self.change(changer, (row, &self.steps.changes[change]), raw, scratch);
            if let Some(range) = range.map_err(|failure| at(field.start, failure))? {
                edits.replace(field.start + range.start..field.start + range.end, &scratch.new);
                edits.count(self.steps.changes[change].count, 1);
            }
        }
        Ok(())
    }

    /// Adds the edits of a record some of whose fields are dropped.
    fn edit_rest(
        &self,
        changer: &Changer,
        row: Row<'_>,
        scratch: &mut Scratch,
        edits: &mut Edits,
    ) -> Result<(), Located> {
        let kept = self.kept(row);
        if !row.is_header {
            let dropped = row.fields.len() - kept;
            edits.count(DROPPED, u64::try_from(dropped).unwrap_or(u64::MAX));
        }
        if kept == 0 {
            return self.empty(changer, row, edits);
        }
        let mut has_kept = false;
        // The start of the field with the spaces before it.
        let mut outer = row.record.content.start;
        let delimiter_bytes = changer.dialect.delimiter.len();
        for (column, field) in row.fields.iter().enumerate() {
            let start = std::mem::replace(&mut outer, field.end + delimiter_bytes);
            let step = self.step(column);
            if step == Step::Drop {
                match has_kept {
                    true => edits.delete(start - delimiter_bytes..field.end),
                    false => edits.delete(start..field.end + delimiter_bytes),
                }
                continue;
            }
            let raw = RawField { is_first: !has_kept, is_only: kept == 1, ..raw(row, field) };
            has_kept = true;
            let mut range = match step {
                Step::Change(change) if !row.is_header => {
                    let change = &self.steps.changes[change];
                    let range = self.change(changer, (row, change), raw, scratch);
                    edits.count(change.count, u64::from(matches!(range, Ok(Some(_)))));
                    range
                }
                _ => Ok(None),
            };
            if range == Ok(None) {
                let Scratch { buffers, new, .. } = &mut *scratch;
                let is_changed = changer.protect(&raw, buffers, new);
                range = is_changed.map(|is_changed| is_changed.then_some(0..raw.raw.len()));
            }
            if let Some(range) = range.map_err(|failure| at(field.start, failure))? {
                edits.replace(field.start + range.start..field.start + range.end, &scratch.new);
            }
        }
        Ok(())
    }

    /// The changed part of a field, with its replacement in the scratch.
    fn change(
        &self,
        changer: &Changer,
        (row, change): (Row<'_>, &Change),
        field: RawField<'_>,
        scratch: &mut Scratch,
    ) -> Result<Option<Range<usize>>, Failure> {
        let Scratch { buffers, new, group } = scratch;
        group.clear();
        if let Some(column) = change.group {
            let Some(by) = row.fields.get(column) else {
                let why = "its record has no value to shift it by".to_owned();
                return Err((FaultKind::Value, Some(why)));
            };
            changer.value(&raw(row, by), group);
        }
        let range = changer.change(change, &RawField { group, ..field }, buffers, new)?;
        self.guarded(range, &field, new)
    }

    /// Refuses a new field that ends with a backslash where that may be an
    /// escape: a reader could take what follows for a part of the value.
    pub(crate) fn guarded(
        &self,
        range: Option<Range<usize>>,
        field: &RawField<'_>,
        new: &[u8],
    ) -> Result<Option<Range<usize>>, Failure> {
        let is_guarded = self.steps.guards_backslashes && field.shape == Shape::Bare;
        let Some(range) = range.clone().filter(|_| is_guarded) else { return Ok(range) };
        let parts = [&field.raw[..range.start], new, &field.raw[range.end..]];
        let bytes = parts.iter().rev().flat_map(|part| part.iter().rev());
        match bytes.take_while(|byte| **byte == b'\\').count() % 2 {
            0 => Ok(Some(range)),
            _ => Err((FaultKind::Backslash, Some("the new value would end with it".to_owned()))),
        }
    }

    /// Number of fields that are not dropped; exact up to one.
    fn kept(&self, row: Row<'_>) -> usize {
        (0..row.fields.len()).filter(|column| self.step(*column) != Step::Drop).count()
    }

    /// Replaces a record that has no field left by one empty field. Without
    /// quotes, this can only be an empty line.
    fn empty(&self, changer: &Changer, row: Row<'_>, edits: &mut Edits) -> Result<(), Located> {
        match changer.dialect.quote {
            Some(quote) => {
                edits.replace(row.record.content.clone(), &[quote, quote]);
                Ok(())
            }
            None => Err(at(row.record.content.start, (FaultKind::BecomesEmpty, None))),
        }
    }
}

/// Refuses a backslash that would be an escape in the exports of databases:
/// before a delimiter or a line end, outside quotes. The next fields would be
/// taken for others.
fn backslash(row: Row<'_>) -> Result<(), Located> {
    let bare = row.fields.iter().filter(|field| field.shape != Shape::Quoted);
    // Fields beyond the needed ones were not read, but the last one may be cut.
    let has_line_end = row.record.end > row.record.content.end;
    let ends = bare
        .map(|field| (field.start, field.end))
        .filter(|(_, end)| has_line_end || *end < row.record.content.end);
    let last = has_line_end.then_some((row.record.content.start, row.record.content.end));
    for (start, end) in ends.chain(last) {
        let text = &row.bytes[start..end];
        let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            return Err(at(end - 1, (FaultKind::Backslash, None)));
        }
    }
    Ok(())
}

fn at(at: usize, (kind, why): Failure) -> Located {
    (Fault { at, kind }, why)
}

fn raw<'a>(row: Row<'a>, field: &Field) -> RawField<'a> {
    RawField {
        raw: &row.bytes[field.range()],
        shape: field.shape,
        is_first: false,
        is_only: false,
        group: b"",
    }
}
