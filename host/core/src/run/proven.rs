//! What is the same in both versions of a file, and where the edits are.

use crate::error::Result;
use crate::hash::proof::Proof;
use crate::patch::{Direction, Patch};
use crate::storage::Storage;

/// The greatest number of places that are listed.
pub const MAX_EDITED: usize = 16_384;

/// What is proven of a change before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What is the same in both versions.
    pub proof: Proof,
    /// Where the edits are, in order, those side by side as one. `None` if there are more
    /// than [`MAX_EDITED`].
    pub edited: Option<Vec<Edited>>,
    /// What was converted before the plugin saw it: names and values.
    pub conversion: Vec<(String, String)>,
}

/// A place that was edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edited {
    /// Offset in the old version, in bytes.
    pub start: u64,
    /// Bytes that were replaced.
    pub old_bytes: u64,
    /// Bytes that replace them.
    pub new_bytes: u64,
}

impl Edited {
    /// Whether the length is the same.
    #[must_use]
    pub fn keeps_length(&self) -> bool {
        self.old_bytes == self.new_bytes
    }
}

/// What is proven of a patch; `None` if nothing was to be.
///
/// # Errors
/// When the patch cannot be read.
pub(super) fn proven<S: Storage>(patch: &Patch<'_, S>) -> Result<Option<Box<Proven>>> {
    let Some(proof) = patch.proof() else { return Ok(None) };
    let (proof, conversion) = (proof.clone(), patch.header().conversion.clone());
    Ok(Some(Box::new(Proven { proof, edited: edited(patch)?, conversion })))
}

fn edited<S: Storage>(patch: &Patch<'_, S>) -> Result<Option<Vec<Edited>>> {
    let (mut reader, mut found) = (patch.reader(Direction::Forward), Vec::<Edited>::new());
    while let Some(batch) = reader.next_batch()? {
        for edit in batch.edits() {
            let one = Edited {
                start: edit.start,
                old_bytes: edit.old.len() as u64,
                new_bytes: edit.new.len() as u64,
            };
            match found.last_mut() {
                // An edit that moves what follows is kept apart from those before it.
                Some(last)
                    if last.start + last.old_bytes == one.start
                        && last.keeps_length() == one.keeps_length() =>
                {
                    last.old_bytes += one.old_bytes;
                    last.new_bytes += one.new_bytes;
                }
                _ => found.push(one),
            }
        }
        if found.len() > MAX_EDITED {
            return Ok(None);
        }
    }
    Ok(Some(found))
}
