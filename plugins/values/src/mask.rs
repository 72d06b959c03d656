//! Masks: what hides a value and keeps its place.

use crate::check;
use crate::kind::Kind;
use crate::text::split_number;

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
        let exponent = if kind == Kind::Number { self.exponent(value) } else { None };
        let is_kept = |byte| is_kept(kind, byte) || Some(byte) == exponent;
        if self.keep_last == 0 {
            if kind == Kind::Text || kind.is_secret() {
                out.resize(out.len() + value.len(), self.fill);
            } else {
                out.extend(value.iter().map(|&byte| if is_kept(byte) { byte } else { self.fill }));
            }
            return;
        }
        let is_hidden = |character: &[u8]| !matches!(character, [byte] if is_kept(*byte));
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

    /// The letter before the exponent of a number, masked or not.
    fn exponent(&self, value: &[u8]) -> Option<u8> {
        let digit = |&byte: &u8| if byte == self.fill { b'9' } else { byte };
        let digits: Vec<u8> = value.iter().map(digit).collect();
        split_number(&digits).and_then(|(_, exponent)| exponent.first().copied())
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
        Kind::Uuid => matches!(byte, b'-' | b'{' | b'}'),
        Kind::Number => matches!(byte, b'+' | b'-' | b'.'),
        Kind::Date => matches!(byte, b'-' | b':' | b'.' | b' ' | b'+'),
        _ => false,
    }
}

/// Whether a value looks as if it was masked already: there are fill bytes, and
/// besides them nothing but punctuation and the last characters that stay. Such
/// a value does not show its kind any more.
#[must_use]
pub fn is_masked(mask: &Mask, value: &[u8]) -> bool {
    let is_punctuation =
        |byte: u8| matches!(byte, b'@' | b'.' | b':' | b' ' | b'-' | b'+' | b'/' | b'(' | b')');
    let (mut hidden, mut kept) = (0, 0);
    for character in check::characters(value) {
        match character {
            // Characters before the mask are not its.
            [byte] if *byte == mask.fill && kept > 0 => return false,
            [byte] if *byte == mask.fill => hidden += 1,
            [byte] if is_punctuation(*byte) => {}
            _ => kept += 1,
        }
    }
    // As in [`Mask::write`]. A hidden character may have had several bytes.
    hidden > 0 && kept <= mask.keep_last.min((hidden + kept) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(mask: &Mask, kind: Kind, value: &str) -> String {
        let mut out = Vec::new();
        mask.write(kind, value.as_bytes(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn punctuation_shows_the_kind() {
        for (kind, value, expected) in [
            (Kind::Email, "Bob.Ray@x.nl", "***.***@*.**"),
            (Kind::Ipv6, "2001:db8::1", "****:***::*"),
            (Kind::Phone, "+31 (20) 555-0100", "+** (**) ***-****"),
            (Kind::Iban, "GB29 NWBK", "**** ****"),
            (Kind::Number, "-1.5e10", "-*.*e**"),
            (Kind::Number, "one.e", "***.*"),
            (Kind::Date, "2024-01-31T10:00Z", "****-**-*****:***"),
            (Kind::Password, "a.b@c", "*****"),
            (Kind::Text, "é", "**"),
        ] {
            assert_eq!(masked(&Mask::default(), kind, value), expected);
        }
        let nines = Mask { fill: b'9', ..Mask::default() };
        assert_eq!(masked(&nines, Kind::Number, "-10.5e+3"), "-99.9e+9");
    }

    #[test]
    fn the_last_characters_stay_but_never_more_than_half() {
        for (keep_last, kind, value, expected) in [
            (4, Kind::Card, "4111 1111 1111 1234", "**** **** **** 1234"),
            (4, Kind::Password, "secret", "***ret"),
            (4, Kind::Password, "abc", "**c"),
            (4, Kind::Text, "é", "**"),
            (1, Kind::Text, "aé", "*é"),
            (usize::MAX, Kind::Email, "bob@x.nl", "***@x.nl"),
        ] {
            assert_eq!(masked(&Mask { keep_last, ..Mask::default() }, kind, value), expected, "{value}");
        }
    }

    #[test]
    fn what_looks_masked_would_not_show_more_than_a_mask() {
        let mask = Mask { keep_last: 4, ..Mask::default() };
        for (value, is) in [
            ("***@x.nl", true),
            ("**** 1234", true),
            ("***", true),
            ("*abcd", false),
            ("*a*", false),
            ("a***", false),
            ("@.", false),
            ("*****abcde", false),
        ] {
            assert_eq!(is_masked(&mask, value.as_bytes()), is, "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_length_stays_and_at_most_half_of_the_letters(value in "[a-z0-9éß .@-]{0,20}", kind in prop::sample::select(&Kind::ALL[..]), keep_last in 0..12_usize) {
            let new = masked(&Mask { keep_last, ..Mask::default() }, kind, &value);
            prop_assert_eq!(new.len(), value.len());
            let letters = |text: &str| text.chars().filter(|char| char.is_alphanumeric()).count();
            // Punctuation is counted among what is hidden, except for that of
            // the kind.
            let all = value.chars().count();
            prop_assert!(letters(&new) <= keep_last.min(all / 2));
        }
    }
}
