//! The lines of a private key in PEM form (RFC 7468) between its first and last
//! line, each by its own look.
//!
//! Records are lines, and what a line is must not depend on others, as they may
//! be in another window. So a line is taken for one of a key if all of it, or
//! its last word, is base64 of the length that lines of keys have. Lines of
//! certificates and of files in base64 look the same.

use super::entropy::entropy;
use std::ops::Range;

/// The lengths of whole lines: 64 by RFC 7468, 70 in OpenSSH's keys, 76 by
/// RFC 2045.
const LINES: [usize; 3] = [64, 70, 76];

/// Minimum length of a shorter line, the last one of a key. It must be a line
/// by itself.
const MIN_LAST: usize = 31;

/// What base64 may have less than, in bits per character: random lines of 31
/// bytes have more than 4.
const MIN_ENTROPY: f64 = 3.9;

/// What share of neighbours is of different kinds (capitals, small letters,
/// digits, signs), in percent. In base64 of random bytes 64 % are, in paths and
/// in words written together about 35 %.
const MIN_CHANGES_PERCENT: usize = 46;

/// The line of base64 around `at` if it looks like one of a key, and the end of
/// the run of base64.
pub(crate) fn find(text: &[u8], at: usize) -> (Option<Range<usize>>, usize) {
    let start = at - text[..at].iter().rev().take_while(|&&byte| is_base64(byte)).count();
    let end = at + text[at..].iter().take_while(|&&byte| is_base64(byte)).count();
    let padding = text[end..].iter().take(2).take_while(|&&byte| byte == b'=').count();
    let line = start..end + padding;
    (is_line(text, line.clone()).then_some(line), end)
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Whether this run of base64 looks like a line of a key.
fn is_line(text: &[u8], run: Range<usize>) -> bool {
    let before = text[..run.start].last().copied().unwrap_or(b'\n');
    let after = &text[run.end..];
    let ends = matches!(after, [] | [b'\n', ..] | [b'\r', b'\n', ..] | [b'\r']);
    let is_alone = before == b'\n' && ends;
    // The line may be indented, or have a prefix: of a log, or of an editor.
    let begins_word = matches!(before, b'\n' | b' ' | b'\t' | b'"' | b'\'' | b'|' | b'>');
    let ends_word = ends || matches!(after, [b'"' | b'\'' | b'\\' | b'<', ..]);
    let is_whole = LINES.contains(&run.len()) && begins_word && ends_word;
    let is_last = is_alone && (MIN_LAST..LINES[2]).contains(&run.len());
    let bytes = &text[run];
    let has = |is: fn(&u8) -> bool| bytes.iter().any(is);
    (is_whole || is_last)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && changes(bytes) * 100 >= bytes.len() * MIN_CHANGES_PERCENT
        && entropy(bytes) > MIN_ENTROPY
}

/// How many bytes are of a kind different from that of the next.
fn changes(bytes: &[u8]) -> usize {
    let kind = |byte: u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count()
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;

    const LINE: &str = "u/XP5MzIj5r0AXPrNvZADNuxgDtU0a+cpAdOIc1rTleBjgnZK7Z7gioUaxWGarc1";
    const LAST: &str = "9K3nVbQz7Lw0pYx2RtC5mHj8sAfGdE1uIo6N+Q==";

    fn found(text: &str) -> String {
        crate::oracle::found(&[Kind::Pem], text)
    }

    #[test]
    fn lines_of_keys_are_found_wherever_they_begin() {
        for shift in 0..16 {
            let text = format!("{}\n{LINE}\n{LAST}\n-----END", "-".repeat(shift));
            assert_eq!(found(&text), format!("{LINE} {LAST}"), "after {shift} bytes");
        }
        assert_eq!(found(&format!("app | {LINE}\r\n")), LINE);
        assert_eq!(found(&format!("  \"{LINE}\\n\" +\n")), LINE);
    }

    #[test]
    fn other_long_words_are_left_alone() {
        let hash = "b62cf9e93602cdedd606ddcbb5eb41e628c36ab65590525fd08786bff2773f77";
        for text in [
            hash.to_owned(),
            hash.to_uppercase(),
            format!("=x{LINE}"),
            format!("id={LINE}"),
            format!("app {LAST}"),
            format!("{LINE}-{LINE}"),
            "/usr/share/doc/packages/Version1/with/a/very/long/path/of/words1".into(),
            "/home/Bob/Documents/Project2024/Source/Main".into(),
            "AbstractAuthenticationProcessingFilterConfigurationException2Str".into(),
        ] {
            assert_eq!(found(&text), "", "in {text}");
        }
    }
}
