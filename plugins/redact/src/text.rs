//! Where values may begin and end in a line of text.
//!
//! A value begins where a word begins and ends where a word ends; a word is a
//! run of ASCII letters and digits. A percent escape (`%20`) and the escapes
//! `\n` `\r` `\t` are no part of the word after them: `%20ghp_...` and
//! `\n10.0.0.1` begin behind the escape.

/// The byte that the percent escape at `at` stands for.
pub(crate) fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether no word goes on at `at`.
pub(crate) fn is_word_end(bytes: &[u8], at: usize) -> bool {
    !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// The end of the run of bytes from `from` on that satisfy `is`.
pub(crate) fn run_end(bytes: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|&byte| !is(byte)).map_or(bytes.len(), |length| from + length)
}
