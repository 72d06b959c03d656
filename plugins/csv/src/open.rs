//! Finds the first record of a file, which has the columns.

use crate::dialect::{Dialect, LineEnd};
use crate::field::decode;
use crate::reader::{Reader, Stop, Text};
use crate::record::Field;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a UTF-8 byte order mark at the start of a file.
pub(crate) fn mark_bytes(head: &[u8]) -> usize {
    if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// Refuses UTF-16 and UTF-32, in which each letter has zero bytes: a delimiter
/// would be found in the middle of one.
///
/// # Errors
/// The message for the user.
pub(crate) fn check_encoding(head: &[u8]) -> Result<(), String> {
    let has_mark =
        head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.starts_with(b"\0\0\xfe\xff");
    // Of six ASCII characters, every second byte is zero.
    let start = &head[..head.len().min(12)];
    let zeros = |first: usize| start.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let is_even = |zeros: usize, others: usize| start.len() >= 4 && zeros == start.len() / 2 && others == 0;
    if has_mark || is_even(zeros(0), zeros(1)) || is_even(zeros(1), zeros(0)) {
        return Err(
            "the file is encoded in UTF-16 or UTF-32, which cannot be read; convert it to UTF-8 first".into(),
        );
    }
    Ok(())
}

/// The delimiter of Excel's line `sep=;`, and the start of the next line. The
/// line is the first one.
pub(crate) fn separator_line(head: &[u8]) -> Option<(Vec<u8>, usize)> {
    let start = mark_bytes(head);
    let rest = head[start..].strip_prefix(b"sep=")?;
    let [delimiter, after @ ..] = rest else { return None };
    let line_end = match after {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        _ => return None,
    };
    let is_delimiter = !delimiter.is_ascii_alphanumeric() && !matches!(delimiter, b'\r' | b'\n');
    is_delimiter.then(|| (vec![*delimiter], start + 5 + line_end))
}

/// What ends the first line, as far as `head` shows. Quotes hide line ends if
/// `quote` is given.
pub(crate) fn first_line_end(head: &[u8], quote: Option<u8>) -> Option<LineEnd> {
    let mut in_quotes = false;
    for (at, byte) in head.iter().enumerate() {
        match byte {
            b'\n' if !in_quotes => return Some(LineEnd::LineFeed),
            b'\r' if !in_quotes => {
                return match head.get(at + 1) {
                    Some(b'\n') => Some(LineEnd::LineFeed),
                    Some(_) => Some(LineEnd::Return),
                    None => None,
                };
            }
            byte if Some(*byte) == quote => in_quotes = !in_quotes,
            _ => {}
        }
    }
    None
}

/// The start of the file, as far as the first record.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The offset of what follows the byte order mark and the lines that are
    /// skipped.
    pub(crate) body: usize,
    /// Whether the quotes before the body are even in number, so that the host
    /// can count quotes from the start of the file.
    pub(crate) has_even_quotes: bool,
    /// The first record that is neither empty nor a comment, if there is one.
    pub(crate) first: Option<First>,
}

/// The first record.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) start: usize,
    pub(crate) fields: Vec<Field>,
}

impl First {
    /// The decoded fields.
    pub(crate) fn values(&self, bytes: &[u8], dialect: &Dialect) -> Vec<Vec<u8>> {
        let value = |field: &Field| {
            let mut value = Vec::new();
            decode(&bytes[field.range()], field.shape, dialect, &mut value);
            value
        };
        self.fields.iter().map(value).collect()
    }
}

/// Finds the first record. `text` begins at the start of the file. `skipped` is
/// the number of lines that are skipped after `start`.
///
/// # Errors
/// If the first record has a fault, or does not end in `text`.
pub(crate) fn open(
    text: Text<'_>,
    dialect: &Dialect,
    (start, skipped): (usize, u64),
) -> Result<Opened, Stop> {
    let Text { bytes, is_complete } = text;
    let mut reader = Reader::new(text, dialect);
    let mut body = start.min(bytes.len());
    for _ in 0..skipped {
        let next = reader.next_line(body);
        let is_cut = next == bytes.len() && !is_complete;
        if is_cut {
            return Err(Stop::Incomplete);
        }
        let is_half = dialect.line_end == LineEnd::Any
            && bytes[..next].ends_with(b"\r")
            && bytes.get(next) == Some(&b'\n');
        body = next + usize::from(is_half);
    }
    let quotes = bytes[..body].iter().filter(|byte| Some(**byte) == dialect.quote).count();
    let mut opened = Opened { body, has_even_quotes: quotes % 2 == 0, first: None };
    let mut fields = Vec::new();
    let mut at = body;
    while at < bytes.len() {
        let record = reader.read(at, usize::MAX, &mut fields)?;
        if !record.is_blank() {
            opened.first = Some(First { start: at, fields });
            return Ok(opened);
        }
        at = record.end;
    }
    if is_complete { Ok(opened) } else { Err(Stop::Incomplete) }
}
