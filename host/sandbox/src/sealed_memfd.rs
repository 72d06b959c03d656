//! A copy of a file in memory that can never be changed again.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Result};
use runner_pipeline::storage::mmap::Mapping;
use rustix::fs::{MemfdFlags, SealFlags};

/// A file in memory that nobody can change, not even this process.
///
/// Because it is a file, it can be mapped where it is needed instead of being
/// copied there.
pub(crate) struct Sealed {
    file: File,
    bytes: u64,
}

impl Sealed {
    /// Copies the first bytes of a file.
    pub(crate) fn copy(from: &File, bytes: u64) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(rustix::fs::memfd_create("runner-code", flags)?);
        let mut at = 0;
        while at < bytes {
            let left = usize::try_from(bytes - at).unwrap_or(usize::MAX);
            if rustix::fs::sendfile(&file, from, Some(&mut at), left)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        Ok(Self { file, bytes })
    }

    /// Calls `read` with the bytes.
    pub(crate) fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let path = self.path();
        let size = self.file.metadata().map_err(Error::at("read the metadata of", &path))?.len();
        if size != self.bytes {
            return Err(Error::io("read", &path, io::ErrorKind::InvalidData.into()));
        }
        let mapping = Mapping::new(&self.file, size, &path)?;
        let result = read(mapping.bytes());
        mapping.check()?;
        Ok(result)
    }

    /// A path that opens the file while this value exists.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
    }
}
