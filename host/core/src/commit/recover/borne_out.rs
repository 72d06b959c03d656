//! Whether a file bears out what a journal says of it.

use super::unusable;
use crate::error::Result;
use crate::escape::Raw as _;
use crate::patch::{Direction, Patch};
use crate::storage::Storage;
use crate::target::Target;

/// Refuses a journal of somebody else whose old bytes the file does not bear
/// out: each byte that an edit touches is old or new, or was cleared for a
/// change of length. What is shown of such a journal is so, then.
///
/// # Errors
/// [`Kind::RecoveryNeeded`](crate::error::Kind), with the offset; any I/O error.
pub fn check_borne_out<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
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
                    format!("{} ends at byte {end}, inside of what the journal replaces", path.shown()),
                ));
            }
            let is = |side: &[u8], at: usize, byte| side.get(at) == Some(&byte);
            let wrong = (0..count).find(|&at| {
                let byte = found[at];
                !(is(edit.old, at, byte) || is(edit.new, at, byte) || resizes && byte == 0)
            });
            // What others have appended stands behind the shorter version.
            if let Some(at) = wrong.filter(|at| !resizes || *at < edit.old.len().min(edit.new.len())) {
                return Err(unusable(
                    names,
                    format!(
                        "byte {} of {} is neither what the journal says that it replaces nor what it puts there",
                        edit.start + at as u64,
                        path.shown()
                    ),
                ));
            }
        }
    }
    Ok(())
}
