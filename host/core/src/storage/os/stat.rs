//! Converts the kernel's metadata to [`Stat`].

use rustix::fs::{Statx, StatxFlags, StatxTimestamp};

use crate::storage::{FileType, Identity, Stat};

pub(super) fn convert(found: &Statx) -> Stat {
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
        owner: found.stx_uid,
        links: u64::from(found.stx_nlink),
        allocated_bytes: found.stx_blocks.saturating_mul(512),
    }
}

fn file_type(mode: u32) -> FileType {
    use rustix::fs::FileType as Found;
    match Found::from_raw_mode(mode) {
        Found::RegularFile => FileType::Regular,
        Found::BlockDevice => FileType::Block,
        Found::Directory => FileType::Directory,
        Found::Fifo => FileType::Other("a FIFO"),
        Found::Socket => FileType::Other("a socket"),
        Found::CharacterDevice => FileType::Other("a character device"),
        Found::Symlink => FileType::Other("a symbolic link"),
        Found::Unknown => FileType::Other("not a regular file"),
    }
}

fn nanoseconds(time: &StatxTimestamp) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}
