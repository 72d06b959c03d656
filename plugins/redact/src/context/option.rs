//! Passwords in command lines and statements without a key: `mysql -psecret`,
//! `curl -u bob:secret`, `IDENTIFIED BY 'secret'`.

use super::value;
use crate::text::{line_start, run_end, words};
use std::ops::Range;

/// How far before an option its command may stand, in bytes.
const REACH: usize = 256;

/// The commands, their option, and what stands between it and the password.
const OPTIONS: &[(&[u8], u8, Joint)] = &[
    (b"mysql", b'p', Joint::None),
    (b"mariadb", b'p', Joint::None),
    (b"7z", b'p', Joint::None),
    (b"sshpass", b'p', Joint::Any),
    (b"docker login", b'p', Joint::Space),
    (b"mongo", b'p', Joint::Space),
    (b"redis-cli", b'a', Joint::Space),
    (b"ldapsearch", b'w', Joint::Space),
    (b"curl", b'u', Joint::User),
];

/// What stands between an option and a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Nothing.
    None,
    /// A space.
    Space,
    /// A space or nothing.
    Any,
    /// A space, a user's name and a colon.
    User,
}

/// The password after the option whose hyphen is at `hyphen`.
pub(crate) fn find(text: &[u8], hyphen: usize) -> Option<Range<usize>> {
    let &letter = text.get(hyphen + 1)?;
    let line = line_start(text, hyphen, REACH);
    let &(_, _, joint) = OPTIONS.iter().find(|(command, option, _)| {
        *option == letter && words::has_before(text, hyphen, hyphen - line, command)
    })?;
    let after = hyphen + 2;
    let is_spaced = text.get(after) == Some(&b' ');
    let start = match joint {
        Joint::None if !is_spaced => after,
        Joint::Space | Joint::User if is_spaced => after + 1,
        Joint::Any => after + usize::from(is_spaced),
        _ => return None,
    };
    let mut range = match value::quoted(text, start) {
        Some(range) => range,
        None if value::quote(text, start).is_some() => return None,
        None => {
            start..run_end(text, start, |byte| {
                byte > b' ' && !matches!(byte, b'"' | b'\'' | b'\\' | b';' | b'|')
            })
        }
    };
    if joint == Joint::User {
        range.start += text[range.clone()].iter().position(|&byte| byte == b':')? + 1;
    }
    let value = &text[range.clone()];
    (!value.is_empty() && !value::is_empty(value) && !value.starts_with(b"-")).then_some(range)
}

/// The password after the `BY` at `by`: `IDENTIFIED BY 'x'`, `IDENTIFIED WITH
/// plugin BY 'x'`.
pub(crate) fn identified(text: &[u8], by: usize) -> Option<Range<usize>> {
    let start = line_start(text, by, 64);
    words::has_before(text, by, by - start, b"identified").then_some(())?;
    let range = value::quoted(text, by + 3)?;
    (!value::is_empty(&text[range.clone()])).then_some(range)
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn passwords_are_found() {
        for (text, value) in [
            ("mysql -u root -phunter2", "hunter2"),
            ("mysqldump -p'hunter 2' db", "hunter 2"),
            ("sshpass -p hunter2 ssh x", "hunter2"),
            ("curl -u bob:hunter2 https://x", "hunter2"),
            ("IDENTIFIED BY 'hunter2'", "hunter2"),
            ("IDENTIFIED WITH mysql_native_password BY 'hunter2'", "hunter2"),
            ("redis-cli -a hunter2 ping", "hunter2"),
        ] {
            assert_eq!(found(&[Kind::Password], text), value, "in {text}");
        }
    }

    #[test]
    fn other_options_are_left_alone() {
        for text in [
            "mkdir -p /a/b",
            "ssh -p2222 x",
            "docker run -p80:80 x",
            "ORDER BY 'x'",
            "mysql -p db",
            "curl -u bob https://x",
        ] {
            assert_eq!(found(&[Kind::Password], text), "", "in {text}");
        }
    }
}
