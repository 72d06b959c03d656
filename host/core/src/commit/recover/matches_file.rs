//! Whether a file's content agrees with a journal's claims.

use super::unusable;
use crate::error::Result;
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::storage::Storage;
use crate::target::Target;

/// Refuses a journal of a different user unless the file bears out its old
/// bytes: each byte that an edit touches must be old or new, or have been
/// cleared for a change of length. Then what is shown of the journal is true.
///
/// # Errors
/// [`Kind::RecoveryNeeded`](crate::error::Kind::RecoveryNeeded), with the offset; any I/O error.
pub fn check_matches_file<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
    let (file, names) = (target.open_file(), &target.names);
    let path = file.path;
    let mut reader = journal.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            let longest = edit.old.len().max(edit.new.len());
            let mut found = vec![0; longest];
            let count = file.read_full_at(&mut found, edit.start)?;
            let resizes = edit.old.len() != edit.new.len();
            if count < longest && !resizes {
                let end = edit.start + count as u64;
                return Err(unusable(
                    names,
                    format!("{} ends at byte {end}, inside a range that the journal replaces", path.shown()),
                ));
            }
            let is = |side: &[u8], at: usize, byte| side.get(at) == Some(&byte);
            let wrong = (0..count).find(|&at| {
                let byte = found[at];
                !(is(edit.old, at, byte) || is(edit.new, at, byte) || resizes && byte == 0)
            });
            // Bytes that other processes appended follow the shorter version.
            if let Some(at) = wrong.filter(|at| !resizes || *at < edit.old.len().min(edit.new.len())) {
                return Err(unusable(
                    names,
                    format!(
                        "byte {} of {} matches neither the old nor the new byte in the journal",
                        edit.start + at as u64,
                        path.shown()
                    ),
                ));
            }
        }
    }
    Ok(())
}
