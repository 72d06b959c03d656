//! Decodes and encodes literals of each dialect.

use memchr::{memchr, memchr2};

use crate::dialect::Dialect;
use crate::lexer::{Form, Lexeme, Scan, Token};
use crate::view::Quotes;

/// The bytes that a token stands for, if it is a string, or hexadecimal digits
/// that stand for bytes. The file is not checked for wrong escapes.
pub(crate) fn decode(scan: &Scan<'_>, lexeme: &Lexeme) -> Option<Vec<u8>> {
    let Token::Text(text) = &lexeme.token else { return None };
    let inner = &scan.bytes[text.inner.clone()];
    match text.form {
        Form::Plain(quotes) => {
            let mut out = Vec::with_capacity(inner.len());
            decode_string(inner, quotes, scan.lexis.dialect, &mut out);
            Some(out)
        }
        Form::Dollar => Some(inner.to_vec()),
        Form::Hex if !scan.lexis.is_postgres() => decode_hex(inner),
        Form::Hex | Form::Bits | Form::Unicode => None,
    }
}

/// Decodes the content of a string.
pub(crate) fn decode_string(inner: &[u8], quotes: Quotes, dialect: Dialect, out: &mut Vec<u8>) {
    let Quotes { quote, backslash } = quotes;
    let mut rest = inner;
    loop {
        let place = if backslash { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
        let Some(place) = place else { break };
        out.extend_from_slice(&rest[..place]);
        let after = &rest[place + 1..];
        if rest[place] == quote {
            out.push(quote);
            rest = after.get(1..).unwrap_or_default();
        } else {
            rest = escape(after, dialect, out);
        }
    }
    out.extend_from_slice(rest);
}

/// Decodes what follows a backslash, and returns the rest.
///
/// Sources: PostgreSQL's "String Constants with C-Style Escapes", and MySQL's
/// "Special Character Escape Sequences".
fn escape<'a>(after: &'a [u8], dialect: Dialect, out: &mut Vec<u8>) -> &'a [u8] {
    let Some((byte, rest)) = after.split_first() else { return after };
    let control = match (*byte, dialect) {
        (b'b', _) => 8,
        (b'n', _) => b'\n',
        (b'r', _) => b'\r',
        (b't', _) => b'\t',
        (b'f', Dialect::Postgres) => 12,
        (b'0', Dialect::MySql) => 0,
        (b'Z', Dialect::MySql) => 26,
        (b'%' | b'_', Dialect::MySql) => {
            out.extend([b'\\', *byte]);
            return rest;
        }
        (b'0'..=b'7', Dialect::Postgres) => return number(after, 8, 3, out),
        (b'x', Dialect::Postgres) => return number(rest, 16, 2, out),
        (b'u', Dialect::Postgres) => return character(rest, 4, out),
        (b'U', Dialect::Postgres) => return character(rest, 8, out),
        (other, _) => other,
    };
    out.push(control);
    rest
}

/// Takes up to `most` digits in front of `text` as one byte.
fn number<'a>(text: &'a [u8], radix: u32, most: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let length = text.iter().take(most).take_while(is_digit).count();
    let digits = text[..length].iter().filter_map(|byte| char::from(*byte).to_digit(radix));
    // The upper bits of three octal digits are lost, as in PostgreSQL.
    out.push(digits.fold(0, |value, digit| value * radix + digit).to_le_bytes()[0]);
    &text[length..]
}

/// Takes `length` hexadecimal digits in front of `text` as a character.
fn character<'a>(text: &'a [u8], length: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let digits = text.get(..length).and_then(|digits| str::from_utf8(digits).ok());
    match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
        Some(character) => {
            out.extend(character.encode_utf8(&mut [0; 4]).bytes());
            &text[length..]
        }
        None => text,
    }
}

/// Encodes a value as the content of a string. A quote is doubled, which every
/// dialect reads; what a backslash must escape is escaped as the dump programs
/// do.
pub(crate) fn encode_string(value: &[u8], quotes: Quotes, dialect: Dialect, out: &mut Vec<u8>) {
    let Quotes { quote, backslash } = quotes;
    let is_plain =
        |byte: &u8| *byte != quote && (!backslash || !matches!(byte, b'\\' | 0 | b'\n' | b'\r' | 26));
    // Most values need no escape, and this is done for many bytes at a time.
    if value.iter().fold(true, |so_far, byte| so_far & is_plain(byte)) {
        out.extend_from_slice(value);
        return;
    }
    for byte in value {
        match *byte {
            b'\\' if backslash => out.extend(b"\\\\"),
            byte if byte == quote && backslash && dialect == Dialect::MySql => out.extend([b'\\', byte]),
            byte if byte == quote => out.extend([byte, byte]),
            0 if backslash && dialect == Dialect::MySql => out.extend(b"\\0"),
            b'\n' if backslash => out.extend(b"\\n"),
            b'\r' if backslash => out.extend(b"\\r"),
            26 if backslash && dialect == Dialect::MySql => out.extend(b"\\Z"),
            byte => out.push(byte),
        }
    }
}

/// Decodes pairs of hexadecimal digits.
pub(crate) fn decode_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect()
}

/// The digits that MySQL and SQLite write.
pub(crate) const CAPITALS: &[u8; 16] = b"0123456789ABCDEF";

/// The digits that PostgreSQL writes.
pub(crate) const SMALL: &[u8; 16] = b"0123456789abcdef";

/// Appends pairs of hexadecimal digits.
pub(crate) fn encode_hex(value: &[u8], digits: &[u8; 16], out: &mut Vec<u8>) {
    for byte in value {
        out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::span::{Ending, string_end};
    use crate::view::View;

    const ALL: [(Dialect, bool, u8); 7] = [
        (Dialect::Postgres, false, b'\''),
        (Dialect::Postgres, true, b'\''),
        (Dialect::MySql, true, b'\''),
        (Dialect::MySql, true, b'"'),
        (Dialect::MySql, false, b'\''),
        (Dialect::MySql, false, b'"'),
        (Dialect::Sqlite, false, b'\''),
    ];

    proptest! {
        #[test]
        fn strings_round_trip(value in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\\'\"\n\r\0\x1anrtx%_0".to_vec())], 0..20)) {
            for (dialect, backslash, quote) in ALL {
                let (mut text, mut back) = (Vec::new(), Vec::new());
                let quotes = Quotes { quote, backslash };
                encode_string(&value, quotes, dialect, &mut text);
                let closed = [&text[..], &[quote]].concat();
                let ending = string_end(View { bytes: &closed, last: true }, 0, quotes);
                prop_assert_eq!(ending, Ending::At(closed.len()));
                decode_string(&text, quotes, dialect, &mut back);
                prop_assert_eq!(&back, &value);
            }
        }

        #[test]
        fn hexadecimal_digits_round_trip(value in prop::collection::vec(any::<u8>(), 0..20), digits in prop::sample::select(vec![CAPITALS, SMALL])) {
            let mut text = Vec::new();
            encode_hex(&value, digits, &mut text);
            prop_assert_eq!(decode_hex(&text), Some(value));
        }
    }

    #[test]
    fn escapes_mean_what_the_servers_say() {
        let decoded = |text: &str, dialect| {
            let mut out = Vec::new();
            decode_string(text.as_bytes(), Quotes { quote: b'\'', backslash: true }, dialect, &mut out);
            out
        };
        assert_eq!(
            decoded(r"\b\f\n\r\t\101\x41\u00e4\'\q\\''", Dialect::Postgres),
            "\u{8}\u{c}\n\r\tAA\u{e4}'q\\'".as_bytes()
        );
        assert_eq!(
            decoded(r#"\0\'\"\b\n\r\t\Z\\\%\_\q''"#, Dialect::MySql),
            b"\0'\"\x08\n\r\t\x1a\\\\%\\_q'"
        );
    }
}
