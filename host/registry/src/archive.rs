//! OCI layouts in tar files. One is read where it is, file by file, and never
//! unpacked: the names in it lead nowhere. One is written as a whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::open_small;

use crate::layout::Files;

/// The greatest size of an archive, in bytes.
const ARCHIVE_BYTES: u64 = 4 << 30;
/// The most files in an archive.
const MAX_FILES: usize = 10_000;
/// The mode of the files in an archive, and of the archive less what the user's mask
/// takes away.
const FILE_MODE: u32 = 0o644;
const MODE: u32 = 0o666;

/// The files of an archive that is there.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    file: File,
    /// The offset and the size of each file, in bytes.
    entries: BTreeMap<Vec<u8>, (u64, u64)>,
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is none; any I/O error.
    pub fn open(path: &Path) -> Result<Self> {
        let file = open_small(path, ARCHIVE_BYTES)?;
        let wrong = |why: String| {
            Error::new(Kind::Verification, format!("{} is not an archive", path.shown())).because(why)
        };
        let mut entries = BTreeMap::new();
        let mut archive = tar::Archive::new(&file);
        for entry in archive.entries_with_seek().map_err(|error| wrong(error.to_string()))? {
            let entry =
                entry.map_err(|error| wrong(runner_pipeline::escape::escape(&error.to_string(), 200)))?;
            if entries.len() >= MAX_FILES {
                return Err(wrong(format!("it has more than {MAX_FILES} files")));
            }
            if entry.header().entry_type().is_file() {
                let name = entry.path_bytes();
                let name = name.strip_prefix(b"./").unwrap_or(&name).to_vec();
                entries.insert(name, (entry.raw_file_position(), entry.size()));
            }
        }
        Ok(Self { path: path.to_owned(), file, entries })
    }
}

impl Files for Archive {
    fn read(&self, path: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let Some((offset, size)) = self.entries.get(path.as_bytes()).copied() else { return Ok(None) };
        if size > limit_bytes {
            let what =
                format!("{path} in {} has {size} bytes; the limit is {limit_bytes}", self.path.shown());
            return Err(Error::new(Kind::Usage, what));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, offset).map_err(Error::at("read", &self.path))?;
        Ok(Some(bytes))
    }

    fn write(&mut self, _: &str, _: &[u8]) -> Result<()> {
        Err(Error::new(Kind::Usage, format!("{} exists", self.path.shown()))
            .hint("an archive is written as a whole: name a new file"))
    }

    fn shown(&self) -> String {
        self.path.shown().to_string()
    }
}

/// The files of an archive that is to be written, in memory.
#[derive(Debug, Default)]
pub struct NewArchive {
    files: BTreeMap<String, Vec<u8>>,
}

impl Files for &mut NewArchive {
    fn read(&self, path: &str, _: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.files.get(path).cloned())
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn shown(&self) -> String {
        "the new archive".to_owned()
    }
}

impl NewArchive {
    /// Writes the archive durably into a new file. The same files give the same
    /// bytes.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the file exists; any I/O error.
    pub fn write_to(&self, path: &Path) -> Result<()> {
        let failed = || Error::at("write", path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(MODE))
            .tempfile_in(folder)
            .map_err(Error::at("create a file in", folder))?;
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(FILE_MODE);
            header.set_mtime(0);
            builder.append_data(&mut header, name, &bytes[..]).map_err(failed())?;
        }
        let bytes = builder.into_inner().map_err(failed())?;
        file.write_all(&bytes).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Error::new(Kind::Refused, format!("{} exists", path.shown()))
                    .hint("an archive is written as a whole: name a new file")
            }
            _ => Error::io("write", path, error.error),
        })?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::at("sync the folder", folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_is_unpacked() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a.tar");
        let mut new = NewArchive::default();
        (&mut new).write("blobs/x", b"content").unwrap();
        new.write_to(&path).unwrap();
        assert_eq!(new.write_to(&path).unwrap_err().kind(), Kind::Refused);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.read("blobs/x", 7).unwrap().unwrap(), b"content");
        assert_eq!(archive.read("blobs/x", 6).unwrap_err().kind(), Kind::Usage);
        assert!(archive.read("../x", 7).unwrap().is_none());
        for bytes in [&b"x"[..], &[0xff; 1024]] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Archive::open(&path).unwrap_err().kind(), Kind::Verification);
        }
        std::fs::write(&path, [0; 1024]).unwrap();
        assert!(Archive::open(&path).unwrap().read("index.json", 9).unwrap().is_none());
    }
}
