//! Parameters in a receipt. The values of secret ones stand there as salted hashes: the
//! owner, who has the salt, can show later which value it was, and nobody can find it by
//! trying all that are likely.

use std::io;

use runner_pipeline::error::{Error, Kind, Result};
use sha2::{Digest as _, Sha256};

/// The length of a salt, in bytes.
pub const SALT_BYTES: usize = 32;

/// A new salt.
///
/// # Errors
/// If the system gives no random bytes.
pub fn salt() -> Result<[u8; SALT_BYTES]> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|error| {
        Error::new(Kind::Io, "the system cannot provide random bytes").because(io::Error::from(error))
    })?;
    Ok(salt)
}

/// A parameter of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// What a receipt says of the value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The value.
    Shown(String),
    /// The hash of a value that is secret: see [`commitment`].
    Hidden([u8; 32]),
}

/// The SHA-256 of the salt, the name of the parameter, a zero byte and the value. With
/// one salt for each value, equal values have different hashes.
#[must_use]
pub fn commitment(salt: &[u8; SALT_BYTES], name: &str, value: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(salt).chain_update(name).chain_update([0]).chain_update(value);
    hash.finalize().into()
}
