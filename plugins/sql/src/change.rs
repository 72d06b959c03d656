//! What becomes of one value.

use runner_values::{Action, Context, Fit, Kind, Mask, Outcome};

use crate::fits::{fits, is_number};
use crate::literal::{SMALL, decode_hex, encode_hex};
use crate::types::Class;

/// A digit that every type of numbers has room for: the same count of ones is
/// below the limit of each.
const NUMBER_FILL: u8 = b'1';

/// The change of a column.
#[derive(Debug)]
pub(crate) struct Change {
    /// `users.email`, for messages.
    pub(crate) shown: String,
    /// The name of the action's parameter.
    pub(crate) parameter: String,
    action: Action,
    /// The same for numbers.
    number: Action,
    pub(crate) class: Class,
}

/// How a decoded value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As text, which may stand for any type.
    Text,
    /// As an unquoted number.
    Number,
    /// As `TRUE` or `FALSE`.
    Boolean,
    /// As digits of bits.
    Bits,
    /// As bytes.
    Bytes,
}

impl Change {
    /// The change by an action.
    pub(crate) fn new(shown: String, parameter: String, action: Action, class: Class) -> Self {
        let number = match &action {
            Action::Mask { mask, .. } if mask.text.is_none() => {
                let mask = Mask { fill: NUMBER_FILL, ..mask.clone() };
                Action::Mask { mask, fit: Fit::Kind(Kind::Number) }
            }
            other => other.clone(),
        };
        Self { shown, parameter, action, number, class }
    }

    /// Whether every value becomes NULL.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.action, Action::Null)
    }

    /// The value that every value becomes, NULL among them.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match &self.action {
            Action::Set(value) => Some(value),
            _ => None,
        }
    }

    /// Appends the new value to `out`, which is empty. `false` if the value
    /// stays. Neither the value nor the new one is [`Action::Null`]'s.
    ///
    /// # Errors
    /// If the action fails, or if the new value cannot stand in the column.
    pub(crate) fn apply(
        &self,
        value: &[u8],
        shape: Shape,
        group: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, String> {
        // `bytea` is text, too: `\x` and digits.
        if self.class == Class::Bytea && shape == Shape::Text {
            let digits = value.strip_prefix(b"\\x").and_then(decode_hex);
            let decoded = match digits {
                Some(decoded) => decoded,
                None if !value.contains(&b'\\') => value.to_vec(),
                None => return Err(self.refusal("it is `bytea` in the format `escape`, which is not read")),
            };
            let mut new = Vec::new();
            let is_changed = self.write(&decoded, group, Shape::Bytes, &mut new)?;
            if is_changed {
                out.extend(b"\\x");
                encode_hex(&new, SMALL, out);
            }
            return Ok(is_changed);
        }
        self.write(value, group, shape, out)
    }

    fn write(&self, value: &[u8], group: &[u8], shape: Shape, out: &mut Vec<u8>) -> Result<bool, String> {
        let is_numeric = shape == Shape::Number || (self.class.is_number() && is_number(value));
        let action = if is_numeric { &self.number } else { &self.action };
        let context = Context { group, ..Context::default() };
        let outcome = action.apply(value, &context, out).map_err(|error| self.refusal(&error))?;
        if outcome == Outcome::Unchanged {
            return Ok(false);
        }
        self.check(out, shape)?;
        Ok(true)
    }

    /// Whether a constant can stand in the column, however values are written.
    ///
    /// # Errors
    /// If it does not fit the column's type.
    pub(crate) fn check_constant(&self, value: &[u8]) -> Result<(), String> {
        let shape = if self.class == Class::Bits { Shape::Bits } else { Shape::Bytes };
        self.check(value, shape)
    }

    /// Whether a new value can stand in the column.
    fn check(&self, new: &[u8], shape: Shape) -> Result<(), String> {
        let is_digit_of_bits = |byte: &u8| matches!(byte, b'0' | b'1');
        let (is_right, wanted) = match shape {
            Shape::Number => (is_number(new), "a number".to_owned()),
            Shape::Boolean => (
                new.eq_ignore_ascii_case(b"true") || new.eq_ignore_ascii_case(b"false"),
                "`true` or `false`".into(),
            ),
            Shape::Bits => (!new.is_empty() && new.iter().all(is_digit_of_bits), "bits".into()),
            // The bytes of MySQL's bits are cut without a word.
            Shape::Bytes | Shape::Text if self.class == Class::Bits => {
                (!new.is_empty() && shape == Shape::Text && new.iter().all(is_digit_of_bits), "bits".into())
            }
            _ => (true, String::new()),
        };
        if !is_right {
            return Err(self.misfit(&wanted));
        }
        if !fits(&self.class, new) {
            return Err(self.misfit(&self.class.shown()));
        }
        Ok(())
    }

    fn misfit(&self, wanted: &str) -> String {
        self.refusal(&format!(
            "the result does not fit the column, which takes {wanted}; choose another action, or `set` or `null`"
        ))
    }

    /// An error of the action.
    pub(crate) fn refusal(&self, why: &str) -> String {
        format!("`{}` of `{}`: {why}", self.parameter, self.shown)
    }
}
