//! What the plugin must do, and the comparison of tables.

use runner_values::{Action, Context, Fit, Key, Kind, Mask, Outcome, Rules, Syntax};

/// The secret key.
pub(crate) const KEY: &str = "correct horse battery staple";

/// The rows of a table: values as text or bytes, or NULL.
pub(crate) type Rows = Vec<Vec<Option<Vec<u8>>>>;

/// One parameter, and the column that it names.
pub(crate) struct Rule {
    pub(crate) action: &'static str,
    pub(crate) text: &'static str,
    pub(crate) column: usize,
    pub(crate) argument: &'static str,
}

impl Rule {
    /// What must come of a value.
    fn expected(&self, row: &[Option<Vec<u8>>]) -> Option<Vec<u8>> {
        let value = &row[self.column];
        let action = match (self.action, self.argument) {
            ("null", _) => return None,
            ("set", constant) => return Some(constant.into()),
            ("mask", "number") => {
                Action::Mask { mask: Mask { fill: b'1', ..Mask::default() }, fit: Fit::Kind(Kind::Number) }
            }
            _ => {
                let key = Key::new(KEY).expect("a key");
                let rules = Rules { syntax: Syntax::Dotted, key: Some(&key) };
                rules.parse(self.action, self.text).expect("a rule").action
            }
        };
        let value = value.as_ref()?;
        let group = row[0].clone().unwrap_or_default();
        let group = if self.action == "shift-date" { &group[..] } else { b"" };
        let mut new = Vec::new();
        match action.apply(value, &Context { group, ..Context::default() }, &mut new).expect("an action") {
            Outcome::Unchanged => Some(value.clone()),
            Outcome::Changed => Some(new),
        }
    }

    /// Whether the rule deletes a row.
    fn deletes(&self, row: &[Option<Vec<u8>>]) -> bool {
        self.action == "delete-rows"
            && row[self.column].as_ref().is_some_and(|value| value.iter().any(|byte| b"aeiou".contains(byte)))
    }
}

/// Asserts that the rows are those before, changed by the rules.
pub(crate) fn compare(form: &str, before: &Rows, after: &Rows, rules: &[Rule]) {
    let kept: Vec<_> = before.iter().filter(|row| !rules.iter().any(|rule| rule.deletes(row))).collect();
    assert_eq!(kept.len(), after.len(), "{form}: the number of rows");
    assert!(
        rules.iter().any(|rule| rule.action != "delete-rows") || kept.len() < before.len(),
        "nothing to delete"
    );
    for (old, new) in kept.into_iter().zip(after) {
        let mut expected = old.clone();
        for rule in rules.iter().filter(|rule| rule.action != "delete-rows") {
            expected[rule.column] = rule.expected(old);
        }
        for (column, (expected, found)) in expected.iter().zip(new).enumerate() {
            let shown = |value: &Option<Vec<u8>>| value.as_ref().map(|it| it.escape_ascii().to_string());
            assert!(
                expected == found,
                "{form}: row {:?}, column {column}: {:?} became {:?}, not {:?}",
                shown(&old[0]),
                shown(&old[column]),
                shown(found),
                shown(expected)
            );
        }
    }
}
