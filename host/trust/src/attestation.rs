//! Attestations: what a key says of a plugin beyond "this is it".
//!
//! They stand in a file beside the plugin, `NAME.wasm.intoto.jsonl`, one on each
//! line. Each is a statement of in-toto
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>) in an
//! envelope that is signed with the key of a plugin's signatures, if that is an
//! Ed25519 key.
//!
//! Nothing in such a file counts until [`Attestation::claim`] has checked it against
//! a key and a plugin that the caller knows. An attestation says something good, or
//! it is ignored: whoever can delete one must not be able to hide something bad.

mod build;
mod claim;
pub(crate) mod envelope;
pub(crate) mod json;
mod predicate;
mod subject;

use runner_pipeline::error::{Error, Kind, Result};
use serde_json::json as object;

pub use self::build::Build;
pub use self::claim::{Approval, Claim, MAX_CRITERIA, Statement, Vetting, check_criteria};
use self::envelope::Envelope;
pub use self::envelope::PAYLOAD_TYPE;
use self::json::{read, wrong};
pub use self::subject::Subject;
use crate::secret::SecretKey;
use crate::signer::Signer;

/// The name of the file with the attestations is that of the plugin's file, and this.
pub const SUFFIX: &str = ".intoto.jsonl";
/// The greatest size of such a file, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// The greatest number of attestations in it.
pub const MAX_ATTESTATIONS: usize = 64;
/// The greatest size of one, in bytes.
pub const MAX_LINE_BYTES: usize = 64 << 10;
/// The type of a statement.
pub(crate) const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// A signed statement. Nothing of it was checked but its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The line as it was read, so that what is stored or sent on has the same bytes.
    line: String,
    envelope: Envelope,
}

impl Attestation {
    /// Signs a statement about a plugin.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the password is missing or wrong, the key is no Ed25519
    /// key, or the statement is too long.
    pub fn sign(
        statement: &Statement,
        subject: &Subject,
        key: &SecretKey,
        password: Option<&str>,
    ) -> Result<Self> {
        let key = key.open(password)?;
        let (kind, predicate) = predicate::to_json(statement, &key.public());
        let payload = object!({
            "_type": STATEMENT, "subject": subject.to_json(), "predicateType": kind, "predicate": predicate,
        });
        let line = Envelope::sign(payload.to_string().into_bytes(), &key).to_line();
        let made = Self::parse(line.as_bytes())
            .map_err(|error| Error::new(Kind::Usage, "the attestation would be too long").because(error))?;
        // What is signed here must be read as what was meant, or not be signed.
        let signer: Signer = key.line.parse()?;
        if made.claim(&signer, subject)?.statement != *statement {
            return Err(Error::new(Kind::Internal, "an attestation was made that says something else"));
        }
        Ok(made)
    }

    /// Reads one attestation.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is too long or not of its form.
    pub fn parse(line: &[u8]) -> Result<Self> {
        if line.len() > MAX_LINE_BYTES {
            return Err(wrong(&format!("it has {} bytes; the limit is {MAX_LINE_BYTES}", line.len())));
        }
        let text = str::from_utf8(line).map_err(|_| wrong("it is not UTF-8"))?;
        Ok(Self { line: text.trim().to_owned(), envelope: Envelope::parse(line)? })
    }

    /// The attestation on one line, without a line end.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The keys that it names, which anybody can have written there: for messages
    /// alone.
    pub fn named_keys(&self) -> impl Iterator<Item = &str> {
        self.envelope.signatures.iter().map(|(key, _)| key.as_str())
    }

    /// Whether a key has signed it, whatever it says.
    #[must_use]
    pub fn is_signed_by(&self, signer: &Signer) -> bool {
        signer.ed25519().is_some_and(|key| self.envelope.is_signed_by(&key))
    }

    /// What a key says in it of a plugin.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the key has not signed it, it is about another plugin, or
    /// it is not of its form.
    pub fn claim(&self, signer: &Signer, subject: &Subject) -> Result<Claim> {
        let unsigned = || Error::new(Kind::Refused, "this key has not signed the attestation");
        let key = signer.ed25519().ok_or_else(|| unsigned().because("it is not an Ed25519 key"))?;
        if !self.envelope.is_signed_by(&key) {
            return Err(unsigned());
        }
        let statement = read(&self.envelope.payload)?;
        if statement["_type"] != STATEMENT {
            return Err(wrong(&format!("its `_type` is not {STATEMENT}")));
        }
        subject.check(&statement["subject"])?;
        let statement = predicate::from_json(&statement)?;
        Ok(Claim { statement, signer: signer.clone(), key, subject: subject.clone() })
    }
}

/// Reads the file with the attestations of a plugin. Empty lines are left out.
///
/// # Errors
/// [`Kind::Refused`] if the file is too long, or has too many attestations or one that
/// is not of its form. The message names its line.
pub fn parse_file(bytes: &[u8]) -> Result<Vec<Attestation>> {
    let refused = |what: String| {
        Error::new(Kind::Refused, what).hint("it is not a file that `runner plugin attest` has written")
    };
    if bytes.len() > MAX_FILE_BYTES {
        return Err(refused(format!(
            "the attestations have {} bytes; the limit is {MAX_FILE_BYTES}",
            bytes.len()
        )));
    }
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let mut found: Vec<Attestation> = Vec::new();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    for (count, (number, line)) in lines.enumerate() {
        // Also of one that is there many times, each must be read.
        if count >= MAX_ATTESTATIONS {
            return Err(refused(format!("the file has more than {MAX_ATTESTATIONS} attestations")));
        }
        let one = Attestation::parse(line).map_err(|error| error.within(format!("line {}", number + 1)))?;
        add(&mut found, one)?;
    }
    Ok(found)
}

/// Adds an attestation to others, unless the same statement with the same signatures is
/// there, by whatever name of a key.
///
/// # Errors
/// [`Kind::Refused`] if there are too many.
pub fn add(attestations: &mut Vec<Attestation>, one: Attestation) -> Result<()> {
    if attestations.iter().any(|other| other.envelope.is_same(&one.envelope)) {
        return Ok(());
    }
    let bytes: usize = attestations.iter().chain([&one]).map(|one| one.line.len() + 1).sum();
    if attestations.len() >= MAX_ATTESTATIONS || bytes > MAX_FILE_BYTES {
        let what =
            format!("a plugin can have {MAX_ATTESTATIONS} attestations and {MAX_FILE_BYTES} bytes of them");
        return Err(Error::new(Kind::Refused, what).hint("remove lines of the file that are not needed"));
    }
    attestations.push(one);
    Ok(())
}

/// The content of a file with these attestations.
#[must_use]
pub fn file_text(attestations: &[Attestation]) -> String {
    attestations.iter().map(|one| format!("{}\n", one.line)).collect()
}

/// What keys say of a plugin: each attestation with each key that has signed it. What
/// is about another plugin, or not of its form, is left out.
#[must_use]
pub fn claims(attestations: &[Attestation], keys: &[Signer], subject: &Subject) -> Vec<Claim> {
    let of_key = |one| move |key| Attestation::claim(one, key, subject).ok();
    attestations.iter().flat_map(|one| keys.iter().filter_map(of_key(one))).collect()
}

#[cfg(test)]
mod tests;
