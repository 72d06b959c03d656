//! [`Storage`] on the operating system.

mod open;
mod stat;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{
    Advice, AtFlags, Dir, Mode, OFlags, RenameFlags, SeekFrom, StatxFlags, fadvise, fchmod, fstatvfs, linkat,
    renameat, renameat_with, seek, statx, unlinkat,
};
use rustix::io::{Errno, ReadWriteFlags, pwritev2};

use rustix::pipe::{SpliceFlags, splice};

use self::open::open;
use self::stat::convert;
use super::lock::{Lock, lock};
use super::mmap::Mapping;
use super::{
    Access, Entry, FileType, PATIENCE, Resized, Stat, Storage, attributes, cachestat, extents, holders,
    lease, mark, mount, reflink,
};
use crate::error::Result;

/// An open file.
pub type OsFile = File;

/// The real filesystem.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsStorage;

impl Storage for OsStorage {
    type File = OsFile;

    fn open(&self, entry: &Entry, access: Access) -> io::Result<File> {
        // O_NONBLOCK keeps a FIFO from blocking the open; regular files and
        // block devices ignore it.
        let flags = OFlags::NONBLOCK
            | match access {
                Access::Read => OFlags::RDONLY,
                Access::Write => OFlags::RDWR,
                Access::Direct => OFlags::RDONLY | OFlags::DIRECT,
            };
        open(entry, flags, Mode::empty())
    }

    fn create(&self, entry: &Entry) -> io::Result<File> {
        let file = open(entry, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)?;
        attributes::remove_inherited(&file)?;
        // The lock shows other processes that a run is using the file; without
        // it, nothing breaks.
        let _ = lock(&file, Lock::Exclusive);
        Ok(file)
    }

    fn is_locked(&self, file: &File) -> bool {
        lock(file, Lock::Exclusive).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
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

    fn others_may_write(&self, file: &File) -> io::Result<bool> {
        holders::may_write(file)
    }

    fn mark(&self, file: &File, journal: &Path) -> io::Result<()> {
        mark::set(file, journal)
    }

    fn unmark(&self, file: &File) -> io::Result<()> {
        mark::remove(file)
    }

    fn marked_journal(&self, file: &File) -> Option<PathBuf> {
        mark::journal_of(file)
    }

    fn map(&self, file: &File, bytes: u64, path: &Path) -> Result<Mapping> {
        Mapping::new(file, bytes, path)
    }

    fn is_mount_point(&self, file: &File, entry: &Entry) -> io::Result<bool> {
        mount::is_mount_point(file, entry)
    }

    fn has_capabilities(&self, file: &File) -> io::Result<bool> {
        attributes::has_capabilities(file)
    }

    fn is_trusted(&self, entry: &Entry, owner: u32) -> io::Result<bool> {
        entry.is_trusted(owner)
    }

    fn splice(&self, file: &File, range: Range<u64>, pipe: &File) -> io::Result<u64> {
        let mut at = range.start;
        while at < range.end {
            let want = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let mut offset = at;
            match splice(file, Some(&mut offset), pipe, None, want, SpliceFlags::MOVE) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => at += count as u64,
                Err(Errno::INTR) => {}
                // This filesystem does not support it: the caller copies.
                Err(Errno::INVAL) => break,
                Err(e) => return Err(e.into()),
            }
        }
        Ok(at)
    }

    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        // The offset is ignored.
        Ok(pwritev2(file, &[IoSlice::new(bytes)], 0, ReadWriteFlags::APPEND)?)
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        Ok(fchmod(file, Mode::from_raw_mode(mode))?)
    }

    fn direct(&self, file: &File) -> io::Result<File> {
        // Opened by its descriptor, because the path may lead elsewhere by now.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = OFlags::WRONLY | OFlags::DIRECT | OFlags::CLOEXEC;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
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
        reflink::range(from, range, to, to_at)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_parent(&self, entry: &Entry) -> io::Result<()> {
        File::from(entry.directory_fd()?).sync_all()
    }

    fn evict(&self, file: &File) -> io::Result<bool> {
        fadvise(file, 0, None, Advice::DontNeed)?;
        Ok(cachestat::cached_pages(file.as_fd()) == Some(0))
    }

    fn stat(&self, file: &File) -> io::Result<Stat> {
        let found = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?;
        let mut stat = convert(&found);
        if stat.file_type == FileType::Block {
            // The inode of a device has no size.
            stat.identity.size = seek(file, SeekFrom::End(0))?;
        }
        Ok(stat)
    }

    fn stat_entry(&self, entry: &Entry) -> io::Result<Stat> {
        let (directory, name) = entry.at();
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        Ok(convert(&statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, wanted)?))
    }

    fn find_beside(&self, entry: &Entry, is: &dyn Fn(&Stat) -> bool) -> io::Result<Option<Entry>> {
        for found in Dir::new(entry.directory_fd()?)? {
            let found = found?;
            let name = OsStr::from_bytes(found.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let sibling = entry.sibling(name);
            match self.stat_entry(&sibling) {
                Ok(stat) if is(&stat) => return Ok(Some(sibling)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(None)
    }

    fn copy_attributes(&self, from: &File, to: &File) -> io::Result<()> {
        attributes::copy(from, to)
    }

    fn free_bytes(&self, entry: &Entry) -> io::Result<u64> {
        let stat = fstatvfs(entry.directory_fd()?)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn overwrite_allocates(&self, file: &File) -> io::Result<bool> {
        let stat = self.stat(file)?;
        let holes = stat.allocated_bytes < stat.identity.size;
        Ok(stat.file_type == FileType::Regular && (holes || extents::copies_on_write(file)?))
    }

    fn exchange(&self, a: &Entry, b: &Entry) -> io::Result<bool> {
        match rename_with(a, b, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    fn rename(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        let ((from_directory, from), (to_directory, to)) = (from.at(), to.at());
        Ok(renameat(from_directory, from, to_directory, to)?)
    }

    fn rename_new(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        match rename_with(from, to, RenameFlags::NOREPLACE) {
            // Both names exist for a moment, which does no harm.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                self.link(from, to)?;
                self.remove(from)
            }
            done => Ok(done?),
        }
    }

    fn link(&self, from: &Entry, to: &Entry) -> io::Result<()> {
        let ((from_directory, from), (to_directory, to)) = (from.at(), to.at());
        Ok(linkat(from_directory, from, to_directory, to, AtFlags::empty())?)
    }

    fn remove(&self, entry: &Entry) -> io::Result<()> {
        let (directory, name) = entry.at();
        Ok(unlinkat(directory, name, AtFlags::empty())?)
    }
}

fn rename_with(from: &Entry, to: &Entry, flags: RenameFlags) -> rustix::io::Result<()> {
    let ((from_directory, from), (to_directory, to)) = (from.at(), to.at());
    renameat_with(from_directory, from, to_directory, to, flags)
}
