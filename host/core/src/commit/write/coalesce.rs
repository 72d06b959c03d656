//! Writes edits that lie close together in large pieces.
//!
//! Only blocks that an edit touches are written. The bytes between the edits of
//! a block are read and written back unchanged; the kernel would do the same
//! with its pages.

use super::write_behind::{PIECE_BYTES, WriteBehind};
use crate::error::Result;
use crate::hash::GROUP_BYTES;
use crate::storage::{ALIGN_BYTES, Aligned, OpenFile, Storage};

const ALIGN: u64 = ALIGN_BYTES as u64;

/// Collects edits into pieces, one after the other.
pub(super) struct Pieces<'b, 's, 'a, S: Storage> {
    sink: &'b mut WriteBehind<'s, S>,
    target: OpenFile<'a, S>,
    /// The file is at least this long, whatever part of the edits is written:
    /// bytes before this offset may be read and written back.
    sure_bytes: u64,
    piece: Option<Piece>,
}

struct Piece {
    start: u64,
    memory: Aligned,
    /// Bytes at the start that hold the file's old or new content.
    known: usize,
    /// The end of the last edit in the piece.
    edited: usize,
}

impl<'b, 's, 'a, S: Storage> Pieces<'b, 's, 'a, S> {
    pub(super) fn new(sink: &'b mut WriteBehind<'s, S>, target: OpenFile<'a, S>, sure_bytes: u64) -> Self {
        Self { sink, target, sure_bytes, piece: None }
    }

    /// Writes bytes at an offset after all earlier ones.
    pub(super) fn put(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let mut piece = self.piece_at(offset)?;
            let at = (offset - piece.start) as usize;
            let (part, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES - at));
            let end = at + part.len();
            // A long run of new bytes needs none of the old ones.
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

    /// The piece for an edit at this offset: the current one, if it is close
    /// enough.
    fn piece_at(&mut self, offset: u64) -> Result<Piece> {
        if let Some(piece) = self.piece.take() {
            // There is no whole block in between.
            let near = piece.edited.next_multiple_of(ALIGN_BYTES) + ALIGN_BYTES;
            if offset < piece.start + near.min(PIECE_BYTES) as u64 {
                return Ok(piece);
            }
            self.write(piece)?;
        }
        let start = offset / ALIGN * ALIGN;
        Ok(Piece { start, memory: self.sink.memory()?, known: 0, edited: 0 })
    }

    /// Reads missing bytes up to `end`, and some more, as the next edit is
    /// near.
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

    /// Writes a piece up to the end of a block, if the file has the whole
    /// block.
    fn write(&mut self, mut piece: Piece) -> Result<()> {
        let mut end = piece.edited;
        let block = end.next_multiple_of(ALIGN_BYTES);
        if piece.start + block as u64 <= self.sure_bytes {
            self.know(&mut piece, block)?;
            end = block;
        }
        self.sink.write(piece.start, piece.memory, end)
    }

    /// Writes the last piece.
    pub(super) fn finish(mut self) -> Result<()> {
        match self.piece.take() {
            Some(piece) => self.write(piece),
            None => Ok(()),
        }
    }
}
