//! Replacement within a value by a regular expression.

use regex_automata::meta::{self, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::interpolate;
use regex_syntax::ParserBuilder;

/// Whether letters match either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Sensitive,
    Insensitive,
}

/// An expression and what replaces its matches.
#[derive(Debug, Clone)]
pub struct Expression {
    regex: Regex,
    /// A template with `$1`, `${name}` and `$$`.
    with: Vec<u8>,
}

impl Expression {
    /// Parses `/EXPRESSION/REPLACEMENT/` or the same with another ASCII
    /// punctuation sign in place of the slashes, which may occur inside after
    /// a backslash. After the last one, `i` ignores case.
    ///
    /// `^` and `$` match at the value's ends, `.` matches everything but a line
    /// end. In the replacement, `$1` and `${name}` are groups and `$$` is
    /// a dollar sign.
    ///
    /// # Errors
    /// If the form or the expression is wrong, or the replacement names a group
    /// that the expression does not have.
    pub fn parse(text: &str) -> Result<Self, String> {
        let usage = || format!("`{text}` must be /EXPRESSION/REPLACEMENT/");
        let mut chars = text.chars();
        let sign =
            chars.next().filter(|&sign| sign.is_ascii_punctuation() && sign != '\\').ok_or_else(usage)?;
        let mut parts = vec![String::new()];
        while let Some(char) = chars.next() {
            let last = parts.last_mut().ok_or_else(usage)?;
            match char {
                '\\' => match chars.next() {
                    Some(next) if next == sign => last.push(sign),
                    Some(next) => last.extend(['\\', next]),
                    None => last.push('\\'),
                },
                _ if char == sign => parts.push(String::new()),
                _ => last.push(char),
            }
        }
        let [find, with, flags] = &parts[..] else { return Err(usage()) };
        let case = match flags.as_str() {
            "" => Case::Sensitive,
            "i" => Case::Insensitive,
            _ => return Err(format!("`{flags}` follows the last `{sign}`; only `i` (ignore case) may")),
        };
        Self::new(find, &unescape(with)?, case)
    }

    fn new(find: &str, with: &[u8], case: Case) -> Result<Self, String> {
        let mut parser = ParserBuilder::new().utf8(false).case_insensitive(case == Case::Insensitive).build();
        let hir = parser.parse(find).map_err(|error| error.to_string())?;
        let config = meta::Config::new().utf8_empty(false);
        let regex = meta::Builder::new().configure(config).build_from_hir(&hir);
        let regex = regex.map_err(|error| error.to_string())?;
        // Otherwise a misspelt group would silently be replaced with nothing.
        let groups = regex.group_info();
        let mut unknown = None;
        let mut unnamed = None;
        interpolate::bytes(
            with,
            |index, _| {
                if index >= groups.group_len(0.into()) {
                    unknown = Some(index.to_string());
                }
            },
            |name| {
                let index = groups.to_index(0.into(), name);
                if index.is_none() {
                    unnamed = Some(name.to_owned());
                }
                index
            },
            &mut Vec::new(),
        );
        match unknown.or(unnamed) {
            Some(group) => Err(format!(
                "the replacement refers to the group `{group}`, which the expression does not have \
                 (write ${{1}}x for $1 followed by x, and $$ for a dollar sign)"
            )),
            None => Ok(Self { with: with.into(), regex }),
        }
    }

    /// Appends the value with every match replaced. Without a match, it appends
    /// nothing and returns `false`.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) -> bool {
        let mut at = 0;
        let mut has_match = false;
        for groups in self.regex.captures_iter(value) {
            let Some(found) = groups.get_match() else { continue };
            has_match = true;
            out.extend_from_slice(&value[at..found.start()]);
            self.write_match(value, &groups, out);
            at = found.end();
        }
        if has_match {
            out.extend_from_slice(&value[at..]);
        }
        has_match
    }

    fn write_match(&self, value: &[u8], groups: &Captures, out: &mut Vec<u8>) {
        interpolate::bytes(
            &self.with,
            |index, out| {
                let range = groups.get_group(index).map_or(0..0, |group| group.range());
                out.extend_from_slice(&value[range]);
            },
            |name| groups.group_info().to_index(0.into(), name),
            out,
        );
    }
}

/// Decodes the escapes of a replacement. The result is a template.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.extend_from_slice(before.as_bytes());
        let mut length = 1;
        let byte = match after.as_bytes() {
            [b'n', ..] => b'\n',
            [b'r', ..] => b'\r',
            [b't', ..] => b'\t',
            [b'\\', ..] => b'\\',
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                length = 3;
                u8::from_str_radix(&after[1..3], 16).unwrap_or_default()
            }
            _ => {
                return Err(format!(
                    "the escape `\\{}` in the replacement is not known; write \\\\ for a backslash, and $1 \
                     for the first group",
                    after.chars().next().map(String::from).unwrap_or_default()
                ));
            }
        };
        // A dollar sign of the template is doubled.
        plain.extend(std::iter::repeat_n(byte, if byte == b'$' { 2 } else { 1 }));
        rest = &after[length..];
    }
    plain.extend_from_slice(rest.as_bytes());
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replaced(expression: &str, value: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        let expression = Expression::parse(expression).expect(expression);
        expression.write(value, &mut out).then(|| out.escape_ascii().to_string())
    }

    #[test]
    fn matches_are_replaced_and_groups_inserted() {
        for (expression, value, expected) in [
            ("/a(.)/x$1/", "abac.", Some("xbxc.")),
            ("/a(?<b>.)/${b}$$\\x24b/", "ab", Some("b$$b")),
            ("|a/|b|", "a/", Some("b")),
            (r"/a\/b/\//", "a/b", Some("/")),
            ("/^B/x/i", "bb", Some("xb")),
            ("/^b$/x/", "b\n", None),
            ("/b*/-/", "abb", Some("-a-")),
            (r"/\d{2}$/**/", "1234", Some("12**")),
            (r"/$/\t\\\xff/", "a", Some(r"a\t\\\xff")),
        ] {
            assert_eq!(replaced(expression, value.as_bytes()).as_deref(), expected, "{expression}");
        }
        assert_eq!(replaced("/(?s-u:.)/x/", b"\xff").as_deref(), Some("x"), "bytes that are not UTF-8");
    }

    #[test]
    fn mistakes_are_named() {
        for (expression, error) in [
            ("", "`` must be /EXPRESSION/REPLACEMENT/"),
            ("/a/b", "`/a/b` must be"),
            ("abc", "`abc` must be"),
            ("/a/b/g", "`g` follows the last `/`"),
            ("/a/b/c/", "`/a/b/c/` must be"),
            ("/a/$1/", "the replacement refers to the group `1`"),
            ("/a/$b/", "the replacement refers to the group `b`"),
            (r"/(a)/\1/", r"the escape `\1` in the replacement is not known"),
            ("/(a/b/", "regex parse error"),
        ] {
            let found = Expression::parse(expression).map(|_| ()).expect_err(expression);
            assert!(found.starts_with(error), "{expression}: {found}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_expression_or_an_error(text in r"[/|]([/|ab$1{}\\x.()*ni]|\PC){0,12}", value in prop::collection::vec(any::<u8>(), 0..8)) {
            if let Ok(expression) = Expression::parse(&text) {
                let mut out = Vec::new();
                prop_assert!(expression.write(&value, &mut out) || out.is_empty());
            }
        }
    }
}
