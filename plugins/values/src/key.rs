//! The secret key, and the pseudorandom functions under it.

use std::fmt;

/// The context of BLAKE3's key derivation. Changing it changes every pseudonym.
const CONTEXT: &str = "runner 2026-11-27 pseudonyms of values";

/// A secret key. The same secret gives the same pseudonyms in every plugin.
#[derive(Clone)]
pub struct Key([u8; blake3::KEY_LEN]);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(..)")
    }
}

impl Key {
    /// Derives the key from a secret text.
    ///
    /// # Errors
    /// If the secret is empty.
    pub fn new(secret: &str) -> Result<Self, String> {
        if secret.is_empty() {
            return Err("`key` is empty: give a long random text".into());
        }
        Ok(Self(blake3::derive_key(CONTEXT, secret.as_bytes())))
    }

    /// The pseudorandom bytes for an input. `domain` separates uses: the same
    /// input has unrelated bytes in each. It contains no NUL.
    pub(crate) fn stream(&self, domain: &str, input: &[u8]) -> Stream {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(domain.as_bytes());
        hasher.update(&[0]);
        hasher.update(input);
        let mut reader = hasher.finalize_xof();
        let mut block = [0; 64];
        reader.fill(&mut block);
        Stream { reader, block, used: 0 }
    }
}

/// Pseudorandom bytes without end.
pub(crate) struct Stream {
    reader: blake3::OutputReader,
    block: [u8; 64],
    used: usize,
}

impl Stream {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            self.reader.fill(&mut self.block);
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The next bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A number below `bound`, which must not be 0. The 64 bits that are
    /// reduced make the bias smaller than `bound` / 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes()) % bound
    }

    /// A decimal digit from 0 to 9, without bias.
    pub(crate) fn digit(&mut self) -> u8 {
        loop {
            let byte = self.byte();
            if byte < 250 {
                return byte % 10;
            }
        }
    }
}
