//! Writes large pieces of a file while the next ones are prepared.
//!
//! Long runs of whole blocks bypass the page cache if the filesystem supports
//! that. Nothing is copied and written back later, so most of the work of the
//! following sync is already done. Before that sync they are no more durable
//! than other writes.
//!
//! With one thread, each piece is written at once and in order, by the thread
//! that prepares it.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use crate::error::{Error, Kind, Result};
use crate::stack;
use crate::storage::{ALIGN_BYTES, Aligned, Direct, OpenFile, Storage};

/// Size of a whole piece: enough to keep a medium busy.
pub(super) const PIECE_BYTES: usize = 1 << 20;
/// Whole blocks of at least this length bypass the page cache after
/// `CACHED_BYTES` have gone through it: files of a few MiB stay cached, as they
/// were.
const DIRECT_BYTES: usize = 128 << 10;
const CACHED_BYTES: usize = 4 << 20;
/// Pieces in memory: one in preparation, one being written, one in between.
const PIECES: usize = 3;

/// Calls `make`, which passes on what is to be written. When this returns
/// without an error, all of it has been written.
///
/// # Errors
/// The first failed write; otherwise the error of `make`.
pub(super) fn write_behind<S: Storage, T>(
    file: OpenFile<'_, S>,
    threads: usize,
    make: impl FnOnce(&mut WriteBehind<'_, S>) -> Result<T>,
) -> Result<T> {
    let mut writer = Writer { file, direct: Direct::default(), written: 0 };
    if threads < 2 {
        return make(&mut WriteBehind { mode: Mode::AtOnce(writer), free: Vec::new(), made: 0 });
    }
    std::thread::scope(|scope| {
        let (pieces, received) = sync_channel::<Piece>(PIECES - 2);
        let (done, written) = channel();
        let thread = stack::spawn(scope, move || {
            received.iter().try_for_each(|piece| {
                writer.write(&piece.memory.as_slice()[..piece.len], piece.offset)?;
                // A receiver that has ended needs no memory back.
                let _ = done.send(piece.memory);
                Ok(())
            })
        })?;
        let mode = Mode::Thread { pieces, written };
        // The value is dropped at the end of this statement, which ends the
        // writer.
        let made = make(&mut WriteBehind { mode, free: Vec::new(), made: 0 });
        thread.join().unwrap_or_else(|_| Err(ended()))?;
        made
    })
}

/// Accepts pieces to be written.
pub(super) struct WriteBehind<'s, S: Storage> {
    mode: Mode<'s, S>,
    /// Free memory for pieces.
    free: Vec<Aligned>,
    /// Number of pieces allocated so far.
    made: usize,
}

enum Mode<'s, S: Storage> {
    AtOnce(Writer<'s, S>),
    Thread { pieces: SyncSender<Piece>, written: Receiver<Aligned> },
}

struct Piece {
    offset: u64,
    memory: Aligned,
    len: usize,
}

impl<S: Storage> WriteBehind<'_, S> {
    /// Memory for a piece: [`PIECE_BYTES`] bytes with arbitrary content.
    pub(super) fn memory(&mut self) -> Result<Aligned> {
        match (self.free.pop(), &self.mode) {
            (Some(memory), _) => Ok(memory),
            (None, Mode::Thread { written, .. }) if self.made == PIECES => {
                written.recv().map_err(|_| ended())
            }
            (None, _) => {
                self.made += 1;
                Ok(Aligned::new(PIECE_BYTES))
            }
        }
    }

    /// Writes the first `len` bytes of a piece at `offset`, now or later.
    pub(super) fn write(&mut self, offset: u64, memory: Aligned, len: usize) -> Result<()> {
        match &mut self.mode {
            Mode::AtOnce(writer) => {
                writer.write(&memory.as_slice()[..len], offset)?;
                self.free.push(memory);
                Ok(())
            }
            Mode::Thread { pieces, .. } => pieces.send(Piece { offset, memory, len }).map_err(|_| ended()),
        }
    }
}

/// This error is never reported: the error that ended the writer takes
/// precedence.
fn ended() -> Error {
    Error::new(Kind::Internal, "the writer thread has ended")
}

/// Writes pieces to the file.
struct Writer<'s, S: Storage> {
    file: OpenFile<'s, S>,
    direct: Direct<S::File>,
    written: usize,
}

impl<S: Storage> Writer<'_, S> {
    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        let blocks = bytes.len().is_multiple_of(ALIGN_BYTES) && offset.is_multiple_of(ALIGN_BYTES as u64);
        let long = self.written >= CACHED_BYTES && bytes.len() >= DIRECT_BYTES;
        self.written += bytes.len();
        let written = if blocks && long {
            self.direct.write_all_at(self.file.storage, self.file.file, bytes, offset)
        } else {
            self.file.storage.write_all_at(self.file.file, bytes, offset)
        };
        written.map_err(self.file.failed("write", offset))
    }
}
