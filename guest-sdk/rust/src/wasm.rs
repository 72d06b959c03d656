//! The component's side of the contract: generated bindings, and conversions to
//! and from the native types. Only [`export!`](crate::export) uses this module.

use std::cell::RefCell;

use bindings::runner::plugin::types as wit;

use crate::{
    ByteOrder, Change, Edits, FileHead, Framing, Job, LogLevel, Manifest, ParamKind, ParamSpec, Params,
    Plugin, Prefilter, Span, Window,
};

#[expect(missing_docs, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

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
    pub fn begin(&self, params: Vec<wit::Param>, file: &wit::File) -> Result<wit::Job, String> {
        // Without this, the user would see a panic only as a trap without a
        // message.
        std::panic::set_hook(Box::new(|panic| log(LogLevel::Warn, &panic.to_string())));
        let params = params.into_iter().map(|param| (param.name, param.value)).collect::<Params>();
        let (plugin, job) = P::begin(&params, &FileHead { size: file.size, head: &file.head })?;
        self.0.replace(Some(plugin));
        Ok(job.into())
    }

    /// The export `transform`.
    ///
    /// # Errors
    /// The error of the plugin, or a mistake in its edits.
    pub fn transform(&self, window: &wit::Window) -> Result<wit::Reply, String> {
        let mut state = self.0.borrow_mut();
        let plugin = state.as_mut().ok_or("the host called `transform` before `begin`")?;
        let window = Window {
            offset: window.offset,
            bytes: &window.bytes,
            owned: window.owned.start as usize..window.owned.end as usize,
            last: window.last,
        };
        let mut edits = Edits::new(&window);
        plugin.transform(&window, &mut edits)?;
        let reply = edits.finish()?;
        Ok(wit::Reply { consumed: reply.consumed, change: reply.change.into() })
    }
}

/// The export `describe`.
pub fn describe<P: Plugin>() -> wit::Manifest {
    let Manifest { name, version, summary, license, params } = P::describe();
    wit::Manifest { name, version, summary, license, params: params.into_iter().map(Into::into).collect() }
}

pub(crate) fn log(level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Debug => wit::Level::Debug,
        LogLevel::Info => wit::Level::Info,
        LogLevel::Warn => wit::Level::Warn,
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
        };
        Self { name: spec.name, kind, required: spec.required, default: spec.default, doc: spec.doc }
    }
}

impl From<Job> for wit::Job {
    fn from(job: Job) -> Self {
        Self {
            framing: job.framing.into(),
            prefilter: job.prefilter.into(),
            length_preserving: job.length_preserving,
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
            Framing::LengthPrefixed { header, offset, width, order, adjustment } => {
                let order = match order {
                    ByteOrder::Little => wit::ByteOrder::Little,
                    ByteOrder::Big => wit::ByteOrder::Big,
                };
                Self::LengthPrefixed(wit::LengthPrefixedFraming { header, offset, width, order, adjustment })
            }
            Framing::Overlapping { before, after } => {
                Self::Overlapping(wit::OverlappingFraming { before, after })
            }
            Framing::Sequential => Self::Sequential,
        }
    }
}

impl From<Prefilter> for wit::Prefilter {
    fn from(prefilter: Prefilter) -> Self {
        match prefilter {
            Prefilter::None => Self::None,
            Prefilter::Literals { patterns, ignore_ascii_case } => {
                Self::Literals(wit::Literals { patterns, ignore_ascii_case })
            }
            Prefilter::Regex(expression) => Self::Regex(expression),
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
