//! Tokens after the word `Bearer`, as in an `Authorization` header (RFC 6750).

use crate::sweep::{Seen, each_place};
use crate::text::{is_word_start, run_end};
use std::ops::Range;

/// Finds the token after each `Bearer`, in any case.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    let may_begin = |seen: Seen<'_>| {
        let is = |next, letter| seen.byte(next) | 0x20 == letter;
        is(0, b'b') & is(1, b'e') & is(2, b'a')
    };
    each_place(text, may_begin, |start| after_bearer(text, start).into_iter().for_each(&mut *found));
}

/// The token after the `Bearer` at `start`. In prose the word is followed by
/// other words (`bearer token missing`), so a token must have a digit or be
/// at least 20 bytes long.
fn after_bearer(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let word = start + "bearer".len();
    if !bytes.get(start..word)?.eq_ignore_ascii_case(b"bearer") || !is_word_start(bytes, start) {
        return None;
    }
    let token = run_end(bytes, word, |byte| matches!(byte, b' ' | b'\t'));
    let body = run_end(bytes, token, is_token);
    let end = run_end(bytes, body, |byte| byte == b'=');
    let is_plausible = body - token >= 20 || bytes[token..body].iter().any(u8::is_ascii_digit);
    (token > word && is_plausible).then_some(token..end)
}

/// `b64token` of RFC 6750, section 2.1.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn tokens_are_found() {
        for (text, token) in [
            ("authorization: bEARER  a1/b+c== x", "a1/b+c=="),
            ("Bearer abcdefghijklmnopqrst", "abcdefghijklmnopqrst"),
            (r#"{"auth":"\nBearer\tx1"}"#, ""),
            (r#"{"auth":"\nBearer x1"}"#, "x1"),
        ] {
            assert_eq!(found(&[Kind::Bearer], text), token, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "Bearer token",
            "the bearer of news",
            "Bearer",
            "bearer=a1",
            "forbearer a1",
            "Bearer key_0123456789abcdef",
        ] {
            assert_eq!(found(&[Kind::Bearer], text), "", "in {text}");
        }
    }
}
