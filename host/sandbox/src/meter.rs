//! What a plugin needs: instructions and memory.

use std::sync::{Arc, Mutex};

use runner_pipeline::locks;

/// Maximum number of instructions of one call of a plugin whose instructions are
/// counted: some seconds of processor time. A call that takes longer has no
/// answer, and where it was is reported.
pub const CALL_INSTRUCTIONS: u64 = 10_000_000_000;

/// Maximum number of samples that are kept.
const SAMPLES: usize = 4096;

/// Counts what a plugin needs to answer windows. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Usage>>);

/// What was needed since the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// WebAssembly instructions.
    pub instructions: u64,
    /// Bytes of the linear memories of an instance, after each block of the file
    /// in turn.
    pub memory_bytes: Vec<u64>,
}

impl Meter {
    /// What was needed since the last call of this function.
    #[must_use]
    pub fn take(&self) -> Usage {
        std::mem::take(&mut *locks::lock(&self.0))
    }

    /// Adds instructions, and the memory that an instance has now.
    pub(crate) fn add(&self, instructions: u64, memory_bytes: u64) {
        let mut usage = locks::lock(&self.0);
        usage.instructions = usage.instructions.saturating_add(instructions);
        if usage.memory_bytes.len() < SAMPLES {
            usage.memory_bytes.push(memory_bytes);
        }
    }
}
