//! Suspends and resumes an incomplete patch, for the checkpoints of a scan. A
//! suspended patch is trusted only after every frame was read and verified
//! again.

use serde::{Deserialize, Serialize};

use super::backing::Backing;
use super::format::BatchData;
use super::reader::{Direction, Reader};
use super::tally::Tally;
use super::writer::Frames;
use super::{Header, Roots, Writer, hex};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{Access, Entry, Storage, check_own};

/// Describes the first difference between two headers.
fn difference(then: &Header, now: &Header) -> Option<&'static str> {
    if then.identity != now.identity {
        Some("the file has changed since")
    } else if then.plugin != now.plugin {
        Some("the plugin changed")
    } else if then.params != now.params {
        Some("the parameters changed")
    } else {
        (then != now).then_some("the file had a different name")
    }
}

/// The progress of a patch, in addition to the frames in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// Number of bytes of whole frames in the file; anything after them is
    /// dropped.
    bytes: u64,
    /// The check of the last of these frames.
    #[serde(with = "hex")]
    check: blake3::Hash,
    /// The payload of a batch that is not yet in a frame.
    pending: Vec<u8>,
}

impl<'s, S: Storage> Writer<'s, S> {
    /// Makes everything written so far durable, in a file that from now on
    /// stays when the patch is dropped.
    ///
    /// # Errors
    /// When the patch cannot be written or synced.
    pub fn suspend(&mut self) -> Result<Partial> {
        self.frames.backing.checkpoint()?;
        let mut pending = Vec::new();
        self.pending.encode(&mut pending);
        Ok(Partial { bytes: self.frames.backing.bytes(), check: self.frames.check, pending })
    }

    /// Resumes a patch that was suspended in the file at `spill`, with the
    /// given header.
    ///
    /// # Errors
    /// [`Kind::Verification`] when the file does not have the suspended
    /// content, or has a different header; any I/O error. The file is changed
    /// only on success.
    pub fn resume(storage: &'s S, spill: Entry, header: Header, partial: &Partial) -> Result<Self> {
        let path = spill.path();
        let other = |what: &str| Error::new(Kind::Verification, format!("{} {what}", path.shown()));
        let file = storage.open(&spill, Access::Write).map_err(Error::at("open", path))?;
        let found = storage.stat(&file).map_err(Error::at("inspect", path))?;
        check_own(&found).map_err(|why| other(&format!("is not trusted: {why}")))?;
        if found.identity.size < partial.bytes {
            return Err(other("is shorter than it was"));
        }
        let backing = Backing::resumed(storage, spill.clone(), file, partial.bytes)?;
        let size = header.identity.size();
        let mut reader = Reader::new(&backing, size, 0, Direction::Forward);
        let mut tally = Tally::new(size);
        if let Some(what) = difference(&reader.header()?, &header) {
            return Err(Error::new(Kind::Verification, what));
        }
        if reader.roots() != Roots::Whole {
            return Err(other("has no roots"));
        }
        while let Some(batch) = reader.next_batch()? {
            tally.batch(batch.edits(), batch.groups());
        }
        if reader.check() != partial.check {
            return Err(other("has changed"));
        }
        let unusable = || other("does not continue as expected");
        let pending = BatchData::decode(&partial.pending).ok_or_else(unusable)?;
        let batch = reader.continued(pending)?;
        tally.batch(batch.edits(), batch.groups());
        let pending = reader.into_batch();
        backing.cut()?;
        let frames = Frames { backing, check: partial.check, payload: Vec::new() };
        Ok(Self { frames, header, roots: Roots::Whole, pending, tally })
    }
}
