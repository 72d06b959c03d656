//! Plain Ed25519 (RFC 8032), with the keys of both formats.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// The length of a signature, in bytes.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// A secret key that was opened, with its public key as a line.
pub(crate) struct OpenKey {
    key: SigningKey,
    /// The public key, as [`Signer`](crate::signer::Signer) writes it.
    pub(crate) line: String,
}

impl OpenKey {
    pub(crate) fn new(seed: &[u8; 32], line: String) -> Self {
        Self { key: SigningKey::from_bytes(seed), line }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(message).to_bytes()
    }
}

/// Whether a key has signed a message. Keys of small order, with which one signature
/// fits many messages, are refused.
pub(crate) fn is_signed(public: &[u8; 32], message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let key = VerifyingKey::from_bytes(public);
    key.is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}
