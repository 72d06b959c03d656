//! Write leases: whether a file is open anywhere else, and a moment in which
//! nobody can open it. There is no safe wrapper.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// `fcntl` command of the kernel's generic ABI, which `libc` does not name.
const F_SETSIG: libc::c_int = 10;

/// Runs `work` while nobody else has the file open, or can open it: the kernel
/// lets them wait until the lease is given back. `None` when others had it
/// open for as long as `patience`. Where there are no leases (on network filesystems, for
/// who is not the owner), `work` runs without one.
///
/// Any other open descriptor of this process counts as somebody else.
pub(super) fn alone<T>(
    file: &File,
    patience: Duration,
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<Option<T>> {
    let end = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        match take(file) {
            Ok(()) => break,
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return work().map(Some),
            Err(_) if Instant::now() >= end => return Ok(None),
            Err(_) => sleep(pause),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    let _lease = Lease(file);
    work().map(Some)
}

fn take(file: &File) -> io::Result<()> {
    // Whoever opens the file makes the kernel send a signal, and the usual one
    // would end the process. This one is ignored unless it is handled.
    fcntl(file, F_SETSIG, libc::SIGURG)?;
    fcntl(file, libc::F_SETLEASE, libc::F_WRLCK)
}

/// A lease that is given back.
struct Lease<'a>(&'a File);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // It fails only where the kernel has taken it back already.
        let _ = fcntl(self.0, libc::F_SETLEASE, libc::F_UNLCK);
    }
}

fn fcntl(file: &File, command: libc::c_int, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open, and both commands take an integer.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, argument) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::PATIENCE;

    #[test]
    fn others_are_waited_for_and_wait_themselves() {
        let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
        let open = || File::options().read(true).write(true).open(&path).expect("it is there");
        let file = open();
        let opened = std::sync::mpsc::channel();
        let other = alone(&file, PATIENCE, || {
            let (sender, path) = (opened.0.clone(), path.to_path_buf());
            let other = std::thread::spawn(move || {
                sender.send("begins").expect("somebody listens");
                let other = File::options().append(true).open(path).expect("it is there");
                sender.send("is open").expect("somebody listens");
                other
            });
            assert_eq!(opened.1.recv(), Ok("begins"));
            assert!(opened.1.recv_timeout(Duration::from_millis(50)).is_err(), "it is not open yet");
            Ok(other)
        });
        let other = other.expect("no error").expect("nobody has it open").join().expect("it opens");
        assert!(alone(&file, Duration::ZERO, || Ok(())).expect("no error").is_none(), "somebody has it open");
        drop(other);
        assert!(alone(&file, PATIENCE, || Ok(())).expect("no error").is_some());
    }
}
