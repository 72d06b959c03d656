//! The memory of a block: whoever reads files fills it, whenever there is no
//! request out.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::area::Written;

/// The memory of a slot's block. It begins at a page, and keeps its content.
/// The worker can read it at any time. It goes back to its slot when it is
/// dropped.
#[derive(Debug)]
pub struct Block {
    /// There until it is dropped.
    memory: Option<Written>,
    home: Arc<Mutex<Option<Written>>>,
}

impl Block {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], Written::bytes)
    }

    /// The bytes, for writing.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.memory.as_mut().map_or(&mut [], Written::bytes_mut)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.memory.take();
    }
}

/// What a slot has of its block.
#[derive(Debug)]
pub(crate) struct Lendable {
    /// Addresses of the block's bytes.
    addresses: Range<usize>,
    /// The memory, unless it is lent.
    home: Arc<Mutex<Option<Written>>>,
}

impl Lendable {
    pub(crate) fn new(memory: Written) -> Self {
        let bytes = memory.bytes().as_ptr_range();
        let addresses = bytes.start.addr()..bytes.end.addr();
        Self { addresses, home: Arc::new(Mutex::new(Some(memory))) }
    }

    pub(crate) fn take(&self) -> Option<Block> {
        let memory = self.home.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Block { memory: Some(memory), home: Arc::clone(&self.home) })
    }

    pub(crate) fn place(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let bytes = bytes.as_ptr_range();
        let (start, end) = (bytes.start.addr(), bytes.end.addr());
        let is_inside = self.addresses.start <= start && end <= self.addresses.end;
        is_inside.then(|| start - self.addresses.start..end - self.addresses.start)
    }
}
