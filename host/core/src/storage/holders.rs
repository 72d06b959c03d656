//! Finds the other processes that have a file open, and their access modes, as
//! `fuser` does. A lease shows only that such processes exist, not whether they
//! only read.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, statx};

/// Mask of the access mode in the flags of an open file; 0 means reading.
const ACCESS_MODE: u32 = 0o3;

/// Whether another process may write to a file that other processes have open.
/// Also true if none of them can be seen because they belong to other users.
///
/// # Errors
/// When the file cannot be inspected, or there is no `/proc`.
pub(super) fn may_write(file: &File) -> io::Result<bool> {
    let wanted = StatxFlags::INO;
    let own = statx(file, c"", AtFlags::EMPTY_PATH, wanted)?;
    let mut seen = false;
    for process in fs::read_dir("/proc")?.flatten() {
        let path = process.path();
        if !is_other_process(&process.file_name()) {
            continue;
        }
        // Processes of other users cannot be inspected, and processes that have
        // ended are gone.
        for descriptor in fs::read_dir(path.join("fd")).into_iter().flatten().flatten() {
            // The cached attributes are used, so that an unresponsive
            // filesystem is not queried.
            let found = statx(CWD, descriptor.path(), AtFlags::STATX_DONT_SYNC, wanted);
            if !found.is_ok_and(|found| is_same(&found, &own)) {
                continue;
            }
            if opened_for_writing(&path.join("fdinfo").join(descriptor.file_name())) {
                return Ok(true);
            }
            seen = true;
        }
    }
    Ok(!seen)
}

fn is_other_process(name: &OsStr) -> bool {
    let is_process = name.as_bytes().iter().all(u8::is_ascii_digit);
    is_process && *name != *std::process::id().to_string()
}

fn is_same(a: &Statx, b: &Statx) -> bool {
    (a.stx_dev_major, a.stx_dev_minor, a.stx_ino) == (b.stx_dev_major, b.stx_dev_minor, b.stx_ino)
}

/// Reads the `flags:` line, in octal digits. If it cannot be read, the answer
/// is yes.
fn opened_for_writing(info: &Path) -> bool {
    let info = fs::read_to_string(info).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|digits| u32::from_str_radix(digits.trim(), 8).ok());
    flags.is_none_or(|flags| flags & ACCESS_MODE != 0)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_reads_does_not_write() {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = scratch.path().join("file");
        let file = File::create(&path).expect("a file");
        let cat = |file: Stdio| Command::new("cat").stdin(Stdio::piped()).stdout(file).spawn().expect("cat");
        let other = |write: bool| {
            let open = File::options().read(!write).append(write).open(&path).expect("it is there");
            let child = cat(open.into());
            // The descriptor of this process is a separate open file, and does
            // not count as another process.
            let found = may_write(&file).expect("procfs");
            let output = {
                let mut child = child;
                drop(child.stdin.take());
                child.wait()
            };
            assert!(output.is_ok());
            found
        };
        assert!(!other(false), "one that only reads");
        assert!(other(true), "one that appends");
        assert!(may_write(&file).expect("procfs"), "who has it open cannot be seen");
    }
}
