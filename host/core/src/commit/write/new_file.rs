//! Writes a new file from front to back.

use std::ops::Range;

use super::write_behind::{PIECE_BYTES, WriteBehind};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::escape::Raw as _;
use crate::storage::{ALIGN_BYTES, Aligned, OpenFile, Storage};

const ALIGN: u64 = ALIGN_BYTES as u64;

/// The state of the writing.
pub(super) struct NewFileWriter<'b, 's, 'a, S: Storage> {
    sink: &'b mut WriteBehind<'s, S>,
    to: OpenFile<'a, S>,
    /// Offset and content of the current piece. Pieces end at multiples of
    /// their size.
    at: u64,
    piece: Option<Aligned>,
    len: usize,
    /// Whether extents can be shared, as far as is known.
    shares: bool,
    cancel: Cancel<'a>,
}

impl<'b, 's, 'a, S: Storage> NewFileWriter<'b, 's, 'a, S> {
    /// Starts at the beginning of an empty file.
    pub(super) fn new(sink: &'b mut WriteBehind<'s, S>, to: OpenFile<'a, S>, cancel: Cancel<'a>) -> Self {
        Self { sink, to, at: 0, piece: None, len: 0, shares: true, cancel }
    }

    /// The offset of the next byte.
    fn end(&self) -> u64 {
        self.at + self.len as u64
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.room(bytes.len())?;
            let (part, rest) = bytes.split_at(room.len());
            room.copy_from_slice(part);
            bytes = rest;
            self.took(part.len())?;
        }
        Ok(())
    }

    /// Appends a range of a file. Holes stay holes, and extents are shared
    /// where possible.
    pub(super) fn copy(&mut self, source: &OpenFile<'_, S>, range: Range<u64>) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let data = source.storage.data_at(source.file, at).map_err(source.failed("find data", at))?;
            let Some(data) = data.filter(|data| data.start < range.end) else { break };
            let hole = data.start.max(at) - at;
            self.skip(hole)?;
            at += hole;
            at = self.share(source, at..data.end.min(range.end))?;
            self.read(source, at..data.end.min(range.end))?;
            at = data.end.min(range.end);
        }
        self.skip(range.end - at)
    }

    /// Shares extents from the start of a range where possible. Returns where
    /// sharing ended.
    fn share(&mut self, source: &OpenFile<'_, S>, range: Range<u64>) -> Result<u64> {
        let head = range.start.next_multiple_of(ALIGN);
        let tail = range.end / ALIGN * ALIGN;
        if !self.shares || range.start % ALIGN != self.end() % ALIGN || head >= tail {
            return Ok(range.start);
        }
        let to = self.end() + (head - range.start);
        self.shares = source.storage.share_range(source.file, head..tail, self.to.file, to).map_err(|e| {
            Error::io(&format!("share from byte {head} of {} with", source.path.shown()), self.to.path, e)
        })?;
        if !self.shares {
            return Ok(range.start);
        }
        self.read(source, range.start..head)?;
        self.jump(to + (tail - head))?;
        Ok(tail)
    }

    fn read(&mut self, source: &OpenFile<'_, S>, range: Range<u64>) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let want = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let room = self.room(want)?;
            let count = room.len();
            source.read_exact_at(room, at)?;
            at += count as u64;
            self.took(count)?;
        }
        Ok(())
    }

    /// Leaves a hole of whole blocks, and writes zeros around it.
    fn skip(&mut self, bytes: u64) -> Result<()> {
        let end = self.end() + bytes;
        let (from, to) = (self.end().next_multiple_of(ALIGN).min(end), end / ALIGN * ALIGN);
        self.zeros(from)?;
        if from < to {
            self.jump(to)?;
        }
        self.zeros(end)
    }

    /// Writes zeros up to an offset less than two blocks away.
    fn zeros(&mut self, to: u64) -> Result<()> {
        let bytes = usize::try_from(to - self.end()).expect("less than two blocks");
        self.push(&[0; 2 * ALIGN_BYTES][..bytes])
    }

    /// Continues at a later offset.
    fn jump(&mut self, to: u64) -> Result<()> {
        self.flush()?;
        self.at = to;
        Ok(())
    }

    /// Memory for the next bytes, at most `want` bytes.
    fn room(&mut self, want: usize) -> Result<&mut [u8]> {
        let piece = match &mut self.piece {
            Some(piece) => piece,
            none => none.insert(self.sink.memory()?),
        };
        let whole = PIECE_BYTES - (self.at % PIECE_BYTES as u64) as usize;
        let end = whole.min(self.len.saturating_add(want));
        Ok(&mut piece.as_mut_slice()[self.len..end])
    }

    fn took(&mut self, bytes: usize) -> Result<()> {
        self.len += bytes;
        if self.end().is_multiple_of(PIECE_BYTES as u64) { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.cancel.check()?;
        if let Some(piece) = self.piece.take() {
            self.sink.write(self.at, piece, self.len)?;
        }
        (self.at, self.len) = (self.end(), 0);
        Ok(())
    }

    /// Writes the remaining bytes. Returns the length of the file, which may
    /// end in a hole.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.at)
    }
}
