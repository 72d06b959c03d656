//! Hints for errors whose cause the system does not name, and for targets that
//! are not regular files.

use std::error::Error as _;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use runner_pipeline::error::Error;
use runner_pipeline::escape::{shown, word};
use rustix::fs::{IFlags, OFlags, ioctl_getflags};
use rustix::io::Errno;

/// Names of standard input.
const STANDARD_INPUT: [&str; 4] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Records the target of a plugin in an error, and adds a hint that depends on
/// what kind of file the target is.
pub(crate) fn explain(path: &Path, error: Error) -> Error {
    let error = error.on_file(path);
    if STANDARD_INPUT.iter().any(|name| path == Path::new(name)) {
        let error = error.hint("use `runner pipe` for standard input");
        return if path == Path::new("-") {
            error.hint("for a file with this name, use `./-`")
        } else {
            error
        };
    }
    let stream = fs::metadata(path).map(|meta| meta.file_type());
    if stream.is_ok_and(|kind| kind.is_fifo() || kind.is_socket() || kind.is_char_device()) {
        return error.hint("use `runner pipe` for streams");
    }
    reason(path, error)
}

/// Records a file in an error, and adds a hint to a permission error that a
/// file attribute causes.
pub(crate) fn reason(path: &Path, error: Error) -> Error {
    let error = error.on_file(path);
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    if cause.and_then(Errno::from_io_error) != Some(Errno::PERM) {
        return error;
    }
    match protection(path) {
        Some(reason) => error.hint(reason),
        None => error,
    }
}

/// The attribute of a file or its directory that forbids changes even to its
/// owner.
fn protection(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    for (place, whose) in [(Some(path.as_path()), ""), (path.parent(), "the directory ")] {
        let Some(place) = place else { continue };
        let flags = flags(place).unwrap_or(IFlags::empty());
        let (place, word) = (shown(place), word(place));
        for (flag, is, letter) in
            [(IFlags::IMMUTABLE, "immutable", 'i'), (IFlags::APPEND, "append-only", 'a')]
        {
            if flags.contains(flag) {
                return Some(format!("{whose}{place} is {is}; `chattr -{letter} {word}` allows changes"));
            }
        }
    }
    None
}

fn flags(path: &Path) -> io::Result<IFlags> {
    // Without this flag, opening a FIFO would wait for a writer.
    let file: File = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    Ok(ioctl_getflags(&file)?)
}
