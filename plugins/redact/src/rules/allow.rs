//! Allowlists: values that are no secrets.

use super::Check;
use super::expression::Expression;
use super::file::{AllowSpec, Target};
use std::collections::BTreeMap;
use std::ops::Range;

/// A match of a rule in a line.
#[derive(Debug)]
pub(super) struct Candidate<'t> {
    pub(super) line: &'t [u8],
    pub(super) whole: Range<usize>,
    pub(super) secret: Range<usize>,
}

/// A list of values that are no secrets.
#[derive(Debug)]
pub(super) struct Allowlist {
    target: Target,
    all: bool,
    regexes: Vec<Expression>,
    stop_words: StopWords,
    has_other: bool,
}

impl Allowlist {
    /// Prepares the list.
    ///
    /// # Errors
    /// If an expression is not valid. It is only looked at if `check` says so.
    pub(super) fn new(spec: &AllowSpec, check: Check) -> Result<Self, String> {
        let regexes: Vec<_> = spec.regexes.iter().cloned().map(Expression::new).collect();
        if check == Check::All {
            for regex in &regexes {
                regex.parse().map_err(|error| format!("its allowlist (line {}): {error}", spec.line))?;
            }
        }
        let stop_words = StopWords::new(&spec.stop_words);
        Ok(Self { target: spec.target, all: spec.all, regexes, stop_words, has_other: spec.has_other })
    }

    /// Whether the candidate is no secret.
    ///
    /// # Errors
    /// If an expression is too large.
    pub(super) fn allows(&self, candidate: &Candidate<'_>) -> Result<bool, String> {
        // The file's name and commit are not known, so no condition on them
        // holds.
        if self.all && self.has_other {
            return Ok(false);
        }
        let secret = &candidate.line[candidate.secret.clone()];
        let has_stop_word = self.stop_words.is_in(secret);
        if !self.all && has_stop_word {
            return Ok(true);
        }
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => &candidate.line[candidate.whole.clone()],
            Target::Line => candidate.line,
        };
        let mut matches = false;
        for regex in &self.regexes {
            matches = matches || regex.compiled()?.is_match(target);
        }
        if !self.all {
            return Ok(matches);
        }
        let has_conditions = !self.regexes.is_empty() || !self.stop_words.is_empty();
        let regexes_hold = self.regexes.is_empty() || matches;
        Ok(has_conditions && regexes_hold && (self.stop_words.is_empty() || has_stop_word))
    }
}

/// Words in lower case, by their first two bytes.
#[derive(Debug)]
struct StopWords(BTreeMap<[u8; 2], Vec<Box<[u8]>>>);

impl StopWords {
    fn new(words: &[String]) -> Self {
        let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for word in words.iter().filter(|word| !word.is_empty()) {
            let word = word.to_lowercase().into_bytes().into_boxed_slice();
            // The second byte of a word of one byte is any.
            let seconds = word.get(1).map_or(0..=u8::MAX, |&second| second..=second);
            for second in seconds {
                map.entry([word[0], second]).or_default().push(word.clone());
            }
        }
        Self(map)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a word is anywhere in `value`, in any case.
    fn is_in(&self, value: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut value = value.to_ascii_lowercase();
        value.push(0);
        (0..value.len() - 1).any(|at| {
            let words = self.0.get(&[value[at], value[at + 1]]);
            words.is_some_and(|words| words.iter().any(|word| value[at..].starts_with(word)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(spec: AllowSpec, line: &str, whole: Range<usize>, secret: Range<usize>) -> bool {
        let list = Allowlist::new(&spec, Check::All).expect("a valid list");
        list.allows(&Candidate { line: line.as_bytes(), whole, secret }).expect("small expressions")
    }

    #[test]
    fn an_expression_looks_at_its_target() {
        let spec =
            |target, regex: &str| AllowSpec { target, regexes: vec![regex.into()], ..AllowSpec::default() };
        let at = |spec| allows(spec, "a key=abc d", 2..9, 6..9);
        assert!(at(spec(Target::Secret, "^abc$")) && !at(spec(Target::Secret, "key")));
        assert!(at(spec(Target::Match, "^key=abc$")) && !at(spec(Target::Match, "^a")));
        assert!(at(spec(Target::Line, "^a .* d$")));
    }

    #[test]
    fn stop_words_are_found_in_any_case() {
        let spec = |words: &[&str]| AllowSpec {
            stop_words: words.iter().map(|&word| word.into()).collect(),
            ..AllowSpec::default()
        };
        assert!(allows(spec(&["xyz", "aMp"]), "1EXAMPLE", 0..8, 0..8));
        assert!(allows(spec(&["e"]), "1EXAMPLE", 0..8, 7..8));
        assert!(!allows(spec(&["amx", "ple1"]), "1EXAMPLE", 0..8, 0..8));
    }

    #[test]
    fn all_conditions_must_hold_where_the_list_says_so() {
        let spec = |regex: &str, word: &str, has_other| AllowSpec {
            all: true,
            has_other,
            regexes: vec![regex.into()],
            stop_words: vec![word.into()],
            ..AllowSpec::default()
        };
        assert!(allows(spec("a", "b", false), "ab", 0..2, 0..2));
        assert!(!allows(spec("a", "c", false), "ab", 0..2, 0..2));
        assert!(!allows(spec("c", "b", false), "ab", 0..2, 0..2));
        assert!(!allows(spec("a", "b", true), "ab", 0..2, 0..2), "the path is not known");
    }
}
