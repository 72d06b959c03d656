//! Finds the end of a routine whose body holds statements.
//!
//! PostgreSQL's `psql` counts `BEGIN` and `END` in `CREATE FUNCTION` and `CREATE
//! PROCEDURE` (`psqlscan.l`). SQLite's shell ends a trigger at `; END;`
//! (`complete.c`). In dumps of MySQL, `DELIMITER` shows the end.

use crate::fault::{Parse, fault};
use crate::lexer::{Scan, Token};
use crate::lexis::Lexis;

/// The position in a routine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routine {
    /// Blocks that are open.
    blocks: u32,
    parentheses: u32,
    /// How much of `; END` was read last.
    ending: u8,
}

impl Routine {
    /// Whether the statement after `CREATE` is such a routine.
    pub(crate) fn begins(scan: &mut Scan<'_>) -> Parse<bool> {
        loop {
            let lexeme = scan.next()?;
            let is = |words: &[&str]| words.iter().any(|word| scan.is(&lexeme, word));
            if !is(&["OR", "REPLACE", "TEMP", "TEMPORARY"]) {
                return Ok(match scan.lexis {
                    lexis if lexis.is_postgres() => is(&["FUNCTION", "PROCEDURE"]),
                    lexis if lexis.is_sqlite() => is(&["TRIGGER"]),
                    _ => false,
                });
            }
        }
    }

    /// Goes past tokens up to the end, and returns true there.
    pub(crate) fn go(&mut self, scan: &mut Scan<'_>) -> Parse<bool> {
        loop {
            let start = scan.at;
            let lexeme = match scan.next() {
                Ok(lexeme) => lexeme,
                Err(stop) => {
                    scan.at = start;
                    return Err(stop);
                }
            };
            let is = |word| scan.is(&lexeme, word);
            match lexeme.token {
                Token::End => return fault(start, "the file ends within a routine"),
                Token::Delimiter if self.ends(scan.lexis) => return Ok(true),
                Token::Delimiter => self.ending = 1,
                Token::Word if is("END") => {
                    self.blocks = self.blocks.saturating_sub(1);
                    self.ending = if self.ending == 1 { 2 } else { 0 };
                    continue;
                }
                Token::Word if is("BEGIN") => self.blocks += 1,
                Token::Word if is("CASE") && self.blocks > 0 => self.blocks += 1,
                Token::Punct(b'(') => self.parentheses += 1,
                Token::Punct(b')') => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            }
            if lexeme.token != Token::Delimiter {
                self.ending = 0;
            }
        }
    }

    fn ends(&self, lexis: &Lexis) -> bool {
        match lexis.is_postgres() {
            true => self.blocks == 0 && self.parentheses == 0,
            false => self.ending == 2,
        }
    }
}
