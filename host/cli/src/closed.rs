//! Whether standard output or error was closed when the process was started. The
//! runtime opens `/dev/null` in their place before `main`, and what is written
//! would be lost without an error.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static OUTPUT: AtomicBool = AtomicBool::new(false);
static ERROR: AtomicBool = AtomicBool::new(false);

extern "C" fn look() {
    for (number, closed) in [(libc::STDOUT_FILENO, &OUTPUT), (libc::STDERR_FILENO, &ERROR)] {
        // SAFETY: `fcntl` with `F_GETFD` takes any number, and needs no runtime.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        closed.store(flags == -1, Ordering::Relaxed);
    }
}

// SAFETY: the loader calls what stands in this section once, before `main`;
// `look` needs nothing that is set up later, and ignores its arguments.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

/// Whether there was no standard output.
pub(crate) fn is_output_closed() -> bool {
    OUTPUT.load(Ordering::Relaxed)
}

/// Whether there was no standard error.
pub(crate) fn is_error_closed() -> bool {
    ERROR.load(Ordering::Relaxed)
}
