//! Masks: what hides a value and keeps its place.

use crate::check;
use crate::kind::Kind;

/// How a value is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The byte that stands for each hidden byte. `b'*'` by default; `b'9'`
    /// keeps an unquoted number a number (`b'0'` would write leading zeros).
    pub fill: u8,
    /// Number of the last letters and digits that stay. At most half of the
    /// value's letters and digits stay, whatever is asked.
    pub keep_last: usize,
    /// A text that replaces the whole value in place of a mask.
    pub text: Option<Vec<u8>>,
}

impl Default for Mask {
    fn default() -> Self {
        Self { fill: b'*', keep_last: 0, text: None }
    }
}

impl Mask {
    /// Appends the masked value. An empty value stays empty.
    ///
    /// Without [`Mask::text`], each byte is replaced by one byte, so the length
    /// stays. Punctuation that shows the kind stays: the `@` and the dots of an
    /// e-mail address, for instance. Nothing of a text or a credential stays.
    /// Characters are hidden or kept as a whole; bytes that are not UTF-8 are
    /// hidden.
    pub fn write(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        if value.is_empty() {
            return;
        }
        if let Some(text) = &self.text {
            out.extend_from_slice(text);
            return;
        }
        if self.keep_last == 0 {
            out.extend(value.iter().map(|&byte| if is_kept(kind, byte) { byte } else { self.fill }));
            return;
        }
        let is_hidden = |character: &[u8]| !matches!(character, [byte] if is_kept(kind, *byte));
        let hidden = check::characters(value).filter(|character| is_hidden(character)).count();
        let keeps = self.keep_last.min(hidden / 2);
        let mut place = 0;
        for character in check::characters(value) {
            let is_hidden = is_hidden(character);
            place += usize::from(is_hidden);
            let is_last = place > hidden - keeps && str::from_utf8(character).is_ok();
            if is_hidden && !is_last {
                out.resize(out.len() + character.len(), self.fill);
            } else {
                out.extend_from_slice(character);
            }
        }
    }
}

/// Whether a byte shows the kind and says nothing about the value.
fn is_kept(kind: Kind, byte: u8) -> bool {
    match kind {
        Kind::Email => matches!(byte, b'@' | b'.'),
        Kind::Ipv4 => byte == b'.',
        Kind::Ipv6 => matches!(byte, b':' | b'.'),
        Kind::Card | Kind::Ssn => matches!(byte, b' ' | b'-'),
        Kind::Phone => matches!(byte, b'+' | b'(' | b')' | b' ' | b'-' | b'.' | b'/'),
        Kind::Iban => byte == b' ',
        Kind::Mac => matches!(byte, b':' | b'-' | b'.'),
        Kind::Uuid => byte == b'-',
        Kind::Number => matches!(byte, b'+' | b'-' | b'.'),
        Kind::Date => matches!(byte, b'-' | b':' | b'.' | b' ' | b'+'),
        _ => false,
    }
}

/// Whether a value looks as if it was masked already: there are fill bytes, and
/// besides them nothing but punctuation and the last characters that stay. Such
/// a value does not show its kind any more.
pub(crate) fn is_masked(mask: &Mask, value: &[u8]) -> bool {
    let is_punctuation =
        |byte: u8| matches!(byte, b'@' | b'.' | b':' | b' ' | b'-' | b'+' | b'/' | b'(' | b')');
    let others = check::characters(value)
        .filter(|character| !matches!(character, [byte] if *byte == mask.fill || is_punctuation(*byte)))
        .count();
    let ends = value.iter().rposition(|&byte| byte == mask.fill).map_or(0, |last| {
        check::characters(&value[last + 1..])
            .filter(|character| !matches!(character, [byte] if is_punctuation(*byte)))
            .count()
    });
    value.contains(&mask.fill) && others == ends && others <= mask.keep_last
}
