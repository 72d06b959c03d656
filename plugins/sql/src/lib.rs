//! The plugin `sql`: changes columns of tables in dumps of PostgreSQL, MySQL,
//! MariaDB and SQLite.
//!
//! The meaning of a row depends on what comes before it: the columns' names
//! stand in the head of a statement that may be gigabytes long, or in a
//! `CREATE TABLE`. So one instance sees the file in order (`machine.rs`), and
//! remembers the tables that are to be changed, and nothing else.

mod begin;
mod cell;
mod change;
mod condition;
mod copy;
mod create;
mod dialect;
mod family;
mod fault;
mod fits;
mod head;
mod lexer;
mod lexis;
mod literal;
mod machine;
mod name;
mod plan;
mod routine;
mod rows;
mod shell;
mod skip;
mod span;
mod start;
mod target;
mod types;
mod value;
mod view;

use fault::Stop;
use machine::Machine;
use runner_plugin::{
    Edits, Failure, FileHead, Framing, Job, LogLevel, Manifest, ParamSpec, Params, Plugin, Window, log,
};
use view::View;

/// The mark at the start of UTF-8 that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The plugin, for one file.
#[derive(Debug)]
pub struct Sql {
    machine: Machine,
    /// Whether a table or column may be missing.
    may_miss: bool,
}

impl Plugin for Sql {
    fn describe() -> Manifest {
        let columns = |name, what: &str| {
            let doc = format!("{what}: TABLE.COLUMN, SCHEMA.TABLE.COLUMN or `*.COLUMN`");
            ParamSpec::text(name, &doc).repeats()
        };
        let escapes = "Whether a backslash escapes in strings, whatever the file says";
        let schema = "CREATE TABLE statements of tables that the file does not create";
        Manifest::new("sql", env!("CARGO_PKG_VERSION"), "Changes columns of tables in SQL dumps")
            .param(columns("mask", "Columns to hide"))
            .param(columns("hash", "Columns to replace with keyed pseudonyms"))
            .param(columns("set", "Columns and their new value, COLUMN=VALUE"))
            .param(columns("null", "Columns to set to NULL"))
            .param(columns("truncate", "Columns and how many characters stay, COLUMN=CHARACTERS"))
            .param(columns("keep-last", "Columns and how many last characters are not hidden"))
            .param(columns("map", "Columns, and a table of replacements in the lines below them").from_file())
            .param(columns("replace", "Columns and an expression, COLUMN=/EXPRESSION/REPLACEMENT/"))
            .param(columns("shift-date", "Columns and by how many days at most, COLUMN=DAYS,by=COLUMN"))
            .param(columns(begin::DELETE_ROWS, "Rows to delete, COLUMN=VALUE, !=, ~EXPRESSION or !~"))
            .param(ParamSpec::secret("key", "The secret key of `hash` and `shift-date`"))
            .param(
                ParamSpec::choice(
                    "dialect",
                    &["auto", "postgresql", "mysql", "sqlite"],
                    "What the dump is for",
                )
                .default("auto"),
            )
            .param(
                ParamSpec::choice("backslash-escapes", &["auto", "true", "false"], escapes).default("auto"),
            )
            .param(ParamSpec::text("schema", schema).from_file())
            .param(
                ParamSpec::choice("missing", &["error", "ok"], "What a missing table or column is")
                    .default("error"),
            )
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let job =
            Job::new(Framing::Sequential).text().deterministic().counts(["changed-value", "deleted-row"]);
        Ok((begin::begin(params, file)?, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let bytes = window.bytes;
        let start = match window.offset {
            0 if bytes.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
            // More must be seen to tell.
            0 if BYTE_ORDER_MARK.starts_with(bytes) && !window.last => {
                edits.consumed(0);
                return Ok(());
            }
            _ => 0,
        };
        match self.machine.go(View { bytes, last: window.last }, start, edits) {
            Ok(end) => edits.consumed(end as u64),
            Err(Stop::More) => edits.consumed(start as u64),
            Err(Stop::Fault(fault)) => {
                return Err(Failure::from(fault.what).at(fault.at));
            }
        }
        let work = &mut self.machine.work;
        edits.count(0, std::mem::take(&mut work.changed));
        edits.count(1, std::mem::take(&mut work.deleted));
        if window.last { self.finish() } else { Ok(()) }
    }
}

impl Sql {
    /// Ends the file: everything that was named must have been there.
    fn finish(&self) -> Result<(), Failure> {
        let missing = self.machine.planner.missing();
        if !missing.is_empty() {
            let list = missing.join(", ");
            if !self.may_miss {
                let hint = "correct the name, or give `missing=ok` if it may be missing";
                return Err(format!("not in this file: {list}; {hint}").into());
            }
            log(LogLevel::Warn, &format!("not in this file: {list}"));
        }
        Ok(())
    }
}

runner_plugin::export!(Sql);
