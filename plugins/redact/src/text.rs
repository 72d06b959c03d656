//! The places in a line of text where values may begin and end.
//!
//! A value begins where a word begins and ends where a word ends; a word is a
//! run of ASCII letters and digits. A percent escape (`%20`) and the escapes
//! `\n` `\r` `\t` are not part of the word after them: in `%20ghp_...` and
//! `\n10.0.0.1`, a word begins after the escape.

/// Decodes the percent escape at `at`.
pub(crate) fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a value may begin at `at`.
pub(crate) fn is_word_start(bytes: &[u8], at: usize) -> bool {
    let is_letter = |byte| matches!(byte, Some(b'n' | b'r' | b't'));
    match bytes[..at] {
        [] => true,
        // The first letter or digit of an escape does not begin a word.
        [.., b'\\'] => !is_letter(bytes.get(at).copied()),
        [.., b'%'] => escape(bytes, at - 1).is_none(),
        // Inside a word, or right after an escape.
        [.., before] if before.is_ascii_alphanumeric() => {
            let behind = |by| at.checked_sub(by).and_then(|start| bytes.get(start).copied());
            let is_behind_escape = behind(3) == Some(b'%') && escape(bytes, at - 3).is_some();
            is_behind_escape || behind(2) == Some(b'\\') && is_letter(Some(before))
        }
        _ => true,
    }
}

/// Whether no word continues at `at`.
pub(crate) fn is_word_end(bytes: &[u8], at: usize) -> bool {
    !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// The end of the run of bytes from `from` on that satisfy `is`.
pub(crate) fn run_end(bytes: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|&byte| !is(byte)).map_or(bytes.len(), |length| from + length)
}

#[cfg(test)]
mod tests {
    use super::{is_word_end, is_word_start};
    use crate::oracle::Boundaries;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_are_those_of_the_model(text in r"([%\\nrt2aZ. ]|%20|\\n){0,12}") {
            let bytes = text.as_bytes();
            let boundaries = Boundaries::of(bytes);
            for at in (0..bytes.len()).filter(|&at| bytes[at].is_ascii_alphanumeric()) {
                prop_assert_eq!(is_word_start(bytes, at), boundaries.is_word_start(at), "at {} of {}", at, text);
            }
            for at in 1..bytes.len() {
                if boundaries.is_word_start(at - 1) {
                    prop_assert_eq!(is_word_end(bytes, at), boundaries.is_word_end(at), "at {} of {}", at, text);
                }
            }
        }
    }
}
