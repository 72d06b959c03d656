//! The memory of a run: a budget for all private memory, a plan that decides
//! how many workers fit into it, and a watch over memory pressure on the
//! machine.
//!
//! The [`plan()`] sets aside what a run needs for any file: buffers, stacks, and
//! a share for each worker's reply. The rest is a pool. Memory that depends on
//! the plugin and the file is drawn from the pool through a [`Lease`]: the
//! linear memories of all instances, packed windows, and edits that wait to be
//! collected. A draw that the pool cannot cover fails. The failure never
//! affects an answer, so a budget can end a run, but cannot change its patch.
//!
//! The budget does not include the program itself, compilation and compiled
//! code, the plugin's manifest, and pages of files, which the kernel reclaims
//! when it needs them.

mod governor;
mod machine;
mod peers;
mod plan;
mod space;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::escape::count;

pub use governor::{Facts, Governor};
pub use machine::{Watch, available_bytes, private_limit_bytes};
pub use peers::Peer;
use peers::Peers;
pub use plan::{Costs, Need, Plan, default_bytes, least_bytes, plan};
pub use space::Space;

/// The memory that a run may use. Clones share one budget.
#[derive(Debug, Clone, Default)]
pub struct Budget(Option<Arc<Inner>>, Seat);

/// Which of the processes that share a budget is meant.
type Seat = usize;

#[derive(Debug)]
struct Inner {
    /// The limit that the user set, or that was reported to the user.
    total_bytes: u64,
    /// The part of it for leases.
    pool_bytes: u64,
    reply_bytes: u64,
    /// The lease of a small file in flight.
    file_bytes: u64,
    /// Never more than `pool_bytes`.
    leased_bytes: AtomicU64,
    peers: Peers,
}

impl Budget {
    /// No limits except those of each instance.
    pub const UNLIMITED: Self = Self(None, 0);

    /// The budget of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self(
            Some(Arc::new(Inner {
                total_bytes: plan.total_bytes,
                pool_bytes: plan.pool_bytes,
                reply_bytes: plan.reply_bytes,
                file_bytes: plan.file_bytes,
                leased_bytes: AtomicU64::new(0),
                peers: Peers::default(),
            })),
            0,
        )
    }

    /// The same budget, for one of several processes with which it is shared,
    /// counted from 0. Each of them has a pool of its own, of the size of this
    /// one, out of which what this process has leased is taken as well.
    #[must_use]
    pub fn of_process(&self, number: usize) -> Self {
        Self(self.0.clone(), number)
    }

    /// Shares the pool with another process from now on, or with none.
    pub fn share_with(&self, peer: Option<Arc<dyn Peer>>) {
        let Some(inner) = &self.0 else { return };
        inner.peers.seat(self.1, peer, || inner.leased_bytes.load(Ordering::SeqCst));
    }

    /// Bytes of all leases together, those of other processes included; `None`
    /// if there is no limit.
    #[must_use]
    pub fn pool_bytes(&self) -> Option<u64> {
        self.0.as_ref().map(|inner| inner.pool_bytes)
    }

    /// The limit of the whole run, for messages.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.0.as_ref().map_or(u64::MAX, |inner| inner.total_bytes)
    }

    /// The error for a budget that is used up.
    #[must_use]
    pub fn denied(&self) -> Denied {
        Denied { total_bytes: self.total_bytes() }
    }

    /// The lease of one of several files in flight, in addition to its
    /// instance.
    ///
    /// # Errors
    /// When the budget does not have enough left.
    pub fn file(&self) -> Result<Lease, Denied> {
        let mut lease = self.lease();
        let bytes = self.0.as_ref().map_or(0, |inner| inner.file_bytes);
        lease.grow(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        Ok(lease)
    }

    /// The largest reply that fits into a worker's share.
    #[must_use]
    pub fn reply_bytes(&self) -> u64 {
        self.0.as_ref().map_or(u64::MAX, |inner| inner.reply_bytes)
    }

    /// An empty lease.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { budget: self.clone(), bytes: 0 }
    }

    /// Bytes leased at present.
    #[must_use]
    pub fn leased_bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.leased_bytes.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: u64) -> Result<(), Denied> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let peers = inner.peers.present();
        let most = inner.pool_bytes.saturating_sub(peers.leased_bytes());
        let taken = inner.leased_bytes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |leased| {
            leased.checked_add(bytes).filter(|&sum| sum <= most)
        });
        let before = taken.map_err(|_| self.denied())?;
        peers.lease(bytes);
        // A peer may have taken something at the same time. Then at least one
        // of the two sees it here.
        if before + bytes > inner.pool_bytes.saturating_sub(peers.leased_bytes()) {
            inner.leased_bytes.fetch_sub(bytes, Ordering::SeqCst);
            peers.give_back(bytes);
            return Err(self.denied());
        }
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        let Some(inner) = &self.0 else { return };
        let peers = inner.peers.present();
        inner.leased_bytes.fetch_sub(bytes, Ordering::SeqCst);
        peers.give_back(bytes);
    }
}

/// A part of the budget, which is given back when this value is dropped.
#[derive(Debug, Default)]
pub struct Lease {
    budget: Budget,
    bytes: u64,
}

impl Lease {
    /// Draws more bytes.
    ///
    /// # Errors
    /// When the budget does not have that much left; then nothing is drawn.
    pub fn grow(&mut self, more_bytes: usize) -> Result<(), Denied> {
        self.budget.take(more_bytes as u64)?;
        self.bytes += more_bytes as u64;
        Ok(())
    }

    /// Gives back everything above `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes as u64);
        self.budget.give_back(excess);
        self.bytes -= excess;
    }

    /// Takes over the bytes of another lease of the same budget.
    pub fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// An empty lease of the same budget.
    #[must_use]
    pub fn another(&self) -> Self {
        self.budget.lease()
    }

    /// Makes room for `more` items at the end of a list, after drawing the
    /// memory.
    ///
    /// # Errors
    /// When the budget does not have that much left; then the list is
    /// unchanged.
    #[inline]
    pub fn reserve<T>(&mut self, list: &mut Vec<T>, more: usize) -> Result<(), Denied> {
        if more <= list.capacity() - list.len() { Ok(()) } else { self.extend(list, more) }
    }

    #[cold]
    fn extend<T>(&mut self, list: &mut Vec<T>, more: usize) -> Result<(), Denied> {
        let wanted = list.len().saturating_add(more);
        // The list grows as vectors do: to twice its length, so that each item
        // is moved only a few times. If the budget has too little for that, it
        // grows only as far as needed.
        let grown = wanted.max(2 * list.capacity());
        let extra = |items: usize| (items - list.capacity()).saturating_mul(size_of::<T>());
        let items = match self.grow(extra(grown)) {
            Ok(()) => grown,
            Err(_) => {
                self.grow(extra(wanted))?;
                wanted
            }
        };
        list.reserve_exact(items - list.len());
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// The error for a budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    total_bytes: u64,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} of `--memory-total` are in use", Bytes(self.total_bytes))
    }
}

impl std::error::Error for Denied {}

/// The hint for a run that exceeds the budget.
pub const HINT: &str = "allow more memory with `--memory-total`, or fewer workers with `-j`";

impl From<Denied> for crate::error::Error {
    fn from(denied: Denied) -> Self {
        Self::new(crate::error::Kind::OutOfMemory, "the run needs more memory than its budget allows")
            .because(denied)
            .hint(HINT)
    }
}

/// Whether an error means that the budget was used up. Then the same work may
/// succeed once others have given memory back.
#[must_use]
pub fn is_denied(error: &crate::error::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Denied>())
}

/// Formats a number of bytes for people: in MiB, rounded up, or in bytes if it
/// is less than 1 MiB.
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1 << 20 {
            f.write_str(&count(self.0, "byte"))
        } else {
            write!(f, "{} MiB", self.0.div_ceil(1 << 20))
        }
    }
}

/// Guards the memory of one run and the space of its patch.
#[derive(Clone, Copy)]
pub struct MemoryContext<'a> {
    /// The budget for private memory.
    pub budget: &'a Budget,
    /// Called between blocks to inspect the machine; returns `None` when there
    /// is nothing new.
    pub look: Option<&'a (dyn Fn() -> Option<Facts> + Sync)>,
    /// The space that the patch may take.
    pub space: Space,
}

impl MemoryContext<'_> {
    /// No budget, no watch over the machine, and the default space for patches.
    pub const NONE: MemoryContext<'static> =
        MemoryContext { budget: &Budget::UNLIMITED, look: None, space: Space::DEFAULT };
}

impl fmt::Debug for MemoryContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryContext").field("budget", self.budget).finish_non_exhaustive()
    }
}
