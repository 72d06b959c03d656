//! The rows of an `INSERT`, one at a time: a statement may be longer than any
//! memory.

use std::sync::Arc;

use runner_plugin::Edits;

use crate::cell::change_value;
use crate::copy::Work;
use crate::fault::{Parse, Stop, fault};
use crate::lexer::{Scan, Token};
use crate::plan::{Plan, Step};
use crate::skip::{Goal, Skip};
use crate::value::{Value, Written, value};

/// Where in the rows the position is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Before the `(` of a row.
    Before,
    /// Before the value of this step.
    Value(usize),
    /// Behind the value of the step before this one, or in front of the first
    /// value.
    Between(usize),
    /// After the `)` of a row.
    After,
}

/// What of the statement is still there when rows are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    /// At least one row.
    Row,
    /// Nothing: these bytes, up to the first `(`, are deleted.
    Nothing(Vec<u8>),
}

/// The position in the rows of a statement.
#[derive(Debug)]
pub(crate) struct Rows {
    plan: Arc<Plan>,
    phase: Phase,
    skip: Skip,
    kept: Kept,
    /// The group of each step, if any has one.
    groups: Vec<Vec<u8>>,
}

impl Rows {
    /// Rows that begin at `scan.at`, in a statement that begins at `start`. If
    /// the first row is deleted, so is what stands before it.
    ///
    /// # Errors
    /// If the first row must be in view and is not.
    pub(crate) fn begin(
        plan: Arc<Plan>,
        scan: &mut Scan<'_>,
        start: usize,
        work: &mut Work,
        edits: &mut Edits,
    ) -> Parse<Self> {
        let mut rows =
            Self { plan, phase: Phase::Before, skip: Skip::new(), kept: Kept::Row, groups: Vec::new() };
        if !rows.plan.deletions.is_empty() {
            rows.open(scan)?;
            let row = rows.look(scan)?;
            if rows.is_deleted(&row, scan, work)? {
                rows.kept = Kept::Nothing(scan.bytes[start..row.open].to_vec());
                edits.delete(start..row.close);
                scan.at = row.close;
                rows.phase = Phase::After;
            } else {
                rows.enter(&row, scan)?;
            }
        }
        Ok(rows)
    }

    /// Changes rows from `scan.at` on, and advances it. Returns whether the
    /// statement ends.
    pub(crate) fn go(&mut self, scan: &mut Scan<'_>, work: &mut Work, edits: &mut Edits) -> Parse<bool> {
        loop {
            // Of a token that is not in view as a whole, nothing is consumed.
            let start = scan.at;
            match self.step(scan, work, edits) {
                Ok(false) => {}
                Err(Stop::More) if matches!(self.phase, Phase::Between(_)) => return Err(Stop::More),
                Err(Stop::More) => {
                    scan.at = start;
                    return Err(Stop::More);
                }
                ended => return ended,
            }
        }
    }

    fn step(&mut self, scan: &mut Scan<'_>, work: &mut Work, edits: &mut Edits) -> Parse<bool> {
        match self.phase {
            Phase::Before => {
                self.open(scan)?;
                let row = if self.plan.needs_row() { Some(self.look(scan)?) } else { None };
                match row {
                    Some(row) => self.enter(&row, scan)?,
                    None => self.phase = Phase::Between(0),
                }
            }
            Phase::Value(step) => {
                let Step { change, .. } = &self.plan.steps[step];
                let found = value(scan)?;
                let group = self.groups.get(step).map_or(&b""[..], Vec::as_slice);
                let place = (scan.bytes, scan.lexis);
                let is_changed = change_value(change, (&found, group), place, &mut work.buffers, edits)?;
                work.changed += u64::from(is_changed);
                self.phase = Phase::Between(step + 1);
            }
            Phase::Between(step) => self.between(step, scan)?,
            Phase::After => return self.after(scan, work, edits),
        }
        Ok(false)
    }

    /// Goes past the `(` of a row.
    fn open(&mut self, scan: &mut Scan<'_>) -> Parse<()> {
        self.skip = Skip::new();
        if scan.bytes.get(scan.at) == Some(&b'(') {
            scan.at += 1;
            return Ok(());
        }
        let lexeme = scan.next()?;
        if lexeme.token != Token::Punct(b'(') {
            return scan.unexpected(&lexeme, "`(` before a row");
        }
        Ok(())
    }

    /// Goes to the value of a step, or past the row.
    fn between(&mut self, step: usize, scan: &mut Scan<'_>) -> Parse<()> {
        let column = self.plan.steps.get(step).map_or(usize::MAX, |step| step.column);
        if column == self.skip.commas() {
            self.phase = Phase::Value(step);
            return Ok(());
        }
        let view = scan.view();
        if !self.skip.to(Goal::Value(column), view, scan.lexis, &mut scan.at)? {
            return Err(Stop::More);
        }
        if scan.bytes[scan.at] == b',' {
            scan.at += 1;
            self.phase = Phase::Value(step);
            return Ok(());
        }
        let count = self.skip.commas() + 1;
        if count != self.plan.width {
            return fault(
                scan.at,
                format!(
                    "a row of `{}` has {count} values, not {}, and ends here",
                    self.plan.table, self.plan.width
                ),
            );
        }
        scan.at += 1;
        self.phase = Phase::After;
        Ok(())
    }

    /// Goes to the next row, or past the statement.
    fn after(&mut self, scan: &mut Scan<'_>, work: &mut Work, edits: &mut Edits) -> Parse<bool> {
        let start = scan.at;
        if scan.bytes.get(start) == Some(&b',') {
            scan.at += 1;
        } else if !scan.accept_byte(b',')? {
            self.tail(scan)?;
            if self.kept != Kept::Row {
                edits.delete(start..scan.at);
            }
            return Ok(true);
        }
        if self.plan.deletions.is_empty() {
            self.phase = Phase::Before;
            return Ok(false);
        }
        self.open(scan)?;
        let row = self.look(scan)?;
        if self.is_deleted(&row, scan, work)? {
            edits.delete(start..row.close);
            scan.at = row.close;
            return Ok(false);
        }
        if let Kept::Nothing(head) = &self.kept {
            edits.replace(start..row.open, head);
            self.kept = Kept::Row;
        }
        self.enter(&row, scan)?;
        Ok(false)
    }

    /// Goes past the rest of the statement, which must not hold further values.
    fn tail(&mut self, scan: &mut Scan<'_>) -> Parse<()> {
        loop {
            let lexeme = scan.next()?;
            match lexeme.token {
                Token::Delimiter | Token::End => return Ok(()),
                Token::Text(_) | Token::Number => {
                    return scan.unexpected(&lexeme, "a name, or the end of the statement,");
                }
                // `ON CONFLICT`, `ON DUPLICATE KEY`, `RETURNING`, `AS`.
                _ => {}
            }
        }
    }

    /// Finds the end of the row whose first value begins at `scan.at`, and the
    /// values that are needed. The scan stays.
    fn look(&self, scan: &Scan<'_>) -> Parse<Row> {
        let mut row = Row { open: scan.at - 1, close: scan.at, values: Vec::new() };
        let mut columns: Vec<_> = self.plan.extra_columns().collect();
        columns.sort_unstable();
        columns.dedup();
        let (mut scan, mut skip) = (scan.clone(), Skip::new());
        for column in columns.into_iter().chain([usize::MAX]) {
            if column != skip.commas() {
                let view = scan.view();
                if !skip.to(Goal::Value(column), view, scan.lexis, &mut scan.at)? {
                    return Err(Stop::More);
                }
                if scan.bytes[scan.at] == b')' {
                    break;
                }
                scan.at += 1;
            }
            row.values.push((column, value(&mut scan)?));
        }
        row.close = scan.at + 1;
        Ok(row)
    }

    /// Whether the row is to be deleted.
    fn is_deleted(&self, row: &Row, scan: &Scan<'_>, work: &mut Work) -> Parse<bool> {
        for (column, condition) in &self.plan.deletions {
            if row.decoded(*column, scan)?.is_some_and(|decoded| condition.holds(&decoded)) {
                work.deleted += 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins to change a row that is in view.
    fn enter(&mut self, row: &Row, scan: &Scan<'_>) -> Parse<()> {
        self.groups.clear();
        for step in &self.plan.steps {
            let group = step.group.map(|group| row.decoded(group, scan)).transpose()?;
            self.groups.push(group.flatten().unwrap_or_default());
        }
        self.skip = Skip::new();
        self.phase = Phase::Between(0);
        Ok(())
    }
}

/// A row that is in view as a whole.
#[derive(Debug)]
struct Row {
    /// The position of its `(`.
    open: usize,
    /// One past its `)`.
    close: usize,
    /// Some of its values, by column.
    values: Vec<(usize, Value)>,
}

impl Row {
    /// What the value of a column stands for. `None` for NULL.
    ///
    /// # Errors
    /// If it is not a literal.
    fn decoded(&self, column: usize, scan: &Scan<'_>) -> Parse<Option<Vec<u8>>> {
        let Some((_, value)) = self.values.iter().find(|(it, _)| *it == column) else { return Ok(None) };
        if matches!(value.written, Written::Null | Written::Default) {
            return Ok(None);
        }
        let mut out = Vec::new();
        match value.decode(scan.bytes, scan.lexis.dialect, &mut out) {
            true => Ok(Some(out)),
            false => fault(value.range.start, "the value is not a literal, so it cannot be compared"),
        }
    }
}
