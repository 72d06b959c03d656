//! The parent's side.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::Errno;

use crate::area::{Foreign, Written};
use crate::block::{Block, Lendable};
use crate::error::{Error, Result};
use crate::notes;
use crate::shape::{Layout, Shape};
use crate::shared::Shared;
use crate::sleep;
use crate::tally::Tally;
use crate::watch::Watch;

/// The files of a channel, for one worker. The [`Slot`]s live on without it.
#[derive(Debug)]
pub struct Channel {
    shape: Shape,
    requests: OwnedFd,
    replies: OwnedFd,
    shared: Arc<Shared>,
}

impl Channel {
    /// Makes the two files in memory, maps and seals them. They take memory as
    /// they are first used.
    ///
    /// # Errors
    /// When the system lacks memory, address space or descriptors, or is older
    /// than Linux 5.1; when the shape has no slots or is too large.
    pub fn new(shape: Shape) -> Result<(Self, Vec<Slot>)> {
        let (request_layout, reply_layout) = (shape.requests()?, shape.replies()?);
        let requests = create("runner-requests", request_layout)?;
        let replies = create("runner-replies", reply_layout)?;
        let areas = Written::map(&requests, request_layout)?;
        let size = SealFlags::SHRINK | SealFlags::GROW;
        // The mapping above stays writable; no other will be.
        fcntl_add_seals(&requests, size | SealFlags::FUTURE_WRITE | SealFlags::SEAL)?;
        fcntl_add_seals(&replies, size | SealFlags::SEAL)?;
        let shared = Arc::new(Shared::new(Foreign::map(&replies, reply_layout)?));
        let slots = areas.into_iter().enumerate();
        let slots = slots
            .map(|(number, (block, request))| Slot {
                number,
                block: Lendable::new(block),
                request,
                shared: Arc::clone(&shared),
                sequence: 0,
                state: State::Idle,
            })
            .collect();
        Ok((Self { shape, requests, replies, shared }, slots))
    }

    /// What the worker must be told, along with the descriptors.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The file of requests, for the worker. It is closed on `exec`: the caller
    /// passes a duplicate on.
    #[must_use]
    pub fn requests(&self) -> BorrowedFd<'_> {
        self.requests.as_fd()
    }

    /// The file of replies, for the worker, as [`Channel::requests`].
    #[must_use]
    pub fn replies(&self) -> BorrowedFd<'_> {
        self.replies.as_fd()
    }

    /// What must watch over the worker's life.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.shared))
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

fn create(name: &str, layout: Layout) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3.
        Err(Errno::INVAL) => memfd_create(name, flags)?,
        file => file?,
    };
    ftruncate(&file, layout.file_bytes as u64)?;
    Ok(file)
}

/// One conversation with the worker: a request, then its reply, then the next
/// request. For one thread.
#[derive(Debug)]
pub struct Slot {
    number: usize,
    block: Lendable,
    request: Written,
    shared: Arc<Shared>,
    /// That of the last request.
    sequence: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The last request is answered.
    Idle,
    /// The last request is not answered.
    Out,
    /// The worker broke the protocol.
    Broken,
}

impl Slot {
    /// The numbers of both sides, the same for all slots.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::new(self.request.number(), self.reply().number())
    }

    /// The memory of the slot's block; `None` while it is lent. Its bytes
    /// must stay as they are while a request is out that speaks of them, or the
    /// reply is about others.
    #[must_use]
    pub fn take_block(&self) -> Option<Block> {
        self.block.take()
    }

    /// Where these bytes lie in the slot's block; `None` if they do not.
    #[must_use]
    pub fn place_in_block(&self, bytes: &[u8]) -> Option<Range<usize>> {
        self.block.place(bytes)
    }

    /// The memory for the next request, to be filled in place. It is as large
    /// as the largest request, begins at a page, and keeps its content. The
    /// worker can read all of it at any time, and that of all other slots.
    ///
    /// # Errors
    /// While a request is out: the worker may be reading it.
    pub fn request_mut(&mut self) -> Result<&mut [u8]> {
        self.must_be_idle()?;
        Ok(self.request.bytes_mut())
    }

    /// The memory of the request, also while it is out. The worker cannot
    /// change it.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        self.request.bytes()
    }

    /// Whether a request is out.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.state == State::Out
    }

    /// Sends the first `length` bytes of [`Slot::request_mut`]. What `kind` means
    /// is up to the two sides.
    ///
    /// # Errors
    /// When the worker is dead, when a request is out or the slot is broken, or
    /// when the length is that of no request.
    pub fn send(&mut self, kind: u32, length: usize) -> Result<()> {
        if self.shared.life().is_over() {
            return Err(Error::WorkerDied);
        }
        self.must_be_idle()?;
        let limit = self.request.bytes().len();
        if length > limit {
            return Err(Error::misuse(format!("a request of {length} bytes, where {limit} fit")));
        }
        self.sequence += 1;
        self.state = State::Out;
        self.request.head().publish(self.sequence, kind, length);
        sleep::ring(&self.reply().bells().worker);
        Ok(())
    }

    /// Waits for the reply, copies its bytes into `bytes`, and returns its kind.
    /// Bytes and kind may be anything the worker likes; they stay as they are.
    ///
    /// The wait ends when the worker answers or dies, or at the deadline,
    /// whatever the worker does. An answer from before its death counts. After a
    /// [`Error::Timeout`] it may be waited for again.
    ///
    /// Before Linux 5.16, a worker that moved the sleeping thread to another
    /// futex can delay the news of its own death by a second.
    ///
    /// # Errors
    /// As [`Error`] has it; `bytes` are then unchanged. [`Error::Io`] also when
    /// no request is out.
    pub fn receive(&mut self, deadline: Option<Instant>, bytes: &mut Vec<u8>) -> Result<u32> {
        match self.state {
            State::Idle => return Err(Error::misuse("no request is out")),
            State::Broken => return Err(broken()),
            State::Out => {}
        }
        let received = self.wait(deadline).and_then(|sequence| self.copy(sequence, bytes));
        self.state = match &received {
            Ok(_) => State::Idle,
            Err(Error::Malformed(_)) => State::Broken,
            Err(_) => State::Out,
        };
        received
    }

    /// What the worker has noted since it began to work on the request that is
    /// out, as far as it is there: kinds and texts, which may be anything that the
    /// worker likes.
    #[must_use]
    pub fn notes(&self) -> Vec<(u8, Vec<u8>)> {
        notes::read(self.shared.notes(self.number))
    }

    /// Waits for a change of the reply's sequence number, and returns it.
    fn wait(&self, deadline: Option<Instant>) -> Result<u64> {
        let reply = self.reply();
        // Idle slots have seen the reply of their last request.
        let last = self.sequence - 1;
        let bell = &reply.bells().parent;
        sleep::wait(
            bell,
            || Some(reply.head().sequence()).filter(|sequence| *sequence != last),
            || self.shared.life().sleep(bell, deadline),
        )
    }

    /// Checks the head of the reply and copies its bytes. All is read once.
    fn copy(&self, sequence: u64, bytes: &mut Vec<u8>) -> Result<u32> {
        if sequence != self.sequence {
            return Err(Error::Malformed(format!(
                "a reply to request {sequence} instead of {}",
                self.sequence
            )));
        }
        let reply = self.reply();
        let (kind, length) = reply.head().read(reply.limit()).map_err(Error::Malformed)?;
        reply.copy(length, bytes);
        Ok(kind)
    }

    fn reply(&self) -> &Foreign {
        self.shared.reply(self.number)
    }

    fn must_be_idle(&self) -> Result<()> {
        match self.state {
            State::Idle => Ok(()),
            State::Out => Err(Error::misuse("a request is out")),
            State::Broken => Err(broken()),
        }
    }
}

fn broken() -> Error {
    Error::Malformed("an earlier reply was malformed".to_owned())
}
