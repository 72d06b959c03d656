//! Runs that read and hash only the groups that the program names: `--roots
//! touched`. The roots of the whole file stay unknown.

use super::collect_patch::{Collect, header, instances};
use super::{Event, Options, Program};
use crate::commit::strategy::Choice;
use crate::commit::write::in_place_form::flatten_draft;
use crate::engine::readable;
use crate::error::{Error, Kind, Result};
use crate::patch::{Draft, Patch, Roots, Writer};
use crate::profile::{self, Stage};
use crate::scan::{self, Scanned, Transforms, scan_touched};
use crate::storage::Storage;
use crate::storage::mmap::Mapping;
use crate::target::{Target, head};

/// Refuses options that need all of the file.
///
/// # Errors
/// [`Kind::Usage`], with what to do instead.
pub(super) fn check(options: &Options<'_>) -> Result<()> {
    let (keep, conditions) = (&options.keep, &options.conditions);
    let refused: [(bool, &str, &str); 6] = [
        (
            conditions.expect.is_some(),
            "`--expect` compares the root of the whole result, which is not known",
            "`plan --roots touched` saves the change for `show`, and `patch` carries out exactly that",
        ),
        (
            options.resume,
            "`--resume` continues the scan of a whole file",
            "run the same command without `--resume`: it reads little",
        ),
        (
            !options.convert.is_none(),
            "`--decompress` and `--encoding` read the whole file",
            "omit `--roots touched`",
        ),
        (
            keep.backup.is_some(),
            "`--backup` copies the whole file",
            "`--undo PATCH` saves what undoes the change",
        ),
        (
            options.prove,
            "a receipt proves what is the same by the roots of the whole file",
            "omit `--roots touched`: then the whole file is read",
        ),
        (
            options.choice == Choice::Rewrite,
            "`--strategy rewrite` copies the whole file",
            "omit `--strategy`: the file is changed in place",
        ),
    ];
    match refused.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, what, hint)) => Err(refuse(what).hint(hint)),
        None => Ok(()),
    }
}

/// The error for what `--roots touched` cannot do.
pub(super) fn refuse(what: &str) -> Error {
    let touched = "`--roots touched` reads only the groups that the edits touch";
    Error::new(Kind::Usage, format!("{touched}, but {what}"))
}

/// Makes a patch without roots, in in-place form.
pub(super) fn make_patch<'s, S: Storage>(
    (target, mapping): (&Target<'s, S>, &Mapping),
    program: &Program<'_>,
    collect: Collect<'_, '_, S>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    let beginning = profile::span(Stage::Begin);
    let head = head(mapping, program.head_bytes);
    let (job, first) = (program.begin)(head)?;
    if job.ranges.is_none() {
        let what = format!("plugin `{}` does not name the parts of the file that it needs", program.id.name);
        return Err(refuse(&what).hint("omit `--roots touched`: then the whole file is read"));
    }
    readable::check(&job, head.head, options.no_text)?;
    let finder = first.finder(&job, options.memory.budget)?;
    let make = instances(program, head, (&job, first));
    // The in-place form of edits that change the length is a second patch. It
    // becomes the journal, or gets the name that the user wants.
    let keeps_length = job.claims.length_preserving;
    let (spill, flat) = match collect {
        Collect::Resumable(_) => (target.names.scan.clone(), target.names.new.clone()),
        Collect::At(entry) if keeps_length => (entry.clone(), entry),
        Collect::At(entry) => (options.scratch()?.with_suffix(std::ffi::OsStr::new("-edits")), entry),
    };
    let header = header(target, program);
    let writer = Writer::with_roots(target.storage, spill, header.clone(), Roots::Touched)?;
    let scan_options = scan::Options {
        threads: 1,
        window_bytes: options.window_bytes,
        memory: options.memory,
        cancel: options.cancel,
        prove: false,
    };
    let progress = &mut |bytes, of| events(Event::Scanned { bytes, of });
    drop(beginning);
    let transforms = Transforms { job: &job, finder: finder.as_ref(), make: &make };
    let scanned =
        profile::time(Stage::Scan, || scan_touched(mapping, &transforms, writer, &scan_options, progress))?;
    target.appended()?;
    let Scanned { draft, counts, .. } = scanned;
    if keeps_length && draft.stats().first_length_change.is_none() {
        return draft.seal_with(None, counts);
    }
    if keeps_length {
        let what = format!("plugin `{}` says that it keeps the length, and does not", program.id.name);
        return Err(Error::new(Kind::Plugin, what).hint("report it to the author"));
    }
    check_moves_nothing(&draft)?;
    let writer = Writer::with_roots(target.storage, flat, header, Roots::Touched)?;
    let flat = profile::time(Stage::Flatten, || flatten_draft(target, &draft, writer, options.cancel))?;
    flat.seal_with(None, counts)
}

/// Refuses edits that change the length, unless nothing follows them that
/// would have to move.
fn check_moves_nothing<S: Storage>(draft: &Draft<'_, S>) -> Result<()> {
    let stats = draft.stats();
    let Some(at) = stats.first_length_change else { return Ok(()) };
    let (mut reach, mut reader) = (at, draft.reader());
    let mut moves = false;
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits().filter(|edit| edit.start >= at) {
            moves |= edit.start > reach;
            reach = edit.end();
        }
    }
    if !moves && reach == stats.pre_size {
        return Ok(());
    }
    let what = format!("the edit at offset {at} changes the length, so everything after it moves");
    Err(refuse(&what)
        .hint("nothing was written; omit `--roots touched`, or only append, truncate and overwrite"))
}
