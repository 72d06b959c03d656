//! Reading a plugin. Limits come before reading, and hashes after it.

use runner_pipeline::error::{Error, Kind, Result};

use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::repository::{Name, Repository, checked_blob, other_content};
use crate::signatures::{self, Found};

/// A plugin that was read, as its carrier gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest of the plugin itself.
    pub sha256: Digest,
    /// The plugin.
    pub bytes: Vec<u8>,
    /// The signatures beside it, none of which was checked.
    pub found: Found,
}

/// Reads a plugin of at most `limit_bytes` bytes.
///
/// # Errors
/// [`Kind::Usage`] if there is none; [`Kind::Verification`] if it is not one plugin,
/// or not what its digests say; any failure of the carrier.
pub fn pull(repository: &mut dyn Repository, name: Name<'_>, limit_bytes: u64) -> Result<Pulled> {
    let bytes = repository.manifest(name)?.ok_or_else(|| missing(name))?;
    let digest = Digest::of(&bytes);
    if let Name::Digest(wanted) = name
        && digest != *wanted
    {
        return Err(other_content("manifest", wanted, &digest));
    }
    let manifest = Manifest::parse(&bytes)?;
    let layer = manifest.plugin(limit_bytes)?;
    let bytes = checked_blob(repository, layer)?;
    let found = signatures::find(repository, &digest, &manifest)?;
    Ok(Pulled { manifest: digest, sha256: layer.digest.clone(), bytes, found })
}

fn missing(name: Name<'_>) -> Error {
    let what = match name {
        Name::Tag(tag) => format!("there is nothing with the tag {tag}"),
        Name::Digest(digest) => format!("there is nothing with the digest {digest}"),
    };
    Error::new(Kind::Usage, what).hint("is the reference right?")
}
