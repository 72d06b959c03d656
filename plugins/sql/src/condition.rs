//! Conditions on rows: `users.status=closed`, `users.email~@example\.com$`.

use regex_automata::meta::Regex;
use runner_values::{Syntax, Target, parse_target};

/// A test of a value.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    test: Test,
    is_negated: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Equals(Vec<u8>),
    Matches(Regex),
}

impl Condition {
    /// Parses `COLUMN=VALUE`, `COLUMN!=VALUE`, `COLUMN~EXPRESSION` or
    /// `COLUMN!~EXPRESSION`.
    ///
    /// # Errors
    /// If the text has another form, or the expression is not valid.
    pub(crate) fn parse(text: &str) -> Result<(Target, Self), String> {
        let mut is_quoted = false;
        let end = text.find(|sign| {
            is_quoted ^= sign == '"';
            !is_quoted && matches!(sign, '=' | '~')
        });
        let Some((mut left, rest)) = end.map(|end| text.split_at(end)) else {
            return Err(format!(
                "`{text}` must be COLUMN=VALUE, COLUMN!=VALUE, COLUMN~EXPRESSION or COLUMN!~EXPRESSION"
            ));
        };
        let is_negated = left.ends_with('!');
        left = left.strip_suffix('!').unwrap_or(left);
        let (target, after) = parse_target(left, Syntax::Dotted)?;
        if !after.is_empty() {
            return Err(format!("`{after}` follows the name in `{text}`"));
        }
        let test = match rest.split_at(1) {
            ("=", value) => Test::Equals(value.into()),
            (_, expression) => Test::Matches(
                Regex::new(expression)
                    .map_err(|error| format!("`{expression}` is not a valid expression: {error}"))?,
            ),
        };
        Ok((target, Self { test, is_negated }))
    }

    /// Whether a value fulfils the condition. NULL fulfils none.
    pub(crate) fn holds(&self, value: &[u8]) -> bool {
        let is_match = match &self.test {
            Test::Equals(wanted) => wanted == value,
            Test::Matches(regex) => regex.is_match(value),
        };
        is_match != self.is_negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_parsed_and_tested() {
        for (text, column, yes, no) in [
            ("users.status=closed", "users.status", "closed", "Closed"),
            ("users.status=", "users.status", "", " "),
            ("users.status!=open", "users.status", "", "open"),
            ("users.mail~@example\\.com$", "users.mail", "a@example.com", "a@example.com.org"),
            ("users.mail!~=", "users.mail", "", "a=b"),
            ("users.\"a=b\"=c=d", "users.a=b", "c=d", "c"),
        ] {
            let (target, condition) = Condition::parse(text).expect(text);
            assert_eq!(target.text(), column, "{text}");
            assert!(condition.holds(yes.as_bytes()), "{text}: {yes}");
            assert!(!condition.holds(no.as_bytes()), "{text}: {no}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, error) in
            [("users.status", "must be COLUMN=VALUE"), ("=x", "a name is missing"), ("a.b~(", "not a valid")]
        {
            let found = Condition::parse(text).expect_err(text);
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
