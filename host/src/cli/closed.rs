//! Whether standard output was closed when the process was started. The runtime
//! opens `/dev/null` in its place before `main`, and what is written would be
//! lost without an error.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

extern "C" fn look() {
    // SAFETY: `fcntl` with `F_GETFD` takes any number, and needs no runtime.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}

// SAFETY: the loader calls what stands in this section once, before `main`;
// `look` needs nothing that is set up later, and ignores its arguments.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

/// Whether there was no standard output.
pub(super) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
