//! Changes one field. The functions are pure: the bytes of a field, quotes
//! included, go in, and their replacement comes out. So they serve whole
//! records as well as single fields.

use crate::dialect::{Dialect, Escape, Quotes};
use crate::field::{Place, decode, encode, inner_range, units};
use crate::record::{FaultKind, Shape};
use runner_values::{Action, Context, Fit, Kind, Mask, Outcome};
use std::ops::Range;

/// The byte that masks consist of.
pub(crate) const MASK: u8 = b'*';

/// A change of the fields of some columns.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) action: Action,
    /// The column whose value decides by how much dates are shifted.
    pub(crate) group: Option<usize>,
    /// The index of the count of changed fields.
    pub(crate) count: usize,
    kind: ChangeKind,
}

/// How the new field is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    /// Every byte of the content becomes [`MASK`]. The value does not matter.
    Mask,
    /// Some bytes of the value become [`MASK`], the others stay.
    PartialMask,
    /// The word for NULL, without quotes.
    Null,
    /// A new value.
    Value,
}

/// A field to be changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawField<'a> {
    /// Its bytes, quotes included.
    pub(crate) raw: &'a [u8],
    pub(crate) shape: Shape,
    /// Whether it begins its record.
    pub(crate) is_first: bool,
    /// Whether it is the only field of the new record.
    pub(crate) is_only: bool,
    /// The value that dates are shifted by.
    pub(crate) group: &'a [u8],
}

/// Why a field cannot be changed: what is wrong, and sometimes the reason.
pub(crate) type Failure = (FaultKind, Option<String>);

/// Buffers that are reused to save allocations.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    value: Vec<u8>,
    new: Vec<u8>,
}

impl Change {
    pub(crate) fn new(action: Action, group: Option<usize>) -> Self {
        let plain = Mask::default();
        let kind = match &action {
            Action::Mask { mask, fit: Fit::Kind(Kind::Text) } if *mask == plain => ChangeKind::Mask,
            Action::Mask { mask, .. } if mask.text.is_none() => ChangeKind::PartialMask,
            Action::Null => ChangeKind::Null,
            _ => ChangeKind::Value,
        };
        Self { action, group, count: 0, kind }
    }

    /// The same change, with this index of its count.
    pub(crate) fn counted(self, count: usize) -> Self {
        Self { count, ..self }
    }

    /// Whether it writes [`MASK`].
    pub(crate) fn writes_mask(&self) -> bool {
        matches!(self.kind, ChangeKind::Mask | ChangeKind::PartialMask)
    }

    /// Whether a value that is not empty can become empty.
    pub(crate) fn may_write_nothing(&self) -> bool {
        let keeps_some = matches!(self.action, Action::Hash { .. } | Action::ShiftDate(_));
        !keeps_some && !self.writes_mask()
    }

    /// Whether every edit keeps the length of the file.
    pub(crate) fn keeps_length(&self, dialect: &Dialect) -> bool {
        let is_plain =
            dialect.escape == Escape::None && (dialect.quotes == Quotes::Strict || dialect.quote.is_none());
        match self.kind {
            ChangeKind::Mask => true,
            ChangeKind::PartialMask | ChangeKind::Value => is_plain && self.action.keeps_length(),
            ChangeKind::Null => false,
        }
    }
}

/// Changes fields of one dialect.
#[derive(Debug)]
pub(crate) struct Changer {
    pub(crate) dialect: Dialect,
    /// Unquoted fields that mean NULL.
    pub(crate) null_words: Vec<Vec<u8>>,
    /// What is written for NULL.
    pub(crate) null: Vec<u8>,
}

impl Changer {
    /// Whether a field means NULL.
    fn is_null(&self, field: &RawField<'_>) -> bool {
        field.shape == Shape::Bare && self.null_words.iter().any(|word| word == field.raw)
    }

    /// Appends the value of a field. The value of a word for NULL is the word
    /// as it is written.
    pub(crate) fn value(&self, field: &RawField<'_>, out: &mut Vec<u8>) {
        if self.is_null(field) {
            out.extend_from_slice(field.raw);
        } else {
            decode(field.raw, field.shape, &self.dialect, out);
        }
    }

    /// The part of a field that changes, with its replacement in `out`; `None`
    /// if nothing changes. `out` is cleared first.
    ///
    /// # Errors
    /// If the value cannot be changed, or the new value cannot be written.
    pub(crate) fn change(
        &self,
        change: &Change,
        field: &RawField<'_>,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<Option<Range<usize>>, Failure> {
        out.clear();
        let inner = inner_range(field.raw, field.shape);
        match change.kind {
            ChangeKind::Mask => {
                if self.is_null(field) || field.raw[inner.clone()].iter().all(|byte| *byte == MASK) {
                    return Ok(None);
                }
                out.resize(inner.len(), MASK);
                return Ok(Some(inner));
            }
            ChangeKind::Null => {
                let place = Place { in_quotes: false, is_first: field.is_first, is_only: field.is_only };
                if self.null.is_empty() {
                    encode(b"", place, &self.dialect, out).map_err(|kind| (kind, None))?;
                } else {
                    out.extend_from_slice(&self.null);
                }
                return Ok((out != field.raw).then_some(0..field.raw.len()));
            }
            ChangeKind::PartialMask | ChangeKind::Value => {}
        }
        let Buffers { value, new } = buffers;
        value.clear();
        self.value(field, value);
        new.clear();
        let is_null = [&value[..]];
        let nulls = if self.is_null(field) { &is_null[..] } else { &[] };
        let context = Context { nulls, null: &self.null, group: field.group };
        let outcome = change.action.apply(value, &context, new);
        if outcome.map_err(|why| (FaultKind::Value, Some(why)))? == Outcome::Unchanged {
            return Ok(None);
        }
        let is_comment = field.is_first && self.dialect.is_comment(new);
        let is_same_length = value.len() == new.len() && change.action.keeps_length() && !is_comment;
        if is_same_length && field.raw[inner.clone()] == value[..] {
            // The bytes that structure the field have stayed where they were.
            out.extend_from_slice(new);
            return Ok(Some(inner));
        }
        if change.kind == ChangeKind::PartialMask && field.shape != Shape::Mixed && !is_comment {
            self.mask_units(field, (value, new), out);
            return Ok(Some(inner));
        }
        let place = Place {
            in_quotes: field.shape == Shape::Quoted,
            is_first: field.is_first,
            is_only: field.is_only,
        };
        encode(new, place, &self.dialect, out).map_err(|kind| (kind, None))?;
        let range = if place.in_quotes { inner } else { 0..field.raw.len() };
        Ok((*out != field.raw[range.clone()]).then_some(range))
    }

    /// Writes a masked value over its field: where a byte of the value is
    /// masked, so is each byte that it is written with.
    fn mask_units(&self, field: &RawField<'_>, (value, masked): (&[u8], &[u8]), out: &mut Vec<u8>) {
        let inner = &field.raw[inner_range(field.raw, field.shape)];
        let mut bytes = value.iter().zip(masked);
        for unit in units(inner, field.shape, &self.dialect) {
            match bytes.next() {
                Some((old, new)) if old == new => out.extend_from_slice(unit),
                _ => out.resize(out.len() + unit.len(), MASK),
            }
        }
    }

    /// Protects a field that now begins its record, and looks like a comment
    /// there. The replacement of the whole field is in `out`.
    ///
    /// # Errors
    /// If the dialect has no quotes.
    pub(crate) fn protect(
        &self,
        field: &RawField<'_>,
        buffers: &mut Buffers,
        out: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        out.clear();
        let is_comment = field.is_first && self.dialect.is_comment(field.raw);
        if field.shape == Shape::Quoted || !(is_comment || field.is_only && field.raw.is_empty()) {
            return Ok(false);
        }
        buffers.value.clear();
        self.value(field, &mut buffers.value);
        let place = Place { in_quotes: false, is_first: field.is_first, is_only: field.is_only };
        encode(&buffers.value, place, &self.dialect, out).map_err(|kind| (kind, None))?;
        Ok(true)
    }
}
