//! Values of JSON, with the feature `json`: where those of a path are in a record,
//! and the text of strings.
//!
//! A record is looked at only as far as a path needs. That is no validation.

use std::borrow::Cow;
use std::ops::Range;

use crate::Failure;

/// Finds the values that a path leads to, in order. Each step is the key of an
/// object, or `*` for every value of an object or element of an array.
///
/// ```
/// # use runner_plugin::json;
/// let record = br#"{"users": [{"name": "a"}, {"name": 1, "age": 2}]}"#;
/// let spans = json::spans(record, &["users", "*", "name"])?;
/// assert_eq!(&record[spans[0].clone()], b"\"a\"");
/// assert_eq!(&record[spans[1].clone()], b"1");
/// # Ok::<(), runner_plugin::Failure>(())
/// ```
///
/// # Errors
/// If the bytes are no JSON, as far as they were looked at, with the position.
pub fn spans(bytes: &[u8], path: &[&str]) -> Result<Vec<Range<usize>>, Failure> {
    let (mut reader, mut found) = (Reader { bytes, at: 0 }, Vec::new());
    reader.blanks();
    reader.find(path, &mut found)?;
    reader.blanks();
    if reader.at < bytes.len() {
        return Err(reader.fault("something follows the value"));
    }
    Ok(found)
}

/// The text of a string, given with its quotes; `None` if it is no string.
#[must_use]
pub fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let inner = str::from_utf8(inner).ok()?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let (mut text, mut rest) = (String::new(), inner);
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let escape = after.chars().next()?;
        rest = &after[escape.len_utf8()..];
        text.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = unit(&mut rest)?;
                let is_high = (0xd800..0xdc00).contains(&first);
                let second = match rest.strip_prefix("\\u") {
                    Some(after) if is_high => {
                        rest = after;
                        Some(unit(&mut rest)?)
                    }
                    _ => None,
                };
                let units = [Some(first), second].into_iter().flatten();
                char::decode_utf16(units).next()?.ok()?
            }
            _ => return None,
        });
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Four hexadecimal digits.
fn unit(rest: &mut &str) -> Option<u16> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    *rest = &rest[4..];
    u16::from_str_radix(digits, 16).ok()
}

/// The string that says a text, with its quotes.
#[must_use]
pub fn string(text: &str) -> String {
    let mut string = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => string.extend(['\\', letter]),
            '\n' => string.push_str("\\n"),
            '\r' => string.push_str("\\r"),
            '\t' => string.push_str("\\t"),
            '\0'..' ' => string.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => string.push(letter),
        }
    }
    string.push('"');
    string
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// Goes over the value at the place, and adds what the path leads to in it.
    fn find(&mut self, path: &[&str], found: &mut Vec<Range<usize>>) -> Result<(), Failure> {
        let Some((step, rest)) = path.split_first() else {
            let start = self.at;
            self.skip()?;
            found.push(start..self.at);
            return Ok(());
        };
        let (is_object, end) = match self.bytes.get(self.at) {
            Some(b'{') => (true, b'}'),
            Some(b'[') => (false, b']'),
            _ => return self.skip(),
        };
        self.at += 1;
        self.blanks();
        if self.take(end) {
            return Ok(());
        }
        loop {
            let mut is_wanted = *step == "*";
            if is_object {
                let start = self.at;
                self.quoted()?;
                is_wanted |= text(&self.bytes[start..self.at]).is_some_and(|key| key == *step);
                self.blanks();
                if !self.take(b':') {
                    return Err(self.fault("expected `:`"));
                }
                self.blanks();
            }
            if is_wanted {
                self.find(rest, found)?
            } else {
                self.skip()?
            }
            self.blanks();
            if self.take(end) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.fault("expected `,` or the end of an object or array"));
            }
            self.blanks();
        }
    }

    /// Goes over a value: for an object or array, to where it ends.
    fn skip(&mut self) -> Result<(), Failure> {
        let mut open = Vec::new();
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => self.quoted()?,
                Some(&byte @ (b'{' | b'[')) => {
                    open.push(byte + 2);
                    self.at += 1;
                }
                Some(byte @ (b'}' | b']')) if open.last() == Some(byte) => {
                    open.pop();
                    self.at += 1;
                }
                Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') if !open.is_empty() => {
                    self.at += 1;
                    continue;
                }
                Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'-' => self.word(),
                _ => return Err(self.fault("expected a value")),
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Goes over a number, `true`, `false` or `null`.
    fn word(&mut self) {
        let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        self.at += self.bytes[self.at..].iter().take_while(|byte| is_inside(byte)).count();
    }

    /// Goes over a string.
    fn quoted(&mut self) -> Result<(), Failure> {
        let start = self.at;
        if !self.take(b'"') {
            return Err(self.fault("expected a string"));
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(Failure::from("a string that never ends").at(start)),
            }
        }
    }

    fn blanks(&mut self) {
        self.at += self.bytes[self.at..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
            .count();
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn fault(&self, what: &str) -> Failure {
        Failure::from(format!("this is no JSON: {what}")).at(self.at)
    }
}
