//! The bindings of version 0.2.0 of the contract, and conversions to the host's
//! types.
//!
//! This module contains no logic. Values passed to the guest are borrowed: the
//! bytes of a window are copied once, into the guest's memory. Values returned
//! by the guest are owned.

pub(crate) use generated::PluginPre as Pre;
pub(crate) use generated::exports::runner::plugin::guest::Guest;
pub(crate) use generated::runner::plugin::host::{self, Host};
pub(crate) use generated::runner::plugin::types;

use runner_contract::{
    ByteOrder, Change, Claims, Count, Failure, FieldCheck, FileHead, Framing, Job, LogLevel, Manifest, Param,
    ParamKind, ParamSpec, Pattern, Prefilter, Projection, Reply, Span, TableSpec, Value, Window,
};

/// The interface that a plugin must export.
pub(crate) const GUEST: &str = "runner:plugin/guest@0.2.0";
/// The interfaces of the contract that a plugin may import.
pub(crate) const IMPORTS: [&str; 2] = ["runner:plugin/host@0.3.0", "runner:plugin/types@0.2.0"];

#[allow(missing_docs, unreachable_pub)]
mod generated {
    wasmtime::component::bindgen!({
        world: "plugin",
        path: "wit",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

impl<'a> From<&'a Param> for types::Param<'a> {
    fn from(param: &'a Param) -> Self {
        let value = match &param.value {
            Value::Text(text) => types::Value::Text(text),
            Value::Bytes(bytes) => types::Value::Bytes(bytes),
            Value::Integer(number) => types::Value::Integer(*number),
            Value::Boolean(truth) => types::Value::Boolean(*truth),
        };
        Self { name: &param.name, value }
    }
}

impl<'a> From<FileHead<'a>> for types::File<'a> {
    fn from(file: FileHead<'a>) -> Self {
        Self { size: file.size, head: file.head, seed: file.seed }
    }
}

/// The lists of a window, in the form in which they are passed on.
pub(crate) struct Lists {
    matches: Vec<types::RecordMatch>,
    fields: Vec<types::ShownField>,
}

impl From<&Window<'_>> for Lists {
    fn from(window: &Window<'_>) -> Self {
        let matches = window.matches.iter().map(|one| types::RecordMatch { start: one.start, ids: one.ids });
        let fields = window.fields.iter().map(|one| types::ShownField { start: one.start, field: one.field });
        Self { matches: matches.collect(), fields: fields.collect() }
    }
}

impl Lists {
    /// The window that these lists are of.
    pub(crate) fn window<'a>(&'a self, window: &Window<'a>) -> types::Window<'a> {
        types::Window {
            offset: window.offset,
            bytes: window.bytes,
            // A window holds less than 4 GiB.
            owned: types::Span { start: window.owned.start as u32, end: window.owned.end as u32 },
            last: window.last,
            first: window.first,
            matches: &self.matches,
            fields: &self.fields,
        }
    }
}

impl From<types::Manifest> for Manifest {
    fn from(manifest: types::Manifest) -> Self {
        Self {
            name: manifest.name,
            version: manifest.version,
            summary: manifest.summary,
            license: manifest.license,
            params: manifest.params.into_iter().map(Into::into).collect(),
            tables: manifest.tables.into_iter().map(Into::into).collect(),
            seed: manifest.seed,
        }
    }
}

impl From<types::TableSpec> for TableSpec {
    fn from(spec: types::TableSpec) -> Self {
        Self { name: spec.name, required: spec.required, doc: spec.doc }
    }
}

impl From<types::ParamSpec> for ParamSpec {
    fn from(spec: types::ParamSpec) -> Self {
        Self {
            name: spec.name,
            kind: match spec.kind {
                types::ParamKind::Text => ParamKind::Text,
                types::ParamKind::Integer => ParamKind::Integer,
                types::ParamKind::Boolean => ParamKind::Boolean,
                types::ParamKind::Secret => ParamKind::Secret,
                types::ParamKind::Bytes => ParamKind::Bytes,
                types::ParamKind::Choice => ParamKind::Choice,
            },
            required: spec.use_.contains(types::ParamUse::REQUIRED),
            repeats: spec.use_.contains(types::ParamUse::REPEATS),
            from_file: spec.use_.contains(types::ParamUse::FROM_FILE),
            default: spec.default,
            doc: spec.doc,
            choices: spec.choices,
        }
    }
}

impl From<types::Job> for Job {
    fn from(job: types::Job) -> Self {
        Self {
            framing: job.framing.into(),
            prefilters: job.prefilters.into_iter().map(Into::into).collect(),
            show_all: job.show_all,
            claims: Claims {
                text: job.claims.contains(types::Claims::TEXT),
                length_preserving: job.claims.contains(types::Claims::LENGTH_PRESERVING),
                idempotent: job.claims.contains(types::Claims::IDEMPOTENT),
                deterministic: job.claims.contains(types::Claims::DETERMINISTIC),
            },
            show_empty: job.show_empty,
            counts: job.counts,
            projection: job.projection.map(|one| Projection { delimiter: one.delimiter, fields: one.fields }),
            ranges: job.ranges.map(|ranges| ranges.into_iter().map(|range| range.start..range.end).collect()),
        }
    }
}

impl From<types::ByteOrder> for ByteOrder {
    fn from(order: types::ByteOrder) -> Self {
        match order {
            types::ByteOrder::Little => Self::Little,
            types::ByteOrder::Big => Self::Big,
        }
    }
}

impl From<types::FieldCheck> for FieldCheck {
    fn from(check: types::FieldCheck) -> Self {
        let types::FieldCheck { offset, width, order, min, max } = check;
        Self { offset, width, order: order.into(), min, max }
    }
}

impl From<types::Framing> for Framing {
    fn from(framing: types::Framing) -> Self {
        match framing {
            types::Framing::Bytes => Self::Bytes,
            types::Framing::Delimited(delimiter) => Self::Delimited(delimiter),
            types::Framing::Quoted(f) => Self::Quoted { delimiter: f.delimiter, quote: f.quote },
            types::Framing::Fixed(f) => Self::Fixed { header: f.header, size: f.size },
            types::Framing::LengthPrefixed(f) => Self::LengthPrefixed {
                header: f.header,
                offset: f.offset,
                width: f.width,
                order: f.order.into(),
                adjustment: f.adjustment,
                checks: f.checks.into_iter().map(Into::into).collect(),
            },
            types::Framing::Overlapping(f) => Self::Overlapping { before: f.before, after: f.after },
            types::Framing::Sequential => Self::Sequential,
        }
    }
}

impl From<types::Prefilter> for Prefilter {
    fn from(prefilter: types::Prefilter) -> Self {
        let pattern = match prefilter.pattern {
            types::Pattern::Literals(literals) => Pattern::Literals {
                patterns: literals.patterns,
                ignore_ascii_case: literals.ignore_ascii_case,
            },
            types::Pattern::Regex(regex) => Pattern::Regex(regex),
        };
        Self { id: prefilter.id, pattern }
    }
}

impl From<types::Reply> for Reply {
    fn from(reply: types::Reply) -> Self {
        let change = match reply.change {
            types::Change::Unchanged => Change::Unchanged,
            types::Change::Edits(edits) => Change::Edits {
                // Both types have the same layout, so this reuses the
                // allocation.
                spans: edits
                    .spans
                    .into_iter()
                    .map(|edit| Span { start: edit.start, end: edit.end, len: edit.len })
                    .collect(),
                bytes: edits.bytes,
            },
            types::Change::Replaced(bytes) => Change::Replaced(bytes),
        };
        // The same holds here.
        let counts = reply.counts.into_iter().map(|one| Count { name: one.name, number: one.number });
        Self { consumed: reply.consumed, change, counts: counts.collect() }
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Self { message: failure.message, position: failure.position.map(|at| at as usize) }
    }
}

impl From<types::Level> for LogLevel {
    fn from(level: types::Level) -> Self {
        match level {
            types::Level::Trace => Self::Trace,
            types::Level::Debug => Self::Debug,
            types::Level::Info => Self::Info,
            types::Level::Warn => Self::Warn,
            types::Level::Error => Self::Error,
        }
    }
}
