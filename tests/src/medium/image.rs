//! The bytes of a medium.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(super) const BLOCK_BYTES: usize = 4096;

/// What is on a medium. Copies share what they have in common.
#[derive(Clone)]
pub struct Image {
    pub(super) bytes: u64,
    /// Blocks that are not there are zeros.
    blocks: BTreeMap<u64, Arc<[u8; BLOCK_BYTES]>>,
}

impl Image {
    /// Zeros.
    pub fn new(bytes: u64) -> Self {
        Self { bytes, blocks: BTreeMap::new() }
    }

    pub fn read(&self, offset: u64, bytes: usize) -> Vec<u8> {
        let end = self.bytes.min(offset + bytes as u64);
        let mut out = Vec::with_capacity(bytes);
        for (block, skip, count) in pieces(offset, end.saturating_sub(offset)) {
            match self.blocks.get(&block) {
                Some(block) => out.extend_from_slice(&block[skip..skip + count]),
                None => out.resize(out.len() + count, 0),
            }
        }
        out
    }

    pub fn write(&mut self, offset: u64, mut bytes: &[u8]) {
        assert!(offset + bytes.len() as u64 <= self.bytes, "a write after the end of the medium");
        for (block, skip, count) in pieces(offset, bytes.len() as u64) {
            let (piece, rest) = bytes.split_at(count);
            bytes = rest;
            if count == BLOCK_BYTES && piece.iter().all(|byte| *byte == 0) {
                self.blocks.remove(&block);
            } else {
                let block = self.blocks.entry(block).or_insert_with(|| Arc::new([0; BLOCK_BYTES]));
                Arc::make_mut(block)[skip..skip + count].copy_from_slice(piece);
            }
        }
    }

    /// A sparse file of it, to look at.
    pub fn save(&self, path: &Path) {
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::create(path).unwrap();
        file.set_len(self.bytes).unwrap();
        for (index, block) in &self.blocks {
            file.write_all_at(&block[..], index * BLOCK_BYTES as u64).unwrap();
        }
    }
}

/// The blocks of a range: index, bytes skipped in the block, bytes in it.
fn pieces(offset: u64, bytes: u64) -> impl Iterator<Item = (u64, usize, usize)> {
    let (size, end) = (BLOCK_BYTES as u64, offset + bytes);
    (offset / size..end.div_ceil(size)).filter_map(move |block| {
        let (from, to) = (offset.max(block * size), end.min((block + 1) * size));
        (from < to).then(|| (block, (from - block * size) as usize, (to - from) as usize))
    })
}
