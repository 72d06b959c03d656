//! Tables that hold rows of other tables: partitions, and heirs in PostgreSQL.
//! Their rows stand under their own names in a dump.

use crate::fault::Parse;
use crate::lexer::{Scan, Token};
use crate::name::{TableName, table_name};

/// Reads the rest of `CREATE TABLE` after the table's name: the tables whose
/// rows it holds.
pub(crate) fn parents(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<Vec<TableName>> {
    let mut parents = Vec::new();
    let mut depth = 0_u32;
    loop {
        let lexeme = scan.next()?;
        match lexeme.token {
            Token::Delimiter | Token::End => return Ok(parents),
            Token::Punct(b'(') => depth += 1,
            Token::Punct(b')') => depth = depth.saturating_sub(1),
            Token::Word if depth > 0 => {}
            Token::Word if scan.is(&lexeme, "PARTITION") && scan.accept("OF")? => {
                parents.push(table_name(scan, schema)?);
            }
            Token::Word if scan.is(&lexeme, "INHERITS") && scan.accept_byte(b'(')? => loop {
                parents.push(table_name(scan, schema)?);
                if !scan.accept_byte(b',')? {
                    break;
                }
            },
            _ => {}
        }
    }
}

/// Reads `ALTER TABLE` after `ALTER`: a table, and another one that holds rows
/// of it from then on.
pub(crate) fn attached(scan: &mut Scan<'_>, schema: Option<&[u8]>) -> Parse<Option<(TableName, TableName)>> {
    if !scan.accept("TABLE")? {
        return Ok(None);
    }
    if scan.accept("IF")? {
        scan.accept("EXISTS")?;
    }
    scan.accept("ONLY")?;
    let table = table_name(scan, schema)?;
    if scan.accept("ATTACH")? {
        scan.accept("PARTITION")?;
        return Ok(Some((table, table_name(scan, schema)?)));
    }
    if scan.accept("INHERIT")? {
        return Ok(Some((table_name(scan, schema)?, table)));
    }
    Ok(None)
}
