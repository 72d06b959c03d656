//! The list of system calls of a process that speaks to servers.
//!
//! Which files may be opened and which ports connected to is left to Landlock, since both
//! are in memory, where a filter cannot see them. The filter leaves out what Landlock does
//! not know or what no client needs: sockets of other kinds than those of TCP and UDP,
//! servers, other processes, programs, changes of files, and namespaces.
//!
//! Every other call gives an error, and does not kill: how names of hosts are looked up
//! differs from one system to the next, and the C library bears a refusal.

use std::collections::BTreeMap;

use SeccompCmpArgLen::Dword;
use SeccompCmpOp::Eq;
use libc::{
    AF_INET, AF_INET6, MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_PRIVATE, MAP_TYPE, O_ACCMODE, O_CREAT,
    O_PATH, O_RDONLY, O_TMPFILE, O_TRUNC, PROT_EXEC, PROT_WRITE, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK,
    SOCK_STREAM,
};
use seccompiler::{BackendError, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::rules::{masked, one_of};

/// Whether reading waits, and how much there is to read (`asm-generic/ioctls.h`).
const FIONBIO: i32 = 0x5421;
const FIONREAD: i32 = 0x541b;

/// Calls that may have any arguments, besides those of a process that compiles.
const FREE: &[i64] = &[
    libc::SYS_connect,
    // The state of a descriptor that is open.
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_lseek,
    // What a path leads to is known without reading it; Landlock does not hide that.
    libc::SYS_newfstatat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_statx,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// The calls besides those of a process that compiles, and those that have other rules.
pub(crate) fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<_, _> = FREE.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_socket, sockets()?);
    // Files are read, as Landlock lets them be, and neither made nor changed.
    let changing = O_ACCMODE | O_CREAT | O_TRUNC | O_PATH | (O_TMPFILE & !libc::O_DIRECTORY);
    rules.insert(libc::SYS_openat, vec![SeccompRule::new(vec![masked(2, changing, O_RDONLY)?])?]);
    rules.insert(libc::SYS_ioctl, one_of(1, Eq, &[FIONBIO, FIONREAD])?);
    rules.insert(libc::SYS_mmap, mappings()?);
    Ok(rules)
}

/// TCP and UDP. The others lead to services of this machine (AF_UNIX), which Landlock does not
/// know, and to parts of the kernel that are seldom looked at.
fn sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let mut rules = Vec::new();
    for domain in [AF_INET, AF_INET6] {
        for kind in [SOCK_STREAM, SOCK_DGRAM] {
            let domain = SeccompCondition::new(0, Dword, Eq, u64::from(domain.cast_unsigned()))?;
            let flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
            rules.push(SeccompRule::new(vec![domain, masked(1, !flags, kind)?])?);
        }
    }
    Ok(rules)
}

/// Private memory, and the code of libraries, which Landlock lets it read: nothing that is
/// both written and executed.
fn mappings() -> Result<Vec<SeccompRule>, BackendError> {
    let kind = || masked(3, MAP_TYPE | MAP_GROWSDOWN | MAP_HUGETLB | MAP_LOCKED, MAP_PRIVATE);
    let data = SeccompRule::new(vec![masked(2, PROT_EXEC, 0)?, kind()?])?;
    let code = SeccompRule::new(vec![masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)?, kind()?])?;
    Ok(vec![data, code])
}
