//! Tells what a statement is, and reads its head.

use std::sync::Arc;

use runner_plugin::Edits;

use crate::create::{created_name, created_table};
use crate::family;
use crate::fault::{Parse, Stop, fault};
use crate::head::{self, After, Head, Setting};
use crate::lexer::{Lexeme, Scan, Token};
use crate::lexis::Strings;
use crate::machine::{Known, Machine, State, Step};
use crate::name::{TableName, decode, identifier, table_name};
use crate::plan::Plan;
use crate::routine::Routine;
use crate::rows::Rows;
use crate::skip::{Goal, Skip, line_end};

impl Machine {
    /// Goes to the next statement, and past its head.
    pub(crate) fn start(&mut self, scan: &mut Scan<'_>, edits: &mut Edits) -> Parse<Step> {
        if !self.skip.to(Goal::Code, scan.view(), scan.lexis, &mut scan.at)? {
            return Err(Stop::More);
        }
        if scan.at == scan.bytes.len() {
            return Ok(Step::On);
        }
        // Of a head that is not in view as a whole, nothing is consumed.
        let start = scan.at;
        let result = self.statement(scan, edits);
        if result == Err(Stop::More) {
            scan.at = start;
            self.state = State::Start;
        } else {
            self.skip = Skip::new();
        }
        result
    }

    fn statement(&mut self, scan: &mut Scan<'_>, edits: &mut Edits) -> Parse<Step> {
        let start = scan.at;
        if let Some(known) = self.known(scan) {
            return self.rows(known, start, scan, edits);
        }
        if scan.bytes[start] == b'\\' && scan.lexis.is_postgres() {
            return self.command(scan);
        }
        let first = scan.next()?;
        if first.token == Token::Delimiter {
            return Ok(Step::On);
        }
        if !matches!(first.token, Token::Word | Token::Punct(b'(')) {
            return scan.unexpected(&first, "the start of a statement");
        }
        self.state = State::Statement;
        let word = scan.of(&first).to_ascii_uppercase();
        let (is_mysql, is_postgres) = (scan.lexis.is_mysql(), scan.lexis.is_postgres());
        match &word[..] {
            b"INSERT" | b"REPLACE" => return self.insert(start, scan, edits),
            _ => self.known.clear(),
        }
        match &word[..] {
            b"COPY" if is_postgres => self.copy(scan),
            b"CREATE" => self.create(scan),
            b"ALTER" => {
                if let Some((parent, child)) = family::attached(&mut scan.clone(), self.schema.as_deref())? {
                    self.planner.check_child(&parent, &child).or_else(|error| fault(start, error))?;
                }
                if let Some(name) = head::alter(&mut scan.clone(), self.schema.as_deref())? {
                    self.planner.alter(&name);
                }
                Ok(Step::On)
            }
            b"SET" => self.set(scan),
            b"USE" if is_mysql => {
                self.schema = Some(identifier(scan, "the name of a database")?);
                Ok(Step::On)
            }
            b"DELIMITER" if is_mysql => self.delimiter(scan),
            b"UPDATE" | b"MERGE" | b"WITH" | b"LOAD" | b"PREPARE" | b"EXPLAIN" => self.refuse(&first, scan),
            _ => Ok(Step::On),
        }
    }

    /// The plan of an `INSERT` whose head is one of the last ones.
    fn known(&self, scan: &mut Scan<'_>) -> Option<Option<Arc<Plan>>> {
        let rest = &scan.bytes[scan.at..];
        let known = self.known.iter().find(|known| {
            rest.starts_with(&known.text) && matches!(rest.get(known.text.len()), Some(b' ' | b'(' | b'\n'))
        })?;
        scan.at += known.text.len();
        Some(known.plan.clone())
    }

    /// Goes on after the head of an `INSERT`.
    fn rows(
        &mut self,
        plan: Option<Arc<Plan>>,
        start: usize,
        scan: &mut Scan<'_>,
        edits: &mut Edits,
    ) -> Parse<Step> {
        self.state = match plan {
            Some(plan) => State::Rows(Rows::begin(plan, scan, start, &mut self.work, edits)?),
            None => State::Statement,
        };
        Ok(Step::On)
    }

    fn insert(&mut self, start: usize, scan: &mut Scan<'_>, edits: &mut Edits) -> Parse<Step> {
        self.state = State::Start;
        let name = head::insert_name(scan, self.schema.as_deref())?;
        self.planner.check_schema(&name).or_else(|error| fault(start, error))?;
        let plan = match self.planner.concerns(&name) {
            true => {
                let head = head::insert(scan)?;
                self.plan(&name, &head, start)?
            }
            false => None,
        };
        // More than two kinds of rows do not alternate in dumps.
        self.known.truncate(1);
        let text = scan.bytes[start..scan.at].to_vec();
        self.known.insert(0, Known { text, plan: plan.clone() });
        self.rows(plan, start, scan, edits)
    }

    /// The plan for the rows after a head that begins at `start`.
    fn plan(&mut self, name: &TableName, head: &Head, start: usize) -> Parse<Option<Arc<Plan>>> {
        if head.after == After::Nothing {
            return Ok(None);
        }
        let plan = match self.planner.plan(name, head.columns.as_deref()) {
            Ok(plan) => plan.map(Arc::new),
            Err(error) => return fault(start, error),
        };
        match &head.after {
            After::Other(lexeme) if plan.is_some() => fault(
                lexeme.start,
                format!(
                    "the data of `{}` are not rows after VALUES or FROM stdin, and are not read",
                    name.shown()
                ),
            ),
            After::OtherFormat(lexeme) if plan.is_some() => fault(
                lexeme.start,
                format!(
                    "the data of `{}` are not in the default format of COPY, and are not read",
                    name.shown()
                ),
            ),
            _ => Ok(plan),
        }
    }

    fn copy(&mut self, scan: &mut Scan<'_>) -> Parse<Step> {
        self.state = State::Start;
        let start = scan.at;
        if scan.accept_byte(b'(')? {
            // The result of a query is written.
            self.state = State::Statement;
            scan.at = start;
            return Ok(Step::On);
        }
        let name = table_name(scan, self.schema.as_deref())?;
        let head = head::copy(scan)?;
        self.planner.check_schema(&name).or_else(|error| fault(start, error))?;
        let plan = match self.planner.concerns(&name) {
            true => self.plan(&name, &head, start)?,
            false => None,
        };
        self.state = match head.after {
            After::Rows | After::OtherFormat(_) => State::CopyHead(plan),
            After::Nothing | After::Other(_) => State::Start,
        };
        Ok(Step::On)
    }

    fn create(&mut self, scan: &mut Scan<'_>) -> Parse<Step> {
        self.state = State::Start;
        let start = scan.at;
        if Routine::begins(&mut scan.clone())? {
            self.state = State::Routine(Routine::default());
            return Ok(Step::On);
        }
        match created_name(scan, self.schema.as_deref())? {
            Some(name) => {
                if scan.lexis.is_postgres() {
                    for parent in family::parents(&mut scan.clone(), self.schema.as_deref())? {
                        self.planner.check_child(&parent, &name).or_else(|error| fault(start, error))?;
                    }
                }
                if !self.planner.concerns(&name) {
                    scan.at = start;
                    self.state = State::Statement;
                    return Ok(Step::On);
                }
                let table = created_table(scan)?;
                if let Some(query) = table.query.filter(|_| self.planner.changes(&name, &table)) {
                    let name = name.shown();
                    return fault(query, format!("the data of `{name}` come from a query, and are not read"));
                }
                self.planner.create(name, table);
            }
            None => {
                scan.at = start;
                self.state = State::Statement;
            }
        }
        Ok(Step::On)
    }

    fn set(&mut self, scan: &mut Scan<'_>) -> Parse<Step> {
        self.state = State::Start;
        for setting in head::set(scan)? {
            let lexis = &mut self.lexis;
            match setting {
                Setting::Backslash(backslash) => lexis.set_strings(Strings { backslash, ..lexis.strings() }),
                Setting::Schema(schema) => self.schema = schema,
                Setting::Mode(mode) => lexis.set_mode(&mode),
                Setting::SaveMode(variable) => {
                    self.modes.insert(variable, lexis.strings());
                }
                Setting::RestoreMode(variable) => {
                    let saved = self.modes.get(&variable).copied();
                    lexis.set_strings(saved.unwrap_or(self.base.strings()));
                }
            }
        }
        Ok(Step::Relexed)
    }

    /// Reads `DELIMITER`, a command of MySQL's client.
    fn delimiter(&mut self, scan: &mut Scan<'_>) -> Parse<Step> {
        self.state = State::Start;
        let end = line_end(scan.view(), scan.at)?;
        let line = scan.bytes[scan.at..end].trim_ascii();
        let Some(delimiter) = line.split(u8::is_ascii_whitespace).next().filter(|word| !word.is_empty())
        else {
            return fault(scan.at, "DELIMITER without a delimiter");
        };
        // A skip takes these to be what they are without DELIMITER.
        if matches!(delimiter[0], b'\'' | b'"' | b'`' | b',') {
            return fault(scan.at, "a delimiter that begins with a quote or a comma is not supported");
        }
        self.lexis.set_delimiter(delimiter);
        scan.at = end;
        Ok(Step::Relexed)
    }

    /// Reads a command of PostgreSQL's client.
    fn command(&mut self, scan: &mut Scan<'_>) -> Parse<Step> {
        let end = line_end(scan.view(), scan.at)?;
        let line = &scan.bytes[scan.at..end];
        let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if matches!(word, b"\\connect" | b"\\c") {
            self.planner.forget();
            self.known.clear();
            self.schema = None;
            self.lexis = self.base.clone();
        }
        scan.at = end;
        Ok(Step::Relexed)
    }

    /// Refuses a statement that may hold values for a table to be changed.
    fn refuse(&mut self, first: &Lexeme, scan: &mut Scan<'_>) -> Parse<Step> {
        self.state = State::Start;
        loop {
            let lexeme = scan.next()?;
            if matches!(lexeme.token, Token::Delimiter | Token::End) {
                return Ok(Step::On);
            }
            if matches!(lexeme.token, Token::Word | Token::Name)
                && decode(scan, &lexeme).is_some_and(|name| self.planner.mentions(&name))
            {
                let word = String::from_utf8_lossy(scan.of(first)).to_ascii_uppercase();
                return fault(
                    first.start,
                    format!("{word} names a table to be changed; only INSERT, REPLACE and COPY are read"),
                );
            }
        }
    }
}
