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
        HEADER => gap == b':' && has_word(text, start),
        _ => false,
    };
    // A date and time have six pairs of digits as well: `26-11-27_10-00-00`.
    let is_time = gap != b':'
        && value.iter().all(|byte| byte.is_ascii_digit() || *byte == gap)
        && !has_word(text, start);
    let end = if count == HEADER { start + PAIRS } else { end };
    (is_known && !goes_on && !is_time).then_some(start..end)
}

/// The number of octets of an Ethernet header, which the kernel's packet filter
/// writes after `MAC=`: two addresses and a type.
const HEADER: usize = 14;

/// The length of an address of six octets with separators.
const PAIRS: usize = 17;

/// The second address of an Ethernet header, after the first one.
pub(crate) fn second(text: &[u8], first: &Range<usize>) -> Option<Range<usize>> {
    let rest = text.get(first.end..first.end + 24)?;
    let is_header = first.len() == PAIRS
        && rest.chunks(3).all(|part| part[0] == b':' && part[1..].iter().all(u8::is_ascii_hexdigit))
        && has_word(text, first.start);
    is_header.then(|| first.end + 1..first.end + 1 + PAIRS)
}

/// The address whose first separator is the escaped colon at `colon`, as in
/// `00%3A1a%3A2b%3A3c%3A4d%3A5e`.
pub(crate) fn escaped(text: &[u8], colon: usize) -> Option<Range<usize>> {
    let is_pair = |at: usize| text.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    let gap = |at: usize| {
        crate::text::char_at(text, at)
            .filter(|char| char.is_escape && char.ascii() == b':')
            .map(|char| char.length)
    };
    let start = colon.checked_sub(2).filter(|&start| is_pair(start))?;
    let mut end = colon;
    for _ in 1..6 {
        end += gap(end)?;
        if !is_pair(end) {
            return None;
        }
        end += 2;
    }
    (crate::text::is_word_start(text, start) && is_word_end(text, end) && gap(end).is_none())
        .then_some(start..end)
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
            (
                "IN=eth0 MAC=00:1a:2b:3c:4d:5e:a4:83:e7:12:34:56:08:00 SRC=",
                "00:1a:2b:3c:4d:5e a4:83:e7:12:34:56",
            ),
            ("?mac=00%3A1a%3A2b%3A3c%3A4d%3A5e&x", "00%3A1a%3A2b%3A3c%3A4d%3A5e"),
            ("mac=001a2b3c4d5e \"macAddress\":\"A483E7123456\"", "001a2b3c4d5e A483E7123456"),
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
            "id 00:1a:2b:3c:4d:5e:a4:83:e7:12:34:56:08:00",
            "x=00%3A1a%3A2b%3A3c%3A4d%3A5e%3A6f",
            "hmac=001a2b3c4d5e6f70 mac=00112233 commit=001a2b3c4d5e",
        ] {
            assert_eq!(found(&[Kind::Mac], text), "", "in {text}");
        }
    }
}
