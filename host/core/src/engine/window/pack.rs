//! Records or fields from different places, packed into one window.

use std::ops::Range;

use runner_contract::{RecordMatch, ShownField, Window};

use super::{Context, answer, slice};
use crate::engine::fields::Splitter;
use crate::engine::framing::View;
use crate::engine::transform::Transform;
use crate::engine::validate::{Found, Origin, Piece};
use crate::error::Result;
use crate::memory::{Budget, Lease};
use crate::profile::{self, Stage};

/// What is packed so far.
pub(super) struct Pack {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    matches: Vec<RecordMatch>,
    fields: Vec<ShownField>,
    /// The end of the last piece in the file; for fields, of their record.
    end: u64,
    /// Whether the first piece is from the file's first record.
    first: bool,
    /// The memory of all of them.
    lease: Lease,
}

impl Pack {
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            bytes: Vec::new(),
            pieces: Vec::new(),
            matches: Vec::new(),
            fields: Vec::new(),
            end: 0,
            first: false,
            lease: budget.lease(),
        }
    }

    pub(super) fn is_full(&self, context: &Context<'_>) -> bool {
        self.bytes.len() as u64 >= context.window_bytes
    }

    /// Collects candidates until they fill a window. Returns whether they do.
    pub(super) fn fill(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        candidates: &mut impl Iterator<Item = Range<u64>>,
    ) -> Result<bool> {
        profile::time(Stage::Pack, || {
            for candidate in candidates {
                self.push(context, view, candidate)?;
                if self.is_full(context) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn push(&mut self, context: &Context<'_>, view: &View<'_>, range: Range<u64>) -> Result<()> {
        let bytes = slice(view, &range);
        let at = self.bytes.len() as u32;
        if let Some(finder) = context.finder.filter(|_| context.job.reports_matches()) {
            let Self { matches, lease, .. } = self;
            finder.matches(context.cutter, view, range.clone(), |start, ids| {
                lease.reserve(matches, 1)?;
                matches.push(RecordMatch { start: at + (start - range.start) as u32, ids });
                Ok(())
            })?;
        }
        self.lease.reserve(&mut self.bytes, bytes.len())?;
        self.lease.reserve(&mut self.pieces, 1)?;
        match self.pieces.last_mut() {
            Some(piece) if self.end == range.start => piece.bytes += bytes.len() as u32,
            _ => self.pieces.push(Piece { at, offset: range.start, bytes: bytes.len() as u32 }),
        }
        self.first |= range.start == 0;
        self.bytes.extend_from_slice(bytes);
        self.end = range.end;
        Ok(())
    }

    /// Collects the wanted fields of whole records. Each is followed by a
    /// delimiter, so that every place in the window belongs to one field.
    pub(super) fn project(
        &mut self,
        splitter: &Splitter<'_>,
        view: &View<'_>,
        records: &Range<u64>,
    ) -> Result<()> {
        let _span = profile::span(Stage::Pack);
        let bytes = slice(view, records);
        self.first |= records.start == 0;
        let delimiter = splitter.delimiter();
        splitter.split(records.start, bytes, |field, range| {
            let field_bytes = &bytes[range.clone()];
            self.lease.reserve(&mut self.bytes, field_bytes.len() + 1)?;
            self.lease.reserve(&mut self.pieces, 1)?;
            self.lease.reserve(&mut self.fields, 1)?;
            let at = self.bytes.len() as u32;
            let offset = records.start + range.start as u64;
            self.pieces.push(Piece { at, offset, bytes: field_bytes.len() as u32 });
            self.fields.push(ShownField { start: at, field });
            self.bytes.extend_from_slice(field_bytes);
            self.bytes.push(delimiter);
            Ok(())
        })?;
        self.end = records.end;
        Ok(())
    }

    /// Shows what is packed, if there is anything.
    pub(super) fn ask(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        transform: &mut dyn Transform,
        found: &mut Found,
    ) -> Result<()> {
        let Some(piece) = self.pieces.first() else { return Ok(()) };
        let last = view.end && self.end == view.limit();
        let window = Window {
            first: self.first,
            matches: &self.matches,
            fields: &self.fields,
            ..Window::new(piece.offset, &self.bytes).last(last)
        };
        answer(context, transform, &window, &Origin(&self.pieces), found)?;
        self.bytes.clear();
        self.pieces.clear();
        self.matches.clear();
        self.fields.clear();
        self.first = false;
        Ok(())
    }
}
