//! Small files that are read whole: descriptions, parameters, test cases.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::{Error, Kind, Result};
use crate::escape::{Raw as _, count};

/// Opens a regular file of at most `limit_bytes` bytes. Whatever else has the
/// name is refused at once: a FIFO without a writer does not block.
///
/// # Errors
/// [`Kind::Usage`] for anything but a regular file, and for a longer one; any I/O
/// error.
pub fn open_small(path: &Path, limit_bytes: u64) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path).map_err(Error::at("open", path))?;
    let metadata = file.metadata().map_err(Error::at("read the metadata of", path))?;
    if !metadata.is_file() {
        return Err(Error::new(Kind::Usage, format!("{} is not a regular file", path.shown())));
    }
    if metadata.len() > limit_bytes {
        return Err(too_long(path, metadata.len(), limit_bytes));
    }
    Ok(file)
}

/// Reads a regular file of at most `limit_bytes` bytes.
///
/// # Errors
/// As for [`open_small`].
pub fn read_small(path: &Path, limit_bytes: u64) -> Result<Vec<u8>> {
    let file = open_small(path, limit_bytes)?;
    let mut bytes = Vec::new();
    // The file may grow, or its size may be unknown.
    file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::at("read", path))?;
    if bytes.len() as u64 > limit_bytes {
        return Err(too_long(path, bytes.len() as u64, limit_bytes));
    }
    Ok(bytes)
}

fn too_long(path: &Path, bytes: u64, limit_bytes: u64) -> Error {
    let (bytes, limit) = (count(bytes, "byte"), count(limit_bytes, "byte"));
    Error::new(Kind::Usage, format!("{} has {bytes}; the limit is {limit}", path.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(read_small(&path, 3).unwrap(), b"abc");
        assert!(read_small(&path, 2).unwrap_err().to_string().contains("the limit is 2 bytes"));
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in [fifo.as_path(), folder.path(), Path::new("/dev/zero")] {
            let error = read_small(path, 3).unwrap_err();
            assert!(error.to_string().ends_with("is not a regular file"), "{error}");
        }
    }
}
