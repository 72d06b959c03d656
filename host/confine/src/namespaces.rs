//! Namespaces of a process's own: what is not in them cannot be named.

use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{getegid, geteuid};

/// Puts the process into namespaces of its own. There is no network, not even a
/// loopback; shared memory and queues of System V are empty; everything that is mounted
/// is read-only, but the folder `kept`, which is absolute and without links; and the
/// *children* of the process see only each other. The first child is the one whose end
/// ends all others, so start exactly one. User and group stay as they are.
///
/// Relative paths lead to the old, read-only mount afterwards: change to a folder by
/// its absolute path.
///
/// Call it before the first thread, in a process that is dumpable: the kernel demands
/// the former, and the latter to write the map of users.
///
/// # Errors
/// If the system allows none of that, as many containers do not. The process may be in
/// some of the namespaces then.
pub fn enter_namespaces(kept: &Path) -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let new = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC;
    unshare(new)?;
    // Without privileges, groups can be mapped only where they cannot be given up.
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    all_read_only_but(kept)
}

/// Landlock does not look at changes of modes, owners, times and attributes; a mount
/// that is read-only refuses them.
fn all_read_only_but(kept: &Path) -> io::Result<()> {
    change("/".as_ref(), None, MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    change(kept, Some(kept), MsFlags::MS_BIND)?;
    let table = std::fs::read("/proc/self/mountinfo")?;
    for place in table.split(|byte| *byte == b'\n').filter_map(mount_point) {
        if place == kept {
            continue;
        }
        match read_only(&place) {
            // It is under another mount, or this user cannot reach it: then it cannot
            // be named.
            Ok(()) | Err(Errno::EINVAL | Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The root and the place of the folder are what matters most.
    match statvfs("/")?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        true if !statvfs(kept)?.f_flag.contains(StatVfsMountFlags::RDONLY) => Ok(()),
        _ => Err(io::Error::other("the mounts could not be made read-only")),
    }
}

fn read_only(place: &Path) -> Result<(), Errno> {
    let found = statvfs(place).map_err(|error| Errno::from_raw(error.raw_os_error()))?.f_flag;
    // What the mount has is locked: without it, the kernel would refuse.
    let pairs = [
        (StatVfsMountFlags::NOSUID, MsFlags::MS_NOSUID),
        (StatVfsMountFlags::NODEV, MsFlags::MS_NODEV),
        (StatVfsMountFlags::NOEXEC, MsFlags::MS_NOEXEC),
        (StatVfsMountFlags::NOATIME, MsFlags::MS_NOATIME),
        (StatVfsMountFlags::NODIRATIME, MsFlags::MS_NODIRATIME),
        (StatVfsMountFlags::RELATIME, MsFlags::MS_RELATIME),
    ];
    let kept = pairs.into_iter().filter(|(flag, _)| found.contains(*flag)).map(|(_, flag)| flag);
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    change(place, None, kept.fold(flags, |all, flag| all | flag))
}

/// Changes a mount.
fn change(place: &Path, source: Option<&Path>, flags: MsFlags) -> Result<(), Errno> {
    mount(source, place, None::<&str>, flags, None::<&str>)
}

/// The place of a mount, the fifth field of a line (proc_pid_mountinfo(5)), in which
/// blanks and backslashes are written as octal numbers.
fn mount_point(line: &[u8]) -> Option<PathBuf> {
    let field = line.split(|byte| *byte == b' ').nth(4)?;
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = (*first == b'\\').then(|| after.get(..3)).flatten();
        let number = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(number.unwrap_or(*first));
        rest = if number.is_some() { &after[3..] } else { after };
    }
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_mounts_are_read() {
        let line = br"36 35 98:0 /mnt1 /mnt\0402\134x rw,noatime master:1 - ext3 /dev/root rw";
        assert_eq!(mount_point(line), Some(PathBuf::from("/mnt 2\\x")));
        assert_eq!(mount_point(b"36 35 98:0 / / rw"), Some(PathBuf::from("/")));
        assert_eq!(mount_point(b""), None);
        assert_eq!(mount_point(br"1 2 3 4 \9 5"), Some(PathBuf::from("\\9")));
    }
}
