//! What is done to a value, and what that means for each type of JSON.
//!
//! The actions themselves are those of the crate `runner-values`. Here is what
//! keeps the text JSON: numbers stay numbers, strings stay strings.

use crate::begin::Lines;
use crate::lexer::{self, Rest, TokenEnd};
use runner_values::{self as values, Context, Fit, Kind, Mask, Outcome};

/// The digit that masks of numbers consist of. A number of ones fits every
/// integer type that held a number of as many digits, which a number of nines
/// does not; zeros could not lead.
const DIGIT: u8 = b'1';

/// The type of a scalar, apart from null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// A string.
    String {
        /// Whether there are escapes in it.
        escaped: bool,
    },
    Number,
    Boolean,
}

/// What is done to a value.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// It stays, with all that it contains, whatever other paths say.
    Keep,
    /// Each byte of a string becomes `*`, also of strings that are larger than
    /// the memory.
    Mask,
    /// It is removed, with one comma.
    Delete,
    /// This text of JSON replaces it, whatever it is.
    Replace(Vec<u8>),
    /// The new value depends on the whole value.
    Value(Box<values::Action>),
}

impl Action {
    /// Translates a shared action.
    ///
    /// # Errors
    /// If the value of `set` is not JSON.
    pub(crate) fn new(action: values::Action, lines: Lines) -> Result<Self, String> {
        let plain = Mask::default();
        match action {
            values::Action::Set(text) => {
                let mut text = json(text)?;
                if lines != Lines::No {
                    // Line ends between tokens would tear the line apart.
                    text.iter_mut()
                        .filter(|byte| matches!(byte, b'\n' | b'\r'))
                        .for_each(|byte| *byte = b' ');
                }
                Ok(Self::Replace(text))
            }
            values::Action::Null => Ok(Self::Replace(b"null".to_vec())),
            values::Action::Mask { mask, fit: Fit::Kind(Kind::Text) } if mask == plain => Ok(Self::Mask),
            other => Ok(Self::Value(Box::new(other))),
        }
    }

    /// Whether every edit keeps the length.
    pub(crate) fn keeps_length(&self) -> bool {
        matches!(self, Self::Keep | Self::Mask)
    }

    /// Whether a second run changes nothing. Pseudonyms of numbers are changed
    /// again.
    pub(crate) fn is_idempotent(&self) -> bool {
        match self {
            Self::Keep | Self::Mask | Self::Delete | Self::Replace(_) => true,
            Self::Value(action) => !matches!(**action, values::Action::Hash { .. }) && action.is_idempotent(),
        }
    }

    /// How many characters of a string stay, if that is all that is done.
    pub(crate) fn truncates(&self) -> Option<usize> {
        match self {
            Self::Value(action) => match **action {
                values::Action::Truncate { characters } => Some(characters),
                _ => None,
            },
            _ => None,
        }
    }

    /// What replaces a whole value of any type.
    pub(crate) fn replacement(&self) -> &[u8] {
        match self {
            Self::Replace(text) => text,
            _ => b"",
        }
    }

    /// Appends the new value of a scalar to `out`, which is empty. Strings are
    /// decoded, and so are new ones. Returns whether there is a new value, and
    /// its type: a table may give a word for a number.
    ///
    /// # Errors
    /// As the shared actions, and if the new value could not be written in
    /// JSON with the type of the old one.
    pub(crate) fn apply(
        &self,
        kind: Scalar,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Scalar>, String> {
        let context = Context::default();
        let changed = |outcome| Ok((outcome == Outcome::Changed).then_some(kind));
        let action = match (self, kind) {
            (Self::Value(action), Scalar::String { .. }) => {
                return changed(action.apply(value, &context, out)?);
            }
            (Self::Value(action), _) => &**action,
            (Self::Mask, Scalar::Number) => {
                mask_number(&Mask::default(), value, out);
                return Ok(Some(kind));
            }
            (Self::Mask, Scalar::Boolean) => {
                out.extend_from_slice(b"null");
                // The length stays, as it does for all other masks.
                out.resize(value.len(), b' ');
                return Ok(Some(kind));
            }
            _ => return Ok(None),
        };
        match (action, kind) {
            (values::Action::Mask { mask, .. }, Scalar::Number) => mask_number(mask, value, out),
            (values::Action::Hash { pseudonyms, fit, fold }, Scalar::Number) => {
                let (mantissa, exponent) = split_exponent(value);
                let fit = if *fit == Fit::Value { Fit::Value } else { Fit::Kind(Kind::Number) };
                let hash = values::Action::Hash { pseudonyms: pseudonyms.clone(), fit, fold: *fold };
                if hash.apply(mantissa, &context, out)? == Outcome::Unchanged {
                    return Ok(None);
                }
                out.extend_from_slice(exponent);
            }
            // Of two values, a pseudonym would hide nothing.
            (values::Action::Mask { .. } | values::Action::Hash { .. }, _) => out.extend_from_slice(b"null"),
            _ => {
                if action.apply(value, &context, out)? == Outcome::Unchanged {
                    return Ok(None);
                }
            }
        }
        match (action, kind) {
            _ if is_number(out) || (kind == Scalar::Boolean && is_word(out)) => Ok(Some(kind)),
            (values::Action::Map(_), _) if is_word(out) => Ok(Some(kind)),
            (values::Action::Map(_), _) => Ok(Some(Scalar::String { escaped: false })),
            (_, Scalar::Number) => Err("the new value of a number would not be a number".into()),
            _ => Err("the new value of `true` or `false` would be neither of them".into()),
        }
    }
}

/// Masks the digits of a number. Those of the exponent become zeros, because an
/// exponent of ones could be beyond what readers can represent.
fn mask_number(mask: &Mask, value: &[u8], out: &mut Vec<u8>) {
    let (mantissa, exponent) = split_exponent(value);
    Mask { fill: DIGIT, keep_last: mask.keep_last, text: None }.write(Kind::Number, mantissa, out);
    out.extend(exponent.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte }));
}

fn split_exponent(number: &[u8]) -> (&[u8], &[u8]) {
    let at = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    number.split_at(at.unwrap_or(number.len()))
}

fn is_number(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'-' | b'0'..=b'9'))
        && lexer::number(text, 0, Rest::Nothing) == Ok(TokenEnd::At(text.len()))
}

fn is_word(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null")
}

/// Checks that a text is one value of JSON, and removes whitespace around it.
fn json(text: Vec<u8>) -> Result<Vec<u8>, String> {
    match crate::check::one_value(&text) {
        Ok(()) => Ok(text.trim_ascii().to_vec()),
        Err(what) => {
            let text = String::from_utf8_lossy(&text);
            Err(format!("`{text}` is not JSON: {what}; a text is written in double quotes: `\"{text}\"`"))
        }
    }
}
