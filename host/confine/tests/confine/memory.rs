//! Attempts at memory: what is shared, what is executable, what limits do not
//! count.

use libc::{
    MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE,
};

use crate::Attempt;
use crate::raw::{Outcome, at, call, text};

/// Maps a page, without a file if the descriptor is -1.
fn map(protection: i32, flags: i32, descriptor: i64) -> Outcome {
    let flags = if descriptor < 0 { flags | MAP_ANONYMOUS } else { flags };
    call(libc::SYS_mmap, &[0, 4096, protection.into(), flags.into(), descriptor, 0])
}

fn protect(address: i64, protection: i32) -> Outcome {
    call(libc::SYS_mprotect, &[address, 4096, protection.into()])
}

/// What [`Calls::Compile`](runner_confine::Calls) allows.
pub(crate) const ALLOWED_TO_COMPILE: &[&str] =
    &["make_executable", "handle_signal", "see_affinity_of_parent", "make_block_executable"];

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("map_executable", |_| map(PROT_READ | PROT_EXEC, MAP_PRIVATE, -1)),
    ("map_writable_and_executable", |_| map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, -1)),
    ("map_block_executable", |s| map(PROT_READ | PROT_EXEC, MAP_PRIVATE, s.block_fd)),
    ("map_shared", |_| map(PROT_READ | PROT_WRITE, MAP_SHARED, -1)),
    ("map_block_shared", |s| map(PROT_READ, MAP_SHARED, s.block_fd)),
    ("map_growing", |_| map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN, -1)),
    ("map_huge", |_| map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_HUGETLB, -1)),
    ("make_executable", |_| protect(map(PROT_READ, MAP_PRIVATE, -1)?, PROT_READ | PROT_EXEC)),
    ("make_writable_and_executable", |_| {
        protect(map(PROT_READ, MAP_PRIVATE, -1)?, PROT_READ | PROT_WRITE | PROT_EXEC)
    }),
    ("make_block_executable", |s| protect(s.block, PROT_READ | PROT_EXEC)),
    ("make_block_writable", |s| protect(s.block, PROT_READ | PROT_WRITE)),
    ("protect_with_key", |s| call(libc::SYS_pkey_mprotect, &[s.block, 4096, PROT_READ.into(), -1])),
    ("remove_from_block", |s| call(libc::SYS_madvise, &[s.block, 4096, libc::MADV_REMOVE.into()])),
    // Nothing is mapped at this address, so nothing can be poisoned.
    ("poison_memory", |_| call(libc::SYS_madvise, &[4096, 4096, libc::MADV_HWPOISON.into()])),
    ("lock_memory", |s| call(libc::SYS_mlock, &[at(s.memory), 8])),
    ("lock_all_memory", |_| call(libc::SYS_mlockall, &[1])),
    ("memfd", |_| call(libc::SYS_memfd_create, &[text(c"x"), 0])),
    ("memfd_secret", |_| call(libc::SYS_memfd_secret, &[0])),
    ("memory_policy", |_| call(libc::SYS_set_mempolicy, &[0, 0, 0])),
];
