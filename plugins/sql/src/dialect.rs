//! Dialects of SQL.

use memchr::memmem;

/// The program that a dump is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL, as read by `psql`.
    Postgres,
    /// MySQL and MariaDB, as read by their command-line clients.
    MySql,
    /// SQLite, as read by its shell.
    Sqlite,
}

impl Dialect {
    /// The word for the parameter `dialect`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// The dialect that the parameter names.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "postgresql" => Some(Self::Postgres),
            "mysql" => Some(Self::MySql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }

    /// The dialect of a dump that starts with `head`, and the text that shows
    /// it. The mark that occurs first decides, because later ones may be data.
    pub(crate) fn guess(head: &[u8]) -> Option<(Self, &'static str)> {
        let found = MARKS.iter().filter_map(|(mark, dialect)| {
            let at = memmem::find(head, mark.as_bytes())?;
            Some((at, *dialect, *mark))
        });
        found.min_by_key(|(at, ..)| *at).map(|(_, dialect, mark)| (dialect, mark))
    }
}

/// What only dumps of one dialect contain near their start: comments and
/// statements that the dump programs write.
const MARKS: &[(&str, Dialect)] = &[
    ("-- PostgreSQL database", Dialect::Postgres),
    ("SET standard_conforming_strings", Dialect::Postgres),
    ("SET client_encoding", Dialect::Postgres),
    ("pg_catalog.", Dialect::Postgres),
    ("FROM stdin;", Dialect::Postgres),
    ("\\connect ", Dialect::Postgres),
    ("\\restrict ", Dialect::Postgres),
    ("-- MySQL dump", Dialect::MySql),
    ("-- MariaDB dump", Dialect::MySql),
    ("-- phpMyAdmin", Dialect::MySql),
    ("-- mysqldump", Dialect::MySql),
    ("MySQL dump", Dialect::MySql),
    ("/*!4", Dialect::MySql),
    ("/*!5", Dialect::MySql),
    ("/*!999999", Dialect::MySql),
    ("/*M!", Dialect::MySql),
    ("INTO `", Dialect::MySql),
    ("TABLE `", Dialect::MySql),
    ("LOCK TABLES", Dialect::MySql),
    ("PRAGMA foreign_keys", Dialect::Sqlite),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_decides() {
        let guess = |head: &str| Dialect::guess(head.as_bytes()).map(|(dialect, _)| dialect);
        assert_eq!(guess("--\n-- PostgreSQL database dump\n-- '`INTO `x`'"), Some(Dialect::Postgres));
        assert_eq!(guess("/*!999999\\- enable the sandbox mode */ \n"), Some(Dialect::MySql));
        assert_eq!(guess("INSERT INTO `a` VALUES ('FROM stdin;')"), Some(Dialect::MySql));
        assert_eq!(guess("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;"), Some(Dialect::Sqlite));
        assert_eq!(guess("INSERT INTO a VALUES (1);"), None);
    }
}
