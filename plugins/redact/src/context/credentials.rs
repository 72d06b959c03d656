//! Credentials in the headers of HTTP: `Authorization` (RFC 9110 section
//! 11.6.2), `Cookie` and `Set-Cookie` (RFC 6265), and tokens after `Bearer`
//! (RFC 6750) anywhere.

use super::value;
use crate::kind::Kind;
use crate::text::{char_at, is_word_start, run_end};
use std::ops::Range;

/// How far the parameters of one header are read, in bytes.
const MAX_BYTES: usize = 8192;

/// The schemes that have one value after them, and the kind of the value.
const SCHEMES: &[(&str, Kind)] = &[
    ("basic", Kind::Basic),
    ("bearer", Kind::Bearer),
    ("token", Kind::Token),
    ("apikey", Kind::Token),
    ("api-key", Kind::Token),
    ("key", Kind::Token),
    ("jwt", Kind::Token),
    ("dpop", Kind::Token),
    ("negotiate", Kind::Token),
    ("ntlm", Kind::Token),
    ("sso-key", Kind::Token),
    ("genie-key", Kind::Token),
    ("geniekey", Kind::Token),
    ("bot", Kind::Token),
    ("splunk", Kind::Token),
    ("privatekey", Kind::Token),
];

/// The schemes with parameters.
const PARAMETER_SCHEMES: &[&str] =
    &["digest", "oauth", "aws4-hmac-sha256", "hawk", "mac", "signature", "hmac"];

/// The parameters that are secret.
const PARAMETERS: &[&str] = &["response", "signature", "mac", "oauth_token", "oauth_signature", "cnonce"];

/// Finds the credentials of an `Authorization` whose value begins at `at`.
/// Returns the end of what was read.
pub(super) fn authorization(text: &[u8], at: usize, found: &mut dyn FnMut(Range<usize>, Kind)) -> usize {
    let start = at + value::quote(text, at).map_or(0, |quote| quote.length);
    // A space of a form (`Authorization%3A+Basic+x`).
    let start = start + usize::from(text.get(start) == Some(&b'+'));
    let word = run_end(&text[..text.len().min(start + 32)], start, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-'
    });
    let scheme = &text[start..word];
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    if PARAMETER_SCHEMES.iter().any(|name| is(name)) {
        return parameters(text, word, found);
    }
    let known = SCHEMES.iter().find(|(name, _)| is(name)).map(|&(_, kind)| kind);
    let (from, kind) = match known {
        Some(kind) => match gap_end(text, word) {
            Some(from) => (from, kind),
            None => return at,
        },
        None => (start, Kind::Token),
    };
    let token = token(text, from);
    let value = &text[token.clone()];
    let is_value = match known {
        Some(Kind::Bearer) => value.len() >= 6 || value::is_token(value, 1),
        Some(_) => {
            value.len() >= 8 && (value.iter().any(|byte| !byte.is_ascii_lowercase()) || value.len() >= 20)
        }
        None => value::is_token(value, 8),
    };
    if !is_value || value::is_empty(value) {
        return at;
    }
    let end = token.end;
    found(token, kind);
    end
}

/// The token after the `Bearer` at `start`. In prose the word is followed by
/// other words (`bearer token missing`), so a token must have a digit or be at
/// least 20 bytes long.
pub(crate) fn bearer(text: &[u8], start: usize) -> Option<Range<usize>> {
    let word = start + "bearer".len();
    if !text.get(start..word)?.eq_ignore_ascii_case(b"bearer") || !is_word_start(text, start) {
        return None;
    }
    let token = token(text, gap_end(text, word)?);
    let value = &text[token.clone()];
    // Without a space, the word may be a name: `bearer:x1`.
    let is_plausible = match text[word..token.start] {
        [b':'] => value::is_random(value),
        _ => value.len() >= 20 || value.iter().any(u8::is_ascii_digit),
    };
    (is_plausible && !value::is_empty(value)).then_some(token)
}

/// The end of the gap between a scheme and its value: spaces, a colon, and a
/// quote.
pub(super) fn gap_end(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    let mut has_space = false;
    while let Some(char) = char_at(text, end).filter(|_| end < at + 16) {
        match char.ascii() {
            b' ' | b'\t' => has_space = true,
            b':' if end == at => has_space = !char.is_escape,
            b'+' if end == at => {
                return Some(end + 1);
            }
            _ => break,
        }
        end += char.length;
    }
    let quote = value::quote(text, end).map_or(0, |quote| quote.length);
    has_space.then_some(end + quote)
}

/// `b64token` of RFC 6750 section 2.1, with percent escapes.
pub(super) fn token(text: &[u8], start: usize) -> Range<usize> {
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b':' | b'|')
    };
    let mut end = start;
    loop {
        end = run_end(text, end, is_token);
        let is_escape = text.get(end) == Some(&b'%')
            && char_at(text, end).is_some_and(|char| {
                char.is_escape && matches!(char.ascii(), b'+' | b'/' | b'=' | b':' | b'|')
            });
        if !is_escape {
            break;
        }
        end += 3;
    }
    while end > start
        && matches!(text[end - 1], b':' | b'.' | b'|')
        && !text[start..end].contains(&b'%')
        && end == run_end(text, start, is_token)
        && text[end - 1] != b'.'
    {
        end -= 1;
    }
    start..run_end(text, end, |byte| byte == b'=')
}

/// Finds the secret ones of the parameters `name="value", ...` after a scheme.
fn parameters(text: &[u8], from: usize, found: &mut dyn FnMut(Range<usize>, Kind)) -> usize {
    let limit = text.len().min(from + MAX_BYTES);
    let end = run_end(&text[..limit], from, |byte| byte != b'\n');
    let mut at = from;
    while let Some(equals) = memchr::memchr(b'=', &text[at..end]).map(|place| at + place) {
        let start = equals
            - text[at..equals]
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count();
        let range = value::quoted(text, equals + 1)
            .unwrap_or_else(|| value::unquoted(text, equals + 1, value::Style::Plain));
        if PARAMETERS.iter().any(|name| text[start..equals].eq_ignore_ascii_case(name.as_bytes()))
            && !value::is_empty(&text[range.clone()])
        {
            found(range.clone(), Kind::Token);
        }
        at = range.end.max(equals + 1);
        if at >= end {
            break;
        }
    }
    at
}

/// Finds the values of the first `count` cookies from `at` on. Returns the
/// end of what was read.
pub(super) fn cookies(
    text: &[u8],
    at: usize,
    count: usize,
    found: &mut dyn FnMut(Range<usize>, Kind),
) -> usize {
    let mut at = at + value::quote(text, at).map_or(0, |quote| quote.length);
    let limit = at + MAX_BYTES;
    for _ in 0..count {
        let is_name = |byte: u8| {
            byte > b' '
                && byte < 0x7f
                && !matches!(byte, b'=' | b';' | b',' | b'"' | b'\\' | b'<' | b'>' | b'(' | b')')
        };
        let name = run_end(text, at, is_name);
        if name == at || text.get(name) != Some(&b'=') {
            return at;
        }
        let range = value::quoted(text, name + 1).unwrap_or_else(|| name + 1..cookie_end(text, name + 1));
        let value = &text[range.clone()];
        if value.iter().any(u8::is_ascii_alphanumeric) && !value::is_empty(value) {
            found(range.clone(), Kind::Cookie);
        }
        at = range.end
            + value::quote(text, range.end)
                .filter(|_| text[name + 1] == b'"')
                .map_or(0, |quote| quote.length);
        if text.get(at) != Some(&b';') || at > limit {
            return at;
        }
        at = run_end(text, at + 1, |byte| byte == b' ');
    }
    at
}

/// `cookie-octet` of RFC 6265: no space, quote, comma, semicolon, backslash.
fn cookie_end(text: &[u8], start: usize) -> usize {
    run_end(&text[..text.len().min(start + MAX_BYTES)], start, |byte| {
        byte > b' ' && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'\'' | 0x7f)
    })
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    const KINDS: [Kind; 4] = [Kind::Bearer, Kind::Basic, Kind::Token, Kind::Cookie];

    #[test]
    fn credentials_are_found() {
        for (text, value) in [
            ("authorization: bEARER  a1/b+c== x", "a1/b+c=="),
            ("Bearer abcdefghijklmnopqrst", "abcdefghijklmnopqrst"),
            (r#"{"auth":"\nBearer x1"}"#, "x1"),
            ("Authorization=Bearer%20mavev6XdLeMO", "mavev6XdLeMO"),
            (r#"{"auth":"Bearer\u0020mavev6XdLeMO"}"#, "mavev6XdLeMO"),
            ("Authorization: Bearer \"mavev6XdLeMO\"", "mavev6XdLeMO"),
            ("Authorization: Bearer: mavev6XdLeMO", "mavev6XdLeMO"),
            ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
            ("Authorization: Bearer letmein", "letmein"),
            ("Bearer:mavev6XdLeMO0q9pT2 x", "mavev6XdLeMO0q9pT2"),
            ("h=Authorization%3A+Basic+dXNlcjpodW50ZXIy&x", "dXNlcjpodW50ZXIy"),
            ("Authorization: GenieKey 19qfGgQp8flZoJgr7haQ", "19qfGgQp8flZoJgr7haQ"),
            ("Authorization: Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"),
            ("\"authorization\":\"Basic c3ZjOnBhNTU=\"", "c3ZjOnBhNTU="),
            ("Authorization: ApiKey 19qfGgQp8flZoJgr7haQ", "19qfGgQp8flZoJgr7haQ"),
            ("Authorization: token key-adb0f0131b7daa6d91b5", "key-adb0f0131b7daa6d91b5"),
            ("Authorization: Digest username=\"bob\", response=\"a4204f9c9d837ef9\"", "a4204f9c9d837ef9"),
            ("Set-Cookie: JSESSIONID=CW4PY1OF70V8; Path=/; HttpOnly", "CW4PY1OF70V8"),
            ("Cookie: a=b1; session=xyz; theme=dark", "b1 xyz dark"),
            (r#"{"cookie":"sid=abc123; x=y1","z":1}"#, "abc123 y1"),
        ] {
            assert_eq!(found(&KINDS, text), value, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "Bearer token",
            "the bearer of news",
            "Bearer",
            "forbearer a1 b",
            "auth=basic realm",
            "Authorization: none",
            "cookie policy: see",
            "Cookie: none",
            "WWW-Authenticate: Basic realm=\"x\"",
            "author: bob",
            "bearer:users1",
        ] {
            assert_eq!(found(&KINDS, text), "", "in {text}");
        }
    }
}
