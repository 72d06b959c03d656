//! Renews a patch without roots: only the groups that it lists are read.

use super::{renewed_header, untrue};
use crate::commit::strategy::Choice;
use crate::commit::verify::{first_other_group, touched_groups_fit};
use crate::error::{Error, Kind, Result};
use crate::escape::{Raw as _, count};
use crate::hash::GROUP_BYTES;
use crate::patch::{Edits, Patch, PatchView, Roots, Writer};
use crate::run::touched;
use crate::run::{Event, Options};
use crate::storage::{OpenFile, Storage};
use crate::target::Target;

/// Number of bytes compared at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Makes a patch of a target from the edits of a patch without roots. Each
/// group that the patch lists must be in the file as it was, and become what
/// the patch says. The rest of the file is neither read nor known; if no length
/// changes, and the file had more than one group, it may also have become longer.
///
/// # Errors
/// [`Kind::Verification`] when the patch does not fit the target, or makes
/// false claims about it; [`Kind::Usage`] for options that need the whole file;
/// any I/O error.
pub(super) fn revalidate<'s, S: Storage, P: Storage>(
    target: &Target<'s, S>,
    view: PatchView<'_, '_, P>,
    options: &Options<'_>,
    events: &mut dyn FnMut(Event),
) -> Result<Patch<'s, S>> {
    if options.choice == Choice::Rewrite {
        let what = "the patch knows only the groups that it touches, so a new file could not be checked";
        return Err(Error::new(Kind::Usage, what)
            .hint("it was made with `--roots touched`; omit `--strategy`: the file is changed in place"));
    }
    touched::check(options)?;
    let (file, size) = (target.open_file(), target.size());
    check_groups(file, view, size)?;
    options.cancel.check()?;
    check_old_bytes(file, view)?;
    if !touched_groups_fit(file, view)? {
        let what = "would get groups with different hashes than the patch says";
        return Err(untrue(format!("{} {what}", file.path.shown())));
    }
    let header = renewed_header(target, view);
    let mut writer = Writer::with_roots(target.storage, target.names.scan.clone(), header, Roots::Touched)?;
    let mut reader = view.reader();
    while let Some(batch) = reader.next_batch()? {
        options.cancel.check()?;
        writer.batch(batch)?;
    }
    let groups = view.stats().groups.saturating_mul(GROUP_BYTES).min(size);
    events(Event::Scanned { bytes: groups, of: groups });
    // What the other patch says of its plugin is not known to be true.
    writer.finish()?.seal_with(None, Vec::new())
}

/// Refuses a file that does not have the groups that the patch replaces.
fn check_groups<S: Storage, P: Storage>(
    file: OpenFile<'_, S>,
    view: PatchView<'_, '_, P>,
    size: u64,
) -> Result<()> {
    let (before, after) = (view.before().size, view.after().size);
    // The value of a group tells whether it is all of the file, so a file of one
    // group has another one once it is longer.
    let may_be_longer = before == after && before > GROUP_BYTES;
    let has_size = |size: u64, wanted: u64| size == wanted || may_be_longer && size > wanted;
    let other = if has_size(size, before) { first_other_group(file, view, size)? } else { Some(0) };
    let Some(group) = other else { return Ok(()) };
    let error = Error::new(Kind::Verification, format!("the patch does not fit {}", file.path.shown()));
    let opposite = PatchView { direction: view.direction.opposite(), ..view };
    if has_size(size, after) && first_other_group(file, opposite, size)?.is_none() {
        return Err(error.hint("the groups that it touches already have the resulting content"));
    }
    if !has_size(size, before) {
        let (found, wanted) = (count(size, "byte"), count(before, "byte"));
        return Err(
            error.hint(format!("it has {found}, but the patch expects {wanted}; the file is untouched"))
        );
    }
    let (start, end) = (group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    Err(error.hint(format!(
        "bytes {start} to {end}, which the patch touches, are not what it expects; the file is untouched"
    )))
}

/// Refuses a patch whose old bytes are not those of the file, although the
/// groups around them are.
fn check_old_bytes<S: Storage, P: Storage>(file: OpenFile<'_, S>, view: PatchView<'_, '_, P>) -> Result<()> {
    let mut edits = Edits::new(view.reader());
    let mut memory = vec![0; CHUNK_BYTES];
    while let Some(edit) = edits.peek()? {
        let mut at = edit.start;
        for old in edit.old.chunks(CHUNK_BYTES) {
            let found = &mut memory[..old.len()];
            file.read_exact_at(found, at)?;
            if let Some(same) = found.iter().zip(old).position(|(found, old)| found != old) {
                let what = format!(
                    "{} differs at byte {} from what the patch says",
                    file.path.shown(),
                    at + same as u64
                );
                return Err(untrue(what));
            }
            at += old.len() as u64;
        }
        edits.advance();
    }
    Ok(())
}
