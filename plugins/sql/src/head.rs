//! The heads of statements: what comes before their rows, and statements that
//! change how the next ones are read.

use crate::fault::{Parse, fault};
use crate::lexer::{Lexeme, Scan, Token};
use crate::literal;
use crate::name::{TableName, identifier, name_list, table_name};

/// What follows the head of an `INSERT` or a `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// Rows. For `COPY`, they begin in the next line.
    Rows,
    /// No rows: the name of a file, or that of the server, or the data of the
    /// table is written.
    Nothing,
    /// Data in another form than rows.
    Other(Lexeme),
    /// Data of `COPY` in another format than the default one. They begin in the
    /// next line.
    OtherFormat(Lexeme),
}

/// The head of an `INSERT` or a `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) columns: Option<Vec<Vec<u8>>>,
    pub(crate) after: After,
}

/// Reads the name of the table after `INSERT` or `REPLACE`.
pub(crate) fn insert_name(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<TableName> {
    while !scan.accept("INTO")? {
        let next = scan.peek()?;
        let is = |words: &[&str]| words.iter().any(|word| scan.is(&next, word));
        let is_modifier = is(&[
            "OR",
            "IGNORE",
            "REPLACE",
            "ABORT",
            "FAIL",
            "ROLLBACK",
            "DELAYED",
            "LOW_PRIORITY",
            "HIGH_PRIORITY",
        ]);
        if !is_modifier {
            break;
        }
        scan.at = next.end;
    }
    table_name(scan, schema)
}

/// Reads the rest of the head of an `INSERT`.
pub(crate) fn insert(scan: &mut Scan<'_>) -> Parse<Head> {
    if scan.accept("AS")? {
        identifier(scan, "another name of the table")?;
    }
    if scan.accept("PARTITION")? && scan.accept_byte(b'(')? {
        name_list(scan)?;
    }
    let before = scan.at;
    let mut columns = None;
    if scan.accept_byte(b'(')? {
        let next = scan.peek()?;
        if scan.is(&next, "SELECT") || scan.is(&next, "WITH") || next.token == Token::Punct(b'(') {
            scan.at = before;
        } else {
            columns = Some(name_list(scan)?);
        }
    }
    if scan.accept("OVERRIDING")? {
        identifier(scan, "SYSTEM or USER")?;
        scan.accept("VALUE")?;
    }
    let next = scan.next()?;
    let after = match &next {
        next if scan.is(next, "VALUES") || scan.is(next, "VALUE") => After::Rows,
        next if scan.is(next, "DEFAULT") => After::Nothing,
        _ => After::Other(next),
    };
    Ok(Head { columns, after })
}

/// Reads the head of a `COPY` after the name of the table, up to its `;`.
pub(crate) fn copy(scan: &mut Scan<'_>) -> Parse<Head> {
    let columns = if scan.accept_byte(b'(')? { Some(name_list(scan)?) } else { None };
    let direction = scan.next()?;
    let source = scan.next()?;
    let mut next = scan.next()?;
    let is_from = scan.is(&direction, "FROM");
    let after = match (is_from, scan.is(&source, "STDIN")) {
        (true, true) if next.token == Token::Delimiter => After::Rows,
        (true, true) => After::OtherFormat(next.clone()),
        (true, false) => After::Other(source),
        _ => After::Nothing,
    };
    while next.token != Token::Delimiter {
        if next.token == Token::End {
            return fault(next.start, "the file ends within COPY");
        }
        next = scan.next()?;
    }
    Ok(Head { columns, after })
}

/// One change that `SET` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Whether a backslash escapes in the plain strings of PostgreSQL.
    Backslash(bool),
    /// The SQL mode of MySQL, in capitals.
    Mode(Vec<u8>),
    /// The SQL mode is stored in this variable.
    SaveMode(Vec<u8>),
    /// The SQL mode is taken from this variable.
    RestoreMode(Vec<u8>),
    /// The first schema of the search path, if there is one.
    Schema(Option<Vec<u8>>),
}

/// Reads the statement whose `SET` was read, up to its end.
pub(crate) fn set(scan: &mut Scan<'_>) -> Parse<Vec<Setting>> {
    let mut settings = Vec::new();
    let mut name = Vec::new();
    let mut is_value = false;
    loop {
        let lexeme = scan.next()?;
        let text = scan.of(&lexeme);
        match &lexeme.token {
            Token::Delimiter | Token::End => return Ok(settings),
            Token::Punct(b',') => is_value = false,
            Token::Punct(b'=') => is_value = true,
            Token::Word if scan.lexis.is_postgres() && text.eq_ignore_ascii_case(b"TO") => is_value = true,
            Token::Word | Token::Name | Token::Text(_) if is_value => {
                settings.extend(setting(scan, &lexeme, &name));
                // Only the first word is a value.
                name.clear();
            }
            Token::Word => name = text.to_ascii_lowercase(),
            _ => {}
        }
    }
}

/// The setting that `name` gets this value.
fn setting(scan: &Scan<'_>, value: &Lexeme, name: &[u8]) -> Option<Setting> {
    let decoded = literal::decode(scan, value);
    let word = scan.of(value).to_ascii_lowercase();
    match (name, scan.lexis.is_mysql()) {
        (b"standard_conforming_strings", false) => {
            Some(Setting::Backslash(decoded.unwrap_or(word).eq_ignore_ascii_case(b"off")))
        }
        (b"search_path", false) => {
            let name = crate::name::decode(scan, value).or(decoded);
            Some(Setting::Schema(name.filter(|name| !name.is_empty())))
        }
        (b"sql_mode", true) => Some(match decoded {
            Some(mode) => Setting::Mode(mode.to_ascii_uppercase()),
            None => Setting::RestoreMode(word),
        }),
        (variable, true) if word == b"sql_mode" => Some(Setting::SaveMode(variable.to_vec())),
        _ => None,
    }
}

/// Reads `ALTER TABLE` after `ALTER`, up to its end. The result is the table
/// whose columns get another order; `None` if that stays.
pub(crate) fn alter(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<Option<TableName>> {
    if !scan.accept("TABLE")? {
        return Ok(None);
    }
    if scan.accept("IF")? {
        scan.accept("EXISTS")?;
    }
    scan.accept("ONLY")?;
    let name = table_name(scan, schema)?;
    let mut changes_order = false;
    let mut depth = 0_u32;
    let mut is_first = true;
    loop {
        let lexeme = scan.next()?;
        let is = |words: &[&str]| words.iter().any(|word| scan.is(&lexeme, word));
        match lexeme.token {
            Token::Delimiter | Token::End => return Ok(changes_order.then_some(name)),
            Token::Punct(b'(') => depth += 1,
            Token::Punct(b')') => depth = depth.saturating_sub(1),
            Token::Punct(b',') if depth == 0 => {
                is_first = true;
                continue;
            }
            Token::Word if depth == 0 && is_first && is(&["ADD", "DROP", "RENAME", "CHANGE"]) => {
                let next = scan.peek()?;
                changes_order |= !NOT_COLUMNS.iter().any(|word| scan.is(&next, word));
            }
            Token::Word if depth == 0 && is(&["FIRST", "AFTER"]) => changes_order = true,
            _ => {}
        }
        is_first = false;
    }
}

/// Words after `ADD`, `DROP` or `RENAME` that are about something else than
/// columns.
const NOT_COLUMNS: &[&str] = &[
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "FOREIGN",
    "KEY",
    "INDEX",
    "FULLTEXT",
    "SPATIAL",
    "PARTITION",
    "EXCLUDE",
    "GENERATED",
    "TO",
    "PERIOD",
    "SYSTEM",
];
