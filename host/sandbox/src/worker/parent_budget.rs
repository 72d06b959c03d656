//! The budget that a worker shares with its parent: each tells the other what it
//! has drawn.

use runner_channel::Tally;
use runner_pipeline::memory::Peer;

/// The parent, as far as the budget is concerned.
#[derive(Debug, Clone)]
pub(super) struct Parent(pub(super) Tally);

impl Peer for Parent {
    fn lease(&self, bytes: u64) {
        self.0.add(bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.0.subtract(bytes);
    }

    fn leased_bytes(&self) -> u64 {
        self.0.other()
    }
}
