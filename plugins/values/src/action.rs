//! What is done to one value.

use crate::check;
use crate::expression::Expression;
use crate::fold::Fold;
use crate::kind::Kind;
use crate::mask::{self, Mask};
use crate::pseudonym::Pseudonyms;
use crate::shift::Shift;
use crate::table::{Others, Table};

/// Which form a mask or a pseudonym fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// That of the kind which the value has: [`Kind::of`].
    Value,
    /// That of this kind.
    Kind(Kind),
    /// Of pseudonyms alone: 16 hexadecimal digits, for every kind. They are not
    /// recognised, so a second run changes them again.
    Hex,
}

impl Fit {
    fn kind(self, value: &[u8]) -> Kind {
        match self {
            Self::Value => Kind::of(value),
            Self::Kind(kind) => kind,
            Self::Hex => Kind::Text,
        }
    }
}

/// An action on a value.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is hidden.
    Mask {
        /// How it is hidden.
        mask: Mask,
        /// Whose punctuation stays.
        fit: Fit,
    },
    /// A pseudonym replaces it.
    Hash {
        /// What writes it.
        pseudonyms: Pseudonyms,
        /// Whose form it fits.
        fit: Fit,
        /// What is taken to be the same value.
        fold: Fold,
    },
    /// This value replaces it.
    Set(Vec<u8>),
    /// The word for NULL replaces it: [`Context::null`].
    Null,
    /// Its first characters stay.
    Truncate {
        /// Number of characters.
        characters: usize,
    },
    /// A table gives its replacement.
    Map(Table),
    /// The matches of an expression in it are replaced.
    Replace(Expression),
    /// It is a date, which is shifted by days. The group is [`Context::group`].
    ShiftDate(Shift),
}

/// What an action must know besides the value.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Words that mean NULL here. They stay, as empty values do, except under
    /// [`Action::Set`], [`Action::Null`], and [`Action::Map`] if the table has
    /// them. An expression does see empty values.
    pub nulls: &'a [&'a [u8]],
    /// The word that [`Action::Null`] writes.
    pub null: &'a [u8],
    /// The value that dates are shifted by, such as a person's id. All dates
    /// with the same one are shifted by the same number of days.
    pub group: &'a [u8],
}

/// What came of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It stays, and nothing was appended.
    Unchanged,
    /// The new value was appended.
    Changed,
}

impl Action {
    /// Appends the new value of `value` to `out`, if it is another one.
    ///
    /// The value is decoded: without the quotes and escapes of the file. So is
    /// the new value, which may contain any byte.
    ///
    /// # Errors
    /// If a date cannot be shifted, or a table does not have the value and
    /// refuses others. The message does not contain the value, which may be
    /// secret. Nothing was appended then.
    pub fn apply(&self, value: &[u8], context: &Context<'_>, out: &mut Vec<u8>) -> Result<Outcome, String> {
        let start = out.len();
        let is_null = context.nulls.contains(&value);
        let is_nothing = is_null || value.is_empty();
        match self {
            Self::Set(new) => out.extend_from_slice(new),
            Self::Null => out.extend_from_slice(context.null),
            Self::Map(table) => match (table.get(value), table.others()) {
                (Some(new), _) => out.extend_from_slice(new),
                (None, Others::Set(new)) if !is_nothing => out.extend_from_slice(new),
                (None, Others::Refuse) if !is_nothing => {
                    return Err(
                        "a value is not in the table; add it, or remove the line `*` to keep it".into()
                    );
                }
                _ => return Ok(Outcome::Unchanged),
            },
            Self::Replace(expression) if !is_null => {
                if !expression.write(value, out) {
                    return Ok(Outcome::Unchanged);
                }
            }
            _ if is_nothing => return Ok(Outcome::Unchanged),
            Self::Mask { mask, fit } => {
                if *fit == Fit::Value && mask.text.is_none() && mask::is_masked(mask, value) {
                    return Ok(Outcome::Unchanged);
                }
                mask.write(fit.kind(value), value, out);
            }
            Self::Hash { pseudonyms, fit, fold } => hash((pseudonyms, *fit, *fold), value, out),
            Self::Truncate { characters } => {
                out.extend_from_slice(check::first_characters(value, *characters));
            }
            // Only NULL comes here.
            Self::Replace(_) => return Ok(Outcome::Unchanged),
            Self::ShiftDate(shift) => shift.write(value, context.group, out)?,
        }
        if out[start..] == *value {
            out.truncate(start);
            return Ok(Outcome::Unchanged);
        }
        Ok(Outcome::Changed)
    }

    /// Whether every new value has as many bytes as the old one.
    #[must_use]
    pub fn keeps_length(&self) -> bool {
        match self {
            Self::Mask { mask, .. } => mask.text.is_none(),
            Self::ShiftDate(_) => true,
            _ => false,
        }
    }

    /// Whether doing it twice is the same as doing it once, for every value and
    /// with the same context.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        match self {
            // What stays may be of another kind, whose layout is another one.
            Self::Mask { mask, fit } => mask.keep_last == 0 || *fit != Fit::Value,
            Self::Set(_) | Self::Null | Self::Truncate { .. } => true,
            Self::Map(table) => table.is_idempotent(),
            Self::Hash { pseudonyms, fit: Fit::Kind(kind), .. } => pseudonyms.recognise_all(*kind),
            Self::Hash { .. } | Self::Replace(_) | Self::ShiftDate(_) => false,
        }
    }
}

fn hash((pseudonyms, fit, fold): (&Pseudonyms, Fit, Fold), value: &[u8], out: &mut Vec<u8>) {
    let trimmed = if fold == Fold::Nothing { value } else { value.trim_ascii() };
    let kind = fit.kind(trimmed);
    if fit != Fit::Hex && pseudonyms.recognises(kind, trimmed) {
        out.extend_from_slice(value);
        return;
    }
    // The other kinds have one form already, and their layout stays.
    let is_folded = kind == Kind::Email || kind == Kind::Text || kind.is_secret();
    let folded = if is_folded { fold.apply(value) } else { trimmed.into() };
    match fit {
        Fit::Hex => pseudonyms.write_bare(&folded, out),
        _ => pseudonyms.write(kind, &folded, out),
    }
}
