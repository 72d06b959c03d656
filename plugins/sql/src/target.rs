//! Which tables and columns the parameters name.

use runner_values::{Part, Target};

use crate::name::TableName;

/// A pattern of a name: a quoted one is exact, `*` in another stands for any
/// characters, and its letters match either case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    text: Vec<u8>,
    is_exact: bool,
}

impl Pattern {
    fn new(part: &Part) -> Self {
        Self { text: part.text.clone().into(), is_exact: part.quoted }
    }

    /// Whether every name fits.
    fn is_any(&self) -> bool {
        !self.is_exact && self.text == b"*"
    }

    fn fits(&self, name: &[u8]) -> bool {
        if self.is_exact { self.text == name } else { glob(&self.text, name) }
    }
}

/// Whether a name fits a pattern with `*`.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    let starts =
        |text: &[u8], piece: &[u8]| text.get(..piece.len()).is_some_and(|it| it.eq_ignore_ascii_case(piece));
    if !starts(name, first) {
        return false;
    }
    let mut rest = &name[first.len()..];
    let pieces: Vec<_> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = (0..=rest.len()).find(|at| starts(&rest[*at..], piece)) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.len() >= last.len() && rest[rest.len() - last.len()..].eq_ignore_ascii_case(last)
}

/// The pattern of a column, with the patterns of its table and schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnPattern {
    schema: Option<Pattern>,
    table: Pattern,
    column: Pattern,
}

impl ColumnPattern {
    /// Reads a reference of two or three parts.
    pub(crate) fn new(target: &Target) -> Result<Self, String> {
        let (schema, table, column) = match &target.parts[..] {
            [table, column] => (None, table, column),
            [schema, table, column] => (Some(schema), table, column),
            _ => {
                return Err(format!(
                    "`{}` must be TABLE.COLUMN or SCHEMA.TABLE.COLUMN, such as `users.email` or `*.email`",
                    target.text()
                ));
            }
        };
        Ok(Self {
            schema: schema.map(Pattern::new),
            table: Pattern::new(table),
            column: Pattern::new(column),
        })
    }

    /// Whether it may name columns of a table.
    pub(crate) fn fits_table(&self, name: &TableName) -> bool {
        self.table.fits(&name.table)
            && self
                .schema
                .as_ref()
                .is_none_or(|schema| name.schema.as_ref().map_or(schema.is_any(), |name| schema.fits(name)))
    }

    /// Whether the column has the same pattern as another one.
    pub(crate) fn has_column_of(&self, other: &Self) -> bool {
        self.column == other.column
    }

    /// Whether it cannot be told if it names columns of a table, because it has
    /// a schema, and the table's is not known.
    pub(crate) fn needs_schema(&self, name: &TableName) -> bool {
        name.schema.is_none() && self.table.fits(&name.table) && !self.fits_table(name)
    }

    /// Whether it may name columns of a table of this name in some schema.
    pub(crate) fn fits_table_name(&self, table: &[u8]) -> bool {
        self.table.fits(table)
    }

    /// Whether it names a column of a table that it [fits](Self::fits_table).
    pub(crate) fn fits_column(&self, column: &[u8]) -> bool {
        self.column.fits(column)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runner_values::{Syntax, parse_target};

    use super::*;

    #[test]
    fn names_fit_their_patterns() {
        let fits = |text: &str, schema: Option<&str>, table: &str, column: &str| {
            let (target, _) = parse_target(text, Syntax::Dotted).expect("a reference");
            let pattern = ColumnPattern::new(&target).expect("two or three parts");
            let name = TableName { schema: schema.map(Into::into), table: table.into() };
            pattern.fits_table(&name) && pattern.fits_column(column.as_bytes())
        };
        assert!(fits("users.email", None, "users", "email"));
        assert!(fits("users.email", Some("public"), "Users", "EMAIL"));
        assert!(!fits("\"users\".email", Some("public"), "Users", "email"));
        assert!(fits("public.users.email", Some("public"), "users", "email"));
        assert!(!fits("public.users.email", None, "users", "email"));
        assert!(!fits("public.users.email", Some("private"), "users", "email"));
        assert!(fits("*.*mail*", Some("x"), "y", "E-Mail-2"));
        assert!(fits("*.users.email", None, "users", "email"));
        assert!(!fits("\"*\".email", None, "users", "email"));
        assert!(fits("\"a.b\".\"c\"\"d\"", None, "a.b", "c\"d"));
    }

    proptest! {
        #[test]
        fn globs_fit_as_expressions_do(pattern in "[ab*]{0,6}", name in "[ab]{0,6}") {
            // A table of which prefixes of the name fit the pattern so far.
            let mut fits = vec![false; name.len() + 1];
            fits[0] = true;
            for sign in pattern.bytes() {
                if sign == b'*' {
                    for at in 1..fits.len() {
                        fits[at] |= fits[at - 1];
                    }
                } else {
                    for at in (1..fits.len()).rev() {
                        fits[at] = fits[at - 1] && name.as_bytes()[at - 1] == sign;
                    }
                    fits[0] = false;
                }
            }
            prop_assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), fits[name.len()]);
        }
    }
}
