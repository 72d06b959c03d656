//! The plugin `csv`: masks, pseudonymises, sets or drops columns of delimited
//! text.
//!
//! Each record is processed independently. Only the header is different, and it
//! is recognised by its offset, which is found in the head of the file. So the
//! result does not depend on how the file is cut.

mod action;
mod begin;
mod columns;
mod dialect;
mod record;

use action::{Plan, Row, RowKind};
use dialect::Dialect;
use record::Field;
use runner_plugin::{Edits, Failure, FileHead, Job, Manifest, ParamSpec, Params, Plugin, Window};

/// The plugin, for one file.
#[derive(Debug)]
pub struct Csv {
    dialect: Dialect,
    plan: Plan,
    /// Length of the byte order mark at the start of the file.
    mark_bytes: usize,
    /// The file offset of the header, if there is one.
    header: Option<u64>,
    /// Buffer for the fields of a record, reused to save allocations.
    fields: Vec<Field>,
}

impl Plugin for Csv {
    fn describe() -> Manifest {
        let columns = |name, what| {
            ParamSpec::text(
                name,
                &format!("Columns {what}: names or positions, as in `email,\"Name, full\",3`"),
            )
        };
        Manifest::new(
            "csv",
            env!("CARGO_PKG_VERSION"),
            "Masks, pseudonymises, sets or drops columns of delimited text",
        )
        .param(columns("mask", "to fill with `*`"))
        .param(columns("hash", "to replace with keyed pseudonyms"))
        .param(columns("drop", "to remove"))
        .param(ParamSpec::text("set", "`COLUMN=VALUE`; for several columns, one per line"))
        .param(ParamSpec::secret("key", "The secret key of `hash`: the same key gives the same pseudonyms"))
        .param(ParamSpec::text("delimiter", "`tab`, or one character").default(","))
        .param(ParamSpec::text("quote", "`none`, or one character").default("\""))
        .param(
            ParamSpec::boolean("header", "Whether the first record contains the column names")
                .default("true"),
        )
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let csv = begin::begin(params, file)?;
        let job = Job::new(csv.dialect.framing());
        let job = if csv.plan.is_length_preserving() { job.length_preserving() } else { job };
        Ok((csv, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let mut at = if window.offset == 0 { self.mark_bytes } else { 0 };
        while at < window.bytes.len() {
            let record = record::read(window.bytes, at, self.dialect, self.plan.fields(), &mut self.fields)
                .map_err(|fault| fault.message(window.offset))?;
            let is_header = self.header == Some(window.offset + at as u64);
            let kind = if is_header { RowKind::Header } else { RowKind::Data };
            let row = Row { bytes: window.bytes, record: &record, fields: &self.fields, kind };
            self.plan.apply(row, edits);
            at = record.end;
        }
        Ok(())
    }
}

runner_plugin::export!(Csv);
