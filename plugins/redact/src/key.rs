//! API keys and tokens of known formats.
//!
//! A format consists of a prefix that its issuer documents, and the bytes after
//! it. A key without such a prefix (an AWS *secret* key, a password) cannot be
//! distinguished from other text, and is not found.

use crate::sweep::{Seen, each_place};
use crate::text::{is_word_start, run_end};
use std::ops::Range;

/// The bytes that may follow a prefix.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Upper-case letters and digits.
    Upper,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-`.
    Url,
    /// Letters, digits, `_`, `-`, `.`; a dot at the end is not part of the key.
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
#[derive(Clone, Copy)]
struct Format {
    prefix: &'static str,
    alphabet: Alphabet,
    /// Number of bytes after the prefix.
    min: usize,
    max: usize,
    /// Index in the prefix of the byte that the search looks for.
    anchor: usize,
}

const fn format(prefix: &'static str, alphabet: Alphabet, min: usize, max: usize) -> Format {
    let mut anchor = 0;
    while !matches!(prefix.as_bytes()[anchor], b'_' | b'-' | b'A') {
        anchor += 1;
    }
    Format { prefix, alphabet, min, max, anchor }
}

const ANY: usize = usize::MAX;

/// The formats. If an issuer has lengthened its keys or reserves the right to,
/// only a minimum length is required. No prefix is the beginning of another
/// one.
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
    // Slack: "Token types" in the Slack API documentation; it does not mention
    // `xoxs`, `xoxc` and `xoxd`, the tokens of browser sessions.
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
    // OpenAI, and issuers that copied its form (`sk-proj-`, `sk-ant-`). None of
    // them documents it. A digit is required, so that names such as
    // `sk-loading-indicator-wide` are left alone.
    format(SK_PREFIX, Alphabet::Url, 20, ANY),
    // npm: the access token format of 2021, made like GitHub's.
    format("npm_", Alphabet::Word, 36, ANY),
    // PyPI: "pypi-" and a macaroon; `AgEIcHlwaS5vcmc` is its header, the
    // bytes 2, 1, 8, "pypi.org" (warehouse, token scanning).
    format("pypi-AgEIcHlwaS5vcmc", Alphabet::Url, 50, ANY),
    // Hugging Face: usually 34 letters; the form is not documented.
    format("hf_", Alphabet::Word, 30, ANY),
    // DigitalOcean personal access tokens: 64 hexadecimal digits, since 2022.
    format("dop_v1_", Alphabet::Word, 64, 64),
];

const SK_PREFIX: &str = "sk-";

/// Bytes next to an anchor that are possible in a prefix: the byte before it
/// or, for prefixes that begin with the anchor, the byte after it.
static BEFORE: [bool; 256] = neighbours(Side::Before);
static AFTER: [bool; 256] = neighbours(Side::After);

/// A side of an anchor.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

const fn neighbours(side: Side) -> [bool; 256] {
    let mut possible = [false; 256];
    let mut at = 0;
    while at < FORMATS.len() {
        let Format { prefix, anchor, .. } = FORMATS[at];
        match side {
            Side::Before if anchor > 0 => possible[prefix.as_bytes()[anchor - 1] as usize] = true,
            Side::After if anchor == 0 => possible[prefix.as_bytes()[1] as usize] = true,
            Side::Before | Side::After => {}
        }
        at += 1;
    }
    possible
}

/// A JSON Web Token (RFC 7519) begins with the base64url of `{"`.
const JWT_PREFIX: &str = "eyJ";

/// The prefixes of all formats.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.prefix).chain([JWT_PREFIX])
}

/// Finds every key by the anchor of its prefix: a `_` or `-` after a letter, a
/// capital A before one, or the whole of `eyJ`.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    let may_hold = |seen: Seen<'_>| {
        let (first, second) = (seen.byte(0), seen.byte(1));
        let is_lower = first.wrapping_sub(b'a') < 26;
        let is_upper = (second == b'K') | (second == b'S') | (second == b'I');
        let is_anchor = is_lower & ((second == b'_') | (second == b'-')) | (first == b'A') & is_upper;
        is_anchor | (first == b'e') & (second == b'y') & (seen.byte(2) == b'J')
    };
    // A key that begins inside another key is part of it.
    let (mut key_end, mut token_end) = (0, 0);
    each_place(text, may_hold, |at| {
        if text[at..].starts_with(JWT_PREFIX.as_bytes()) {
            if let Some(token) = (at >= token_end).then(|| jwt(text, at, key_end)).flatten() {
                token_end = token.end;
                found(token);
            }
            return;
        }
        let anchor = if text[at] == b'A' { at } else { at + 1 };
        if let Some(key) = at_anchor(text, anchor, key_end) {
            key_end = key.end;
            found(key);
        }
    });
}

/// The key whose prefix has its anchor at `anchor`, and which begins at or
/// after `from`.
fn at_anchor(text: &[u8], anchor: usize, from: usize) -> Option<Range<usize>> {
    let has = |bytes: &[bool; 256], at: Option<usize>| {
        at.and_then(|at| text.get(at)).is_some_and(|&byte| bytes[usize::from(byte)])
    };
    if !has(&BEFORE, anchor.checked_sub(1)) && !has(&AFTER, Some(anchor + 1)) {
        return None;
    }
    FORMATS.iter().find_map(|format| {
        let prefix = format.prefix.as_bytes();
        let start = anchor.checked_sub(format.anchor).filter(|&start| start >= from)?;
        let begins = start == from || is_word_start(text, start);
        (text[start..].starts_with(prefix) && begins).then(|| key(text, start, format))?
    })
}

/// The key of this format whose prefix is at `start`.
fn key(bytes: &[u8], start: usize, format: &Format) -> Option<Range<usize>> {
    if format.prefix == SK_PREFIX && !is_sk(bytes, start) {
        return None;
    }
    let body = start + format.prefix.len();
    // One byte more than the maximum is enough to see that a run is too long.
    let limit = body.saturating_add(format.max).saturating_add(1).min(bytes.len());
    let mut end = run_end(&bytes[..limit], body, |byte| format.alphabet.has(byte));
    while bytes[end - 1] == b'.' {
        end -= 1;
    }
    let length = end.checked_sub(body)?;
    (format.min..=format.max).contains(&length).then_some(start..end)
}

/// Whether a key may begin at `start` although its prefix may also occur in its
/// body. This is required so that `sk-sk-sk-...` is scanned once, not once per
/// `sk-`.
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

/// Three to five base64url parts separated by dots (RFC 7515 and 7516). The
/// shortest possible header, `{"alg":""}`, has 14 letters; the last parts may
/// be empty.
///
/// A token begins at the start of a word, or at the end of the last key: once
/// that key is masked, its end is the boundary of a word.
fn jwt(bytes: &[u8], start: usize, key_end: usize) -> Option<Range<usize>> {
    let follows_key = start > 0 && start == key_end;
    if !follows_key && (!begins_run(bytes, start) || !is_word_start(bytes, start)) {
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

#[cfg(test)]
mod tests;
