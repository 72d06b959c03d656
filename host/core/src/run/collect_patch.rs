//! From a file to a sealed patch: calls `begin`, scans, and seals.

use std::sync::Mutex;

use runner_contract::{FileHead, HEAD_BYTES, Job};

use super::{Event, Options, Program, converted, touched};
use crate::engine::readable;
use crate::engine::transform::Instance;
use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::hash::GROUP_BYTES;
use crate::patch::{Header, Origin, Patch, Roots, Writer};
use crate::profile::{self, Stage};
use crate::run::checkpoint::{Resumable, Resumption};
use crate::scan::{self, Progress, Transforms, scan};
use crate::storage::mmap::Mapping;
use crate::storage::{Entry, Storage};
use crate::target::{Target, head};

/// Where a patch is collected once it outgrows the memory.
pub enum Collect<'r, 't, S: Storage> {
    /// Next to the target, where an earlier scan may be resumed.
    Resumable(&'r mut Resumable<'t, S>),
    /// In this file, which must not exist.
    At(Entry),
}

/// Scans a target and seals the result. Only the file that `collect` names is
/// written.
///
/// # Errors
/// Any failure of the plugin, of reading, or of writing the patch; when the
/// file was changed during the scan, except by an append.
pub fn make_patch<'s, S: Storage>(
    target: &Target<'s, S>,
    program: &Program<'_>,
    collect: Collect<'_, '_, S>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    if options.roots == Roots::Touched {
        touched::check(options)?;
    }
    let mapping = target.map()?;
    collected((target, &mapping), program, collect, options, events)
        .map_err(|error| error.of_plugin(&program.id.name))
}

/// [`make_patch`] of a mapping.
fn collected<'s, S: Storage>(
    (target, mapping): (&Target<'s, S>, &Mapping),
    program: &Program<'_>,
    collect: Collect<'_, '_, S>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    if options.roots == Roots::Touched {
        let made = touched::make_patch((target, mapping), program, collect, options, events);
        // Counting lines would read the file up to the place of the error.
        return made.map_err(|error| error.located(|_| None).untouched());
    }
    if options.prove && options.resume {
        return Err(Error::new(Kind::Usage, "`--resume` and a receipt do not work together")
            .hint("a scan that continues another one has not seen all groups; omit one of the two"));
    }
    if !options.convert.is_none() {
        if options.resume {
            return Err(Error::new(
                Kind::Usage,
                "`--resume` does not work with `--decompress` and `--encoding`",
            ));
        }
        let spill = match collect {
            Collect::Resumable(_) => target.names.scan.clone(),
            Collect::At(entry) => entry,
        };
        let header = header(target, program);
        let made = converted::make_patch((target.storage, spill, header), mapping, program, options, events)?;
        // Bytes that other processes append are not an error yet, as below.
        target.appended()?;
        return Ok(made);
    }
    let made = scan_and_seal((target, mapping), program, collect, options, events);
    made.map_err(|error| error.located(|offset| line_at(mapping, offset)).untouched())
}

/// The number of the line that contains an offset, counted from 1. `None` if
/// the offset is not in the file.
fn line_at(mapping: &Mapping, offset: u64) -> Option<u64> {
    let before = mapping.bytes().get(..usize::try_from(offset).ok()?)?;
    Some(memchr::memchr_iter(b'\n', before).count() as u64 + 1)
}

fn scan_and_seal<'s, S: Storage>(
    (target, mapping): (&Target<'s, S>, &Mapping),
    program: &Program<'_>,
    collect: Collect<'_, '_, S>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    let beginning = profile::span(Stage::Begin);
    let head = head(mapping, program.head_bytes);
    let (job, first) = (program.begin)(head)?;
    readable::check(&job, &head.head[..head.head.len().min(HEAD_BYTES)], options.no_text)?;
    let finder = first.finder(&job, options.memory.budget)?;
    let make = instances(program, head, (&job, first));
    let scan_options = scan::Options {
        threads: options.threads,
        window_bytes: options.window_bytes,
        memory: options.memory,
        cancel: options.cancel,
        prove: options.prove,
    };
    let of = target.size();
    let header = header(target, program);
    let (spill, mut resumable) = match collect {
        Collect::Resumable(resumable) => (target.names.scan.clone(), Some(resumable)),
        Collect::At(entry) => (entry, None),
    };
    let resumption = match &mut resumable {
        Some(resumable) => resumable.resume_scan(target.storage, mapping, &header, &scan_options)?,
        None => Resumption::Fresh,
    };
    let (writer, from) = match resumption {
        Resumption::Resumed(resumption) => {
            let (writer, state) = *resumption;
            events(Event::Resumed { bytes: state.at, of });
            (writer, Some(state))
        }
        Resumption::StartedOver(why) => {
            events(Event::StartedOver(why));
            (Writer::new(target.storage, spill, header)?, None)
        }
        Resumption::Fresh => (Writer::new(target.storage, spill, header)?, None),
    };
    // Without a key, a checkpoint would not be trusted.
    let mut keep = resumable
        .filter(|_| target.names.key.is_some())
        .map(|resumable| |state: &scan::State| resumable.keep(state));
    let hooks = scan::Hooks {
        progress: &mut |progress| {
            events(match progress {
                Progress::To(bytes) => Event::Scanned { bytes, of },
                Progress::Workers(workers) => Event::Workers(workers),
            });
        },
        from,
        keep: keep.as_mut().map(|keep| (options.checkpoint_every, keep as scan::Keep<'_>)),
    };
    drop(beginning);
    let transforms = Transforms { job: &job, finder: finder.as_ref(), make: &make };
    let scanned = profile::time(Stage::Scan, || scan(mapping, &transforms, writer, &scan_options, hooks))?;
    // Bytes that other processes append are not scanned, and are not an error
    // yet: if no length changes, they stay where they are.
    target.appended()?;
    profile::time(Stage::NewRoot, || scanned.seal(mapping, options.context()))
}

/// Gives the instance that has begun, and then others, which must want the
/// same job.
pub(super) fn instances(
    program: &Program<'_>,
    head: FileHead<'_>,
    (job, first): (&Job, Instance),
) -> impl Fn() -> Result<Instance> + Sync {
    let first = Mutex::new(Some(first));
    move || {
        if let Some(first) = first.lock().ok().and_then(|mut first| first.take()) {
            return Ok(first);
        }
        let (other, instance) = (program.begin)(head)?;
        if other == *job { Ok(instance) } else { Err(differs(program)) }
    }
}

pub(super) fn differs(program: &Program<'_>) -> Error {
    let what = format!("plugin `{}` gives different answers to `begin`", program.id.name);
    Error::new(Kind::Plugin, what).hint(
        "the file is untouched; report it to the author: for the same file and parameters, `begin` must always return the same job",
    )
}

pub(super) fn header<S: Storage>(target: &Target<'_, S>, program: &Program<'_>) -> Header {
    Header {
        plugin: program.id.clone(),
        params: program.params.clone(),
        conversion: Vec::new(),
        target: target.path().to_str().map_or_else(|| shown(target.path()).to_string(), str::to_owned),
        identity: Origin::from(target.identity()),
        group_bytes: GROUP_BYTES,
    }
}
