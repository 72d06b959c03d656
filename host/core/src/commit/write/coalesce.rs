//! Edits that lie close together, written over a file in large pieces.
//!
//! Only blocks that an edit touches are written. The bytes between the edits
//! of a block are read and written back as they are; the kernel would do the
//! same with its pages.

use super::write_behind::{PIECE_BYTES, WriteBehind};
use crate::error::Result;
use crate::hash::GROUP_BYTES;
use crate::storage::{ALIGN_BYTES, Aligned, OpenFile, Storage};

const ALIGN: u64 = ALIGN_BYTES as u64;

/// The pieces, one after the other.
pub(super) struct Pieces<'b, 's, 'a, S: Storage> {
    behind: &'b mut WriteBehind<'s, S>,
    target: OpenFile<'a, S>,
    /// The file is at least that long, whatever part of the edits is written:
    /// what lies before may be read, and written as it is.
    sure_bytes: u64,
    piece: Option<Piece>,
}

struct Piece {
    start: u64,
    memory: Aligned,
    /// Bytes of it that hold what the file has, or is to have.
    known: usize,
    /// Where the last edit in it ends.
    edited: usize,
}

impl<'b, 's, 'a, S: Storage> Pieces<'b, 's, 'a, S> {
    pub(super) fn new(behind: &'b mut WriteBehind<'s, S>, target: OpenFile<'a, S>, sure_bytes: u64) -> Self {
        Self { behind, target, sure_bytes, piece: None }
    }

    /// Writes bytes at an offset behind all those before.
    pub(super) fn put(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let mut piece = self.piece_at(offset)?;
            let at = (offset - piece.start) as usize;
            let (part, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - at));
            let end = at + part.len();
            // A long run of new bytes needs nothing of what was there.
            if at != piece.known || part.len() < GROUP_BYTES as usize {
                self.know(&mut piece, end)?;
            }
            // From the first change of length on, edits leave no gap.
            assert!(at <= piece.known, "bytes that stay are not in the file");
            piece.memory.as_mut_slice()[at..end].copy_from_slice(part);
            (piece.known, piece.edited) = (piece.known.max(end), end);
            self.piece = Some(piece);
            (offset, bytes) = (offset + part.len() as u64, rest);
        }
        Ok(())
    }

    /// The piece that an edit at this offset belongs to: the one at hand, if
    /// it is near.
    fn piece_at(&mut self, offset: u64) -> Result<Piece> {
        if let Some(piece) = self.piece.take() {
            // No block lies between.
            let near = piece.edited.next_multiple_of(ALIGN_BYTES) + ALIGN_BYTES;
            if offset < piece.start + near.min(PIECE_BYTES) as u64 {
                return Ok(piece);
            }
            self.write(piece)?;
        }
        let start = offset / ALIGN * ALIGN;
        Ok(Piece { start, memory: self.behind.memory()?, known: 0, edited: 0 })
    }

    /// Reads what is not known yet, up to `end` and some more, as the next
    /// edit is near.
    fn know(&mut self, piece: &mut Piece, end: usize) -> Result<()> {
        if piece.known >= end {
            return Ok(());
        }
        let ahead = end.next_multiple_of(GROUP_BYTES as usize).min(PIECE_BYTES);
        let at = piece.start + piece.known as u64;
        let sure = usize::try_from(self.sure_bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let unknown = &mut piece.memory.as_mut_slice()[piece.known..ahead];
        let want = unknown.len().min(sure);
        self.target.read_exact_at(&mut unknown[..want], at)?;
        piece.known += want;
        Ok(())
    }

    /// Writes a piece, up to the end of a block, if all of that is there.
    fn write(&mut self, mut piece: Piece) -> Result<()> {
        let mut end = piece.edited;
        let block = end.next_multiple_of(ALIGN_BYTES);
        if piece.start + block as u64 <= self.sure_bytes {
            self.know(&mut piece, block)?;
            end = block;
        }
        self.behind.write(piece.start, piece.memory, end)
    }

    /// Writes the last piece.
    pub(super) fn finish(mut self) -> Result<()> {
        match self.piece.take() {
            Some(piece) => self.write(piece),
            None => Ok(()),
        }
    }
}
