//! The bytes of a patch file:
//!
//! ```text
//! file    = magic, header frame, batch frame*, seal frame, trailer frame*
//! magic   = "RUNPATCH", version u32
//! frame   = kind u8, payload length u32, payload, check [32]
//! check   = BLAKE3(the check before it, kind, payload length, payload)
//! batch   = edit count u32, group count u32, edit*, group*, old bytes, new bytes
//! edit    = start u64, old length u32, new length u32
//! group   = index u64, chaining value before [32], after [32] (zeros: none)
//! ```
//!
//! Integers are little-endian. The payloads of header and seal are JSON. Each
//! check covers the previous one, so the seal's check covers everything before
//! it: no frame can be dropped, moved or exchanged. Trailer frames describe the
//! patch but are not part of it: a signature, for example. Pure code.

use crate::patch::{Edit, Group, Roots};

/// The part of the magic that is the same in all versions.
pub(super) const NAME: [u8; 8] = *b"RUNPATCH";
/// Bytes of the magic: the name and the version.
pub(super) const MAGIC_BYTES: u64 = 12;
pub(super) const FRAME_HEAD_BYTES: usize = 5;
pub(super) const CHECK_BYTES: usize = 32;

pub(super) const KIND_HEADER: u8 = 1;
pub(super) const KIND_BATCH: u8 = 2;
pub(super) const KIND_SEAL: u8 = 3;
/// Kinds from here on are trailers.
pub(super) const KIND_TRAILER: u8 = 0x80;

/// The trailer that authenticates a journal.
pub const TRAILER_AUTHENTICATION: u8 = 0x80;
/// Reserved for the trailer that identifies and proves the signer of a patch.
pub const TRAILER_SIGNER: u8 = 0x81;
/// Reserved for the trailer with evidence of how a patch was made.
pub const TRAILER_EVIDENCE: u8 = 0x82;
/// Maximum payload of a trailer, in bytes.
pub const MAX_TRAILER_BYTES: usize = 64 << 10;
/// Maximum number of trailers of a patch.
pub const MAX_TRAILERS: usize = 16;

/// Longer edits are split, so that every batch fits in memory.
pub(super) const MAX_EDIT_BYTES: usize = 1 << 20;
/// A batch is closed once it has this size.
pub(super) const BATCH_TARGET_BYTES: usize = 1 << 20;
/// Maximum payload of a batch: the target size plus one edit.
pub(super) const MAX_PAYLOAD_BYTES: usize = BATCH_TARGET_BYTES + 2 * MAX_EDIT_BYTES + 4096;

const EDIT_BYTES: usize = 16;
const GROUP_BYTES: usize = 72;

/// The initial check, on which the check of the first frame depends.
pub(super) fn first_check(roots: Roots) -> blake3::Hash {
    blake3::hash(&roots.magic())
}

/// The check of a frame.
pub(super) fn check(before: &blake3::Hash, kind: u8, payload: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes()).update(&frame_head(kind, payload.len())).update(payload);
    hasher.finalize()
}

/// Kind and payload length.
pub(super) fn frame_head(kind: u8, payload_bytes: usize) -> [u8; FRAME_HEAD_BYTES] {
    let length = u32::try_from(payload_bytes).expect("payloads are bounded by MAX_PAYLOAD_BYTES");
    let mut head = [kind, 0, 0, 0, 0];
    head[1..].copy_from_slice(&length.to_le_bytes());
    head
}

/// A batch while it is filled, or after it was read.
#[derive(Debug, Default)]
pub(super) struct BatchData {
    /// Start, old length, new length.
    pub(super) edits: Vec<(u64, u32, u32)>,
    pub(super) groups: Vec<Group>,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

impl BatchData {
    pub(super) fn payload_bytes(&self) -> usize {
        8 + self.edits.len() * EDIT_BYTES + self.groups.len() * GROUP_BYTES + self.old.len() + self.new.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.groups.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.edits.clear();
        self.groups.clear();
        self.old.clear();
        self.new.clear();
    }

    /// Appends an edit, whose parts are at most [`MAX_EDIT_BYTES`] long.
    pub(super) fn push(&mut self, edit: &Edit<'_>) {
        let length = |part: &[u8]| u32::try_from(part.len()).expect("edits are split to MAX_EDIT_BYTES");
        self.edits.push((edit.start, length(edit.old), length(edit.new)));
        self.old.extend_from_slice(edit.old);
        self.new.extend_from_slice(edit.new);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let count = |n: usize| u32::try_from(n).expect("batches are bounded").to_le_bytes();
        out.reserve(self.payload_bytes());
        out.extend_from_slice(&count(self.edits.len()));
        out.extend_from_slice(&count(self.groups.len()));
        for &(start, old, new) in &self.edits {
            out.extend_from_slice(&start.to_le_bytes());
            out.extend_from_slice(&old.to_le_bytes());
            out.extend_from_slice(&new.to_le_bytes());
        }
        for group in &self.groups {
            out.extend_from_slice(&group.index.to_le_bytes());
            out.extend_from_slice(&group.before.unwrap_or_default());
            out.extend_from_slice(&group.after.unwrap_or_default());
        }
        out.extend_from_slice(&self.old);
        out.extend_from_slice(&self.new);
    }

    /// The inverse of [`BatchData::encode`]; `None` when the lengths do not
    /// add up.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let edit_count = take_u32(&mut rest)? as usize;
        let group_count = take_u32(&mut rest)? as usize;
        let mut data = Self::default();
        let (mut old_bytes, mut new_bytes) = (0_usize, 0_usize);
        for _ in 0..edit_count {
            let edit = (take_u64(&mut rest)?, take_u32(&mut rest)?, take_u32(&mut rest)?);
            if edit.1 as usize > MAX_EDIT_BYTES || edit.2 as usize > MAX_EDIT_BYTES {
                return None;
            }
            old_bytes += edit.1 as usize;
            new_bytes += edit.2 as usize;
            data.edits.push(edit);
        }
        for _ in 0..group_count {
            data.groups.push(Group {
                index: take_u64(&mut rest)?,
                before: take_cv(&mut rest)?,
                after: take_cv(&mut rest)?,
            });
        }
        if rest.len() != old_bytes.checked_add(new_bytes)? {
            return None;
        }
        let (old, new) = rest.split_at(old_bytes);
        data.old.extend_from_slice(old);
        data.new.extend_from_slice(new);
        Some(data)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_le_bytes)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(u64::from_le_bytes)
}

fn take_cv(rest: &mut &[u8]) -> Option<Option<[u8; 32]>> {
    take(rest).map(|cv: [u8; 32]| (cv != [0; 32]).then_some(cv))
}
