//! From a file to a sealed patch: begin, scan, seal.

use std::path::Path;
use std::sync::Mutex;

use super::{Event, Options, OsPatch, Program};
use crate::commit::write::in_place_form::tail_start;
use crate::engine::transform::Transform;
use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::hash;
use crate::hash::{GROUP_BYTES, Tree};
use crate::patch::{Header, Origin, Writer};
use crate::profile::{self, Stage};
use crate::run::checkpoint::Resumable;
use crate::scan::{self, Progress, result_root, scan};
use crate::storage::mmap::Mapping;
use crate::storage::{Entry, OsStorage};
use crate::target::{OsTarget, head};

/// Scans a target and seals what was found. Nothing but `spill` is written.
///
/// # Errors
/// Any failure of the plugin, of reading, or of writing the patch; or when
/// the file was changed meanwhile, but by an append.
pub fn make_patch(
    target: &OsTarget,
    program: &Program<'_>,
    spill: Entry,
    options: &Options<'_>,
    mut resumable: Option<&mut Resumable<'_>>,
    events: &mut dyn FnMut(Event),
) -> Result<OsPatch> {
    let beginning = profile::span(Stage::Begin);
    let mapping = target.map()?;
    let head = head(&mapping);
    let (job, first) = (program.begin)(head)?;
    let first = Mutex::new(Some(first));
    let transforms = || -> Result<Box<dyn Transform>> {
        if let Some(first) = first.lock().ok().and_then(|mut first| first.take()) {
            return Ok(first);
        }
        let (other, transform) = (program.begin)(head)?;
        if other == job {
            Ok(transform)
        } else {
            Err(Error::new(
                Kind::Plugin,
                format!("plugin `{}` answers `begin` differently each time", program.id.name),
            )
            .hint("a plugin must be a pure function of its input"))
        }
    };
    let header = header(target, program);
    let scan_options = scan::Options {
        threads: options.threads,
        window_bytes: options.window_bytes,
        memory: options.memory,
        cancel: options.cancel,
    };
    let of = target.size();
    let resumed = match &mut resumable {
        Some(resumable) => resumable.take_up(&mapping, &header, &scan_options, events)?,
        None => None,
    };
    let (writer, from) = match resumed {
        Some((writer, state)) => (writer, Some(state)),
        None => (Writer::new(&OsStorage, spill, header)?, None),
    };
    // Without a key, a checkpoint would not be believed.
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
    let scanned = profile::time(Stage::Scan, || {
        scan(&mapping, target.path(), &job, writer, &transforms, &scan_options, hooks)
    })?;
    // What others append is not scanned, and is no error yet: where no length
    // changes, it stays where it is.
    target.appended()?;
    seal(scanned, &mapping, target.path(), options)
}

fn header(target: &OsTarget, program: &Program<'_>) -> Header {
    Header {
        plugin: program.id.clone(),
        params: program.params.clone(),
        target: target.path().to_str().map_or_else(|| shown(target.path()).to_string(), str::to_owned),
        identity: Origin::from(target.identity()),
        group_bytes: GROUP_BYTES,
    }
}

/// Computes the root after, and seals.
///
/// # Errors
/// When the file or the patch cannot be read, or the patch not written; when
/// the run was interrupted.
pub(super) fn seal(
    scanned: scan::Scanned<'static, OsStorage>,
    mapping: &Mapping,
    path: &Path,
    options: &Options<'_>,
) -> Result<OsPatch> {
    let _span = profile::span(Stage::NewRoot);
    let stats = scanned.draft.stats();
    let post_root = if stats.first_length_change.is_none() {
        scanned.after.finish()
    } else {
        let from = tail_start(stats).min(scanned.after_groups * GROUP_BYTES);
        let tree = if from == 0 { Tree::new() } else { scanned.after };
        let hashing = hash::file::Options { threads: options.threads, cancel: options.cancel };
        result_root(scanned.draft.reader(), mapping, path, tree, from, stats.post_size(), hashing)?
    };
    scanned.draft.seal(scanned.pre_root, post_root)
}
