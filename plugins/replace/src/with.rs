//! The replacement of a match.

use std::ops::Range;

use regex_automata::util::captures::GroupInfo;

use crate::casing::{Casing, Instruction};
use crate::escape;
use crate::search::Capture;

/// The replacement of a match.
#[derive(Debug)]
pub(crate) enum With {
    /// These bytes.
    Text(Vec<u8>),
    /// Text, groups and case conversion.
    Template(Vec<Part>),
}

/// Whether escapes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    Read,
    /// A backslash is text.
    Literal,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Vec<u8>),
    /// The group with this number.
    Group(usize),
    Case(Instruction),
}

impl With {
    /// A template for an expression with these groups: `$1`, `${name}`, `$$`
    /// and, if `escapes` says so, escapes and case conversion.
    ///
    /// # Errors
    /// If it refers to a group that does not exist, or is written as for
    /// another program, which would silently become text.
    pub(crate) fn template(text: &str, groups: &GroupInfo, escapes: Escapes) -> Result<Self, String> {
        let mut parts = Parts::default();
        let reads_escapes = escapes == Escapes::Read;
        let mut rest = text;
        while let Some(at) = rest.find(|char| char == '$' || reads_escapes && (char == '\\' || char == '&')) {
            parts.text().extend_from_slice(&rest.as_bytes()[..at]);
            let (special, after) = (&rest[at..=at], &rest[at + 1..]);
            let length = match special {
                "$" => parts.dollar(after, groups)?,
                "\\" => parts.backslash(after)?,
                _ => {
                    return Err("`with` has `&`, which is not the match here: write `$0` for the match, \
                                or `\\&` for an ampersand"
                        .into());
                }
            };
            rest = &after[length..];
        }
        parts.text().extend_from_slice(rest.as_bytes());
        let mut parts = parts.0;
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(match &mut parts[..] {
            [] => Self::Text(Vec::new()),
            [Part::Text(text)] => Self::Text(std::mem::take(text)),
            _ => Self::Template(parts),
        })
    }

    /// The length of every replacement, if it is always the same.
    pub(crate) fn only_length(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.len()),
            Self::Template(_) => None,
        }
    }

    /// What [`Self::write`] must know about a match.
    pub(crate) fn capture(&self) -> Capture {
        let groups = |part: &Part| matches!(part, Part::Group(1..));
        match self {
            Self::Template(parts) if parts.iter().any(groups) => Capture::Groups,
            Self::Text(_) | Self::Template(_) => Capture::Range,
        }
    }

    /// Appends the replacement of a match in `bytes`. `group` gives the place
    /// of a group, if it took part in the match.
    pub(crate) fn write(
        &self,
        bytes: &[u8],
        group: impl Fn(usize) -> Option<Range<usize>>,
        out: &mut Vec<u8>,
    ) {
        match self {
            Self::Text(text) => out.extend_from_slice(text),
            Self::Template(parts) => {
                let mut casing = Casing::default();
                for part in parts {
                    match part {
                        Part::Text(text) => casing.write(text, out),
                        Part::Group(index) => {
                            if let Some(range) = group(*index) {
                                casing.write(&bytes[range], out);
                            }
                        }
                        Part::Case(instruction) => casing.obey(*instruction),
                    }
                }
            }
        }
    }
}

/// The parts of a template that were read so far.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    /// The text at the end.
    fn text(&mut self) -> &mut Vec<u8> {
        if !matches!(self.0.last(), Some(Part::Text(_))) {
            self.0.push(Part::Text(Vec::new()));
        }
        match self.0.last_mut() {
            Some(Part::Text(text)) => text,
            _ => unreachable!("a text was pushed"),
        }
    }

    /// Reads what follows a dollar sign, and returns its length.
    fn dollar(&mut self, rest: &str, groups: &GroupInfo) -> Result<usize, String> {
        if rest.starts_with('$') {
            self.text().push(b'$');
            return Ok(1);
        }
        let braced = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
        let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let length = rest.find(|char| !word(char)).unwrap_or(rest.len());
        let (name, length) = match braced {
            Some(name) => (name, name.len() + 2),
            None => (&rest[..length], length),
        };
        if name.is_empty() {
            self.text().push(b'$');
            return Ok(0);
        }
        let known = match name.parse::<usize>() {
            Ok(index) => Some(index).filter(|index| *index < groups.group_len(0.into())),
            Err(_) => groups.to_index(0.into(), name),
        };
        let index = known.ok_or_else(|| {
            format!(
                "`with` refers to the group `{name}`, which `find` does not have \
                 (write ${{1}}x for $1 followed by x, and $$ for a dollar sign)"
            )
        })?;
        self.0.push(Part::Group(index));
        Ok(length)
    }

    /// Reads what follows a backslash, and returns its length.
    fn backslash(&mut self, rest: &str) -> Result<usize, String> {
        let first = rest.chars().next();
        match first {
            Some('0') => {
                return Err("`with` has `\\0`: write `$0` for the match, or `\\x00` for a NUL byte".into());
            }
            Some(digit @ '1'..='9') => {
                return Err(format!("`with` has `\\{digit}`, which is no group here: write `${digit}`"));
            }
            Some(literal @ ('&' | '$')) => {
                self.text().push(literal as u8);
                return Ok(1);
            }
            _ => {}
        }
        if let Some((escape, length)) = escape::read(rest) {
            escape.write(self.text());
            return Ok(length);
        }
        match first.and_then(Instruction::of) {
            Some(instruction) => {
                self.0.push(Part::Case(instruction));
                Ok(1)
            }
            None => Err(escape::unknown("`with`", rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::meta::Regex;

    use super::*;

    /// What a template makes of the match of `(a.)(?<end>.*)` in a text.
    fn written(template: &str, text: &[u8]) -> Result<String, String> {
        let regex = Regex::new("(a.)(?<end>.*)").unwrap();
        let with = With::template(template, regex.group_info(), Escapes::Read)?;
        let mut groups = regex.create_captures();
        regex.captures(text, &mut groups);
        let mut out = Vec::new();
        with.write(text, |index| groups.get_group(index).map(|span| span.range()), &mut out);
        Ok(out.escape_ascii().to_string())
    }

    #[test]
    fn groups_escapes_and_cases_are_read() {
        for (template, expected) in [
            ("<$0>", "<abcd ef>"),
            ("$2$1", "cd efab"),
            ("${end}$$${1}x", "cd ef$abx"),
            (r"\x41\t\$1\&\\", r"A\t$1&\\"),
            (r"\U$1\E$2", "ABcd ef"),
            (r"\u$1-\uxy", "Ab-Xy"),
            (r"\U\l$0 z", "aBCD EF Z"),
            (r"\L\uQQ\EQ", "QqQ"),
            (r"5 $ \u{e9}", r"5 $ \xc3\xa9"),
        ] {
            assert_eq!(written(template, b"abcd ef").as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_other_programs_write_is_an_error_that_says_how() {
        for (template, advice) in [
            (r"\1", "write `$1`"),
            (r"\0", "write `$0`"),
            ("[&]", "write `$0`"),
            ("$3", "the group `3`"),
            ("$1x", "${1}x"),
            (r"\q", r"write `\\` for a backslash"),
        ] {
            let error = written(template, b"").unwrap_err();
            assert!(error.contains(advice), "{template}: {error}");
        }
    }
}
