//! Starts threads with a fixed stack size.
//!
//! A guest may use 1 MiB of the stack of the calling thread, and gets an error
//! when it needs more; the compiler and the parser of expressions also recurse
//! deeply. Whether there is room for them must not depend on `ulimit -s` or
//! `RUST_MIN_STACK`, because past the end of the stack the process dies. So all
//! work is done on threads that are started here; the process's first thread
//! only waits.

use std::thread::{self, Builder, Scope, ScopedJoinHandle};

use crate::error::{Error, Kind, Result};

/// Four times what a guest may use. Only the part that is used takes memory.
pub const STACK_BYTES: usize = 4 << 20;

/// A builder for a thread.
pub fn builder() -> Builder {
    Builder::new().stack_size(STACK_BYTES)
}

/// Starts a thread in a scope.
///
/// # Errors
/// When the machine cannot start more threads.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    builder().spawn_scoped(scope, work).map_err(cannot_start)
}

/// Does the work on a separate thread, and waits for it.
///
/// # Errors
/// When the machine cannot start more threads.
///
/// # Panics
/// When `work` panics.
pub fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = spawn(scope, work)?;
        thread.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

/// The error for a thread that could not be started.
pub fn cannot_start(error: std::io::Error) -> Error {
    Error::new(Kind::OutOfMemory, "cannot start a thread").because(error)
}
