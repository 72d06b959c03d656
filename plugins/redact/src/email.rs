//! E-mail addresses.
//!
//! An address is `LOCAL@DOMAIN`, where `LOCAL` is a run of ASCII letters,
//! digits and `.` `_` `+` `-`, and `DOMAIN` is two labels or more, the last of
//! them two letters or more (or `xn--...`). The `@`, and characters of `LOCAL`,
//! may be percent-encoded, as they are in the query strings of access logs:
//! `bob%2Bnews%40example.com`.
//!
//! RFC 5322 allows much more before the `@` (quotes, `=`, `/`, comments). In
//! logs these occur between values far more often than inside one, so they end
//! it. Image names such as `logo@2x.png` are left alone.

use crate::text::{escape, run_end};
use memchr::memchr2_iter;
use std::ops::Range;

/// Finds every address.
pub(crate) fn find(text: &[u8], found: &mut impl FnMut(Range<usize>)) {
    memchr2_iter(b'@', b'%', text).filter_map(|at| at_sign(text, at)).for_each(found);
}

/// The address whose `@` or `%40` is at `at`.
fn at_sign(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = match bytes.get(at)? {
        b'@' => 1,
        b'%' if escape(bytes, at) == Some(b'@') => 3,
        _ => return None,
    };
    let end = domain_end(bytes, at + sign)?;
    let start = local_start(bytes, at);
    (start < at).then_some(start..end)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-')
}

/// The start of the local part that ends at `at`; `at` if there is none.
fn local_start(bytes: &[u8], at: usize) -> usize {
    let mut start = at;
    while start > 0 {
        if let Some(decoded) = start.checked_sub(3).and_then(|before| escape(bytes, before)) {
            if !is_local(decoded) {
                break;
            }
            start -= 3;
        } else if is_local(bytes[start - 1]) {
            start -= 1;
        } else {
            break;
        }
    }
    // In `\nbob@example.com`, where `\n` is a line end in JSON, the `n` is not
    // part of the address.
    if start > 0 && bytes[start - 1] == b'\\' && matches!(bytes[start], b'n' | b'r' | b't') {
        start += 1;
    }
    while start < at && matches!(bytes[start], b'.' | b'+' | b'-') {
        start += 1;
    }
    start
}

/// The end of the longest domain that begins at `start`.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = None;
    let mut is_first = true;
    let mut label = start;
    loop {
        // A label is made of pieces: `example` and `site` in `example-site`.
        // The address may end after each of them, so that a dash or a word
        // after it does not hide the address.
        let mut at = label;
        loop {
            let piece = at;
            at = run_end(bytes, piece, |byte| byte.is_ascii_alphanumeric());
            if at > piece && !is_first && is_top_level(&bytes[label..at]) {
                end = Some(at);
            }
            if at == label || bytes.get(at) != Some(&b'-') {
                break;
            }
            at += 1;
        }
        let is_whole = at > label && bytes[at - 1] != b'-';
        if !is_whole || bytes.get(at) != Some(&b'.') {
            break;
        }
        is_first = false;
        label = at + 1;
    }
    end.filter(|&end| !is_image_name(&bytes[start..end]))
}

fn is_top_level(label: &[u8]) -> bool {
    label.len() >= 2
        && (label.iter().all(u8::is_ascii_alphabetic)
            || label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--")))
}

/// Whether this is the part after the `@` of a name such as `logo@2x.png`.
fn is_image_name(domain: &[u8]) -> bool {
    let digits = domain.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let extension = match domain[digits..].split_at_checked(2) {
        Some((b"x." | b"X.", extension)) if digits > 0 => extension,
        _ => return false,
    };
    [&b"png"[..], b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"avif"]
        .iter()
        .any(|image| extension.eq_ignore_ascii_case(image))
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::{Boundaries, assert_scan_equals, found};
    use proptest::prelude::*;
    use regex::bytes::Regex;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("to=<bob@example.com>, ok", "bob@example.com"),
            ("see Bob.O+news@mail.example.co.uk.", "Bob.O+news@mail.example.co.uk"),
            ("?mail=bob%2Bx%40example.com&a=1", "bob%2Bx%40example.com"),
            ("%3Dbob@example.com", "bob@example.com"),
            (r#"{"a":"\nbob@example.com"}"#, "bob@example.com"),
            ("user=bob@example.com-old", "bob@example.com"),
            ("bob@example.xn--p1ai bob@ex-ample.museum", "bob@example.xn--p1ai bob@ex-ample.museum"),
        ] {
            assert_eq!(found(&[Kind::Email], text), values, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "logo@2x.png",
            "icon@12X.WEBP.",
            "lodash@4.17.21",
            "@example.com",
            "bob@",
            "bob@localhost",
            "bob@.com",
            "bob@-x.com",
            "bob@x.c",
            "bob@x.c0m",
            "a @ b.com",
            "\\n@x.com",
            "%40example.com",
        ] {
            assert_eq!(found(&[Kind::Email], text), "", "in {text}");
        }
    }

    proptest! {
        #[test]
        fn equals_a_quadratic_search(text in r"([ab2.+@%\\n=-]|%40|%2B|%3D|@a\.ab|2x\.png|xn--|\n){0,12}") {
            let local = "(?:[A-Za-z0-9_]|%2[BDEbde]|%5[Ff]|%3[0-9]|%[46][1-9A-Fa-f]|%[57][0-9Aa])";
            let label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
            let value = Regex::new(&format!(
                r"^{local}(?:{local}|[.+-])*(?:@|%40)(?:{label}\.)+(?:[A-Za-z]{{2,}}|xn--(?:[A-Za-z0-9-]*[A-Za-z0-9]))$"
            )).expect("a valid expression");
            let image = Regex::new(r"[@0]\d+x\.png$").expect("a valid expression");
            let boundaries = Boundaries::of(text.as_bytes());
            assert_scan_equals(Kind::Email, &text, |range, bytes| {
                value.is_match(bytes) && !image.is_match(bytes)
                    && boundaries.is_outside_escape(range.start) && boundaries.is_word_end(range.end)
            });
        }
    }
}
