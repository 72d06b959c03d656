//! The bindings of version 0.1.0 of the contract, and conversions to the host's
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
    ByteOrder, Change, FileHead, Framing, Job, LogLevel, Manifest, Param, ParamKind, ParamSpec, Prefilter,
    Reply, Span, Window,
};

/// The interface that a plugin must export.
pub(crate) const GUEST: &str = "runner:plugin/guest@0.1.0";
/// The interfaces of the contract that a plugin may import.
pub(crate) const IMPORTS: [&str; 2] = ["runner:plugin/host@0.1.0", "runner:plugin/types@0.1.0"];

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
        Self { name: &param.name, value: &param.value }
    }
}

impl<'a> From<FileHead<'a>> for types::File<'a> {
    fn from(file: FileHead<'a>) -> Self {
        Self { size: file.size, head: file.head }
    }
}

impl<'a> From<&Window<'a>> for types::Window<'a> {
    fn from(window: &Window<'a>) -> Self {
        // A window holds less than 4 GiB.
        let owned = types::Span { start: window.owned.start as u32, end: window.owned.end as u32 };
        Self { offset: window.offset, bytes: window.bytes, owned, last: window.last }
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
        }
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
            },
            required: spec.required,
            default: spec.default,
            doc: spec.doc,
        }
    }
}

impl From<types::Job> for Job {
    fn from(job: types::Job) -> Self {
        Self {
            framing: job.framing.into(),
            prefilter: job.prefilter.into(),
            length_preserving: job.length_preserving,
        }
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
                order: match f.order {
                    types::ByteOrder::Little => ByteOrder::Little,
                    types::ByteOrder::Big => ByteOrder::Big,
                },
                adjustment: f.adjustment,
            },
            types::Framing::Overlapping(f) => Self::Overlapping { before: f.before, after: f.after },
            types::Framing::Sequential => Self::Sequential,
        }
    }
}

impl From<types::Prefilter> for Prefilter {
    fn from(prefilter: types::Prefilter) -> Self {
        match prefilter {
            types::Prefilter::None => Self::None,
            types::Prefilter::Literals(literals) => {
                Self::Literals { patterns: literals.patterns, ignore_ascii_case: literals.ignore_ascii_case }
            }
            types::Prefilter::Regex(regex) => Self::Regex(regex),
        }
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
        Self { consumed: reply.consumed, change }
    }
}

impl From<types::Level> for LogLevel {
    fn from(level: types::Level) -> Self {
        match level {
            types::Level::Debug => Self::Debug,
            types::Level::Info => Self::Info,
            types::Level::Warn => Self::Warn,
        }
    }
}
