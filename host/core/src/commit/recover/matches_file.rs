//! Whether a file's content agrees with a journal's claims.

use super::unusable;
use crate::commit::write::length::{self, Ends, FileEnd};
use crate::error::Result;
use crate::escape::Raw as _;
use crate::hash::GROUP_BYTES;
use crate::patch::{Direction, Edit, Patch};
use crate::storage::Storage;
use crate::target::Target;

/// Refuses a journal unless the file bears out its old bytes: each byte that an
/// edit touches must be the old or the new one. Between the ends of the two
/// versions it may be zero as well: a file that is extended begins so. Then
/// what is shown of the journal is true.
///
/// Bytes after the shorter version of a file that ends there belong to other
/// processes.
///
/// # Errors
/// [`Kind::RecoveryNeeded`](crate::error::Kind::RecoveryNeeded), with the offset; any I/O error.
pub fn check_matches_file<S: Storage>(target: &Target<'_, S>, journal: &Patch<'_, S>) -> Result<()> {
    let (file, names) = (target.open_file(), &target.names);
    let path = file.path;
    let ends = Ends::of(&journal.seal().stats);
    let file_end = length::file_end(file, journal)?;
    let known = match file_end {
        Some(FileEnd::Short(_)) => ends.short,
        Some(FileEnd::Long(_)) => ends.long,
        Some(FileEnd::Growing(size)) => size,
        None => file.size()?,
    };
    if !journal.view(Direction::Forward).stats().in_place_form {
        // It is not written.
        return Ok(());
    }
    let mut found = vec![0; GROUP_BYTES as usize];
    let mut shift = 0_i64;
    let mut reader = journal.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            let edit = Placed { new_start: edit.start.wrapping_add_signed(shift), edit };
            shift += edit.edit.new.len() as i64 - edit.edit.old.len() as i64;
            let (start, end) = edit.range();
            let mut at = start;
            while at < end.min(known) {
                let bytes = (end.min(known) - at).min(GROUP_BYTES) as usize;
                file.read_exact_at(&mut found[..bytes], at)?;
                let wrong = (at..).zip(&found[..bytes]).find(|&(at, byte)| {
                    let cleared = at >= ends.short && *byte == 0;
                    !cleared && !edit.has(at, *byte)
                });
                if let Some((at, _)) = wrong {
                    let shown = path.shown();
                    let what = format!(
                        "byte {at} of {shown} matches neither the old nor the new byte in the journal"
                    );
                    return Err(unusable(names, what));
                }
                at += bytes as u64;
            }
            if file_end.is_none() && end > known {
                return Err(unusable(
                    names,
                    format!(
                        "{} ends at byte {known}, inside a range that the journal replaces",
                        path.shown()
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// An edit in in-place form: its old and its new bytes have the same place in
/// the file, except after the end of the shorter version.
struct Placed<'a> {
    edit: Edit<'a>,
    new_start: u64,
}

impl Placed<'_> {
    /// The range of both versions, from the start of the first to the end of
    /// the last.
    fn range(&self) -> (u64, u64) {
        let Edit { start, old, new } = self.edit;
        let (old, new) = (start..start + old.len() as u64, self.new_start..self.new_start + new.len() as u64);
        match (old.is_empty(), new.is_empty()) {
            (true, _) => (new.start, new.end),
            (_, true) => (old.start, old.end),
            _ => (old.start.min(new.start), old.end.max(new.end)),
        }
    }

    /// Whether a version has this byte at this offset.
    fn has(&self, at: u64, byte: u8) -> bool {
        let is = |bytes: &[u8], start: u64| {
            let index = at.checked_sub(start).and_then(|index| usize::try_from(index).ok());
            index.and_then(|index| bytes.get(index)) == Some(&byte)
        };
        is(self.edit.old, self.edit.start) || is(self.edit.new, self.new_start)
    }
}
