//! The heap of a worker.

/// Lets the heap keep some of what is freed: a worker needs the same memory
/// again for the next block, and would otherwise give it back each time, and
/// then touch every page anew. On a table in which each row is edited, that took
/// a quarter of all processor time. The budget counts only what is in use, so
/// what is kept is little: up to [`KEPT_BYTES`] for each thread.
pub(super) fn keep_memory() {
    #[cfg(target_env = "gnu")]
    for (parameter, bytes) in [(libc::M_TRIM_THRESHOLD, KEPT_BYTES), (libc::M_MMAP_THRESHOLD, MAPPED_BYTES)] {
        // SAFETY: the call changes parameters of the allocator, and is made
        // before other threads exist.
        #[allow(unsafe_code)]
        // It fails only for values that are out of range.
        let _ = unsafe { libc::mallopt(parameter, bytes) };
    }
}

/// More than this at the end of a heap is given back.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: i32 = 4 << 20;
/// What is at least this large is mapped by itself, and given back when it is
/// freed.
#[cfg(target_env = "gnu")]
const MAPPED_BYTES: i32 = 4 << 20;
