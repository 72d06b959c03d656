//! Keeps freed memory in the process.
#![allow(unsafe_code)]

use std::sync::Once;

/// The settings of the allocator, in bytes.
const SETTINGS: [(libc::c_int, libc::c_int); 3] = [
    // It asks the kernel for so much at a time.
    (libc::M_TOP_PAD, 64 << 20),
    // It returns nothing until so much is free.
    (libc::M_TRIM_THRESHOLD, 1 << 30),
    // Larger blocks have a mapping of their own, which is returned at once.
    (libc::M_MMAP_THRESHOLD, 32 << 20),
];

/// Lets the allocator keep what is freed. Each simulated run allocates and
/// frees copies of a disk; giving them back to the kernel each time, and
/// faulting them in again, took two fifths of the time.
pub(crate) fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (setting, bytes) in SETTINGS {
            // SAFETY: `mallopt` may be called at any time, from any thread, and
            // takes no pointers. If it fails, the tests are only slower.
            unsafe { libc::mallopt(setting, bytes) };
        }
    });
}
