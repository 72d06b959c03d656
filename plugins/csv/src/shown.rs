//! Changes single fields, where the host shows nothing else: it finds their
//! borders natively, many times faster than a plugin could.

use crate::change::RawField;
use crate::dialect::{Dialect, Escape, LineEnd};
use crate::open::Opened;
use crate::plan::{Located, Plan, Scratch};
use crate::record::{Fault, FaultKind, Shape};
use crate::{Csv, State};
use runner_plugin::{Edits, Failure, ShownField, Window};

/// The fields of one record in a window.
#[derive(Debug, Clone, Copy)]
struct ShownRecord<'w> {
    window: &'w Window<'w>,
    /// The position in [`Window::fields`] of the first field, and that after
    /// the last one.
    first: usize,
    end: usize,
}

impl<'w> ShownRecord<'w> {
    fn fields(self) -> &'w [ShownField] {
        &self.window.fields[self.first..self.end]
    }

    /// The start and the bytes of the field at an index of [`Self::fields`].
    fn raw(self, index: usize) -> (usize, &'w [u8]) {
        let (fields, bytes) = (self.window.fields, self.window.bytes);
        let at = self.first + index;
        let start = fields[at].start as usize;
        let next = fields.get(at + 1).map_or(bytes.len(), |next| next.start as usize);
        (start, bytes.get(start..next.saturating_sub(1)).unwrap_or_default())
    }
}

impl Csv {
    /// The fields that are needed, if no others are. Everything that concerns
    /// whole records needs all of them.
    pub(crate) fn wanted_fields(&self, opened: &Opened, mark_bytes: usize, head: &[u8]) -> Option<Vec<u32>> {
        let State::Ready(plan) = &self.plan else { return None };
        let first = opened.first.as_ref()?;
        let dialect = &self.changer.dialect;
        // The host would not recognise lines before the first record.
        let begins_file = opened.body == mark_bytes && first.start == mark_bytes;
        // A backslash before the wanted fields would not be seen. Databases
        // export with tabs, and escape them.
        let has_backslashes =
            || memchr::memmem::find(head, &[b"\\", &dialect.delimiter[..]].concat()).is_some();
        if plan.guards_backslashes() && (dialect.delimiter == b"\t" || has_backslashes()) {
            return None;
        }
        let is_wide = first.fields.len() > 1;
        if !begins_file || !is_wide || !is_projectable(dialect) {
            return None;
        }
        let fields = plan.wanted_fields()?;
        fields.into_iter().map(|field| u32::try_from(field).ok()).collect()
    }

    /// Adds the edits of a window of fields.
    pub(crate) fn shown(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let Self { changer, plan: State::Ready(plan), scratch, .. } = self else { return Ok(()) };
        let fields = window.fields;
        let mut first = 0;
        while first < fields.len() {
            let is_inside = |pair: &[ShownField]| pair[1].field > pair[0].field;
            let more = fields[first..].windows(2).take_while(|pair| is_inside(pair)).count();
            let record = ShownRecord { window, first, end: first + 1 + more };
            let is_header = first == 0 && window.first && plan.has_header();
            if !is_header {
                let changed = plan.change_shown(changer, record, scratch, edits);
                changed.map_err(|(fault, why)| fault.failure(why, &changer.dialect))?;
            }
            first = record.end;
        }
        Ok(())
    }
}

/// Whether the host finds the borders of fields as this plugin does.
///
/// It takes a carriage return inside of a field for text, also where this
/// plugin refuses it.
fn is_projectable(dialect: &Dialect) -> bool {
    dialect.delimiter.len() == 1
        && dialect.escape == Escape::None
        && dialect.comment.is_empty()
        && !dialect.skip_initial_space
        && !dialect.needs_machine()
        && dialect.line_end == LineEnd::OnlyLineFeed
}

impl Plan {
    /// Adds the edits of one record.
    fn change_shown(
        &self,
        changer: &crate::change::Changer,
        record: ShownRecord<'_>,
        scratch: &mut Scratch,
        edits: &mut Edits,
    ) -> Result<(), Located> {
        let shape = |raw: &[u8]| {
            let is_quoted = changer.dialect.quote.is_some_and(|quote| raw.first() == Some(&quote));
            if is_quoted && raw.len() >= 2 { Shape::Quoted } else { Shape::Bare }
        };
        let field = |raw| RawField { raw, shape: shape(raw), is_first: false, is_only: false, group: b"" };
        for (index, shown) in record.fields().iter().enumerate() {
            let Some(change) = self.change_of(shown.field as usize) else { continue };
            let (start, raw) = record.raw(index);
            let Scratch { buffers, new, group } = &mut *scratch;
            group.clear();
            if let Some(column) = change.group {
                let by = record.fields().iter().position(|shown| shown.field as usize == column);
                let Some(by) = by else {
                    let why = "its record has no value to shift it by".to_owned();
                    return Err((Fault { at: start, kind: FaultKind::Value }, Some(why)));
                };
                changer.value(&field(record.raw(by).1), group);
            }
            let raw = RawField { is_first: shown.field == 0, group, ..field(raw) };
            let range = changer.change(change, &raw, buffers, new);
            let range = range.and_then(|range| self.guarded(range, &raw, new));
            let range = range.map_err(|(kind, why)| (Fault { at: start, kind }, why))?;
            if let Some(range) = range {
                edits.replace(start + range.start..start + range.end, new);
                edits.count(change.count, 1);
            }
        }
        Ok(())
    }
}
