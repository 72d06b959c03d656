//! What holds a value, which the replacement must not break: escapes, numbers
//! without quotes, names of hosts.

use crate::scan::Found;
use crate::text::{char_at, run_end};
use std::ops::Range;

/// Whether a value is a number without quotes: of JSON, of a row of
/// SQL, or a whole field of CSV. Only digits may replace it.
pub(crate) fn is_number(text: &[u8], range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    // An address has too many dots.
    let is_float = || {
        value.iter().filter(|&&byte| byte == b'.').count() <= 1
            && str::from_utf8(value).is_ok_and(|text| text.parse::<f64>().is_ok())
    };
    let begins = matches!(value, [b'-', b'0'..=b'9', ..] | [b'0'..=b'9', ..]);
    if !begins || !value.last().is_some_and(u8::is_ascii_digit) || !is_float() {
        return false;
    }
    let is_space = |byte: u8| byte == b' ';
    let before_end =
        range.start - text[..range.start].iter().rev().take(8).take_while(|&&byte| is_space(byte)).count();
    let after_start = run_end(&text[..text.len().min(range.end + 8)], range.end, is_space);
    let before = text[..before_end].last().copied().unwrap_or(b'\n');
    let after = match text[after_start..] {
        [] | [b'\r', ..] => b'\n',
        [byte, ..] => byte,
    };
    match before {
        // `"pan":4111`, and `\"pan\":4111` in a string.
        b':' => {
            text[..before_end - 1].iter().rev().find(|&&byte| byte != b' ') == Some(&b'"')
                && matches!(after, b',' | b'}' | b'\n')
        }
        b'[' | b'(' => matches!(after, b',' | b']' | b')'),
        b',' => matches!(after, b',' | b']' | b')' | b'\n'),
        // The first field of a row, or a line of its own.
        b'\n' => matches!(after, b',' | b';' | b'\t' | b'\n'),
        b';' | b'\t' => matches!(after, b';' | b'\t' | b'\n'),
        _ => false,
    }
}

/// Appends a number of nines in the form of a number: zeros would stand at its
/// beginning, which JSON does not allow. An exponent becomes zero, which is
/// never out of range.
pub(crate) fn write_nines(value: &[u8], out: &mut Vec<u8>) {
    let exponent = value.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(value.len());
    out.extend(value.iter().enumerate().map(|(place, &byte)| match byte {
        b'0'..=b'9' if place > exponent => b'0',
        b'0'..=b'9' => b'9',
        _ => byte,
    }));
}

/// How the characters of a value are written in its place.
pub(crate) struct Spelling<'a> {
    /// Characters that are written as escapes, and the escapes.
    escapes: Vec<(u8, &'a [u8])>,
    /// Whether the numbers of an IPv4 address are separated by hyphens.
    has_hyphens: bool,
    /// Whether the numbers of an IP address are in reverse order.
    is_reversed: bool,
}

impl<'a> Spelling<'a> {
    /// The spelling of a value.
    pub(crate) fn of(text: &'a [u8], found: &Found) -> Self {
        use crate::kind::Kind;
        let mut escapes: Vec<(u8, &[u8])> = Vec::new();
        let mut at = found.range.start;
        while let Some(char) = char_at(text, at).filter(|_| at < found.range.end) {
            let is_new = char.is_escape && escapes.iter().all(|&(byte, _)| byte != char.ascii());
            if is_new && !char.ascii().is_ascii_alphanumeric() && char.ascii() != 0 {
                escapes.push((char.ascii(), &text[at..at + char.length]));
            }
            at += char.length;
        }
        let value = &text[found.range.clone()];
        // The `@` of quoted-printable, which stands for something else elsewhere.
        let is_printable = found.kind == Kind::Email
            && !value.contains(&b'@')
            && escapes.iter().all(|&(byte, _)| byte != b'@');
        if let Some(at) = memchr::memmem::find(value, b"=40").filter(|_| is_printable) {
            escapes.push((b'@', &value[at..at + 3]));
        }
        let after = &text[found.range.end..];
        Self {
            escapes,
            has_hyphens: found.kind == Kind::Ipv4 && value.contains(&b'-'),
            is_reversed: matches!(found.kind, Kind::Ipv4 | Kind::Ipv6)
                && (after.starts_with(b".in-addr.arpa")
                    || after.get(..9).is_some_and(|end| end.eq_ignore_ascii_case(b".ip6.arpa"))),
        }
    }

    /// The value as its kind is usually written.
    pub(crate) fn plain(&self, value: &[u8]) -> Vec<u8> {
        let mut plain = crate::text::decode(value);
        let is_printable = self.escapes.contains(&(b'@', &b"=40"[..]));
        if let Some(at) = memchr::memmem::find(&plain, b"=40").filter(|_| is_printable) {
            plain.splice(at..at + 3, *b"@");
        }
        if self.has_hyphens {
            replace(&mut plain, b'-', b'.');
        }
        if self.is_reversed {
            plain = reverse(&plain);
        }
        plain
    }

    /// Appends a plain text as it is written in this place.
    pub(crate) fn write(&self, plain: &[u8], out: &mut Vec<u8>) {
        let mut plain = plain.to_vec();
        if self.is_reversed {
            plain = unreverse(&plain);
        }
        if self.has_hyphens {
            replace(&mut plain, b'.', b'-');
        }
        for &byte in &plain {
            match self.escapes.iter().find(|(escaped, _)| *escaped == byte) {
                Some((_, escape)) => out.extend_from_slice(escape),
                None => out.push(byte),
            }
        }
    }
}

fn replace(text: &mut [u8], from: u8, to: u8) {
    text.iter_mut().filter(|byte| **byte == from).for_each(|byte| *byte = to);
}

/// The address of a reversed name: four numbers, or nibbles.
fn reverse(name: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = name.split(|&byte| byte == b'.').collect();
    parts.reverse();
    if parts.len() <= 4 {
        return parts.join(&b'.');
    }
    // A name of fewer nibbles is that of a network.
    let mut nibbles: Vec<u8> = parts.concat();
    nibbles.resize(32, b'0');
    nibbles.chunks(4).collect::<Vec<_>>().join(&b':')
}

/// The reversed name of an address; anything else stays.
fn unreverse(plain: &[u8]) -> Vec<u8> {
    let Ok(address) = str::from_utf8(plain).unwrap_or("").parse::<std::net::IpAddr>() else {
        return plain.to_vec();
    };
    let parts: Vec<String> = match address {
        std::net::IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        std::net::IpAddr::V6(address) => address
            .octets()
            .iter()
            .rev()
            .flat_map(|octet| [format!("{:x}", octet & 15), format!("{:x}", octet >> 4)])
            .collect(),
    };
    parts.join(".").into_bytes()
}
