//! Write leases: they show whether another process has a file open, and keep
//! others from opening it for a moment. There is no safe wrapper.
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

/// Runs `work` while no other process has the file open or can open it: the
/// kernel makes them wait until the lease is released. Returns `None` if other
/// processes kept it open for `patience`. If leases are not available (on
/// network filesystems, or for a user who is not the owner), `work` runs
/// without one.
///
/// Other open descriptors in this process count as other processes.
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
    // When a process opens the file, the kernel sends a signal, and the default
    // signal would end this process. SIGURG is ignored unless it is handled.
    fcntl(file, F_SETSIG, libc::SIGURG)?;
    fcntl(file, libc::F_SETLEASE, libc::F_WRLCK)
}

/// A lease that is released when it is dropped.
struct Lease<'a>(&'a File);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Fails only if the kernel has already revoked the lease.
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
                sender.send("begins").expect("the receiver exists");
                let other = File::options().append(true).open(path).expect("it is there");
                sender.send("is open").expect("the receiver exists");
                other
            });
            assert_eq!(opened.1.recv(), Ok("begins"));
            assert!(opened.1.recv_timeout(Duration::from_millis(50)).is_err(), "it is not open yet");
            Ok(other)
        });
        let other = other.expect("no error").expect("no process has it open").join().expect("it opens");
        assert!(
            alone(&file, Duration::ZERO, || Ok(())).expect("no error").is_none(),
            "another descriptor has it open"
        );
        drop(other);
        assert!(alone(&file, PATIENCE, || Ok(())).expect("no error").is_some());
    }
}
