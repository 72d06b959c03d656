//! Reads the frames of a patch one after the other.

use super::Header;
use super::backing::Backing;
use super::format::{
    self, CHECK_BYTES, FRAME_HEAD_BYTES, KIND_HEADER, KIND_TRAILER, MAGIC_BYTES, MAX_PAYLOAD_BYTES,
    MAX_TRAILER_BYTES, MAX_TRAILERS, NAME,
};
use super::roots::{Roots, VERSIONS};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::storage::Storage;

/// The hint for a file that is not a patch.
const HOW: &str = "`runner plan PLUGIN FILE -o PATCH` makes one";

/// Reads frames and verifies each one.
pub(super) struct FrameReader<'b, 's, S: Storage> {
    backing: &'b Backing<'s, S>,
    pub(super) offset: u64,
    /// Which roots the patch has. Unknown until the first frame was read.
    pub(super) roots: Roots,
    pub(super) check: blake3::Hash,
    pub(super) payload: Vec<u8>,
    pub(super) last_kind: u8,
}

impl<'b, 's, S: Storage> FrameReader<'b, 's, S> {
    pub(super) fn new(backing: &'b Backing<'s, S>) -> Self {
        let roots = Roots::default();
        Self {
            backing,
            offset: 0,
            roots,
            check: format::first_check(roots),
            payload: Vec::new(),
            last_kind: 0,
        }
    }

    pub(super) fn corrupt(&self, offset: u64, what: &str) -> Error {
        let path = self.backing.path().shown();
        Error::new(Kind::Verification, format!("patch {path} is corrupt at byte {offset}: it has {what}"))
            .hint(if self.backing.is_given() {
                "nothing was changed; create the patch again, or restore it from a copy"
            } else {
                "it does not read back as it was written: the medium or its controller is faulty"
            })
    }

    /// The header, which is the first frame.
    pub(super) fn header(&mut self) -> Result<Header> {
        let start = MAGIC_BYTES;
        match self.next()? {
            Some((KIND_HEADER, payload)) => {
                parse(payload).map_err(|e| self.corrupt(start, "a bad header").because(e))
            }
            _ => Err(self.corrupt(start, "no header")),
        }
    }

    /// The frames after the seal. Unknown kinds are accepted.
    pub(super) fn trailers(&mut self) -> Result<Vec<(u8, Vec<u8>)>> {
        let mut trailers = Vec::new();
        loop {
            let start = self.offset;
            let Some((kind, payload)) = self.next()? else { return Ok(trailers) };
            let (kind, payload) = (kind, payload.to_vec());
            if kind < KIND_TRAILER {
                return Err(self.corrupt(start, "something after the seal"));
            }
            if trailers.len() == MAX_TRAILERS {
                return Err(self.corrupt(start, "too many trailers"));
            }
            trailers.push((kind, payload));
        }
    }

    /// The next frame's kind and payload; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &[u8])>> {
        if self.offset == 0 {
            self.magic()?;
        }
        let start = self.offset;
        if start == self.backing.bytes() {
            return Ok(None);
        }
        let mut head = [0; FRAME_HEAD_BYTES];
        self.fill(&mut head, start)?;
        let payload_bytes = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let most = if head[0] < KIND_TRAILER { MAX_PAYLOAD_BYTES } else { MAX_TRAILER_BYTES };
        if payload_bytes > most {
            return Err(self.corrupt(start, "a frame that is too long"));
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(payload_bytes, 0);
        let filled = self.fill(&mut payload, start + FRAME_HEAD_BYTES as u64);
        self.payload = payload;
        filled?;
        let mut check = [0; CHECK_BYTES];
        self.fill(&mut check, start + (FRAME_HEAD_BYTES + payload_bytes) as u64)?;
        self.check = format::check(&self.check, head[0], &self.payload);
        if self.check != blake3::Hash::from_bytes(check) {
            return Err(self.corrupt(start, "a wrong checksum"));
        }
        self.last_kind = head[0];
        self.offset = start + (FRAME_HEAD_BYTES + payload_bytes + CHECK_BYTES) as u64;
        Ok(Some((head[0], &self.payload)))
    }

    fn magic(&mut self) -> Result<()> {
        let path = self.backing.path().shown();
        let mut magic = [0; MAGIC_BYTES as usize];
        if self.backing.bytes() < MAGIC_BYTES {
            return Err(
                Error::new(Kind::Verification, format!("{path} is not a patch: it is too short")).hint(HOW)
            );
        }
        self.backing.read_exact_at(&mut magic, 0)?;
        // What this run has written can only be another thing if the medium lost it.
        let known = VERSIONS.into_iter().find(|roots| roots.magic() == magic);
        if !self.backing.is_given() && known.is_none() {
            return Err(self.corrupt(0, "a wrong start"));
        }
        if magic[..NAME.len()] != NAME {
            return Err(Error::new(Kind::Verification, format!("{path} is not a patch")).hint(HOW));
        }
        let Some(roots) = known else {
            return Err(self.other_version(u32::from_le_bytes([magic[8], magic[9], magic[10], magic[11]])));
        };
        (self.roots, self.check) = (roots, format::first_check(roots));
        self.offset = MAGIC_BYTES;
        Ok(())
    }

    fn other_version(&self, version: u32) -> Error {
        let path = self.backing.path().shown();
        let error = Error::new(
            Kind::Verification,
            format!("patch {path} has format version {version}; this version of runner supports 2 and 3"),
        );
        error.hint(if version < Roots::Whole.version() {
            "create it again with `runner plan`; recover a journal with the version of runner that created it"
        } else {
            "it was made by a newer version of runner; use that version"
        })
    }

    fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let end = offset + buffer.len() as u64;
        if end > self.backing.bytes() {
            let path = self.backing.path().shown();
            return Err(Error::new(
                Kind::Verification,
                format!(
                    "patch {path} is cut short: it ends at byte {}, inside a frame",
                    self.backing.bytes()
                ),
            ));
        }
        self.backing.read_exact_at(buffer, offset)
    }
}

/// The value that a JSON payload represents.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(payload: &'a [u8]) -> serde_json::Result<T> {
    serde_json::from_slice(payload)
}
