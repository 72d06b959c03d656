//! Passwords in URLs: `scheme://user:password@host`.

use crate::kind::Kind;
use crate::text::run_end;
use std::ops::Range;

/// How far before the `@` the scheme may stand, in bytes.
const REACH: usize = 512;

/// What stands before the `@` of a URL.
pub(crate) enum UserInfo {
    /// A password, and its place.
    Password(Range<usize>, Kind),
    /// A name alone.
    Name,
}

/// The user information of the URL whose `@` is at `sign`. An escaped `@`
/// belongs to a URL that is escaped as a whole.
pub(crate) fn user_info(text: &[u8], sign: Range<usize>) -> Option<UserInfo> {
    let (schemes, colon): (&[&[u8]], &[u8]) = match &text[sign.clone()] {
        b"@" => (&[b"://", b":\\/\\/", b":\\u002f\\u002f"], b":"),
        b"%40" => (&[b"%3A%2F%2F", b"%3a%2f%2f"], b"%3"),
        _ => return None,
    };
    let from = sign.start.saturating_sub(REACH);
    let is_url = |byte: &u8| *byte > b' ' && !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'\'');
    let start = sign.start - text[from..sign.start].iter().rev().take_while(|byte| is_url(byte)).count();
    let head = &text[start..sign.start];
    let scheme = schemes
        .iter()
        .filter_map(|mark| memchr::memmem::rfind(head, mark).map(|place| place + mark.len()))
        .max()?;
    let info = start + scheme;
    let part = &text[info..sign.start];
    // A later `@` before the path is the one that ends the user information.
    let authority_end = run_end(&text[..text.len().min(sign.end + REACH)], sign.end, |byte| {
        is_url(&byte) && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b',')
    });
    if text.get(authority_end) == Some(&b'@') && colon == b":" && !part.is_empty() && !part.contains(&b'/') {
        return Some(UserInfo::Name);
    }
    let Some(place) = memchr::memmem::find(part, colon).filter(|&place| {
        colon == b":" || part[place..].get(2).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'A'))
    }) else {
        return token_alone(part, info, sign.start);
    };
    let password = info + place + if colon == b":" { 1 } else { 3 }..sign.start;
    let value = &text[password.clone()];
    // `http://host:80/path@x`: a port, and then a path.
    let is_port = value
        .iter()
        .position(|&byte| byte == b'/')
        .is_some_and(|slash| value[..slash].iter().all(u8::is_ascii_digit));
    let has_path_before = part[..place].iter().any(|byte| matches!(byte, b'/' | b'?' | b'#'));
    if is_port || has_path_before || part.starts_with(b"[") {
        return None;
    }
    let is_hidden = value.iter().all(|&byte| byte == b'*') || matches!(value, [b'$' | b'<' | b'{', ..]);
    if is_hidden { Some(UserInfo::Name) } else { Some(UserInfo::Password(password, Kind::Password)) }
}

/// `https://TOKEN@host`: a name that only a token can be.
fn token_alone(part: &[u8], start: usize, end: usize) -> Option<UserInfo> {
    if part.iter().any(|byte| matches!(byte, b'/' | b'?' | b'#')) {
        return None;
    }
    super::value::is_random(part).then_some(UserInfo::Password(start..end, Kind::Token))
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn passwords_are_found() {
        for (text, value) in [
            ("url=https://bob:hunter2@db.example.com/x", "hunter2"),
            ("amqp://app:p%40ss!w0rd@mq.example.com", "p%40ss!w0rd"),
            ("postgres://app:s3cr3t@db:5432/app", "s3cr3t"),
            ("mysql://root:toor@[::1]/x", "toor"),
            ("redis://:hunter2@localhost", "hunter2"),
            ("mongodb://root:p@ss@10.0.0.5,10.0.0.6:27017", "p@ss"),
            (r#"{"u":"postgres:\/\/app:s3cr3t@db"}"#, "s3cr3t"),
            ("r=postgres%3A%2F%2Fapp%3As3cr3t%40db", "s3cr3t"),
            ("ftp://u:p/w@host/x", "p/w"),
        ] {
            assert_eq!(found(&[Kind::Email, Kind::Password], text), value, "in {text}");
        }
    }

    #[test]
    fn other_urls_are_left_alone() {
        for text in [
            "http://host:80/path@x",
            "https://x.example/a:b@c",
            "ssh://git@github.com/x",
            "http://[::1]:80/@x",
            "postgres://app:***@db",
        ] {
            assert_eq!(found(&[Kind::Email, Kind::Password], text), "", "in {text}");
        }
    }
}
