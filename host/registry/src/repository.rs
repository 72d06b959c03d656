//! What a carrier of artifacts can do: a registry, a folder, or an archive.
//!
//! Nothing of what one gives is believed: who reads it hashes it.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::count;

use crate::digest::Digest;
use crate::manifest::Descriptor;

/// How a manifest is named.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    /// By a tag, which may mean something else tomorrow.
    Tag(&'a str),
    /// By its content.
    Digest(&'a Digest),
}

/// A manifest or an index that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its type.
    pub media_type: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A place with artifacts of one name.
pub trait Repository {
    /// The manifest with this name, of at most
    /// [`MANIFEST_BYTES`](crate::manifest::MANIFEST_BYTES); `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    fn manifest(&mut self, name: Name<'_>) -> Result<Option<Vec<u8>>>;

    /// A blob, of which no more bytes are read than its descriptor says, and one.
    ///
    /// # Errors
    /// If it cannot be read; if there is none.
    fn blob(&mut self, blob: &Descriptor) -> Result<Vec<u8>>;

    /// The index of the manifests with this subject; `None` if the carrier does
    /// not keep one by itself.
    ///
    /// # Errors
    /// If it cannot be read.
    fn referrers(&mut self, subject: &Digest) -> Result<Option<Vec<u8>>>;

    /// All tags.
    ///
    /// # Errors
    /// If they cannot be read.
    fn tags(&mut self) -> Result<Vec<String>>;

    /// Writes a blob, if it is not there.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<()>;

    /// Writes a manifest, with a tag or without one.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_manifest(&mut self, tag: Option<&str>, manifest: Document<'_>) -> Result<()>;
}

/// Reads a blob, which must be what its descriptor says.
///
/// # Errors
/// [`Kind::Verification`] if it is not; any failure of the carrier.
pub(crate) fn checked_blob(repository: &mut dyn Repository, blob: &Descriptor) -> Result<Vec<u8>> {
    let bytes = repository.blob(blob)?;
    if bytes.len() as u64 != blob.size {
        let what = format!("the blob {} has another size than its manifest says", blob.digest);
        let (found, said) = (count(bytes.len() as u64, "byte"), count(blob.size, "byte"));
        return Err(
            Error::new(Kind::Verification, what).because(format!("{said} are said, and {found} came"))
        );
    }
    let digest = Digest::of(&bytes);
    if digest == blob.digest { Ok(bytes) } else { Err(other_content("blob", &blob.digest, &digest)) }
}

/// The error for content that is not what its digest says.
pub(crate) fn other_content(what: &str, wanted: &Digest, found: &Digest) -> Error {
    Error::new(Kind::Verification, format!("the {what} is not the one that is named"))
        .because(format!("its digest is {found}, and {wanted} is named"))
        .hint("it was damaged or swapped: do not use it, and tell those who run the registry")
}
