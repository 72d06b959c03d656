//! [`Storage`] on the operating system.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{
    Advice, AtFlags, CWD, Mode, RenameFlags, SeekFrom, Statx, StatxFlags, StatxTimestamp, fadvise, fchmod,
    renameat_with, seek, statvfs, statx,
};
use rustix::io::{Errno, ReadWriteFlags, pwritev2};

use super::{
    Access, FileType, Identity, PATIENCE, Resized, Stat, Storage, attributes, cachestat, lease, share, shared,
};

/// An open file.
pub type OsFile = File;

/// The real filesystem.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsStorage;

impl Storage for OsStorage {
    type File = OsFile;

    fn open(&self, path: &Path, access: Access) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Write);
        // O_NONBLOCK keeps a FIFO from blocking the open; regular files and
        // block devices ignore it.
        let direct = if access == Access::Direct { libc::O_DIRECT } else { 0 };
        options.custom_flags(direct | libc::O_NONBLOCK).open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
    }

    fn read_at(&self, file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(buffer, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    fn set_len(&self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn set_len_if(&self, file: &File, expected: u64, bytes: u64) -> io::Result<Resized> {
        let resized = lease::alone(file, PATIENCE, || {
            let size = self.stat(file)?.identity.size;
            if size != expected {
                return Ok(Resized::Not(size));
            }
            file.set_len(bytes)?;
            Ok(Resized::Done)
        })?;
        Ok(resized.unwrap_or(Resized::InUse))
    }

    fn in_use(&self, file: &File, patience: Duration) -> io::Result<bool> {
        Ok(lease::alone(file, patience, || Ok(()))?.is_none())
    }

    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        // The offset is not looked at.
        Ok(pwritev2(file, &[IoSlice::new(bytes)], 0, ReadWriteFlags::APPEND)?)
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        Ok(fchmod(file, Mode::from_raw_mode(mode))?)
    }

    fn direct(&self, file: &File) -> io::Result<File> {
        // By its descriptor, as the path may lead elsewhere by now.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)
    }

    fn data_at(&self, file: &File, at: u64) -> io::Result<Option<Range<u64>>> {
        let data = match seek(file, SeekFrom::Data(at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(None),
            Err(_) => return Ok(Some(at..u64::MAX)),
        };
        let hole = seek(file, SeekFrom::Hole(data)).unwrap_or(u64::MAX);
        Ok(Some(data..if hole > data { hole } else { u64::MAX }))
    }

    fn share_range(&self, from: &File, range: Range<u64>, to: &File, to_at: u64) -> io::Result<bool> {
        share::range(from, range, to, to_at)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_parent(&self, path: &Path) -> io::Result<()> {
        File::open(parent(path))?.sync_all()
    }

    fn evict(&self, file: &File) -> io::Result<bool> {
        fadvise(file, 0, None, Advice::DontNeed)?;
        Ok(cachestat::cached_pages(file.as_fd()) == Some(0))
    }

    fn stat(&self, file: &File) -> io::Result<Stat> {
        let found = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?;
        let mut stat = convert(&found);
        if stat.file_type == FileType::Block {
            // The inode of a device has no size of its own.
            stat.identity.size = seek(file, SeekFrom::End(0))?;
        }
        Ok(stat)
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        Ok(convert(&statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS | StatxFlags::BTIME)?))
    }

    fn copy_attributes(&self, from: &File, to: &File) -> io::Result<()> {
        attributes::copy(from, to)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = statvfs(parent(path))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn overwrite_allocates(&self, file: &File) -> io::Result<bool> {
        let stat = self.stat(file)?;
        let holes = stat.allocated_bytes < stat.identity.size;
        Ok(stat.file_type == FileType::Regular && (holes || shared::copies_on_write(file)?))
    }

    fn exchange(&self, a: &Path, b: &Path) -> io::Result<bool> {
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// The directory that holds `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn convert(found: &Statx) -> Stat {
    let born = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
    Stat {
        identity: Identity {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            born_ns: born.then(|| nanoseconds(&found.stx_btime)),
            changed_ns: nanoseconds(&found.stx_ctime),
            modified_ns: nanoseconds(&found.stx_mtime),
            size: found.stx_size,
        },
        file_type: file_type(u32::from(found.stx_mode)),
        mode: u32::from(found.stx_mode) & 0o7777,
        links: u64::from(found.stx_nlink),
        allocated_bytes: found.stx_blocks.saturating_mul(512),
    }
}

fn file_type(mode: u32) -> FileType {
    match mode & libc::S_IFMT {
        libc::S_IFREG => FileType::Regular,
        libc::S_IFBLK => FileType::Block,
        libc::S_IFDIR => FileType::Directory,
        libc::S_IFIFO => FileType::Other("a FIFO"),
        libc::S_IFSOCK => FileType::Other("a socket"),
        libc::S_IFCHR => FileType::Other("a character device"),
        _ => FileType::Other("not a regular file"),
    }
}

fn nanoseconds(time: &StatxTimestamp) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}
