//! User names and passwords after the scheme `Basic` (RFC 7617) anywhere. Those
//! in an `Authorization` are found with it.

use super::credentials::{gap_end, token};
use crate::text::is_word_start;
use std::ops::Range;

/// The credentials after the `Basic` at `start`. The word is common, so what
/// follows must be base64 of a name, a colon and a password (RFC 7617).
pub(crate) fn basic(text: &[u8], start: usize) -> Option<Range<usize>> {
    let word = start + "basic".len();
    if !text.get(start..word)?.eq_ignore_ascii_case(b"basic") || !is_word_start(text, start) {
        return None;
    }
    let token = token(text, gap_end(text, word)?);
    is_user_password(&text[token.clone()]).then_some(token)
}

/// Whether this is base64 of printable text with a colon.
fn is_user_password(value: &[u8]) -> bool {
    let digits = &value[..value.len() - value.iter().rev().take_while(|&&byte| byte == b'=').count()];
    if digits.len() < 8 || digits.len() > 512 {
        return false;
    }
    let (mut bits, mut count, mut has_colon) = (0_u32, 0, false);
    for &digit in digits {
        let six = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            let byte = (bits >> count & 0xff) as u8;
            has_colon |= byte == b':';
            if byte < b' ' || byte == 0x7f {
                return false;
            }
        }
    }
    has_colon
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn credentials_are_found() {
        for text in
            ["sent Basic dXNlcjpodW50ZXIy, ok", "basic%20dXNlcjpodW50ZXIy", "Basic \"dXNlcjpodW50ZXIy\""]
        {
            assert_eq!(found(&[Kind::Basic], text), "dXNlcjpodW50ZXIy", "in {text}");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for text in [
            "Basic Configuration of MailServers",
            "basic dXNlcm5hbWU and basics",
            "Basic Authentication required",
            "Basic realm=\"Restricted:area\"",
        ] {
            assert_eq!(found(&[Kind::Basic], text), "", "in {text}");
        }
    }
}
