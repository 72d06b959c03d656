//! Detects which standard streams were closed when the process started. The
//! runtime opens `/dev/null` in their place before `main`, so output would be
//! lost, and input would be empty, without an error.
#![allow(unsafe_code)]

use rustix::io::fcntl_getfd;
use rustix::stdio::{stderr, stdin, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

static INPUT: AtomicBool = AtomicBool::new(false);
static OUTPUT: AtomicBool = AtomicBool::new(false);
static ERROR: AtomicBool = AtomicBool::new(false);

extern "C" fn check_streams() {
    for (stream, closed) in [(stdin(), &INPUT), (stdout(), &OUTPUT), (stderr(), &ERROR)] {
        // A plain system call, which needs no runtime.
        closed.store(fcntl_getfd(stream).is_err(), Ordering::Relaxed);
    }
}

// SAFETY: the loader calls the functions listed in this section once, before
// `main`. `check_streams` needs nothing that is set up later, and ignores its
// arguments.
#[used]
#[unsafe(link_section = ".init_array")]
static CHECK_STREAMS: extern "C" fn() = check_streams;

/// Whether standard input was closed at the start.
pub(crate) fn is_input_closed() -> bool {
    INPUT.load(Ordering::Relaxed)
}

/// Whether standard output was closed at the start.
pub(crate) fn is_output_closed() -> bool {
    OUTPUT.load(Ordering::Relaxed)
}

/// Whether standard error was closed at the start.
pub(crate) fn is_error_closed() -> bool {
    ERROR.load(Ordering::Relaxed)
}
