//! Native code in a file in memory, which nobody can change once it is sealed.
//!
//! The file exists before its content: a process can inherit it while it is
//! empty, and map it when it is filled and sealed. So this process can hand
//! code to another one without ever mapping it executable.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Result};
use runner_pipeline::storage::mmap::Mapping;
use rustix::fs::{MemfdFlags, SealFlags};

use crate::facts::Facts;

/// The name of the file in errors.
const NAME: &str = "a file in memory";

/// An empty file in memory for native code.
#[derive(Debug)]
pub(crate) struct CodeFile(File);

impl CodeFile {
    /// Creates a file that is closed when a program is executed.
    ///
    /// # Errors
    /// If the process can have no more descriptors or memory.
    pub(crate) fn new() -> Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("runner-code", flags);
        file.map(|file| Self(file.into())).map_err(|e| Error::io("create", Path::new(NAME), e.into()))
    }

    /// The file, which is positioned at its start while it is empty.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }

    /// Appends to the file.
    ///
    /// # Errors
    /// If there is no memory, or if files may not be that large.
    pub(crate) fn write(&self, code: &[u8]) -> Result<()> {
        self.file().write_all(code).map_err(Error::at("write", Path::new(NAME)))
    }

    /// Appends the first bytes of another file.
    ///
    /// # Errors
    /// As for [`CodeFile::write`]; also if the other file is shorter.
    pub(crate) fn copy(&self, from: &File, bytes: u64) -> io::Result<()> {
        let mut at = 0;
        while at < bytes {
            let left = usize::try_from(bytes - at).unwrap_or(usize::MAX);
            if rustix::fs::sendfile(&self.0, from, Some(&mut at), left)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Cuts the file after its first `bytes` bytes, and seals it.
    ///
    /// # Errors
    /// If the file is shorter, or if another process can still change it.
    pub(crate) fn seal(self, bytes: u64, facts: Facts) -> Result<Code> {
        let failed = |why| Error::io("seal", Path::new(NAME), why);
        let file = self.0;
        let size = || file.metadata().map(|metadata| metadata.len());
        // `set_len` would fill a shorter file with zeros.
        if size().map_err(failed)? < bytes {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        file.set_len(bytes).map_err(failed)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals).map_err(|e| failed(e.into()))?;
        // Until here, whoever had the file could change its size.
        if size().map_err(failed)? != bytes {
            return Err(failed(io::ErrorKind::InvalidData.into()));
        }
        Ok(Code { file, bytes, facts })
    }
}

impl AsFd for CodeFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Native code that nobody can change, not even this process, and the facts
/// about its plugin.
///
/// Because it is a file, it can be mapped where it is needed instead of being
/// copied there.
#[derive(Debug)]
pub(crate) struct Code {
    file: File,
    bytes: u64,
    facts: Facts,
}

impl Code {
    pub(crate) fn facts(&self) -> Facts {
        self.facts
    }

    /// Calls `read` with the bytes, which are mapped read-only.
    ///
    /// # Errors
    /// If they cannot be mapped.
    pub(crate) fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let mapping = Mapping::new(&self.file, self.bytes, &self.path())?;
        let result = read(mapping.bytes());
        mapping.check()?;
        Ok(result)
    }

    /// A path that opens the file while this value exists.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
    }
}

impl AsFd for Code {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
