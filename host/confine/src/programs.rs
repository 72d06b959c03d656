//! What is refused to programs that others have written, where everything else must be
//! allowed: a compiler makes most calls that there are.
//!
//! Namespaces, Landlock and limits say what can be reached. Here is what they do not
//! look at.

use std::collections::BTreeMap;

use libc::{
    AF_UNIX, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, SOCK_SEQPACKET, SOCK_STREAM,
};
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{MaskedEq, Ne};
use seccompiler::{BackendError, SeccompCondition, SeccompRule};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that a program does without where the kernel has none. The arguments of
/// `clone3` are in memory, where a filter cannot see them.
const ABSENT: &[i64] = &[
    libc::SYS_clone3,
    // Each request of a ring is a call that no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
];

/// Calls that are refused with whatever arguments.
const REFUSED: &[i64] = &[
    // A socket of the file system has no namespace: a daemon of the user would listen.
    libc::SYS_socket,
    // Keys belong to the user, and to the session in which the process was started.
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    // New namespaces would give capabilities in them, and a larger part of the kernel.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_mount_setattr,
];

const NAMESPACES: [i32; 7] =
    [CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET];

/// The kind of a socket, without the flags beside it.
const KIND: u64 = 0xf;

/// Calls of x32 have this bit. They pass for calls of the usual architecture, so they
/// are named, too.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// The calls that are answered as if the kernel did not have them.
pub(crate) fn absent() -> Rules {
    let rules = ABSENT.iter().map(|call| (*call, Vec::new())).collect();
    with_x32(rules)
}

/// The calls that are refused.
pub(crate) fn refused() -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // A pair is connected already, and leads nowhere else; one of datagrams could be
    // sent to another socket.
    let other = SeccompRule::new(vec![SeccompCondition::new(0, Dword, Ne, number(AF_UNIX))?])?;
    let kind = |kind: i32| SeccompCondition::new(1, Dword, MaskedEq(KIND), number(kind));
    // Neither of the two kinds: no condition says so for some bits, so all others are
    // named.
    let mut pair = vec![other];
    for value in 0..=15 {
        if value != SOCK_STREAM && value != SOCK_SEQPACKET {
            pair.push(SeccompRule::new(vec![kind(value)?])?);
        }
    }
    rules.insert(libc::SYS_socketpair, pair);
    let flag = |flag: &i32| {
        let bit = number(*flag);
        SeccompRule::new(vec![SeccompCondition::new(0, Qword, MaskedEq(bit), bit)?])
    };
    rules.insert(libc::SYS_clone, NAMESPACES.iter().map(flag).collect::<Result<_, _>>()?);
    Ok(with_x32(rules))
}

fn number(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

#[cfg(target_arch = "x86_64")]
fn with_x32(mut rules: Rules) -> Rules {
    let same: Rules = rules.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
    rules.extend(same);
    rules
}

#[cfg(not(target_arch = "x86_64"))]
fn with_x32(rules: Rules) -> Rules {
    rules
}
