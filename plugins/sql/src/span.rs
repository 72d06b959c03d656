//! Where strings and comments begin and end.
//!
//! Rules follow the programs that load dumps: `psqlscan.l` of PostgreSQL 15,
//! `client/mysql.cc` of MariaDB 10.11, and `complete.c` of SQLite 3.40.

use memchr::{memchr, memchr2};

use crate::fault::{Parse, Stop};
use crate::lexis::Lexis;
use crate::view::{Quotes, View};

/// Where a string or comment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// One past its end.
    At(usize),
    /// It does not end in the window. Its next part begins here.
    Later(usize),
}

/// Finds the end of a string or quoted name whose content begins at `from`.
pub(crate) fn string_end(view: View<'_>, from: usize, quotes: Quotes) -> Ending {
    let (View { bytes, last }, Quotes { quote, backslash }) = (view, quotes);
    let mut at = from;
    loop {
        let rest = &bytes[at..];
        let found = if backslash { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
        let Some(found) = found.map(|found| at + found) else { return Ending::Later(bytes.len()) };
        match (bytes[found] == quote, bytes.get(found + 1)) {
            (true, None) if last => return Ending::At(found + 1),
            (_, None) => return Ending::Later(found),
            (true, Some(next)) if *next != quote => return Ending::At(found + 1),
            _ => at = found + 2,
        }
    }
}

/// What begins with `-`, `#` or `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comment {
    /// None.
    No,
    /// A comment up to the end of the line.
    Line,
    /// A comment up to `*/`; its content begins here.
    Block(usize),
    /// `/*!40101` or the `*/` after it: what is between them is executed.
    Executed(usize),
}

/// Tells whether a comment begins at `at`.
pub(crate) fn comment(view: View<'_>, at: usize, lexis: &Lexis) -> Parse<Comment> {
    let View { bytes, last } = view;
    let next = bytes.get(at + 1).copied();
    let (byte, is_mysql) = (bytes[at], lexis.is_mysql());
    match byte {
        b'#' if is_mysql => return Ok(Comment::Line),
        b'-' | b'/' | b'*' => {}
        _ => return Ok(Comment::No),
    }
    let Some(next) = next else { return if last { Ok(Comment::No) } else { Err(Stop::More) } };
    match (byte, next) {
        (b'-', b'-') if !is_mysql => Ok(Comment::Line),
        (b'-', b'-') => match bytes.get(at + 2) {
            None if last => Ok(Comment::Line),
            None => Err(Stop::More),
            Some(third) if third.is_ascii_whitespace() || third.is_ascii_control() => Ok(Comment::Line),
            Some(_) => Ok(Comment::No),
        },
        (b'*', b'/') if is_mysql => Ok(Comment::Executed(at + 2)),
        (b'/', b'*') if is_mysql => conditional(view, at),
        (b'/', b'*') => Ok(Comment::Block(at + 2)),
        _ => Ok(Comment::No),
    }
}

/// A comment of MySQL that begins with `/*`. No server has version 99.99.99, so
/// `/*!999999` is a plain comment; MariaDB's dumps begin with one.
fn conditional(View { bytes, last }: View<'_>, at: usize) -> Parse<Comment> {
    let mark = match bytes.get(at + 2..).unwrap_or_default() {
        [b'!', ..] => at + 3,
        [b'M', b'!', ..] => at + 4,
        [] | [b'M'] if !last => return Err(Stop::More),
        _ => return Ok(Comment::Block(at + 2)),
    };
    let rest = &bytes[mark..];
    let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    if digits < 6 && digits == rest.len() && !last {
        return Err(Stop::More);
    }
    match &rest[..digits] {
        b"999999" => Ok(Comment::Block(mark + digits)),
        _ => Ok(Comment::Executed(mark + digits)),
    }
}

/// Finds the end of a block comment whose content, `depth` comments deep,
/// begins at `from`. Changes `depth` to that at the end of the window.
pub(crate) fn block_end(bytes: &[u8], from: usize, lexis: &Lexis, depth: &mut u32) -> Ending {
    let mut at = from;
    while let Some(found) = memchr2(b'*', b'/', &bytes[at..]).map(|found| at + found) {
        match (bytes[found], bytes.get(found + 1)) {
            (_, None) => return Ending::Later(found),
            (b'*', Some(b'/')) => {
                *depth -= 1;
                if *depth == 0 {
                    return Ending::At(found + 2);
                }
                at = found + 2;
            }
            (b'/', Some(b'*')) if lexis.is_postgres() => {
                *depth += 1;
                at = found + 2;
            }
            _ => at = found + 1,
        }
    }
    Ending::Later(bytes.len())
}

/// Whether a byte can be part of an unquoted name.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The opening `$tag$` of a string at `at`; `None` if there is no such string.
pub(crate) fn dollar_tag(view: View<'_>, at: usize) -> Parse<Option<&[u8]>> {
    let View { bytes, last } = view;
    let inside = |byte: &&u8| is_word_byte(**byte) && **byte != b'$';
    let length = bytes[at + 1..].iter().take_while(inside).count();
    match bytes.get(at + 1 + length) {
        None if !last => Err(Stop::More),
        Some(b'$') if length == 0 || !bytes[at + 1].is_ascii_digit() => Ok(Some(&bytes[at..at + length + 2])),
        _ => Ok(None),
    }
}
