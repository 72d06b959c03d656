//! The host of an address: a domain, a single label, or an IP address.

use crate::text::{Char, char_at, run_end};

/// What stands after the `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// Two labels or more, with a top level of the root zone or a reserved one.
    Domain,
    /// Two labels or more, with another top level.
    Other,
    /// One label.
    Label,
    /// An IPv4 address.
    Ipv4,
    /// An address in square brackets (RFC 5321 section 4.1.3).
    Literal,
}

/// The longest domain, in bytes; letters may be escapes.
const MAX_BYTES: usize = 512;

/// Top-level domains of three ASCII letters or more, sorted, one a line: those
/// of the root zone (IANA, as in the public suffix list of 2025), and names
/// that are reserved or usual inside of organisations.
static TOP_LEVELS: &str = include_str!("../../../data/top-level-domains.txt");

/// The host that begins at `start`, and its end.
pub(super) fn host(text: &[u8], start: usize) -> Option<(Host, usize)> {
    if text.get(start) == Some(&b'[') {
        return literal(text, start).map(|end| (Host::Literal, end));
    }
    if let Some(end) = ipv4(text, start) {
        return Some((Host::Ipv4, end));
    }
    labels(text, start)
}

fn literal(text: &[u8], start: usize) -> Option<usize> {
    let end = run_end(&text[..text.len().min(start + 64)], start + 1, |byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':' | b'I' | b'P' | b'v')
    });
    let body = &text[start + 1..end];
    let is_address = text.get(end) == Some(&b']') && {
        let body = body.strip_prefix(b"IPv6:").unwrap_or(body);
        str::from_utf8(body).is_ok_and(|body| body.parse::<std::net::IpAddr>().is_ok())
    };
    is_address.then_some(end + 1)
}

fn ipv4(text: &[u8], start: usize) -> Option<usize> {
    let end =
        run_end(&text[..text.len().min(start + 16)], start, |byte| byte.is_ascii_digit() || byte == b'.');
    let end = end - usize::from(text[start..end].ends_with(b"."));
    let is_end = !text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let is_address =
        str::from_utf8(&text[start..end]).is_ok_and(|body| body.parse::<std::net::Ipv4Addr>().is_ok());
    (is_end && is_address).then_some(end)
}

/// The longest domain that begins at `start`. It may end after each piece of a
/// label, so that a hyphen or a word after it does not hide the address.
fn labels(text: &[u8], start: usize) -> Option<(Host, usize)> {
    let limit = start + MAX_BYTES;
    let mut found = None;
    let mut count = 0;
    let mut at = start;
    while at < limit {
        let label = at;
        let mut piece_end = None;
        let mut script = None;
        while let Some(char) = char_at(text, at).filter(|_| at < limit) {
            let letter = letter(text, at, char);
            match letter {
                Some((length, class)) if script.is_none_or(|script| script == class) => {
                    script = Some(class);
                    at += length;
                    piece_end = Some(at);
                }
                _ if char.code == u32::from(b'-') && at > label => at += char.length,
                _ => break,
            }
        }
        let Some(end) = piece_end else { break };
        if end < at && count == 0 {
            // A label does not end with a hyphen.
            return None;
        }
        if count > 0 {
            found = longest_top_level(text, label, end).or(found);
        } else {
            found = single(&text[label..end]).map(|host| (host, end));
        }
        count += 1;
        match dot(text, at).filter(|_| end == at) {
            Some(length) => at += length,
            None => break,
        }
    }
    found.filter(|(host, _)| count == 1 || *host != Host::Label)
}

/// The length of the dot at `at`: as such, as an escape, or as the word in
/// brackets that hides an address from robots, with spaces around it or none.
fn dot(text: &[u8], at: usize) -> Option<usize> {
    let char = char_at(text, at)?;
    if char.code == u32::from(b'.') {
        return Some(char.length);
    }
    let space = |at: usize| usize::from(text.get(at) == Some(&b' '));
    let start = at + space(at);
    let word = text.get(start..start + 5)?;
    let is_word = matches!((word[0], word[4]), (b'[', b']') | (b'(', b')') | (b'{', b'}'))
        && word[1..4].eq_ignore_ascii_case(b"dot");
    is_word.then(|| start + 5 + space(start + 5) - at)
}

/// The length of the letter or digit at `at`, and whether it is of another
/// script than Latin.
fn letter(text: &[u8], at: usize, char: Char) -> Option<(usize, bool)> {
    if char.code < 0x80 {
        return (char.ascii().is_ascii_alphanumeric()).then_some((char.length, false));
    }
    if char.is_escape {
        return Some((char.length, char.code >= 0x250));
    }
    let part = &text[at..text.len().min(at + 4)];
    let letter = part.utf8_chunks().next()?.valid().chars().next()?;
    letter.is_alphanumeric().then_some((letter.len_utf8(), u32::from(letter) >= 0x250))
}

/// The top level in `start..end`: the whole label, or its first piece before
/// a hyphen.
fn longest_top_level(text: &[u8], start: usize, end: usize) -> Option<(Host, usize)> {
    let label = &text[start..end];
    let is_escaped = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    if is_escaped || label.iter().any(|&byte| byte >= 0x80 || byte == b'\\' || byte == b'%') {
        return Some((Host::Domain, end));
    }
    let length = label.iter().position(|&byte| byte == b'-').unwrap_or(label.len());
    let top = &label[..length];
    if top.len() < 2 || !top.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let host = if is_top_level(top) { Host::Domain } else { Host::Other };
    Some((host, start + length))
}

/// Whether a label of ASCII letters is a top-level domain. All pairs of letters
/// may be countries, but for endings of files.
fn is_top_level(label: &[u8]) -> bool {
    let lower = label.to_ascii_lowercase();
    if lower.len() == 2 {
        return ![&b"js"[..], b"ts", b"cs", b"rb", b"gz", b"xz", b"sv", b"vb", b"ko", b"db", b"bz"]
            .contains(&&lower[..]);
    }
    let mut rest = TOP_LEVELS;
    // A binary search over lines of different lengths.
    while !rest.is_empty() {
        let middle = rest[..rest.len() / 2].rfind('\n').map_or(0, |place| place + 1);
        let line_end = rest[middle..].find('\n').map_or(rest.len(), |place| middle + place);
        match rest.as_bytes()[middle..line_end].cmp(&lower) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = rest.get(line_end + 1..).unwrap_or(""),
            std::cmp::Ordering::Greater => rest = &rest[..middle],
        }
    }
    false
}

/// A single label may be a host if it begins with a letter.
fn single(label: &[u8]) -> Option<Host> {
    let is_name = label.first().is_some_and(|byte| byte.is_ascii_alphabetic())
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    is_name.then_some(Host::Label)
}

#[cfg(test)]
mod tests {
    use super::{TOP_LEVELS, is_top_level};

    #[test]
    fn every_top_level_is_found() {
        assert!(TOP_LEVELS.lines().is_sorted());
        assert!(TOP_LEVELS.lines().all(|line| is_top_level(line.as_bytes())));
        assert!(
            !["service", "conf", "baz", "html", "aaaa", "zzzz", "js"]
                .iter()
                .any(|line| is_top_level(line.as_bytes()))
        );
    }
}
