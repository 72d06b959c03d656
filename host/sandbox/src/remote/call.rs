//! What a worker is asked for.

use runner_pipeline::profile::{self, Stage};

use crate::limits::BEGIN_FUEL;

/// Maximum number of bytes of the head of a reply: what a plugin says of itself
/// or of an error, and its log. That of a job may have many literals.
const HEAD_BYTES: usize = 4 << 20;
const BEGUN_BYTES: usize = HEAD_BYTES + BEGIN_FUEL;

/// What is asked for, in messages about its failure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Load,
    Begin,
    /// The block that starts at this offset.
    Block(u64),
}

impl Call {
    /// What is asked before the first block counts as loading and beginning.
    pub(super) fn span(self) -> Option<profile::Span> {
        matches!(self, Self::Block(_)).then(|| profile::span(Stage::Ask))
    }

    /// Maximum number of bytes of the head of its reply.
    pub(super) fn head_bytes(self) -> usize {
        if matches!(self, Self::Begin) { BEGUN_BYTES } else { HEAD_BYTES }
    }
}
