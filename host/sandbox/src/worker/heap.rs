//! The heap of a worker.

/// Lets the heap keep what it has: a worker needs the same memory again for the
/// next block, and would otherwise give it back each time, and then touch every
/// page anew. On a table in which each row is edited, that took a quarter of all
/// processor time. The budget counts what is in use, and the limit on private
/// memory bounds the rest.
pub(super) fn keep_memory() {
    #[cfg(target_env = "gnu")]
    for (parameter, bytes) in [(libc::M_TRIM_THRESHOLD, i32::MAX), (libc::M_MMAP_THRESHOLD, MMAP_BYTES)] {
        // SAFETY: the call changes parameters of the allocator, and is made
        // before other threads exist.
        #[allow(unsafe_code)]
        // It fails only for values that are out of range.
        let _ = unsafe { libc::mallopt(parameter, bytes) };
    }
}

/// The largest value that the C library accepts: half of a thread's heap.
#[cfg(target_env = "gnu")]
const MMAP_BYTES: i32 = 32 << 20;
