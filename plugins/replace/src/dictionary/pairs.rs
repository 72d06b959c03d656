//! Reads pairs: a table with a pair in each line, or single ones.

use std::fmt;

use crate::escape;

/// A text and its replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
    pub(crate) place: Place,
}

/// Where a pair was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line of the table, from 1.
    Line(u32),
    /// A parameter that may be repeated, from 1.
    Parameter(&'static str, u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line} of `pairs`"),
            Self::Parameter(name, number) => write!(f, "`{name}` number {number}"),
        }
    }
}

/// Reads a table: in each line a text, a tab, and its replacement. Empty lines
/// are skipped; so is a BOM.
///
/// # Errors
/// If a line is not of this form; with its number.
pub(crate) fn read_table(table: &str, escapes: Option<bool>) -> Result<Vec<Pair>, String> {
    let table = table.strip_prefix('\u{feff}').unwrap_or(table);
    let mut pairs = Vec::new();
    for (index, line) in table.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let place = Place::Line(index as u32 + 1);
        if line.is_empty() {
            continue;
        }
        let (from, to) = line
            .split_once('\t')
            .ok_or_else(|| format!("{place} has no tab: write the text, a tab, and its replacement"))?;
        if to.contains('\t') {
            return Err(format!("{place} has more than one tab: write `\\t` for a tab in a text"));
        }
        pairs.push(pair(from, to, place, escapes)?);
    }
    Ok(pairs)
}

/// Reads `FROM=TO`.
///
/// # Errors
/// If there is no equals sign.
pub(crate) fn read_line(text: &str, number: u32, escapes: Option<bool>) -> Result<Pair, String> {
    let place = Place::Parameter("pair", number);
    let (from, to) = text.split_once('=').ok_or_else(|| format!("{place} has no `=`: write `FROM=TO`"))?;
    pair(from, to, place, escapes)
}

fn pair(from: &str, to: &str, place: Place, escapes: Option<bool>) -> Result<Pair, String> {
    let decode = |text: &str| match text.contains('\\') {
        true => escape::decode_if(&place.to_string(), text, escapes),
        false => Ok(text.into()),
    };
    Ok(Pair { from: decode(from)?, to: decode(to)?, place })
}
