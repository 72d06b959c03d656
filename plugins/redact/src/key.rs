//! API keys and tokens of known formats, and what follows `Bearer`.
//!
//! A format is a prefix that its issuer documents, and the bytes after it. A
//! key without such a prefix (an AWS *secret* key, a password) cannot be told
//! from other text, and is not found.

use crate::text::run_end;
use std::ops::Range;

/// Which bytes may follow a prefix.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Upper-case letters and digits.
    Upper,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-`.
    Url,
    /// Letters, digits, `_`, `-`, `.`; a dot at the end is not of the key.
    Dotted,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Url => Self::Word.has(byte) || byte == b'-',
            Self::Dotted => Self::Url.has(byte) || byte == b'.',
        }
    }
}

/// A format of keys.
struct Format {
    prefix: &'static str,
    alphabet: Alphabet,
    /// Bytes after the prefix.
    min: usize,
    max: usize,
}

const fn format(prefix: &'static str, alphabet: Alphabet, min: usize, max: usize) -> Format {
    Format { prefix, alphabet, min, max }
}

const ANY: usize = usize::MAX;

/// The formats. Where issuers have lengthened their keys, or reserve the
/// right to, only a least length is asked for. Where one prefix begins
/// another, the longer one must stand first.
const FORMATS: &[Format] = &[
    // AWS access key ids, long-term and temporary: "Unique identifiers" in
    // the IAM user guide.
    format("AKIA", Alphabet::Upper, 16, 16),
    format("ASIA", Alphabet::Upper, 16, 16),
    // GitHub: "Behind GitHub's new authentication token formats" (2021); up
    // to 255 bytes.
    format("ghp_", Alphabet::Word, 36, ANY),
    format("gho_", Alphabet::Word, 36, ANY),
    format("ghu_", Alphabet::Word, 36, ANY),
    format("ghs_", Alphabet::Dotted, 36, ANY),
    format("ghr_", Alphabet::Word, 36, ANY),
    format("github_pat_", Alphabet::Word, 36, ANY),
    // GitLab: "Token prefixes" in the GitLab documentation; routable tokens
    // have dots.
    format("glpat-", Alphabet::Dotted, 20, ANY),
    // Slack: "Token types" in the Slack API documentation.
    format("xoxb-", Alphabet::Url, 10, ANY),
    format("xoxp-", Alphabet::Url, 10, ANY),
    format("xoxa-", Alphabet::Url, 10, ANY),
    format("xoxr-", Alphabet::Url, 10, ANY),
    format("xoxs-", Alphabet::Url, 10, ANY),
    format("xoxc-", Alphabet::Url, 10, ANY),
    format("xoxd-", Alphabet::Url, 10, ANY),
    format("xoxe-", Alphabet::Url, 10, ANY),
    format("xapp-", Alphabet::Url, 10, ANY),
    // Google API keys: 39 bytes, as in every secret scanner; Google does not
    // document the form.
    format("AIza", Alphabet::Url, 35, 35),
    // Stripe: "API keys" in the Stripe documentation.
    format("sk_live_", Alphabet::Word, 16, ANY),
    format("rk_live_", Alphabet::Word, 16, ANY),
    format("pk_live_", Alphabet::Word, 16, ANY),
    format("sk_test_", Alphabet::Word, 16, ANY),
    format("rk_test_", Alphabet::Word, 16, ANY),
    format("whsec_", Alphabet::Word, 16, ANY),
    // OpenAI, and others who copied the form (`sk-proj-`, `sk-ant-`). None
    // documents it; a digit is asked for, so that names such as
    // `sk-loading-indicator-wide` are left alone.
    format(SK_PREFIX, Alphabet::Url, 20, ANY),
    // npm: "New npm token format" (GitHub blog, 2021).
    format("npm_", Alphabet::Word, 36, ANY),
    // PyPI: "pypi-" and a macaroon; `AgEIcHlwaS5vcmc` is its header, the
    // bytes 2, 1, 8, "pypi.org" (warehouse, token scanning).
    format("pypi-AgEIcHlwaS5vcmc", Alphabet::Url, 50, ANY),
    // Hugging Face: "User access tokens".
    format("hf_", Alphabet::Word, 30, ANY),
    // DigitalOcean: "API tokens" (2022).
    format("dop_v1_", Alphabet::Word, 64, 64),
];

const SK_PREFIX: &str = "sk-";

/// A JSON Web Token (RFC 7519) begins with the base64url of `{"`.
const JWT_PREFIX: &str = "eyJ";

/// The prefixes of all formats.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.prefix).chain([JWT_PREFIX])
}

/// The key that begins with the word at `start`.
pub(crate) fn at_word(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let text = &bytes[start..];
    if text.starts_with(JWT_PREFIX.as_bytes()) {
        return jwt(bytes, start);
    }
    let first = *text.first()?;
    let format = FORMATS
        .iter()
        .find(|format| format.prefix.as_bytes()[0] == first && text.starts_with(format.prefix.as_bytes()))?;
    let body = start + format.prefix.len();
    // One byte more than fits is enough to see that a run is too long.
    let limit = body.saturating_add(format.max).saturating_add(1).min(bytes.len());
    if format.prefix == SK_PREFIX && !is_sk(bytes, start) {
        return None;
    }
    let mut end = run_end(&bytes[..limit], body, |byte| format.alphabet.has(byte));
    while bytes[end - 1] == b'.' {
        end -= 1;
    }
    let length = end.checked_sub(body)?;
    (format.min..=format.max).contains(&length).then_some(start..end)
}

/// Whether `start` may begin a key in whose body its own prefix is nothing
/// special. Asked for so that `sk-sk-sk-...` is walked over once, not once
/// for each `sk-`.
fn begins_run(bytes: &[u8], start: usize) -> bool {
    start == 0 || !matches!(bytes[start - 1], b'-' | b'_')
}

/// Whether the `sk-` at `start` begins a key rather than a name.
fn is_sk(bytes: &[u8], start: usize) -> bool {
    begins_run(bytes, start)
        && bytes[start + SK_PREFIX.len()..]
            .iter()
            .take_while(|&&byte| Alphabet::Url.has(byte))
            .any(u8::is_ascii_digit)
}

/// Three to five base64url parts with dots between (RFC 7515 and 7516). The
/// shortest header there can be, `{"alg":""}`, has 14 letters; the last parts
/// may be empty.
fn jwt(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    if !begins_run(bytes, start) {
        return None;
    }
    let part = |from| run_end(bytes, from, |byte| Alphabet::Url.has(byte));
    let mut end = part(start);
    if end - start < 14 {
        return None;
    }
    for parts in 1..5 {
        if bytes.get(end) != Some(&b'.') {
            return (parts >= 3).then_some(start..end);
        }
        end = part(end + 1);
    }
    Some(start..end)
}

/// The token after the word `Bearer`, in any case, at `start` (RFC 6750). In
/// prose the word is followed by other words (`bearer token missing`), so a
/// token must have a digit or be at least 20 bytes long.
pub(crate) fn after_bearer(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let word = start + "bearer".len();
    if !bytes.get(start..word)?.eq_ignore_ascii_case(b"bearer") {
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
    use super::{ANY, Alphabet, FORMATS, SK_PREFIX};
    use crate::kind::Kind;
    use crate::oracle::found;
    use proptest::prelude::*;

    #[test]
    fn jwts_and_bearer_tokens_are_found() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln_-";
        assert_eq!(found(&[Kind::Key], &format!("id={jwt};")), jwt);
        assert_eq!(found(&[Kind::Key], &format!("id={jwt}.a.b.c")), format!("{jwt}.a.b"));
        assert_eq!(
            found(&[Kind::Key], "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."
        );
        assert_eq!(found(&[Kind::Bearer], "authorization: bEARER  a1/b+c== x"), "a1/b+c==");
        assert_eq!(found(&[Kind::Bearer], "Bearer abcdefghijklmnopqrst"), "abcdefghijklmnopqrst");
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "AKIA1234",
            "AKIAIOSFODNN7EXAMPLEX",
            "xAKIAIOSFODNN7EXAMPLE",
            "sk-loading-indicator-wide-screen",
            "task-1234567890123456789012",
            "ghp_short",
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi",
            "Bearer token",
            "the bearer of news",
            "Bearer",
            "bearer=a1",
            "Bearer key_0123456789abcdef",
        ] {
            assert_eq!(found(&[Kind::Key, Kind::Bearer], text), "", "in {text}");
        }
    }

    #[test]
    fn no_prefix_hides_a_longer_one() {
        for (place, long) in FORMATS.iter().enumerate() {
            for short in &FORMATS[..place] {
                assert!(
                    !long.prefix.starts_with(short.prefix),
                    "{} is hidden by {}",
                    long.prefix,
                    short.prefix
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_format_is_found(
            format in prop::sample::select((0..FORMATS.len()).collect::<Vec<_>>()),
            body in prop::collection::vec(any::<prop::sample::Index>(), 1..120),
            before in "([ \"'(=:,]|%20|_|\\\\n)?",
            after in "[ \"'),;&\n]?",
        ) {
            let format = &FORMATS[format];
            let letters: &[u8] = match format.alphabet {
                Alphabet::Upper => b"ABCXYZ012789",
                Alphabet::Word => b"abcXYZ0129_",
                Alphabet::Url | Alphabet::Dotted => b"abcXYZ0129_-",
            };
            let length = if format.max == ANY { body.len().max(format.min) } else { format.max };
            let body: String = body.iter().cycle().take(length).map(|letter| char::from(*letter.get(letters))).collect();
            let is_sk = format.prefix == SK_PREFIX;
            prop_assume!(!is_sk || (body.contains(|letter: char| letter.is_ascii_digit()) && before != "_"));
            let key = format!("{}{body}", format.prefix);
            prop_assert_eq!(found(&[Kind::Key], &format!("{before}{key}{after}")), key);
        }
    }
}
