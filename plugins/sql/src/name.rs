//! Names of tables and columns.

use crate::fault::Parse;
use crate::lexer::{Lexeme, Scan, Token};

/// The name of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableName {
    /// The schema of PostgreSQL, or the database of MySQL.
    pub(crate) schema: Option<Vec<u8>>,
    pub(crate) table: Vec<u8>,
}

impl TableName {
    /// The name for messages.
    pub(crate) fn shown(&self) -> String {
        let table = String::from_utf8_lossy(&self.table);
        match &self.schema {
            Some(schema) => format!("{}.{table}", String::from_utf8_lossy(schema)),
            None => table.into_owned(),
        }
    }
}

/// Reads a name, such as that of a column. PostgreSQL folds unquoted names to
/// lower case.
pub(crate) fn identifier(scan: &mut Scan<'_>, what: &str) -> Parse<Vec<u8>> {
    let lexeme = scan.next()?;
    match decode(scan, &lexeme) {
        Some(name) => Ok(name),
        None => scan.unexpected(&lexeme, what),
    }
}

/// The name that a token stands for, if it can be one.
pub(crate) fn decode(scan: &Scan<'_>, lexeme: &Lexeme) -> Option<Vec<u8>> {
    let text = scan.of(lexeme);
    match &lexeme.token {
        Token::Word if scan.lexis.is_postgres() => Some(text.to_ascii_lowercase()),
        Token::Word => Some(text.to_vec()),
        Token::Name => {
            let close = *text.last()?;
            Some(undouble(text.get(1..text.len() - 1)?, close))
        }
        // SQLite takes a string for a name where only a name can be.
        Token::Text(literal) if scan.lexis.is_sqlite() => {
            Some(undouble(&scan.bytes[literal.inner.clone()], b'\''))
        }
        _ => None,
    }
}

/// Decodes doubled quotes.
pub(crate) fn undouble(text: &[u8], quote: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(quote, rest) {
        out.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Reads the name of a table, with the names before it. `schema` is that of
/// unqualified names.
pub(crate) fn table_name(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<TableName> {
    let mut table = identifier(scan, "the name of a table")?;
    let mut schema = schema.map(<[u8]>::to_vec);
    while scan.accept_byte(b'.')? {
        schema = Some(table);
        table = identifier(scan, "a name after `.`")?;
    }
    Ok(TableName { schema, table })
}

/// Reads a list of names in parentheses, after its `(`.
pub(crate) fn name_list(scan: &mut Scan<'_>) -> Parse<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    // PostgreSQL has tables without columns.
    if scan.accept_byte(b')')? {
        return Ok(names);
    }
    loop {
        names.push(identifier(scan, "the name of a column")?);
        let lexeme = scan.next()?;
        match lexeme.token {
            Token::Punct(b',') => {}
            Token::Punct(b')') => return Ok(names),
            _ => return scan.unexpected(&lexeme, "`,` or `)` after the name of a column"),
        }
    }
}
