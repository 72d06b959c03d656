//! A patch that is not yet complete, put aside and taken up again: what a
//! checkpoint of a scan needs of it. What was put aside is believed only after
//! every frame was read and checked again.

use serde::{Deserialize, Serialize};

use super::backing::Body;
use super::format::BatchData;
use super::reader::{Direction, Reader};
use super::tally::Tally;
use super::writer::Frames;
use super::{Header, Writer, hex};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::{Access, Entry, Storage, check_own};

/// What is not the same any more.
fn difference(then: &Header, now: &Header) -> Option<&'static str> {
    if then.identity != now.identity {
        Some("the file was changed since")
    } else if then.plugin != now.plugin {
        Some("the plugin was another one")
    } else if then.params != now.params {
        Some("the parameters were others")
    } else {
        (then != now).then_some("the file had another name")
    }
}

/// How far a patch has come, beside the frames in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// Bytes of whole frames in the file; what stands behind them is dropped.
    bytes: u64,
    /// The check of the last of these frames.
    #[serde(with = "hex")]
    check: blake3::Hash,
    /// What is not yet in a frame: the payload of a batch.
    pending: Vec<u8>,
}

impl<'s, S: Storage> Writer<'s, S> {
    /// Makes what was written so far durable, in a file that from now on is
    /// left behind when the patch is dropped.
    ///
    /// # Errors
    /// When the patch cannot be written or synced.
    pub fn put_aside(&mut self) -> Result<Partial> {
        self.frames.body.checkpoint()?;
        let mut pending = Vec::new();
        self.pending.encode(&mut pending);
        Ok(Partial { bytes: self.frames.body.bytes(), check: self.frames.check, pending })
    }

    /// Takes up again what was put aside in the file at `spill`, for a patch
    /// with this header.
    ///
    /// # Errors
    /// [`Kind::Verification`] when the file does not hold what was put aside,
    /// or has another header; any I/O error. The file is changed by nothing
    /// but a success.
    pub fn take_up(storage: &'s S, spill: Entry, header: Header, partial: &Partial) -> Result<Self> {
        let path = spill.path();
        let other = |what: &str| Error::new(Kind::Verification, format!("{} {what}", path.shown()));
        let file = storage.open(&spill, Access::Write).map_err(Error::at("open", path))?;
        let found = storage.stat(&file).map_err(Error::at("look at", path))?;
        check_own(&found).map_err(|why| other(&format!("is not believed: {why}")))?;
        if found.identity.size < partial.bytes {
            return Err(other("is shorter than it was"));
        }
        let body = Body::resumed(storage, spill.clone(), file, partial.bytes)?;
        let size = header.identity.size();
        let mut reader = Reader::new(&body, size, 0, Direction::Forward);
        let mut tally = Tally::new(size);
        if let Some(what) = difference(&reader.header()?, &header) {
            return Err(Error::new(Kind::Verification, what));
        }
        while let Some(batch) = reader.next_batch()? {
            tally.batch(batch.edits(), batch.groups());
        }
        if reader.check() != partial.check {
            return Err(other("is not what it was"));
        }
        let unusable = || other("does not go on as it should");
        let pending = BatchData::decode(&partial.pending).ok_or_else(unusable)?;
        let batch = reader.continued(pending)?;
        tally.batch(batch.edits(), batch.groups());
        let pending = reader.into_batch();
        body.cut()?;
        let frames = Frames { body, check: partial.check, payload: Vec::new() };
        Ok(Self { frames, header, pending, tally })
    }
}
