//! Offsets, sizes and hexadecimal bytes, as people write them.

use crate::words::digit;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// So many bytes after the start.
    Start(u64),
    /// So many bytes before the end.
    End(u64),
}

impl Place {
    /// Reads an offset: a number, `-` and a number for a place counted from
    /// the end of the file, or `end`.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        match text {
            b"end" => Ok(Self::End(0)),
            [b'-', number @ ..] => crate::number::number(number).map(Self::End),
            number => crate::number::number(number).map(Self::Start),
        }
        .map_err(|what| format!("{what}, after a `-` if it counts from the end of the file, or `end`"))
    }

    /// The offset in a file of this size; `None` if it lies before the start.
    #[must_use]
    pub fn offset(self, size: u64) -> Option<u64> {
        match self {
            Self::Start(bytes) => Some(bytes),
            Self::End(bytes) => size.checked_sub(bytes),
        }
    }
}

/// Reads a number of bytes: decimal, or hexadecimal after `0x`. K, M, G and T
/// after a decimal number are powers of 1024.
///
/// # Errors
/// If it is not such a number, or is 2^63 or more.
pub(crate) fn number(text: &[u8]) -> Result<u64, String> {
    let form = || "it must be a number of bytes such as 16, 0x10, 4K or 2G".to_owned();
    let text = str::from_utf8(text).map_err(|_| form())?;
    let (digits, radix, shift) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16, 0),
        None => {
            let digits = text.trim_end_matches(|letter: char| "kKmMgGtT".contains(letter));
            let shift = match &text[digits.len()..] {
                "" => 0,
                "k" | "K" => 10,
                "m" | "M" => 20,
                "g" | "G" => 30,
                "t" | "T" => 40,
                _ => return Err(form()),
            };
            (digits, 10, shift)
        }
    };
    // `from_str_radix` takes a sign.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(form());
    }
    let is_number = digits.bytes().all(|byte| char::from(byte).is_digit(radix));
    if !is_number {
        return Err(form());
    }
    let number = u64::from_str_radix(digits, radix).ok().and_then(|number| number.checked_mul(1 << shift));
    number.filter(|number| *number < 1 << 63).ok_or_else(|| "it must be less than 2^63".to_owned())
}

/// Reads bytes in hexadecimal digits, two for each byte. Blanks between bytes
/// are left out.
///
/// # Errors
/// If a byte has one digit, or something is not a digit.
pub(crate) fn hex(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Ok(bytes),
            [b' ' | b'\t', after @ ..] => after,
            [high, low, after @ ..] if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                after
            }
            _ => return Err("it must be hexadecimal, two digits for each byte, such as `de ad be ef`".into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_hexadecimal_or_have_a_suffix() {
        for (text, expected) in [
            ("0", 0),
            ("16", 16),
            ("0x10", 16),
            ("0XfF", 255),
            ("4K", 4096),
            ("1m", 1 << 20),
            ("2G", 2 << 30),
            ("1T", 1 << 40),
            ("007", 7),
            ("9223372036854775807", i64::MAX as u64),
        ] {
            assert_eq!(number(text.as_bytes()), Ok(expected), "{text}");
        }
        let wrong = ["", "-1", "+1", "0x", "0x+1", "1KK", "K", "0x1K", "1.5", "a", "9223372036854775808"];
        for text in wrong.into_iter().chain(["8388608T", "99999999999999999999", "1 ", "0xg"]) {
            assert!(number(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn places_count_from_either_end() {
        assert_eq!(Place::read(b"5"), Ok(Place::Start(5)));
        assert_eq!(Place::read(b"-0x10"), Ok(Place::End(16)));
        assert_eq!(Place::read(b"end"), Ok(Place::End(0)));
        assert!(Place::read(b"--1").is_err());
        assert!(Place::read(b"-").is_err());
        assert_eq!(Place::End(4).offset(10), Some(6));
        assert_eq!(Place::End(11).offset(10), None);
        assert_eq!(Place::Start(11).offset(10), Some(11));
    }

    #[test]
    fn hex_has_two_digits_for_each_byte() {
        assert_eq!(hex(b"deADbe ef"), Ok(vec![0xde, 0xad, 0xbe, 0xef]));
        assert_eq!(hex(b""), Ok(Vec::new()));
        assert!(hex(b"abc").is_err());
        assert!(hex(b"a b").is_err());
        assert!(hex(b"0x10").is_err());
    }
}
