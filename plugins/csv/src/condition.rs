//! Conditions on records: `status=closed`, `email~@example\.com$`.

use regex_automata::meta::Regex;
use runner_values::Part;

/// A condition as the user wrote it.
#[derive(Debug)]
pub(crate) struct Condition {
    /// The column as in a list of columns.
    pub(crate) column: Part,
    test: Test,
    is_negated: bool,
}

#[derive(Debug)]
enum Test {
    Equals(Vec<u8>),
    Matches(Box<Regex>),
}

impl Condition {
    /// Parses `COLUMN=VALUE`, `COLUMN!=VALUE`, `COLUMN~EXPRESSION` or
    /// `COLUMN!~EXPRESSION`.
    ///
    /// # Errors
    /// The message for the user.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (column, rest) = column(text)?;
        let (is_negated, rest) = match rest.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let test = if let Some(value) = rest.strip_prefix('=') {
            Test::Equals(value.into())
        } else if let Some(expression) = rest.strip_prefix('~') {
            let regex = Regex::new(expression)
                .map_err(|error| format!("`{expression}` is not a valid expression: {error}"))?;
            Test::Matches(Box::new(regex))
        } else {
            return Err(format!(
                "`{text}` must be COLUMN=VALUE, COLUMN!=VALUE, COLUMN~EXPRESSION or COLUMN!~EXPRESSION"
            ));
        };
        Ok(Self { column, test, is_negated })
    }

    /// Whether a value fulfils the condition.
    pub(crate) fn holds(&self, value: &[u8]) -> bool {
        let is_match = match &self.test {
            Test::Equals(wanted) => wanted == value,
            Test::Matches(regex) => regex.is_match(value),
        };
        is_match != self.is_negated
    }
}

/// The column, and what follows.
fn column(text: &str) -> Result<(Part, &str), String> {
    if let Some(mut rest) = text.trim_start().strip_prefix('"') {
        let mut name = String::new();
        loop {
            let (before, after) =
                rest.split_once('"').ok_or_else(|| format!("a quote is not closed in `{text}`"))?;
            name.push_str(before);
            match after.strip_prefix('"') {
                None => return Ok((Part { text: name, quoted: true }, after.trim_start())),
                Some(after) => {
                    name.push('"');
                    rest = after;
                }
            }
        }
    }
    let end = text.find(['=', '~']).unwrap_or(text.len());
    let end = if end < text.len() && text[..end].ends_with('!') { end - 1 } else { end };
    let (name, rest) = text.split_at(end);
    if name.trim().is_empty() {
        return Err(format!("a column is missing in `{text}`"));
    }
    Ok((Part { text: name.trim().into(), quoted: false }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_parsed_and_tested() {
        for (text, column, yes, no) in [
            ("status=closed", "status", "closed", "Closed"),
            ("status=", "status", "", " "),
            ("status!=open", "status", "", "open"),
            ("mail~@example\\.com$", "mail", "a@example.com", "a@example.com.org"),
            (" mail !~=", "mail", "", "a=b"),
            ("\"a=b\"=c=d", "a=b", "c=d", "c"),
            ("\"say \"\"hi\"\"\" ~ x", "say \"hi\"", "a x", "x"),
        ] {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.column.text, column, "{text}");
            assert!(condition.holds(yes.as_bytes()), "{text}: {yes}");
            assert!(!condition.holds(no.as_bytes()), "{text}: {no}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, error) in [
            ("status", "must be COLUMN=VALUE"),
            ("=x", "a column is missing"),
            ("\"a=x", "a quote is not closed"),
            ("a~(", "is not a valid expression"),
        ] {
            let found = Condition::parse(text).expect_err(text);
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
