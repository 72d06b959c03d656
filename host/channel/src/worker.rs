//! The worker's side. After [`attach`], its only system call is `futex`.

use std::os::fd::AsFd;

use crate::area::{Lent, Written};
use crate::error::{Error, Result};
use crate::notes::Notes;
use crate::shape::Shape;
use crate::tally::Tally;
use crate::{futex, sleep};

/// Maps the files of the parent's channel (two calls of `mmap`), and returns a
/// slot for each thread. The descriptors may be closed then.
///
/// `shape` is that of the parent's channel. With another one, accesses behind
/// the end of a file raise SIGBUS.
///
/// # Errors
/// When the files cannot be mapped, or when no channel has such a shape.
pub fn attach(requests: impl AsFd, replies: impl AsFd, shape: Shape) -> Result<Vec<WorkerSlot>> {
    let requests = Lent::map(requests, shape.requests()?)?;
    let replies = Written::map(replies, shape.replies()?)?;
    let slots = requests.into_iter().zip(replies);
    let slot = |((block, request), (notes, reply))| {
        let notes = Some(Notes::new(notes));
        WorkerSlot { block, request, reply, notes, seen: 0 }
    };
    Ok(slots.map(slot).collect())
}

/// The worker's end of the parent's slot of the same number. For one thread.
#[derive(Debug)]
pub struct WorkerSlot {
    block: Lent,
    request: Lent,
    reply: Written,
    /// Until they are taken.
    notes: Option<Notes>,
    /// The number of the last request.
    seen: u64,
}

impl WorkerSlot {
    /// The numbers of both sides, the same for all slots.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::new(self.reply.number(), self.request.number())
    }

    /// The notes of this slot, which can be taken once.
    #[must_use]
    pub fn take_notes(&mut self) -> Option<Notes> {
        self.notes.take()
    }

    /// Waits for the next request, for as long as it takes.
    ///
    /// # Errors
    /// When the request does not fit into its area (the two sides disagree about
    /// the shape), or the system call fails.
    #[expect(clippy::should_implement_trait, reason = "a request borrows the slot")]
    pub fn next(&mut self) -> Result<Request<'_>> {
        let head = self.request.head();
        let bell = &self.reply.bells().worker;
        let seen = self.seen;
        self.seen = sleep::wait(
            bell,
            || Some(head.sequence()).filter(|sequence| *sequence != seen),
            || futex::sleep(bell),
        )?;
        let bytes = self.request.bytes();
        let (kind, length) = head.read(bytes.len()).map_err(Error::Malformed)?;
        let (block, bytes) = (self.block.bytes(), &bytes[..length]);
        Ok(Request { kind, block, bytes, sequence: self.seen, reply: &mut self.reply })
    }
}

/// A request. Until it is answered, the parent waits.
#[derive(Debug)]
#[must_use = "the parent waits for an answer"]
pub struct Request<'a> {
    kind: u32,
    block: &'a [u8],
    bytes: &'a [u8],
    sequence: u64,
    reply: &'a mut Written,
}

impl<'a> Request<'a> {
    /// The kind that the parent sent.
    #[must_use]
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// The bytes that the parent sent, in shared memory. They change once the
    /// request is answered and the parent sends the next one.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The memory of the slot's block, all of it. It changes as the request's
    /// bytes do.
    #[must_use]
    pub fn block(&self) -> &'a [u8] {
        self.block
    }

    /// Bytes of the longest reply.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.reply.bytes().len()
    }

    /// Answers: `write` gets the request's bytes and all memory of the reply,
    /// which has the content that it had before, and returns how many bytes the
    /// reply takes.
    ///
    /// # Errors
    /// When that is more than the memory has. Nothing is sent then.
    pub fn answer(self, kind: u32, write: impl FnOnce(&[u8], &mut [u8]) -> usize) -> Result<()> {
        let area = self.reply.bytes_mut();
        let limit = area.len();
        let length = write(self.bytes, area);
        if length > limit {
            return Err(Error::misuse(format!("a reply of {length} bytes, where {limit} fit")));
        }
        self.reply.head().publish(self.sequence, kind, length);
        sleep::ring(&self.reply.bells().parent);
        Ok(())
    }
}
