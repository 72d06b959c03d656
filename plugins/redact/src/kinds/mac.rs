//! Hardware addresses of six octets (EUI-48), and of eight where the middle
//! ones show that they were made from six (`ff:fe`).

use crate::text::{is_word_end, run_start, words};
use std::ops::Range;

/// The address whose first separator, after two digits, is at `separator`.
pub(crate) fn pairs(text: &[u8], separator: usize) -> Option<Range<usize>> {
    let gap = *text.get(separator)?;
    let start = separator.checked_sub(2)?;
    let is_pair = |at: usize| text.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    let is_start = is_start(text, start, gap);
    // Two hexadecimal digits and the gap of `dev_`.
    let is_after_pair = start >= 3
        && gap == text[start - 1]
        && is_pair(start - 3)
        && crate::text::is_word_start(text, start - 3);
    if !is_start || is_after_pair || !is_pair(start) {
        return None;
    }
    let mut end = separator;
    let mut count = 1;
    while text.get(end) == Some(&gap) && is_pair(end + 1) {
        end += 3;
        count += 1;
    }
    let value = &text[start..end];
    let goes_on = !is_word_end(text, end)
        || text.get(end) == Some(&gap) && text.get(end + 1).is_some_and(u8::is_ascii_hexdigit);
    let is_known = match count {
        6 => true,
        8 => value[9..14].eq_ignore_ascii_case(&[b'f', b'f', gap, b'f', b'e']) || has_word(text, start),
        _ => false,
    };
    // A date and time have six pairs of digits as well: `26-11-27_10-00-00`.
    let is_time = gap != b':'
        && value.iter().all(|byte| byte.is_ascii_digit() || *byte == gap)
        && !has_word(text, start);
    (is_known && !goes_on && !is_time).then_some(start..end)
}

/// Whether an address may begin at `start`: after a word's end, or after the
/// colon of a label, as in `mac:00:1a:2b:3c:4d:5e`.
fn is_start(text: &[u8], start: usize, gap: u8) -> bool {
    let before = text[..start].last().copied().unwrap_or(b' ');
    if before == b':' || before == gap && gap != b'_' {
        let word = run_start(text, start - 1, 8, |byte| byte.is_ascii_alphanumeric());
        let word = &text[word..start - 1];
        return gap == b':'
            && !word.is_empty()
            && !(word.len() <= 4 && word.iter().all(u8::is_ascii_hexdigit));
    }
    crate::text::is_word_start(text, start)
}

/// The address in the run whose first colon is at `first`.
pub(crate) fn in_run(text: &[u8], first: usize, end: usize) -> Option<Range<usize>> {
    let is_colon = |&at: &usize| text[at] == b':';
    (first..end).filter(is_colon).take(3).find_map(|colon| pairs(text, colon))
}

/// The address in three groups of four digits whose first dot is at `dot`.
pub(crate) fn quads(text: &[u8], dot: usize) -> Option<Range<usize>> {
    let start = run_start(text, dot, 5, |byte| byte.is_ascii_hexdigit());
    let value = text.get(start..start + 14).filter(|_| dot - start == 4)?;
    let is_layout = value
        .iter()
        .enumerate()
        .all(|(place, byte)| if place % 5 == 4 { *byte == b'.' } else { byte.is_ascii_hexdigit() });
    let end = start + 14;
    let is_alone = is_word_end(text, end)
        && text.get(end) != Some(&b'_')
        && !(text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric))
        && (crate::text::is_word_start(text, start) && (start == 0 || text[start - 1] != b'.'));
    let is_number = value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    (is_layout && is_alone && (!is_number || has_word(text, start))).then_some(start..end)
}

/// Whether a word before the value says that it is a hardware address.
fn has_word(text: &[u8], start: usize) -> bool {
    const WORDS: [&str; 16] = [
        "mac",
        "ether",
        "hwaddr",
        "lladdr",
        "wlan",
        "eth",
        "eui",
        "bssid",
        "bluetooth",
        "dev",
        "device",
        "ethernet",
        "station",
        "hw",
        "macaddress",
        "hardware",
    ];
    words::before(text, start).take(2).any(|word| {
        words::with_lower(&text[word], &|word: &[u8]| {
            (words::is_in(&WORDS, word) || word.ends_with(b"mac")).then_some(())
        })
        .is_some()
    })
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("wlan0 00:1a:2b:3c:4d:5e up", "00:1a:2b:3c:4d:5e"),
            ("00-1A-2B-3C-4D-5E, 001a.2b3c.4d5e", "00-1A-2B-3C-4D-5E 001a.2b3c.4d5e"),
            ("dev_AA_BB_CC_DD_EE_FF", "AA_BB_CC_DD_EE_FF"),
            ("MAC=00:1a:2b:3c:4d:5e: x", "00:1a:2b:3c:4d:5e"),
            ("\x1b[1m00:1a:2b:3c:4d:5e\x1b[0m %2F00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5e 00:1a:2b:3c:4d:5e"),
            ("eui 00:1a:2b:ff:fe:3c:4d:5e", "00:1a:2b:ff:fe:3c:4d:5e"),
        ] {
            assert_eq!(found(&[Kind::Mac], text), values, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "00:11:22:33:44:55:66:77 wwn",
            "43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8",
            "12:34:56",
            "at 26-11-27-10-00-00",
            "1234.5678.9012",
            "2001:db8:00:1a:2b:3c:4d:5e",
            "2026:11:26:10:00:00",
            "00:1a:2b:3c:4d:5eg",
        ] {
            assert_eq!(found(&[Kind::Mac], text), "", "in {text}");
        }
    }
}
