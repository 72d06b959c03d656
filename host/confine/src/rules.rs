//! The lists of system calls, and what their arguments may be.
//!
//! Invariant, but for [`Calls::Network`], which has a list of its own (`network`) on
//! top: nothing that is allowed names another process, a path, or a
//! descriptor other than to close it, to wait in, to map it privately, or to
//! write to it, if the policy says so.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use SeccompCmpArgLen::{Dword, Qword};
use SeccompCmpOp::{Eq, MaskedEq, Ne};
use libc::{
    CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM, FUTEX_CLOCK_REALTIME, FUTEX_PRIVATE_FLAG,
    FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAKE, FUTEX_WAKE_BITSET, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE,
    MADV_NOHUGEPAGE, MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_PRIVATE, MAP_TYPE, PROT_EXEC, PROT_WRITE,
};
use seccompiler::{BackendError, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::{Calls, Policy};

/// Calls of newer kernels, after which the C library tries an older one: their
/// arguments are in memory, where a filter cannot see them.
pub(crate) const ABSENT: &[i64] = &[libc::SYS_clone3];

/// Calls that libraries make by the way, and whose failure they bear: death
/// would be for nothing.
pub(crate) const REFUSED: &[i64] = &[
    // glibc's heap reads a setting, and the standard library its control group.
    libc::SYS_openat,
    libc::SYS_statx,
    // The standard library asks with these if `statx` fails.
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    // Builds with checks look whether a descriptor is open before they close it.
    libc::SYS_fcntl,
    // A panic's backtrace.
    libc::SYS_getcwd,
    // A thread takes its name.
    libc::SYS_prctl,
    // Another filter, which could only forbid more.
    libc::SYS_seccomp,
];

/// The same, but for descriptors that the policy allows to be written to: a
/// panic's message. Nothing is written.
pub(crate) const WRITES: &[i64] = &[libc::SYS_write, libc::SYS_writev];

/// Calls that may have any arguments.
const FREE: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getrandom,
    // An abort sends a signal to the process itself.
    libc::SYS_getpid,
    // The message of a panic names the thread.
    libc::SYS_gettid,
    // Memory keeps its kind and its protection.
    libc::SYS_mremap,
    libc::SYS_munmap,
    // The kernel makes this call itself to go on with a wait that SIGSTOP and
    // SIGCONT have interrupted.
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigprocmask,
    // Traps of WebAssembly are signals.
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

/// The same for a process that starts threads. The C library asks for the
/// processors of a new thread by its number, so `sched_getaffinity` cannot be
/// bound to the caller: it tells those of other processes, too.
const FREE_TO_COMPILE: &[i64] =
    &[libc::SYS_rseq, libc::SYS_rt_sigaction, libc::SYS_sched_getaffinity, libc::SYS_set_robust_list];

/// Guard pages, which newer C libraries give to the stacks of threads.
const MADV_GUARD_INSTALL: i32 = 102;
const MADV_GUARD_REMOVE: i32 = 103;

const ADVICE: [i32; 6] =
    [MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_GUARD_INSTALL, MADV_GUARD_REMOVE];

/// Waiting and waking. The others, which hand over locks and priorities, are a
/// larger part of the kernel than all the rest here.
const FUTEX: [i32; 4] = [FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET];

/// What a thread shares, and what makes a process or leaves a namespace.
const THREAD: i32 = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
const NO_THREAD: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PIDFD
    | libc::CLONE_PTRACE
    | libc::CLONE_VFORK
    | libc::CLONE_PARENT
    | libc::CLONE_IO;

/// The calls that are allowed, each with rules of which one must match, or none.
pub(crate) fn allowed(policy: &Policy) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<_, _> = FREE.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_madvise, one_of(2, Eq, &ADVICE)?);
    let command = MaskedEq(u64::from((!(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)).cast_unsigned()));
    rules.insert(libc::SYS_futex, one_of(1, command, &FUTEX)?);
    rules.insert(libc::SYS_mmap, vec![private()?]);
    let own = SeccompCondition::new(0, Dword, Eq, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![masked(2, PROT_EXEC, 0)?])?]);
    if policy.calls != Calls::Run {
        rules.extend(FREE_TO_COMPILE.iter().map(|call| (*call, Vec::new())));
        let executable = masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)?;
        rules.entry(libc::SYS_mprotect).or_default().push(SeccompRule::new(vec![executable])?);
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![masked(0, THREAD | NO_THREAD, THREAD)?])?]);
    }
    Ok(rules)
}

/// The writes that are refused: those to all descriptors that the policy does
/// not name.
pub(crate) fn refused_writes(policy: &Policy) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let other =
        |descriptor: &RawFd| SeccompCondition::new(0, Dword, Ne, u64::from(descriptor.cast_unsigned()));
    let others: Vec<_> = policy.written.iter().map(other).collect::<Result<_, _>>()?;
    let rules = if others.is_empty() { Vec::new() } else { vec![SeccompRule::new(others)?] };
    Ok(WRITES.iter().map(|call| (*call, rules.clone())).collect())
}

/// Private memory that is not executable, and that limits see: shared memory,
/// stacks that grow, and huge pages count otherwise.
fn private() -> Result<SeccompRule, BackendError> {
    let kind = masked(3, MAP_TYPE | MAP_GROWSDOWN | MAP_HUGETLB | MAP_LOCKED, MAP_PRIVATE)?;
    SeccompRule::new(vec![masked(2, PROT_EXEC, 0)?, kind])
}

/// A condition on some bits of an argument, which is as wide as a register.
pub(crate) fn masked(argument: u8, bits: i32, value: i32) -> Result<SeccompCondition, BackendError> {
    let [bits, value] = [bits, value].map(|bits| u64::from(bits.cast_unsigned()));
    SeccompCondition::new(argument, Qword, MaskedEq(bits), value)
}

/// Rules for an argument of 32 bits that may have one of some values.
pub(crate) fn one_of(
    argument: u8,
    operator: SeccompCmpOp,
    values: &[i32],
) -> Result<Vec<SeccompRule>, BackendError> {
    let value = |value: &i32| {
        let value = u64::from(value.cast_unsigned());
        SeccompRule::new(vec![SeccompCondition::new(argument, Dword, operator.clone(), value)?])
    };
    values.iter().map(value).collect()
}
