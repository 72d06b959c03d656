//! The component's side of the contract: generated bindings, and conversions to
//! and from the native types. Only [`export!`](crate::export) uses this module.

use std::cell::RefCell;

use bindings::runner::plugin::types as wit;

use crate::{
    ByteOrder, Change, Edits, Failure, FileHead, Framing, Job, LogLevel, Manifest, ParamKind, ParamSpec,
    Params, Pattern, Plugin, RecordMatch, ShownField, Span, Value, Window,
};

#[allow(clippy::all, missing_docs, unreachable_pub, unsafe_code, reason = "generated code")]
#[rustfmt::skip]
pub mod bindings;

pub use bindings::export_world;
pub use bindings::exports::runner::plugin::guest::Guest;
pub use bindings::runner::plugin::types;

/// The plugin that `begin` has created, for `transform`.
#[derive(Debug)]
pub struct State<P>(RefCell<Option<P>>);

impl<P> Default for State<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> State<P> {
    /// The state before `begin`.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }
}

impl<P: Plugin> State<P> {
    /// The export `begin`.
    ///
    /// # Errors
    /// The error of the plugin.
    pub fn begin(&self, params: Vec<wit::Param>, file: &wit::File) -> Result<wit::Job, wit::Failure> {
        // Without this, the user would see a panic only as a trap without a
        // message.
        std::panic::set_hook(Box::new(|panic| log(LogLevel::Error, &panic.to_string())));
        let params = params.into_iter().map(|param| (param.name, param.value.into())).collect::<Params>();
        let head = FileHead { size: file.size, head: &file.head, seed: file.seed };
        let (plugin, job) = P::begin(&params, &head).map_err(wit::Failure::from)?;
        self.0.replace(Some(plugin));
        Ok(job.into())
    }

    /// The export `transform`.
    ///
    /// # Errors
    /// The error of the plugin, or a mistake in its edits.
    pub fn transform(&self, window: &wit::Window) -> Result<wit::Reply, wit::Failure> {
        self.answer(window).map_err(Into::into)
    }

    fn answer(&self, window: &wit::Window) -> Result<wit::Reply, Failure> {
        let mut state = self.0.borrow_mut();
        let plugin = state.as_mut().ok_or("the host called `transform` before `begin`")?;
        let matches = window.matches.iter().map(|one| RecordMatch { start: one.start, ids: one.ids });
        let fields = window.fields.iter().map(|one| ShownField { start: one.start, field: one.field });
        let (matches, fields) = (matches.collect::<Vec<_>>(), fields.collect::<Vec<_>>());
        let window = Window {
            offset: window.offset,
            bytes: &window.bytes,
            owned: window.owned.start as usize..window.owned.end as usize,
            last: window.last,
            first: window.first,
            matches: &matches,
            fields: &fields,
        };
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits)?;
        let reply = edits.finish()?;
        let counts = reply.counts.iter().map(|one| wit::Count { name: one.name, number: one.number });
        Ok(wit::Reply { consumed: reply.consumed, change: reply.change.into(), counts: counts.collect() })
    }
}

/// The export `describe`.
pub fn describe<P: Plugin>() -> wit::Manifest {
    let Manifest { name, version, summary, license, params, tables, seed } = P::describe();
    let params = params.into_iter().map(Into::into).collect();
    let table =
        |spec: crate::TableSpec| wit::TableSpec { name: spec.name, required: spec.required, doc: spec.doc };
    wit::Manifest {
        name,
        version,
        summary,
        license,
        params,
        tables: tables.into_iter().map(table).collect(),
        seed,
    }
}

pub(crate) use bindings::runner::plugin::host::{table_read, table_size};

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Text(text) => Self::Text(text),
            wit::Value::Bytes(bytes) => Self::Bytes(bytes),
            wit::Value::Integer(number) => Self::Integer(number),
            wit::Value::Boolean(truth) => Self::Boolean(truth),
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        let position = failure.position.and_then(|at| u32::try_from(at).ok());
        Self { message: failure.message, position }
    }
}

pub(crate) fn log(level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Trace => wit::Level::Trace,
        LogLevel::Debug => wit::Level::Debug,
        LogLevel::Info => wit::Level::Info,
        LogLevel::Warn => wit::Level::Warn,
        LogLevel::Error => wit::Level::Error,
    };
    bindings::runner::plugin::host::log(level, message);
}

impl From<ParamSpec> for wit::ParamSpec {
    fn from(spec: ParamSpec) -> Self {
        let kind = match spec.kind {
            ParamKind::Text => wit::ParamKind::Text,
            ParamKind::Integer => wit::ParamKind::Integer,
            ParamKind::Boolean => wit::ParamKind::Boolean,
            ParamKind::Secret => wit::ParamKind::Secret,
            ParamKind::Bytes => wit::ParamKind::Bytes,
            ParamKind::Choice => wit::ParamKind::Choice,
        };
        let flag = |is_set, flag| if is_set { flag } else { wit::ParamUse::empty() };
        let use_ = flag(spec.required, wit::ParamUse::REQUIRED)
            | flag(spec.repeats, wit::ParamUse::REPEATS)
            | flag(spec.from_file, wit::ParamUse::FROM_FILE);
        let ParamSpec { name, default, doc, choices, .. } = spec;
        Self { name, kind, use_, default, doc, choices }
    }
}

impl From<Job> for wit::Job {
    fn from(job: Job) -> Self {
        let flag = |is_set, flag| if is_set { flag } else { wit::Claims::empty() };
        let claims = flag(job.claims.text, wit::Claims::TEXT)
            | flag(job.claims.length_preserving, wit::Claims::LENGTH_PRESERVING)
            | flag(job.claims.idempotent, wit::Claims::IDEMPOTENT)
            | flag(job.claims.deterministic, wit::Claims::DETERMINISTIC);
        let prefilter = |one: crate::Prefilter| wit::Prefilter { id: one.id, pattern: one.pattern.into() };
        let range = |range: std::ops::Range<u64>| wit::ByteRange { start: range.start, end: range.end };
        Self {
            framing: job.framing.into(),
            prefilters: job.prefilters.into_iter().map(prefilter).collect(),
            show_all: job.show_all,
            claims,
            show_empty: job.show_empty,
            counts: job.counts,
            projection: job
                .projection
                .map(|one| wit::Projection { delimiter: one.delimiter, fields: one.fields }),
            ranges: job.ranges.map(|ranges| ranges.into_iter().map(range).collect()),
        }
    }
}

impl From<ByteOrder> for wit::ByteOrder {
    fn from(order: ByteOrder) -> Self {
        match order {
            ByteOrder::Little => Self::Little,
            ByteOrder::Big => Self::Big,
        }
    }
}

impl From<Framing> for wit::Framing {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Bytes => Self::Bytes,
            Framing::Delimited(delimiter) => Self::Delimited(delimiter),
            Framing::Quoted { delimiter, quote } => Self::Quoted(wit::QuotedFraming { delimiter, quote }),
            Framing::Fixed { header, size } => Self::Fixed(wit::FixedFraming { header, size }),
            Framing::LengthPrefixed { header, offset, width, order, adjustment, checks } => {
                let check = |one: crate::FieldCheck| wit::FieldCheck {
                    offset: one.offset,
                    width: one.width,
                    order: one.order.into(),
                    min: one.min,
                    max: one.max,
                };
                let checks = checks.into_iter().map(check).collect();
                let order = order.into();
                Self::LengthPrefixed(wit::LengthPrefixedFraming {
                    header,
                    offset,
                    width,
                    order,
                    adjustment,
                    checks,
                })
            }
            Framing::Overlapping { before, after } => {
                Self::Overlapping(wit::OverlappingFraming { before, after })
            }
            Framing::Sequential => Self::Sequential,
        }
    }
}

impl From<Pattern> for wit::Pattern {
    fn from(pattern: Pattern) -> Self {
        match pattern {
            Pattern::Literals { patterns, ignore_ascii_case } => {
                Self::Literals(wit::Literals { patterns, ignore_ascii_case })
            }
            Pattern::Regex(expression) => Self::Regex(expression),
        }
    }
}

impl From<Change> for wit::Change {
    fn from(change: Change) -> Self {
        match change {
            Change::Unchanged => Self::Unchanged,
            Change::Edits { spans, bytes } => {
                let spans =
                    spans.into_iter().map(|Span { start, end, len }| wit::Edit { start, end, len }).collect();
                Self::Edits(wit::Edits { spans, bytes })
            }
            Change::Replaced(bytes) => Self::Replaced(bytes),
        }
    }
}
