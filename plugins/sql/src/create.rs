//! Reads `CREATE TABLE`: the order of the columns, and their types.

use crate::fault::Parse;
use crate::lexer::{Lexeme, Scan, Token};
use crate::name::{TableName, decode, table_name};
use crate::types::Class;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: Vec<u8>,
    pub(crate) class: Class,
    /// Whether NULL is refused.
    pub(crate) not_null: bool,
    /// Whether a row without a list of columns leaves it out.
    pub(crate) hidden: bool,
}

/// A table as its `CREATE TABLE` states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    /// Why the order of the columns is not known, if it is not.
    pub(crate) unordered: Option<&'static str>,
    /// Where a query begins that fills it.
    pub(crate) query: Option<usize>,
}

/// Reads the name of the table after `CREATE`. `None` if something else is
/// created; then the position is anywhere in the statement.
pub(crate) fn created_name(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<Option<TableName>> {
    loop {
        let lexeme = scan.next()?;
        let is = |words: &[&str]| words.iter().any(|word| scan.is(&lexeme, word));
        if is(&["TABLE"]) {
            break;
        }
        if !is(&["TEMP", "TEMPORARY", "UNLOGGED", "FOREIGN", "GLOBAL", "LOCAL", "OR", "REPLACE"]) {
            return Ok(None);
        }
    }
    if scan.accept("IF")? {
        scan.accept("NOT")?;
        scan.accept("EXISTS")?;
    }
    table_name(scan, schema).map(Some)
}

/// Reads `CREATE TABLE` after the table's name, up to its end.
pub(crate) fn created_table(scan: &mut Scan<'_>) -> Parse<Table> {
    let mut table = Table::default();
    match scan.accept_byte(b'(')? {
        true => definitions(scan, &mut table)?,
        false => table.unordered = Some("its CREATE TABLE does not list the columns"),
    }
    // The rest names parents, options and partitions.
    loop {
        let lexeme = scan.next()?;
        match lexeme.token {
            Token::Delimiter | Token::End => return Ok(table),
            _ if scan.lexis.is_postgres() && scan.is(&lexeme, "INHERITS") => {
                table.unordered = Some("it inherits columns of other tables");
            }
            // `AS` may be left out in MySQL.
            _ if scan.is(&lexeme, "AS") || scan.is(&lexeme, "SELECT") => {
                table.query.get_or_insert(lexeme.start);
            }
            _ => {}
        }
    }
}

/// Words that begin a definition that is not of a column, unless quoted.
const NOT_COLUMNS: &[&str] = &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
const NOT_COLUMNS_OF_MYSQL: &[&str] = &["KEY", "INDEX", "FULLTEXT", "SPATIAL"];

/// Reads the definitions after the `(`, up to the `)`.
fn definitions(scan: &mut Scan<'_>, table: &mut Table) -> Parse<()> {
    if scan.accept_byte(b')')? {
        return Ok(());
    }
    loop {
        let first = scan.next()?;
        let is = |words: &[&str]| words.iter().any(|word| scan.is(&first, word));
        let second = scan.peek()?;
        let is_exclusion = is(&["EXCLUDE"])
            && scan.lexis.is_postgres()
            && (scan.is(&second, "USING") || second.token == Token::Punct(b'('));
        let is_period = is(&["PERIOD"]) && scan.is(&second, "FOR");
        if is(&["LIKE"]) {
            table.unordered = Some("its CREATE TABLE copies another one by LIKE");
        }
        let is_other = is(NOT_COLUMNS)
            || is(&["LIKE"])
            || is_exclusion
            || is_period
            || (scan.lexis.is_mysql() && is(NOT_COLUMNS_OF_MYSQL));
        let name = if is_other { None } else { decode(scan, &first) };
        if name.is_none() && !is_other {
            return scan.unexpected(&first, "the definition of a column");
        }
        let mut definition = Definition::default();
        let is_end = definition.read(scan)?;
        if let Some(name) = name {
            table.columns.push(definition.column(scan, name));
        }
        if is_end {
            return Ok(());
        }
    }
}

/// What a definition of a column says, as far as it matters.
#[derive(Debug, Default)]
struct Definition {
    /// The words of the type and all that follow, in lower case.
    words: Vec<String>,
    /// The first number or the words in the first parentheses.
    length: Option<usize>,
    members: Vec<Vec<u8>>,
    is_array: bool,
}

impl Definition {
    /// Reads up to the comma or `)` after the definition, and returns whether it
    /// is the `)`.
    fn read(&mut self, scan: &mut Scan<'_>) -> Parse<bool> {
        let mut depth = 0_u32;
        let mut lists = 0_u32;
        loop {
            let lexeme = scan.next()?;
            match lexeme.token {
                Token::Delimiter | Token::End => {
                    return scan.unexpected(&lexeme, "`)` after the definitions of columns");
                }
                Token::Punct(b'(') => {
                    depth += 1;
                    // Only parentheses right after its name belong to the type.
                    lists += if self.is_type_name() { 1 } else { 2 };
                }
                Token::Punct(b')') if depth == 0 => return Ok(true),
                Token::Punct(b')') => depth -= 1,
                Token::Punct(b',') if depth == 0 => return Ok(false),
                Token::Punct(b'[') => self.is_array = true,
                // `--quote-all-identifiers` quotes the names of types, too.
                Token::Name if self.words.is_empty() => {
                    let name = decode(scan, &lexeme).unwrap_or_default();
                    self.words.push(String::from_utf8_lossy(&name).into());
                }
                _ if depth == 0 => self.words.push(word(scan, &lexeme)),
                Token::Number if lists == 1 && self.length.is_none() => {
                    self.length = str::from_utf8(scan.of(&lexeme)).ok().and_then(|text| text.parse().ok());
                }
                Token::Text(_) if lists == 1 && depth == 1 => {
                    self.members.extend(crate::literal::decode(scan, &lexeme));
                }
                _ => {}
            }
        }
    }

    /// Whether the words so far are only the name of a type.
    fn is_type_name(&self) -> bool {
        match &self.words[..] {
            [_] => true,
            [_, second] => matches!(second.as_str(), "varying" | "character" | "varchar" | "char"),
            _ => false,
        }
    }

    fn column(self, scan: &Scan<'_>, name: Vec<u8>) -> Column {
        let has = |word: &str| self.words.iter().any(|it| it == word);
        let pair = |first: &str, second: &str| {
            self.words.windows(2).any(|words| words[0] == first && words[1] == second)
        };
        let kind = self.words.first().map_or("", String::as_str);
        let class = match kind {
            _ if self.is_array || scan.lexis.is_sqlite() => Class::Unknown,
            "enum" if scan.lexis.is_mysql() => Class::Words(self.members),
            // PostgreSQL counts `character` without a length as one.
            "character" | "char" if scan.lexis.is_postgres() && !pair("character", "varying") => {
                Class::Text(Some(self.length.unwrap_or(1)))
            }
            "char" | "binary" if scan.lexis.is_mysql() => Class::of(&self.words, self.length.or(Some(1))),
            "double" | "real" | "float" => Class::Number,
            _ => Class::of(&self.words, self.length),
        };
        let is_generated = has("generated") || (has("as") && !has("identity"));
        Column {
            name,
            class,
            not_null: pair("not", "null") || pair("primary", "key"),
            hidden: has("invisible") || (is_generated && scan.lexis.is_sqlite()),
        }
    }
}

/// A token in lower case; a quoted name or string gives nothing that a keyword
/// could be.
fn word(scan: &Scan<'_>, lexeme: &Lexeme) -> String {
    match lexeme.token {
        Token::Word => String::from_utf8_lossy(scan.of(lexeme)).to_ascii_lowercase(),
        _ => String::new(),
    }
}
