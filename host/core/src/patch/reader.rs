//! Reads a patch in batches. Every frame is verified each time it is read. The
//! edits that this module returns are sorted, disjoint and in bounds.

use super::backing::Backing;
use super::format::{BatchData, KIND_BATCH, KIND_HEADER, KIND_SEAL};
use super::frames::{FrameReader, parse};
use super::tally::Tally;
use super::{Edit, Group, Header, Roots, Seal};
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::hash::GROUP_BYTES;
use crate::storage::Storage;

/// Maximum size of a file.
const MAX_FILE_BYTES: u64 = 1 << 63;
const MAX_GROUPS: u64 = MAX_FILE_BYTES / GROUP_BYTES;

/// The direction in which a patch is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the old file to the new file.
    Forward,
    /// From the new file back to the old one: starts are offsets in the new
    /// file, and old and new bytes are swapped.
    Reverse,
}

impl Direction {
    /// The opposite direction.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }
}

/// Reads the batches of a patch, one at a time.
pub struct Reader<'b, 's, S: Storage> {
    frames: FrameReader<'b, 's, S>,
    direction: Direction,
    /// Size of the old file.
    pre_size: u64,
    post_size: u64,
    batch: Batch,
    /// End of the last edit, in the old file.
    reach: u64,
    next_group: u64,
    /// The amount that the edits so far add to offsets.
    shift: i64,
}

/// Some edits and some groups; each list continues that of the previous batch.
#[derive(Debug, Default)]
pub struct Batch(BatchData);

impl Batch {
    /// The edits, in order.
    pub fn edits(&self) -> impl Iterator<Item = Edit<'_>> {
        let (mut old_rest, mut new_rest) = (&self.0.old[..], &self.0.new[..]);
        self.0.edits.iter().map(move |&(start, old_bytes, new_bytes)| {
            let (old, rest) = old_rest.split_at(old_bytes as usize);
            old_rest = rest;
            let (new, rest) = new_rest.split_at(new_bytes as usize);
            new_rest = rest;
            Edit { start, old, new }
        })
    }

    /// The groups, in order. When a patch is read in reverse, these are the
    /// groups of the old file, and complete only if no length changes.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.0.groups
    }
}

impl<'b, 's, S: Storage> Reader<'b, 's, S> {
    pub(super) fn new(
        backing: &'b Backing<'s, S>,
        pre_size: u64,
        post_size: u64,
        direction: Direction,
    ) -> Self {
        Self {
            frames: FrameReader::new(backing),
            direction,
            pre_size,
            post_size,
            batch: Batch::default(),
            reach: 0,
            next_group: 0,
            shift: 0,
        }
    }

    /// Size of the file that the edits apply to.
    #[must_use]
    pub fn source_size(&self) -> u64 {
        match self.direction {
            Direction::Forward => self.pre_size,
            Direction::Reverse => self.post_size,
        }
    }

    /// Size of the file that the edits produce.
    #[must_use]
    pub fn result_size(&self) -> u64 {
        match self.direction {
            Direction::Forward => self.post_size,
            Direction::Reverse => self.pre_size,
        }
    }

    /// The header, which comes first.
    pub(super) fn header(&mut self) -> Result<Header> {
        self.frames.header()
    }

    /// Which roots the patch has, once the header was read.
    pub(super) fn roots(&self) -> Roots {
        self.frames.roots
    }

    /// The check of the last frame read.
    pub(super) fn check(&self) -> blake3::Hash {
        self.frames.check
    }

    /// Accepts a batch without a frame as the next one, if its order is right.
    pub(super) fn continued(&mut self, data: BatchData) -> Result<&Batch> {
        self.batch.0 = data;
        self.check_order(self.frames.offset)?;
        Ok(&self.batch)
    }

    /// The last batch.
    pub(super) fn into_batch(self) -> BatchData {
        self.batch.0
    }

    /// The next batch; `None` after the last one, even if called again.
    ///
    /// # Errors
    /// When the patch cannot be read, or is corrupt.
    pub fn next_batch(&mut self) -> Result<Option<&Batch>> {
        loop {
            let start = self.frames.offset;
            if self.frames.last_kind == KIND_SEAL {
                return Ok(None);
            }
            let Some((kind, payload)) = self.frames.next()? else { return Ok(None) };
            match kind {
                KIND_HEADER if start == 0 => continue,
                KIND_SEAL => return Ok(None),
                KIND_BATCH => {}
                _ => return Err(self.frames.corrupt(start, "a frame of unknown kind")),
            }
            let data = BatchData::decode(payload);
            let data = data.ok_or_else(|| self.frames.corrupt(start, "lengths that do not add up"))?;
            self.batch.0 = data;
            self.check_order(start)?;
            if self.direction == Direction::Reverse {
                self.reverse();
            }
            return Ok(Some(&self.batch));
        }
    }

    fn check_order(&mut self, frame: u64) -> Result<()> {
        for &(start, old_bytes, new_bytes) in &self.batch.0.edits {
            if old_bytes == 0 && new_bytes == 0 {
                return Err(self.frames.corrupt(frame, "an edit that is empty"));
            }
            let end = start.checked_add(u64::from(old_bytes)).filter(|&end| end <= self.pre_size);
            match end {
                Some(end) if start >= self.reach => self.reach = end,
                _ => return Err(self.frames.corrupt(frame, "an edit out of order or out of bounds")),
            }
        }
        for group in &self.batch.0.groups {
            if group.index < self.next_group || group.index >= MAX_GROUPS {
                return Err(self.frames.corrupt(frame, "a group out of order"));
            }
            self.next_group = group.index + 1;
        }
        Ok(())
    }

    fn reverse(&mut self) {
        let data = &mut self.batch.0;
        for (start, old_bytes, new_bytes) in &mut data.edits {
            *start = start.wrapping_add_signed(self.shift);
            self.shift += i64::from(*new_bytes) - i64::from(*old_bytes);
            std::mem::swap(old_bytes, new_bytes);
        }
        std::mem::swap(&mut data.old, &mut data.new);
        for group in &mut data.groups {
            std::mem::swap(&mut group.before, &mut group.after);
        }
    }
}

/// Iterates over the edits of a patch one by one, across batches.
pub struct Edits<'b, 's, S: Storage> {
    reader: Reader<'b, 's, S>,
    /// The index of the next edit in the batch, and the offsets of its old and
    /// new bytes.
    next: (usize, usize, usize),
}

impl<'b, 's, S: Storage> Edits<'b, 's, S> {
    /// Starts before the first edit.
    #[must_use]
    pub fn new(reader: Reader<'b, 's, S>) -> Self {
        Self { reader, next: (0, 0, 0) }
    }

    /// The next edit; `None` after the last one.
    ///
    /// # Errors
    /// When the patch cannot be read, or is corrupt.
    pub fn peek(&mut self) -> Result<Option<Edit<'_>>> {
        while self.next.0 == self.reader.batch.0.edits.len() {
            if self.reader.next_batch()?.is_none() {
                return Ok(None);
            }
            self.next = (0, 0, 0);
        }
        let data = &self.reader.batch.0;
        let (start, old, new) = data.edits[self.next.0];
        Ok(Some(Edit {
            start,
            old: &data.old[self.next.1..self.next.1 + old as usize],
            new: &data.new[self.next.2..self.next.2 + new as usize],
        }))
    }

    /// Moves past the edit that [`Edits::peek`] returned.
    pub fn advance(&mut self) {
        let (index, old_at, new_at) = self.next;
        if let Some(&(_, old, new)) = self.reader.batch.0.edits.get(index) {
            self.next = (index + 1, old_at + old as usize, new_at + new as usize);
        }
    }
}

/// The parts of a patch apart from its batches.
pub(super) struct Frame {
    pub(super) header: Header,
    pub(super) seal: Seal,
    pub(super) roots: Roots,
    /// The check of the seal.
    pub(super) seal_check: blake3::Hash,
    /// Kind and payload.
    pub(super) trailers: Vec<(u8, Vec<u8>)>,
    /// The check of the last frame.
    pub(super) check: blake3::Hash,
}

/// Reads a whole patch and verifies everything that can be verified.
pub(super) fn verify<S: Storage>(backing: &Backing<'_, S>) -> Result<Frame> {
    let mut frames = FrameReader::new(backing);
    let header = frames.header()?;
    if header.identity.size() > MAX_FILE_BYTES {
        return Err(frames.corrupt(0, "a size that no file has"));
    }
    let mut tally = Tally::new(header.identity.size());
    let mut reader = Reader::new(backing, header.identity.size(), 0, Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        tally.batch(batch.edits(), batch.groups());
    }
    let mut frames = reader.frames;
    let (kind, seal) = (frames.last_kind, std::mem::take(&mut frames.payload));
    if kind != KIND_SEAL {
        return Err(Error::new(
            Kind::Verification,
            format!("patch {} has no seal: it was cut short, or never finished", backing.path().shown()),
        ));
    }
    let seal: Seal = parse(&seal).map_err(|e| frames.corrupt(frames.offset, "a bad seal").because(e))?;
    let stats = tally.end().map_err(|what| frames.corrupt(frames.offset, what))?;
    if seal.stats != stats || header.group_bytes != GROUP_BYTES {
        return Err(frames.corrupt(frames.offset, "a seal that does not match its edits"));
    }
    if !has_roots(frames.roots, &seal) {
        return Err(frames.corrupt(frames.offset, "a seal whose roots do not fit its version"));
    }
    let (roots, seal_check) = (frames.roots, frames.check);
    let trailers = frames.trailers()?;
    Ok(Frame { header, seal, roots, seal_check, trailers, check: frames.check })
}

/// Whether a seal has exactly what its version of the format must have. Without
/// roots, nothing but the values of the groups shows what a file must be, so
/// all of them must be there.
fn has_roots(roots: Roots, seal: &Seal) -> bool {
    match roots {
        Roots::Whole => seal.pre_root.is_some() && seal.post_root.is_some(),
        Roots::Touched => seal.pre_root.is_none() && seal.post_root.is_none() && seal.stats.in_place_form,
    }
}
