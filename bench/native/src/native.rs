//! A plugin written with the SDK as a transform of the host, without a
//! sandbox between: the host's types and the SDK's mirror one contract.

use runner_contract as host;
use runner_pipeline::engine::transform::{self, Reply, Transform, Window};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::run::Begun;
use runner_plugin as sdk;

/// What a plugin says of itself.
pub(crate) fn manifest(manifest: sdk::Manifest) -> host::Manifest {
    host::Manifest {
        name: manifest.name,
        version: manifest.version,
        summary: manifest.summary,
        license: manifest.license,
        params: manifest.params.into_iter().map(param).collect(),
    }
}

fn param(spec: sdk::ParamSpec) -> host::ParamSpec {
    let kind = match spec.kind {
        sdk::ParamKind::Text => host::ParamKind::Text,
        sdk::ParamKind::Integer => host::ParamKind::Integer,
        sdk::ParamKind::Boolean => host::ParamKind::Boolean,
        sdk::ParamKind::Secret => host::ParamKind::Secret,
    };
    host::ParamSpec { name: spec.name, kind, required: spec.required, default: spec.default, doc: spec.doc }
}

/// Starts a plugin on a file.
pub(crate) fn begin<P: sdk::Plugin + Send + 'static>(
    params: &[host::Param],
    file: host::FileHead<'_>,
) -> Result<Begun> {
    let params = params.iter().map(|param| (param.name.as_str(), param.value.as_str())).collect();
    let (plugin, asked) =
        P::begin(&params, &sdk::File { size: file.size, head: file.head }).map_err(failed)?;
    let job = job(asked);
    job.validate().map_err(failed)?;
    Ok((job, Box::new(Native(plugin))))
}

fn failed(why: String) -> Error {
    Error::new(Kind::Plugin, why)
}

struct Native<P>(P);

impl<P: sdk::Plugin + Send> Transform for Native<P> {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let window = sdk::Window {
            offset: window.offset,
            bytes: window.bytes,
            owned: window.owned.start as usize..window.owned.end as usize,
            last: window.last,
        };
        let mut edits = sdk::Edits::new(&window);
        let reply = self.0.transform(&window, &mut edits).and_then(|()| edits.finish()).map_err(failed)?;
        Ok(Reply { consumed: reply.consumed, change: change(reply.change) })
    }
}

fn change(change: sdk::Change) -> transform::Change {
    match change {
        sdk::Change::Unchanged => transform::Change::Unchanged,
        sdk::Change::Edits { spans, bytes } => {
            // Both types have one layout, so this reuses the allocation.
            let span = |sdk::Span { start, end, len }| transform::Span { start, end, len };
            transform::Change::Edits { spans: spans.into_iter().map(span).collect(), bytes }
        }
        sdk::Change::Replaced(bytes) => transform::Change::Replaced(bytes),
    }
}

fn job(job: sdk::Job) -> host::Job {
    let prefilter = match job.prefilter {
        sdk::Prefilter::None => host::Prefilter::None,
        sdk::Prefilter::Literals { patterns, ignore_ascii_case } => {
            host::Prefilter::Literals { patterns, ignore_ascii_case }
        }
        sdk::Prefilter::Regex(expression) => host::Prefilter::Regex(expression),
    };
    host::Job { framing: framing(job.framing), prefilter, length_preserving: job.length_preserving }
}

fn framing(framing: sdk::Framing) -> host::Framing {
    match framing {
        sdk::Framing::Bytes => host::Framing::Bytes,
        sdk::Framing::Delimited(delimiter) => host::Framing::Delimited(delimiter),
        sdk::Framing::Quoted { delimiter, quote } => host::Framing::Quoted { delimiter, quote },
        sdk::Framing::Fixed { header, size } => host::Framing::Fixed { header, size },
        sdk::Framing::LengthPrefixed { header, offset, width, order, adjustment } => {
            let big_endian = order == sdk::ByteOrder::Big;
            host::Framing::LengthPrefixed { header, offset, width, big_endian, adjustment }
        }
        sdk::Framing::Overlapping { before, after } => host::Framing::Overlapping { before, after },
        sdk::Framing::Sequential => host::Framing::Sequential,
    }
}
