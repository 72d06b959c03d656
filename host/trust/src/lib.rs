//! What can be known of a plugin without running it.
//!
//! - [`id`]: its identity, a name with a namespace and a version.
//! - [`package`]: the section in which a plugin describes itself; [`sections`]: where in
//!   a module a byte is.
//! - [`statement`]: what a signature says: which identity these bytes have.
//! - [`minisign`], [`sshsig`]: signatures in the formats of two programs.
//! - [`secret`], [`signer`]: keys of either format, which sign and check plugins.
//! - [`attestation`]: signed statements about a plugin: a vetting, an approval, a
//!   build.
//! - [`receipt`]: a signed statement about a change of a file.
//!
//! Nothing here reads or writes files, and nothing runs a plugin's code.

pub mod attestation;
mod ed25519;
pub mod format;
pub mod id;
pub mod minisign;
pub mod package;
pub mod receipt;
pub mod secret;
pub mod sections;
pub mod signer;
pub mod sshsig;
pub mod statement;
