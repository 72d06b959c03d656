//! The rules by which bytes become tokens, which statements can change.

use crate::dialect::Dialect;
use crate::skip::{Marks, marks};

/// The rules by which bytes become tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexis {
    pub(crate) dialect: Dialect,
    /// Whether a backslash escapes in plain strings.
    pub(crate) backslash: bool,
    /// Whether the user has said so, whatever the file sets.
    pub(crate) is_backslash_fixed: bool,
    /// Whether `"` encloses names rather than strings.
    pub(crate) double_is_name: bool,
    /// What ends a statement; never empty.
    pub(crate) delimiter: Vec<u8>,
    /// Where a skip to the end of a statement must look.
    pub(crate) statement_marks: Marks,
    /// Where a skip in a row must look.
    pub(crate) row_marks: Marks,
}

impl Lexis {
    /// The rules at the start of a file.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let mut lexis = Self {
            dialect,
            backslash: dialect == Dialect::MySql,
            is_backslash_fixed: false,
            double_is_name: dialect != Dialect::MySql,
            delimiter: Vec::new(),
            statement_marks: [false; 256],
            row_marks: [false; 256],
        };
        lexis.set_delimiter(b";");
        lexis
    }

    /// Sets what ends a statement. It must not be empty.
    pub(crate) fn set_delimiter(&mut self, delimiter: &[u8]) {
        self.delimiter = delimiter.to_vec();
        self.statement_marks = marks(self, b"");
        self.row_marks = marks(self, b"(),[]");
    }

    /// Whether it is a dump of MySQL.
    pub(crate) fn is_mysql(&self) -> bool {
        self.dialect == Dialect::MySql
    }

    /// Whether it is a dump of PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// Whether it is a dump of SQLite.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    /// How strings are read.
    pub(crate) fn strings(&self) -> Strings {
        Strings { backslash: self.backslash, double_is_name: self.double_is_name }
    }

    /// Changes how strings are read, as far as the user has not fixed it.
    pub(crate) fn set_strings(&mut self, strings: Strings) {
        if !self.is_backslash_fixed {
            self.backslash = strings.backslash;
        }
        self.double_is_name = strings.double_is_name;
    }

    /// Takes over a SQL mode of MySQL, given in capitals.
    pub(crate) fn set_mode(&mut self, mode: &[u8]) {
        let has = |word: &[u8]| memchr::memmem::find(mode, word).is_some();
        // `ANSI` includes `ANSI_QUOTES`.
        let strings = Strings { backslash: !has(b"NO_BACKSLASH_ESCAPES"), double_is_name: has(b"ANSI") };
        self.set_strings(strings);
    }
}

/// How strings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strings {
    /// Whether a backslash escapes in plain strings.
    pub(crate) backslash: bool,
    /// Whether `"` encloses names rather than strings.
    pub(crate) double_is_name: bool,
}
