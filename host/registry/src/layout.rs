//! OCI layouts: artifacts in a folder, as other programs copy them (OCI image
//! specification 1.1, "Image Layout").

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::read_small;

use crate::digest::Digest;
use crate::manifest::{Descriptor, Index, MANIFEST, MANIFEST_BYTES};
use crate::repository::{Document, Name, Repository};
use crate::signatures::is_list_tag;

/// The file that marks a layout, and its content.
const MARK: (&str, &str) = ("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
/// The file that lists the manifests.
const LIST: &str = "index.json";
/// The annotation with the tag of a manifest.
const TAG: &str = "org.opencontainers.image.ref.name";

/// The files of a layout.
pub trait Files {
    /// Reads a file of at most `limit_bytes` bytes by its path in the layout; `None`
    /// if there is none.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is longer; any I/O error.
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>>;

    /// Writes a file durably, in place of one that is there.
    ///
    /// # Errors
    /// Any I/O error.
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()>;

    /// Where the layout is, for messages.
    fn shown(&self) -> String;
}

/// The files of a folder.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let path = self.0.join(path);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            _ => read_small(&path, limit_bytes).map(Some),
        }
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.0.join(path);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(Error::at("create the folder", folder))?;
        let failed = || Error::at("write", &path);
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(Error::at("create a file in", folder))?;
        file.write_all(bytes).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        file.persist(&path).map_err(|error| Error::io("write", &path, error.error))?;
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(Error::at("sync the folder", folder))
    }

    fn shown(&self) -> String {
        self.0.shown().to_string()
    }
}

/// A layout.
#[derive(Debug)]
pub struct Layout<F> {
    files: F,
}

impl<F: Files> Layout<F> {
    /// A layout that is there.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none; any I/O error.
    pub fn open(files: F) -> Result<Self> {
        let layout = Self { files };
        if layout.files.read(MARK.0, MANIFEST_BYTES)?.is_none() || layout.list()?.is_none() {
            let what = format!("{} is not an OCI layout", layout.files.shown());
            return Err(Error::new(Kind::Usage, what).because(format!("it has no file {} or {LIST}", MARK.0)));
        }
        Ok(layout)
    }

    /// A layout that is there, or a new one.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn open_or_create(files: F) -> Result<Self> {
        let mut layout = Self { files };
        if layout.list()?.is_none() {
            layout.files.write(MARK.0, MARK.1.as_bytes())?;
            layout.files.write(LIST, &Index::new(Vec::new()).to_bytes())?;
        }
        Ok(layout)
    }

    /// The digest of the only manifest, if no tag says which is meant.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there are none or several.
    pub fn only(&self) -> Result<Digest> {
        let list = self.list()?.map(|list| list.manifests).unwrap_or_default();
        let is_plain = |listed: &&Descriptor| {
            let tag = listed.annotations.get(TAG);
            listed.media_type == MANIFEST
                && listed.artifact_type.is_none()
                && tag.is_none_or(|tag| !is_list_tag(tag))
        };
        let plain: Vec<_> = list.iter().filter(is_plain).collect();
        match plain[..] {
            [one] => Ok(one.digest.clone()),
            _ => {
                let tags: Vec<_> = plain.iter().filter_map(|listed| listed.annotations.get(TAG)).collect();
                let tags: Vec<_> = tags.iter().take(20).map(|tag| tag.shown().cut(100).to_string()).collect();
                let what =
                    format!("{} has {} plugins, and no tag says which", self.files.shown(), plain.len());
                let error = Error::new(Kind::Usage, what);
                Err(if tags.is_empty() { error } else { error.hint(format!("tags: {}", tags.join(", "))) })
            }
        }
    }

    fn list(&self) -> Result<Option<Index>> {
        let Some(bytes) = self.files.read(LIST, MANIFEST_BYTES)? else { return Ok(None) };
        Index::parse(&bytes)
            .map(Some)
            .map_err(|error| error.within(format!("cannot read {}", self.files.shown())))
    }

    fn path(digest: &Digest) -> String {
        format!("blobs/sha256/{}", digest.hex())
    }
}

impl<F: Files> Repository for Layout<F> {
    fn manifest(&mut self, name: Name<'_>) -> Result<Option<Vec<u8>>> {
        let digest = match name {
            Name::Digest(digest) => digest.clone(),
            Name::Tag(tag) => {
                let list = self.list()?.map(|list| list.manifests).unwrap_or_default();
                let tagged =
                    |listed: &Descriptor| listed.annotations.get(TAG).is_some_and(|found| found == tag);
                let Some(found) = list.into_iter().find(tagged) else { return Ok(None) };
                found.digest
            }
        };
        let Some(bytes) = self.files.read(&Self::path(&digest), MANIFEST_BYTES)? else { return Ok(None) };
        // Its name in the layout is its hash.
        match Digest::of(&bytes) == digest {
            true => Ok(Some(bytes)),
            false => Err(Error::new(Kind::Verification, format!("{} is damaged", self.files.shown()))
                .because(format!("the file of {digest} has another content"))),
        }
    }

    fn blob(&mut self, blob: &Descriptor) -> Result<Vec<u8>> {
        self.files.read(&Self::path(&blob.digest), blob.size)?.ok_or_else(|| {
            Error::new(Kind::Verification, format!("{} is not whole", self.files.shown()))
                .because(format!("{} is missing", blob.digest))
        })
    }

    fn referrers(&mut self, _: &Digest) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn tags(&mut self) -> Result<Vec<String>> {
        let list = self.list()?.map(|list| list.manifests).unwrap_or_default();
        let mut tags: Vec<_> =
            list.into_iter().filter_map(|mut listed| listed.annotations.remove(TAG)).collect();
        tags.retain(|tag| crate::reference::is_tag(tag));
        Ok(tags)
    }

    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let path = Self::path(digest);
        // One that is there may be damaged.
        match self.files.read(&path, bytes.len() as u64) {
            Ok(Some(there)) if there == bytes => Ok(()),
            _ => self.files.write(&path, bytes),
        }
    }

    fn put_manifest(&mut self, tag: Option<&str>, manifest: Document<'_>) -> Result<()> {
        let mut descriptor = Descriptor::of(manifest.media_type, manifest.bytes);
        self.put_blob(&descriptor.digest, manifest.bytes)?;
        let Some(tag) = tag else { return Ok(()) };
        let mut list = self.list()?.unwrap_or_else(|| Index::new(Vec::new()));
        list.manifests.retain(|listed| listed.annotations.get(TAG).is_none_or(|found| found != tag));
        descriptor.annotations.insert(TAG.to_owned(), tag.to_owned());
        list.manifests.push(descriptor);
        self.files.write(LIST, &list.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, WASM};

    fn document(bytes: &[u8]) -> Document<'_> {
        Document { media_type: MANIFEST, bytes }
    }

    #[test]
    fn a_layout_keeps_what_is_put_and_notices_damage() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = || Folder(scratch.path().join("layout"));
        assert_eq!(Layout::open(folder()).unwrap_err().kind(), Kind::Usage);
        let mut layout = Layout::open_or_create(folder()).unwrap();
        let manifest = Manifest::new(Descriptor::of("c", b"{}"), Descriptor::of(WASM, b"x")).to_bytes();
        layout.put_manifest(Some("1.0.0"), document(&manifest)).unwrap();
        let mut layout = Layout::open(folder()).unwrap();
        assert_eq!(layout.manifest(Name::Tag("1.0.0")).unwrap().unwrap(), manifest);
        assert_eq!(layout.only().unwrap(), Digest::of(&manifest));
        assert!(layout.manifest(Name::Tag("2.0.0")).unwrap().is_none());
        layout.put_manifest(Some("2.0.0"), document(&manifest)).unwrap();
        assert_eq!(layout.only().unwrap_err().kind(), Kind::Usage);
        assert_eq!(layout.tags().unwrap(), ["1.0.0", "2.0.0"]);
        let missing = Descriptor::of(WASM, b"x");
        assert_eq!(layout.blob(&missing).unwrap_err().kind(), Kind::Verification);
        let file = scratch.path().join("layout/blobs/sha256").join(Digest::of(&manifest).hex());
        fs::write(&file, "other").unwrap();
        assert_eq!(layout.manifest(Name::Tag("1.0.0")).unwrap_err().kind(), Kind::Verification);
        layout.put_manifest(Some("1.0.0"), document(&manifest)).unwrap();
        assert!(layout.manifest(Name::Tag("1.0.0")).unwrap().is_some());
    }
}
