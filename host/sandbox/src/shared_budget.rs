//! One budget for two processes: each tells the other what it has drawn.

use runner_channel::Tally;
use runner_pipeline::memory::Peer;

/// The budget's state in the other process.
#[derive(Debug, Clone)]
pub(crate) struct SharedBudget(pub(crate) Tally);

impl Peer for SharedBudget {
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
