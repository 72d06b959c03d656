//! Memory for reads and writes past the page cache.

/// Offsets, lengths and addresses of such reads and writes must be multiples of
/// this. The block sizes of all media seen so far divide it.
pub const ALIGN_BYTES: usize = 4096;

/// Bytes whose address is a multiple of [`ALIGN_BYTES`].
#[derive(Debug)]
pub struct Aligned {
    bytes: Vec<u8>,
    skip: usize,
    len: usize,
}

impl Aligned {
    /// Creates `len` zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let bytes = vec![0; len + ALIGN_BYTES];
        let skip = bytes.as_ptr().align_offset(ALIGN_BYTES);
        Self { bytes, skip, len }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[self.skip..self.skip + self.len]
    }

    /// The bytes, for writing.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.skip..self.skip + self.len]
    }
}

/// Memory that parts of a file are copied into.
pub trait CopyMemory: Send {
    /// The bytes.
    fn bytes(&self) -> &[u8];

    /// The bytes, for writing.
    fn bytes_mut(&mut self) -> &mut [u8];
}

impl CopyMemory for Aligned {
    fn bytes(&self) -> &[u8] {
        self.as_slice()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_multiples() {
        for len in [0, 1, 4096, 70_000] {
            let mut memory = Aligned::new(len);
            assert_eq!(memory.as_slice().as_ptr() as usize % ALIGN_BYTES, 0);
            assert_eq!((memory.as_slice().len(), memory.as_mut_slice().len()), (len, len));
        }
    }
}
