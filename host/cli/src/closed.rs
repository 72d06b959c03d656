//! Whether standard output or error was closed when the process was started. The
//! runtime opens `/dev/null` in their place before `main`, and what is written
//! would be lost without an error.
#![allow(unsafe_code)]

use rustix::io::fcntl_getfd;
use rustix::stdio::{stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

static OUTPUT: AtomicBool = AtomicBool::new(false);
static ERROR: AtomicBool = AtomicBool::new(false);

extern "C" fn look() {
    for (stream, closed) in [(stdout(), &OUTPUT), (stderr(), &ERROR)] {
        // A bare system call, which needs no runtime.
        closed.store(fcntl_getfd(stream).is_err(), Ordering::Relaxed);
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
