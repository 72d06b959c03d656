//! Writes large pieces of a file while the next ones are made.
//!
//! Long runs of whole blocks go past the page cache, where the filesystem can do that:
//! there is no copy of them to be made, and written back later, so most of
//! the work of the sync that follows is done already. They are no more durable
//! before it than other writes.
//!
//! With one thread, everything is written by whoever makes it, in order and at
//! once.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use crate::error::{Error, Kind, Result};
use crate::stack;
use crate::storage::{ALIGN_BYTES, Aligned, Direct, OpenFile, Storage};

/// Bytes of a whole piece: enough to keep a medium busy.
pub(super) const PIECE_BYTES: usize = 1 << 20;
/// From this length on, whole blocks go past the page cache, when so many bytes
/// have gone through it: files of a few MiB stay cached, as they were.
const DIRECT_BYTES: usize = 128 << 10;
const CACHED_BYTES: usize = 4 << 20;
/// Pieces in memory: one being made, one being written, one in between.
const PIECES: usize = 3;

/// Calls `make`, which hands over what is to be written. When this returns
/// without an error, all of it was.
///
/// # Errors
/// The first write that has failed, else what `make` fails with.
pub(super) fn write_behind<S: Storage, T>(
    file: OpenFile<'_, S>,
    threads: usize,
    make: impl FnOnce(&mut WriteBehind<'_, S>) -> Result<T>,
) -> Result<T> {
    let mut hand = Writer { file, direct: Direct::default(), written: 0 };
    if threads < 2 {
        return make(&mut WriteBehind { way: Mode::AtOnce(hand), free: Vec::new(), made: 0 });
    }
    std::thread::scope(|scope| {
        let (pieces, received) = sync_channel::<Piece>(PIECES - 2);
        let (done, written) = channel();
        let writer = stack::spawn(scope, move || {
            received.iter().try_for_each(|piece| {
                hand.write(&piece.memory.as_slice()[..piece.len], piece.offset)?;
                // Whoever does not want it back has ended, and is not waited for.
                let _ = done.send(piece.memory);
                Ok(())
            })
        })?;
        let way = Mode::Thread { pieces, written };
        // Dropped at the end of this statement, which ends the writer.
        let made = make(&mut WriteBehind { way, free: Vec::new(), made: 0 });
        writer.join().unwrap_or_else(|_| Err(ended()))?;
        made
    })
}

/// Takes pieces to be written.
pub(super) struct WriteBehind<'s, S: Storage> {
    way: Mode<'s, S>,
    /// Memory that is not in use.
    free: Vec<Aligned>,
    /// Memory that was made so far.
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
    /// Memory for a piece, [`PIECE_BYTES`] of it, with anything in it.
    pub(super) fn memory(&mut self) -> Result<Aligned> {
        match (self.free.pop(), &self.way) {
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

    /// Writes the first `len` bytes of it at `offset`, now or later.
    pub(super) fn write(&mut self, offset: u64, memory: Aligned, len: usize) -> Result<()> {
        match &mut self.way {
            Mode::AtOnce(hand) => {
                hand.write(&memory.as_slice()[..len], offset)?;
                self.free.push(memory);
                Ok(())
            }
            Mode::Thread { pieces, .. } => pieces.send(Piece { offset, memory, len }).map_err(|_| ended()),
        }
    }
}

/// Never seen: the error that has ended the writer comes first.
fn ended() -> Error {
    Error::new(Kind::Internal, "the thread that writes has ended")
}

/// What writes.
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
