//! What is known of a plugin when it is decided whether it may run.

use jiff::Timestamp;
use runner_store::digest::Digest;
use runner_trust::id::Id;
use runner_trust::signer::Signer;
use semver::Version;

/// Where a plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is a part of this program.
    Bundled,
    /// The user named its file.
    File,
    /// It was installed. What came over a network was pinned then, or signed by a key
    /// that was given or trusted.
    Installed,
}

/// A plugin.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the user named it.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Its identity, if it has one.
    pub id: Option<Id>,
    /// Its content.
    pub digest: Digest,
    /// Whose signatures over it were verified.
    pub signers: Vec<Signer>,
    /// What was verified of attestations for it.
    pub claims: Vec<Claim>,
    /// What the lock file says of it.
    pub lock: Lock,
}

/// What the lock file of a project says of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// It names it with this digest.
    Named,
    /// It does not, or there is none.
    Absent,
    /// It does not, but the plugin is only installed now: a lock file may name it later.
    Later,
    /// It names it, but other users may write to the file, so it pins nothing.
    Open,
}

/// The criterion of what `plugin vet` has tried without a failure. No approval can have
/// it, because of the colon.
pub const VETTED: &str = "runner:vetted";
/// The criterion of what was built again, with the same bytes.
pub const REBUILT: &str = "runner:rebuilt";

/// That a plugin was vetted, whoever says so. Its signature was verified, and it is for
/// the digest of the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who says so.
    pub key: Signer,
    /// What was found out, in words of the company, [`VETTED`] or [`REBUILT`].
    pub criteria: Vec<String>,
    /// With which version of this program; `None` if a person has said so.
    pub runner: Option<Version>,
    /// When.
    pub time: Timestamp,
}
