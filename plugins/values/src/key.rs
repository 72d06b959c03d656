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
    /// input has unrelated bytes in each. It contains no NUL. Tokens, and what
    /// fits a kind, have the kind's name as domain. The other domains have two
    /// words, so that no token shows their bytes.
    pub(crate) fn stream(&self, domain: &str, input: &[u8]) -> Stream<'_> {
        let message = [domain.as_bytes(), &[0], input].concat();
        // The first bytes of the output of any length, and faster than it.
        let block = *blake3::keyed_hash(&self.0, &message).as_bytes();
        Stream { key: &self.0, message, block, used: 0, position: 0 }
    }
}

/// Pseudorandom bytes without end.
pub(crate) struct Stream<'a> {
    key: &'a [u8; blake3::KEY_LEN],
    message: Vec<u8>,
    block: [u8; blake3::OUT_LEN],
    /// Number of bytes of the block that are used up.
    used: usize,
    /// The block's place in the output.
    position: u64,
}

impl Stream<'_> {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let mut reader = blake3::Hasher::new_keyed(self.key).update(&self.message).finalize_xof();
            self.position += self.block.len() as u64;
            reader.set_position(self.position);
            reader.fill(&mut self.block);
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

    /// A place in a list of `length` items, which is not 0 and at most 256.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        loop {
            let byte = usize::from(self.byte());
            // Only whole multiples, so that no place is preferred.
            if byte < 256 / length * length {
                return byte % length;
            }
        }
    }

    /// A decimal digit from 0 to 9, without bias.
    pub(crate) fn digit(&mut self) -> u8 {
        self.place(10).to_le_bytes()[0]
    }
}
