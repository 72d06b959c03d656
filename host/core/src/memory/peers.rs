//! The processes with which a budget is shared.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// A process with which a budget is shared. What it says of itself is not
/// trusted: it can only make this process refuse, and has a limit of its own
/// from the system.
pub trait Peer: fmt::Debug + Send + Sync {
    /// Tells the peer that this process has leased more.
    fn lease(&self, bytes: u64);

    /// Tells the peer that this process has given something back.
    fn give_back(&self, bytes: u64);

    /// What the peer has leased, as it says.
    fn leased_bytes(&self) -> u64;
}

/// All peers of a budget. They do not know of each other, so each has a pool of
/// its own, which it shares with this process.
#[derive(Debug, Default)]
pub(super) struct Peers(RwLock<Vec<Option<Arc<dyn Peer>>>>);

/// The peers, while none of them is replaced.
pub(super) struct Present<'a>(RwLockReadGuard<'a, Vec<Option<Arc<dyn Peer>>>>);

impl Peers {
    /// Puts a peer in a seat, in place of the one before, and tells it what this
    /// process has leased. Nothing is leased meanwhile.
    pub(super) fn seat(&self, seat: usize, peer: Option<Arc<dyn Peer>>, leased: impl FnOnce() -> u64) {
        let mut peers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(peer) = &peer {
            peer.lease(leased());
        }
        if peers.len() <= seat {
            peers.resize(seat + 1, None);
        }
        peers[seat] = peer;
    }

    pub(super) fn present(&self) -> Present<'_> {
        Present(self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Present<'_> {
    fn each(&self) -> impl Iterator<Item = &Arc<dyn Peer>> {
        self.0.iter().flatten()
    }

    pub(super) fn lease(&self, bytes: u64) {
        self.each().for_each(|peer| peer.lease(bytes));
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.each().for_each(|peer| peer.give_back(bytes));
    }

    /// What the peer has leased that has leased most.
    pub(super) fn leased_bytes(&self) -> u64 {
        self.each().map(|peer| peer.leased_bytes()).max().unwrap_or_default()
    }
}
