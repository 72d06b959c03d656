//! Decompresses what was compressed, on a thread of its own, so that a patch is
//! sealed only if its new bytes hold what they should.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use runner_codec::compression::Limits;
use runner_codec::{Decoder, Format};

use crate::convert::{self, Facts};
use crate::error::{Error, Kind, Result};
use crate::memory::Budget;

/// Pieces of compressed data that wait, each about 64 KiB long.
const PIECES: usize = 8;

/// A running check.
pub(super) struct Check {
    pieces: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<blake3::Hash>>,
}

impl Check {
    /// Starts a check for data that is compressed as the file was.
    pub(super) fn start(facts: &Facts, budget: &Budget) -> Result<Self> {
        let Some(settings) = facts.settings.get() else {
            return Err(Error::new(Kind::Internal, "nothing is known of the compressed file"));
        };
        let format = settings.format();
        let limits =
            Limits { memory_bytes: Limits::default().memory_bytes.max(2 * settings.encoder_bytes()) };
        // Decoders need less than encoders, by much for xz (see its manual).
        let bytes = match format {
            Format::Xz => settings.encoder_bytes() / 8 + (2 << 20),
            _ => settings.encoder_bytes(),
        };
        let mut lease = budget.lease();
        lease.grow(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        let (pieces, received) = sync_channel(PIECES);
        let work = move || {
            let _lease = lease;
            let mut decoder =
                Decoder::with_limits(Received { pieces: received, piece: Vec::new(), at: 0 }, format, limits);
            let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 64 << 10]);
            loop {
                match decoder.read(&mut buffer)? {
                    0 => return Ok(hasher.finalize()),
                    count => drop(hasher.update(&buffer[..count])),
                }
            }
        };
        let thread = Builder::new().name("check".to_owned()).spawn(work);
        let thread = thread.map_err(|error| {
            Error::new(Kind::OutOfMemory, "cannot start a thread that checks what is compressed")
                .because(error)
        })?;
        Ok(Self { pieces, thread })
    }

    /// Passes compressed data on. If the check has failed, [`Self::finish`] says
    /// so.
    pub(super) fn compressed(&self, bytes: &[u8]) {
        let _ = self.pieces.send(bytes.to_vec());
    }

    /// The hash of what the compressed data holds.
    pub(super) fn finish(self) -> Result<blake3::Hash> {
        drop(self.pieces);
        let hash = self.thread.join().map_err(|_| Error::new(Kind::Internal, "the check has panicked"))?;
        hash.map_err(|error| {
            let why = convert::failed(error, |error| Error::new(Kind::Internal, error.to_string()));
            Error::new(Kind::Internal, "what was compressed cannot be decompressed again").because(why)
        })
    }
}

/// What arrives piece by piece.
struct Received {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of the piece has been read.
    at: usize,
}

impl Read for Received {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.recv() {
                Ok(piece) => (self.piece, self.at) = (piece, 0),
                // The sender is gone: this is the end.
                Err(_) => return Ok(0),
            }
        }
        let count = (&self.piece[self.at..]).read(output)?;
        self.at += count;
        Ok(count)
    }
}
