//! A channel in shared memory between a process that trusts nothing that comes
//! back (the *parent*) and a process that may be in an attacker's hands (the
//! *worker*).
//!
//! ```text
//! parent                                         worker
//!   request_mut, send   --- requests, read-only --->   next
//!   receive (a copy)    <-- replies, of fixed size --  answer
//! ```
//!
//! Data that is read from a file reaches the worker without a copy: each slot has
//! a [`Block`] for that beside its requests, which the worker can read as well.
//!
//! Each thread of the parent has a [`Slot`], each thread of the worker the
//! [`WorkerSlot`] of the same number. A slot carries one request at a time and
//! its one reply. Whoever waits sleeps on a futex; nobody polls.
//!
//! The worker is a thread in this example, to have it in one place. In earnest it
//! is a process, which gets the two descriptors and the shape, and which
//! a [`Watch`] watches over.
//!
//! ```
//! use std::thread;
//! use std::time::{Duration, Instant};
//!
//! use runner_channel::{Channel, Result, Shape, attach};
//!
//! # fn main() -> Result<()> {
//! let shape = Shape { slots: 1, block_bytes: 0, request_bytes: 1 << 20, reply_bytes: 1 << 20, note_bytes: 0 };
//! let (channel, mut slots) = Channel::new(shape)?;
//!
//! let mut worker = attach(channel.requests(), channel.replies(), shape)?.remove(0);
//! let worker = thread::spawn(move || -> Result<()> {
//!     let request = worker.next()?;
//!     request.answer(2, |request, reply| {
//!         for (upper, byte) in reply.iter_mut().zip(request) {
//!             *upper = byte.to_ascii_uppercase();
//!         }
//!         request.len()
//!     })
//! });
//!
//! let slot = &mut slots[0];
//! slot.request_mut()?[..5].copy_from_slice(b"hello");
//! slot.send(1, 5)?;
//! let mut reply = Vec::new();
//! let kind = slot.receive(Some(Instant::now() + Duration::from_secs(10)), &mut reply)?;
//! assert_eq!((kind, &*reply), (2, &b"HELLO"[..]));
//! # worker.join().expect("the worker does not panic")
//! # }
//! ```
//!
//! # What the parent may rely on
//!
//! - The worker can read requests and never write them. It can change neither
//!   file's size. Both are sealed before the worker exists.
//! - A reply is read once: its sequence number, kind and length are read, then
//!   checked, then that many bytes are copied into the parent's own memory. No
//!   reference into the reply's memory leaves this crate. What was checked is
//!   what is used, even if the worker rewrites the memory meanwhile.
//! - Notes are read like replies: the length once, then that many bytes.
//! - A wait ends at its deadline, and soon after the worker's death, whatever
//!   the worker writes and whichever futex calls it makes. See [`Slot::receive`].
//! - A misbehaving worker spoils its own channel at worst: the parent makes a
//!   new one for the next worker.
//!
//! # What is left
//!
//! The worker can give the memory of replies back to the system (by punching
//! holes), and the parent's next access allocates it again. Where the system
//! has no memory left then and refuses instead of killing (strict overcommit),
//! that access raises SIGBUS. A worker can also keep a waiting thread of the
//! parent busy until its deadline, by waking it all the time.

#![warn(missing_docs)]

mod area;
mod block;
mod error;
mod futex;
mod head;
mod notes;
mod parent;
mod shape;
mod shared;
mod sleep;
mod tally;
mod watch;
mod worker;

pub use block::Block;
pub use error::{Error, Result};
pub use notes::Notes;
pub use parent::{Channel, Slot};
pub use shape::Shape;
pub use tally::Tally;
pub use watch::Watch;
pub use worker::{Request, WorkerSlot, attach};

#[cfg(test)]
mod tests;
