//! Removes secret values from a plugin's messages.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::escape_lines;

/// Shorter values would be found in any text by chance.
const MIN_BYTES: usize = 4;
/// The replacement for a secret.
const INSTEAD: &str = "(secret)";

/// Number of bytes by which a value is found. An automaton for a longer value
/// that repeats itself takes time quadratic in its length.
const FOUND_BY_BYTES: usize = 64;

/// The values of secret parameters.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Option<Search>);

#[derive(Debug, Clone)]
struct Search {
    /// Finds the beginnings of values.
    beginnings: AhoCorasick,
    /// The values with each of these beginnings.
    values: Vec<Vec<Vec<u8>>>,
}

impl Secrets {
    /// Takes these values, and each line of values with several lines. Values
    /// shorter than four bytes are ignored.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_beginning = BTreeMap::<Vec<u8>, Vec<Vec<u8>>>::new();
        for text in values.into_iter().flat_map(|value| std::iter::once(value).chain(value.lines())) {
            // A plugin's messages are already escaped at this point.
            for form in [text.to_owned(), escape_lines(text, usize::MAX), regex_syntax::escape(text)] {
                if form.len() >= MIN_BYTES {
                    let beginning = form.as_bytes()[..form.len().min(FOUND_BY_BYTES)].to_vec();
                    by_beginning.entry(beginning).or_default().push(form.into());
                }
            }
        }
        let kind = MatchKind::LeftmostLongest;
        let beginnings = AhoCorasick::builder().match_kind(kind).build(by_beginning.keys());
        let beginnings = beginnings.ok().filter(|_| !by_beginning.is_empty());
        let values = by_beginning.into_values().collect();
        Self(beginnings.map(|beginnings| Search { beginnings, values }))
    }

    /// Replaces each value in `text` with `(secret)`, and also each prefix of a
    /// value that is at least 64 bytes long.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let Some(search) = &self.0 else { return text.to_owned() };
        let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
        while let Some(found) = search.beginnings.find(&text.as_bytes()[at..]) {
            let start = at + found.start();
            let rest = &text.as_bytes()[start..];
            let same = |value: &Vec<u8>| value.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let longest = search.values[found.pattern().as_usize()].iter().map(same).max();
            out.extend_from_slice(&text.as_bytes()[at..start]);
            out.extend_from_slice(INSTEAD.as_bytes());
            at = start + longest.unwrap_or_default().max(found.len());
        }
        out.extend_from_slice(&text.as_bytes()[at..]);
        // The removed part may end inside a character.
        String::from_utf8_lossy(&out).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn values_are_taken_out_however_they_are_written() {
        let secrets = Secrets::new(["hunter22", "abc", "two\x1b\nlines here", "a+b*"]);
        assert_eq!(secrets.redact("key hunter22, abc"), "key (secret), abc");
        assert_eq!(secrets.redact("two\\u{1b}\nlines here"), "(secret)");
        assert_eq!(secrets.redact("line `lines here`"), "line `(secret)`");
        assert_eq!(secrets.redact(r"expression a\+b\*"), "expression (secret)");
        assert_eq!(Secrets::default().redact("hunter22"), "hunter22");
    }

    #[test]
    fn long_values_are_taken_out_as_far_as_they_go() {
        let (long, other) = (format!("{}b", "a".repeat(100_000)), format!("{}c", "a".repeat(100)));
        let secrets = Secrets::new([long.as_str(), &other]);
        assert_eq!(secrets.redact(&format!("<{long}>")), "<(secret)>");
        assert_eq!(secrets.redact(&format!("<{other}>")), "<(secret)>");
        assert_eq!(secrets.redact(&format!("<{}d>", "a".repeat(90))), "<(secret)d>");
        assert_eq!(secrets.redact(&format!("<{}>", "a".repeat(63))), format!("<{}>", "a".repeat(63)));
    }
}
