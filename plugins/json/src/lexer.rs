//! Finds the ends of numbers and words, and checks that they are what RFC 8259
//! allows.
//!
//! Nothing here depends on what surrounds a token, except that the bytes may be
//! cut: a token that reaches their end may go on in the next window.

/// A byte of ones in each byte of a word.
pub(crate) const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each byte of a word.
pub(crate) const HIGH: u64 = 0x8080_8080_8080_8080;

/// What is wrong with a token: the position, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The position in the bytes.
    pub(crate) at: usize,
    /// What is wrong or was expected.
    pub(crate) what: &'static str,
}

/// What follows the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing: the input ends.
    Nothing,
    /// Perhaps more bytes.
    Unknown,
}

/// The end of a number or word in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenEnd {
    /// One past its last byte.
    At(usize),
    /// The bytes end first, or right after it.
    Cut,
}

/// The first position at or after `at` that is not whitespace.
#[inline(always)]
pub(crate) fn skip_whitespace(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Finds the end of the number at `start`.
///
/// # Errors
/// If it is not a number of JSON.
#[inline]
pub(crate) fn number(bytes: &[u8], start: usize, rest: Rest) -> Result<TokenEnd, Wrong> {
    let cut = if rest == Rest::Nothing { Err(bytes.len()) } else { Ok(TokenEnd::Cut) };
    let ends_early = |at| Wrong { at, what: "the text ends in the middle of a number" };
    let mut at = start + usize::from(bytes[start] == b'-');
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(bytes, at),
        None => return cut.map_err(ends_early),
        Some(_) => return Err(Wrong { at, what: "expected a digit after `-`" }),
    }
    if let Some(b'0'..=b'9') = bytes.get(at) {
        return Err(Wrong { at, what: "a number must not begin with a zero before other digits" });
    }
    if bytes.get(at) == Some(&b'.') {
        match bytes.get(at + 1) {
            Some(b'0'..=b'9') => at = digits(bytes, at + 1),
            None => return cut.map_err(ends_early),
            Some(_) => return Err(Wrong { at: at + 1, what: "expected a digit after the decimal point" }),
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        match bytes.get(at) {
            Some(b'0'..=b'9') => at = digits(bytes, at),
            None => return cut.map_err(ends_early),
            Some(_) => return Err(Wrong { at, what: "expected a digit in the exponent" }),
        }
    }
    delimited(bytes, at, rest, "a number must be followed by a comma, a bracket or whitespace")
}

/// Finds the end of the word at `start`, one of `true`, `false` and `null`.
///
/// # Errors
/// If it is none of them.
#[inline]
pub(crate) fn word(bytes: &[u8], start: usize, rest: Rest) -> Result<TokenEnd, Wrong> {
    let word: &[u8] = match bytes[start] {
        b't' => b"true",
        b'f' => b"false",
        _ => b"null",
    };
    let text = &bytes[start..];
    if text.starts_with(word) {
        return delimited(bytes, start + word.len(), rest, "expected a comma, a bracket or whitespace");
    }
    if word.starts_with(text) && rest == Rest::Unknown {
        return Ok(TokenEnd::Cut);
    }
    Err(Wrong { at: start, what: "expected a value; words are `true`, `false` and `null`" })
}

/// Checks that a number or word ends at `at`.
#[inline(always)]
fn delimited(bytes: &[u8], at: usize, rest: Rest, what: &'static str) -> Result<TokenEnd, Wrong> {
    match bytes.get(at) {
        Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | 0x1e) => Ok(TokenEnd::At(at)),
        None if rest == Rest::Nothing => Ok(TokenEnd::At(at)),
        None => Ok(TokenEnd::Cut),
        Some(_) => Err(Wrong { at, what }),
    }
}

/// The first position at or after `at` that is not a digit. Eight bytes are
/// looked at without a branch.
#[inline(always)]
fn digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        // The highest bit of each byte that is no digit is set. Bytes above such
        // a byte may be wrong.
        let word = u64::from_le_bytes(*chunk) ^ (ONES * b'0' as u64);
        let stop = (word.wrapping_add(ONES * (0x80 - 10)) | word) & HIGH;
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_serde_json(text in "-?[0-2.eE+-]{0,6}") {
            if !text.is_empty() && text.starts_with(['-', '0', '1', '2']) {
                let expected = serde_json::from_str::<serde_json::Number>(&text).is_ok();
                let found = number(text.as_bytes(), 0, Rest::Nothing);
                prop_assert_eq!(found.is_ok(), expected, "{}", text);
                prop_assert!(found.is_err() || found == Ok(TokenEnd::At(text.len())));
            }
        }
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(word(b"true", 0, Rest::Nothing), Ok(TokenEnd::At(4)));
        assert_eq!(word(b"true", 0, Rest::Unknown), Ok(TokenEnd::Cut));
        assert_eq!(word(b"[nul", 1, Rest::Unknown), Ok(TokenEnd::Cut));
        assert_eq!(word(b"false]", 0, Rest::Unknown), Ok(TokenEnd::At(5)));
        for text in ["nul", "nulL", "truely", "no", "falsetrue"] {
            assert!(word(text.as_bytes(), 0, Rest::Nothing).is_err(), "{text}");
        }
    }
}
