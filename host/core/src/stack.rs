//! Threads with a stack of a size that we choose.
//!
//! A guest may use 1 MiB of the stack of the thread that calls it, and ends in
//! an error when it wants more; the compiler and the parser of expressions go
//! deep, too. That there is room for it must not depend on `ulimit -s` or
//! `RUST_MIN_STACK`: past the end of the stack, the process dies. So all work
//! is done on threads that are started here; the process's first thread does
//! nothing but wait.

use std::thread::{self, Builder, Scope, ScopedJoinHandle};

use crate::error::{Error, Kind, Result};

/// Four times what a guest may use. Only what is used takes memory.
pub const STACK_BYTES: usize = 4 << 20;

/// A thread that is to be started.
pub fn builder() -> Builder {
    Builder::new().stack_size(STACK_BYTES)
}

/// Starts a thread of a scope.
///
/// # Errors
/// When the machine has none left.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    builder().spawn_scoped(scope, work).map_err(cannot_start)
}

/// Does something on a thread of its own, and waits for it.
///
/// # Errors
/// When the machine has no thread left.
///
/// # Panics
/// When `work` does.
pub fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = spawn(scope, work)?;
        thread.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

/// The failure to start a thread.
pub fn cannot_start(error: std::io::Error) -> Error {
    Error::new(Kind::OutOfMemory, "cannot start a thread").because(error)
}
