//! Receipts: what a run has changed in a file, signed, with a proof of what is the same.
//!
//! A receipt is a statement of in-toto in the envelope that attestations have, on one
//! line. Its subject is the new content. What it says is checked in two ways:
//!
//! - *Proven*, for those who have neither version of the file: that both versions are
//!   the same outside of the listed ranges ([`runner_pipeline::hash::proof`]). That
//!   depends on the two roots alone.
//! - *Said by the signer*: that these were the roots, which plugin has made the change
//!   with which parameters, when, where in the ranges the edits are, and how what was
//!   written was read back.

mod form;
mod params;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use runner_pipeline::hash::proof::{Content, Proof};
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::{Edited, MAX_EDITED};
use semver::Version;

pub use self::params::{Param, SALT_BYTES, Value, commitment, salt};
use crate::attestation::envelope::Envelope;
use crate::ed25519::OpenKey;
use crate::secret::SecretKey;
use crate::signer::Signer;

/// The greatest size of a receipt, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// The greatest size of all parameters in a receipt, in bytes. In JSON, a byte may need
/// six.
pub const MAX_PARAM_BYTES: usize = 128 << 10;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 200;

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The version of this program that has made it.
    pub runner: Version,
    /// When it was complete, as the signer says.
    pub time: Timestamp,
    /// The name of the file, without its folder.
    pub file: String,
    /// The plugins that made the edits, and what was known of them.
    pub plugin: PluginId,
    /// Their parameters.
    pub params: Vec<Param>,
    /// What was converted before they saw it: names and values.
    pub conversion: Vec<(String, String)>,
    /// The content before the change.
    pub old: Content,
    /// The content after it.
    pub new: Content,
    /// How it was written.
    pub written: String,
    /// From where it was read back, and compared.
    pub verified: String,
    /// Bytes that others have appended meanwhile. They belong to neither content.
    pub appended_bytes: u64,
    /// The edits.
    pub edits: Edits,
    /// What is the same in both contents.
    pub proof: Proof,
}

/// The edits of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edits {
    /// Their number.
    pub count: u64,
    /// Bytes that were replaced.
    pub old_bytes: u64,
    /// Bytes that replace them.
    pub new_bytes: u64,
    /// Where they are, in order, those side by side as one. `None` if there are more than
    /// [`MAX_EDITED`].
    pub places: Option<Vec<Edited>>,
}

/// A secret key that is open, to sign a receipt.
pub struct Key(OpenKey);

impl Key {
    /// Opens a key.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the password is missing or wrong, or the key is no Ed25519 key.
    pub fn open(key: &SecretKey, password: Option<&str>) -> Result<Self> {
        key.open(password).map(Self)
    }
}

impl Receipt {
    /// Checks that it does not contradict itself: the proof holds, and all edits are
    /// where changes are listed.
    ///
    /// # Errors
    /// [`Kind::Verification`], with what is wrong.
    pub fn check(&self) -> Result<()> {
        let Self { old, new, edits, proof, .. } = self;
        proof.check(old, new).map_err(|flaw| wrong(&flaw.to_string()))?;
        let size = old.size.checked_sub(edits.old_bytes).and_then(|rest| rest.checked_add(edits.new_bytes));
        if size != Some(new.size) {
            return Err(wrong("the sizes do not fit the edits"));
        }
        if edits.count == 0 && (old != new || !proof.changed.is_empty() || proof.tail.is_some()) {
            return Err(wrong("something has changed without an edit"));
        }
        let Some(places) = &edits.places else {
            let is_long = edits.count > MAX_EDITED as u64;
            return if is_long { Ok(()) } else { Err(wrong("it does not list the edits")) };
        };
        if places.len() > MAX_EDITED
            || edits.count < places.len() as u64
            || places.is_empty() != (edits.count == 0)
        {
            return Err(wrong("the number of edits does not fit their list"));
        }
        let (mut end, mut old_bytes, mut new_bytes) = (0, 0_u64, 0_u64);
        for place in places {
            let start = place.start;
            let stop = start.checked_add(place.old_bytes).filter(|stop| *stop <= old.size && start >= end);
            end = stop.ok_or_else(|| wrong("an edit is out of order, or outside the file"))?;
            // What moves the rest of the file belongs to its end.
            let is_listed = proof.covers(&(start..end))
                && (place.keeps_length() || proof.tail.is_some_and(|tail| start >= tail));
            if !is_listed || (place.old_bytes, place.new_bytes) == (0, 0) {
                return Err(wrong("an edit is not where the changes are listed"));
            }
            old_bytes = old_bytes.saturating_add(place.old_bytes);
            new_bytes = new_bytes.saturating_add(place.new_bytes);
        }
        if (old_bytes, new_bytes) != (edits.old_bytes, edits.new_bytes) {
            return Err(wrong("the number of edited bytes does not fit the edits"));
        }
        Ok(())
    }

    /// Signs it. The result is one line, with its end.
    ///
    /// # Errors
    /// If it does not hold, or would be too long.
    pub fn sign(&self, key: &Key) -> Result<String> {
        let line = Envelope::sign(form::to_json(self).to_string().into_bytes(), &key.0).to_line() + "\n";
        // What is signed must be read as what was meant.
        if Signed::parse(line.as_bytes())?.receipt != *self {
            return Err(Error::new(Kind::Internal, "a receipt was made that says something else"));
        }
        Ok(line)
    }
}

/// A receipt that was read. It does not contradict itself; whose it is was not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    envelope: Envelope,
    /// What it says.
    pub receipt: Receipt,
}

impl Signed {
    /// Reads a receipt, and checks everything but the signature.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is too long, not of its form, or does not hold.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(wrong(&format!("it has {} bytes; the limit is {MAX_BYTES}", bytes.len())));
        }
        let envelope = Envelope::parse(bytes).map_err(of_receipt)?;
        let receipt = form::from_json(&envelope.payload)?;
        receipt.check()?;
        Ok(Self { envelope, receipt })
    }

    /// The keys that it names, which anybody can have written there: for messages alone.
    pub fn named_keys(&self) -> impl Iterator<Item = &str> {
        self.envelope.signatures.iter().map(|(key, _)| key.as_str())
    }

    /// Whether a key has signed it.
    #[must_use]
    pub fn is_signed_by(&self, signer: &Signer) -> bool {
        signer.ed25519().is_some_and(|key| self.envelope.is_signed_by(&key))
    }
}

/// The error for a receipt that proves nothing.
fn wrong(why: &str) -> Error {
    Error::new(Kind::Verification, "the receipt does not hold").because(escape(why, WHY_CHARS))
}

/// The same for what attestations have in common with receipts.
fn of_receipt(error: Error) -> Error {
    let why = error.causes().next().map_or_else(|| error.to_string(), ToString::to_string);
    wrong(&why)
}
