//! Tables of replacements: each value has another one.

use std::collections::HashMap;

/// What happens to values that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Others {
    /// They stay as they are.
    #[default]
    Keep,
    /// This value replaces them.
    Set(Vec<u8>),
    /// They are an error.
    Refuse,
}

/// A table of replacements.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pairs: HashMap<Vec<u8>, Vec<u8>>,
    others: Others,
}

impl Table {
    /// Parses lines of a value, a tab, and the value that replaces it. Empty
    /// lines are skipped. `\t`, `\n`, `\r` and `\\` are escapes; `\*` is an
    /// asterisk. A line `*`, a tab and a value is for all values that the table
    /// does not have; a line with `*` alone makes them an error.
    ///
    /// # Errors
    /// If a line has no tab or more than one, or a wrong escape, or if a value
    /// stands twice. The message has the line's number, counted from
    /// `first_line`.
    pub fn parse(text: &[u8], first_line: usize) -> Result<Self, String> {
        let mut lines = HashMap::new();
        let mut table = Self::default();
        for (line, number) in text.split(|&byte| byte == b'\n').zip(first_line..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let is_for_others = line == b"*" || line.starts_with(b"*\t");
            if is_for_others && table.others != Others::Keep {
                return Err(format!("line {number} of the table is the second one for other values"));
            }
            if line == b"*" {
                table.others = Others::Refuse;
                continue;
            }
            let mut parts = line.split(|&byte| byte == b'\t');
            let (Some(from), Some(to), None) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!(
                    "line {number} of the table must be a value, one tab, and another value"
                ));
            };
            let to = unescape(to).map_err(|error| format!("line {number} of the table: {error}"))?;
            if from == b"*" {
                table.others = Others::Set(to);
                continue;
            }
            let from = unescape(from).map_err(|error| format!("line {number} of the table: {error}"))?;
            if let Some(first) = lines.insert(from.clone(), number) {
                return Err(format!("lines {first} and {number} of the table have the same value"));
            }
            table.pairs.insert(from, to);
        }
        if table.pairs.is_empty() && table.others == Others::Keep {
            return Err("the table is empty".into());
        }
        Ok(table)
    }

    /// The replacement of a value that the table has.
    #[must_use]
    pub fn get(&self, value: &[u8]) -> Option<&[u8]> {
        self.pairs.get(value).map(Vec::as_slice)
    }

    /// What happens to other values.
    #[must_use]
    pub fn others(&self) -> &Others {
        &self.others
    }

    /// Whether mapping twice is the same as mapping once.
    pub(crate) fn is_idempotent(&self) -> bool {
        let map = |value: &Vec<u8>| match (self.pairs.get(value), &self.others) {
            (Some(to), _) => Some(to.clone()),
            (None, Others::Keep) => Some(value.clone()),
            (None, Others::Set(to)) => Some(to.clone()),
            (None, Others::Refuse) => None,
        };
        let default = if let Others::Set(to) = &self.others { Some(to) } else { None };
        self.pairs.values().chain(default).all(|to| map(to).as_ref() == Some(to))
    }
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(&same @ (b'\\' | b'*')) => same,
                _ => return Err("after `\\` must be `t`, `n`, `r`, `*` or `\\`".into()),
            },
            _ => byte,
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_pairs() {
        let table =
            Table::parse(b"Amsterdam\tA\r\n\n\\*\\t\tstar\\n\\\\\n\tempty\n*\tothers\n", 1).expect("a table");
        assert_eq!(table.get(b"Amsterdam"), Some(&b"A"[..]));
        assert_eq!(table.get(b"*\t"), Some(&b"star\n\\"[..]));
        assert_eq!(table.get(b""), Some(&b"empty"[..]));
        assert_eq!(table.get(b"Berlin"), None);
        assert_eq!(table.others(), &Others::Set(b"others".to_vec()));
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, error) in [
            ("", "the table is empty"),
            ("a\tb\nc", "line 12 of the table must be a value, one tab, and another value"),
            ("a\tb\tc", "line 11 of the table must be a value, one tab, and another value"),
            ("a\tb\n\na\tc", "lines 11 and 13 of the table have the same value"),
            ("a\t\\x", "line 11 of the table: after `\\` must be"),
            ("a\\\tb", "line 11 of the table: after `\\` must be"),
            ("*\n*\ta", "line 12 of the table is the second one for other values"),
        ] {
            let found = Table::parse(text.as_bytes(), 11).expect_err(text);
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }

    #[test]
    fn chains_are_not_idempotent() {
        for (text, is_idempotent) in [
            ("a\tb", true),
            ("a\tb\nb\tc", false),
            ("a\ta\n*\ta", true),
            ("a\tb\n*\ta", false),
            ("a\tb\n*", false),
            ("a\ta\n*", true),
        ] {
            let table = Table::parse(text.as_bytes(), 1).expect(text);
            assert_eq!(table.is_idempotent(), is_idempotent, "{text}");
        }
    }

    proptest! {
        #[test]
        fn escaped_pairs_come_back(pairs in prop::collection::hash_map(prop::collection::vec(any::<u8>(), 0..4), prop::collection::vec(any::<u8>(), 0..4), 1..5)) {
            let escape = |text: &[u8]| {
                text.iter().fold(Vec::new(), |mut out, &byte| {
                    match byte {
                        b'\t' => out.extend(b"\\t"),
                        b'\n' => out.extend(b"\\n"),
                        b'\r' => out.extend(b"\\r"),
                        b'*' | b'\\' => out.extend([b'\\', byte]),
                        _ => out.push(byte),
                    }
                    out
                })
            };
            let lines: Vec<_> = pairs.iter().map(|(from, to)| [escape(from), escape(to)].join(&b'\t')).collect();
            let table = Table::parse(&lines.join(&b'\n'), 1).expect("a table");
            for (from, to) in &pairs {
                prop_assert_eq!(table.get(from), Some(to.as_slice()));
            }
        }

        #[test]
        fn any_text_is_a_table_or_an_error(text in prop::collection::vec(prop_oneof![Just(b'\t'), Just(b'\n'), Just(b'\\'), Just(b'*'), any::<u8>()], 0..20)) {
            let _ = Table::parse(&text, 1).map(|table| table.is_idempotent());
        }
    }
}
