//! Attempts at other processes, at new ones, and at the process's own rights.

use libc::{CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER, CLONE_THREAD, CLONE_VFORK, CLONE_VM, SIGCHLD};

use crate::Attempt;
use crate::raw::{at, call, call_twice, room, text};
use crate::stage::Stage;

/// What `process_vm_readv` and its sibling take: a piece of memory that is at
/// the same address in the parent.
fn piece(stage: &Stage) -> [i64; 2] {
    [at(stage.memory), 8]
}

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("read_parents_memory", |s| {
        call(libc::SYS_process_vm_readv, &[s.parent, at(&piece(s)), 1, at(&piece(s)), 1, 0])
    }),
    ("write_parents_memory", |s| {
        call(libc::SYS_process_vm_writev, &[s.parent, at(&piece(s)), 1, at(&piece(s)), 1, 0])
    }),
    ("trace_parent", |s| call(libc::SYS_ptrace, &[libc::PTRACE_SEIZE.into(), s.parent])),
    ("be_traced", |_| call(libc::SYS_ptrace, &[libc::PTRACE_TRACEME.into()])),
    ("kill_parent", |s| call(libc::SYS_kill, &[s.parent, 0])),
    ("tgkill_parent", |s| call(libc::SYS_tgkill, &[s.parent, s.parent, 0])),
    ("queue_signal_to_parent", |s| {
        // The signal's code says that it comes from `sigqueue`.
        let information: [i32; 32] = std::array::from_fn(|i| if i == 2 { -1 } else { 0 });
        call(libc::SYS_rt_sigqueueinfo, &[s.parent, 0, at(&information)])
    }),
    ("pidfd_open_parent", |s| call(libc::SYS_pidfd_open, &[s.parent, 0])),
    ("pidfd_getfd_parent", |s| {
        let parent = call(libc::SYS_pidfd_open, &[s.parent, 0])?;
        call(libc::SYS_pidfd_getfd, &[parent, s.block_fd, 0])
    }),
    ("pidfd_getfd", |_| call(libc::SYS_pidfd_getfd, &[-1, 0, 0])),
    ("pidfd_send_signal", |_| call(libc::SYS_pidfd_send_signal, &[-1, 0, 0, 0])),
    ("process_madvise", |_| call(libc::SYS_process_madvise, &[-1, 0, 0, 4, 0])),
    ("prlimit_parent", |s| call(libc::SYS_prlimit64, &[s.parent, libc::RLIMIT_CORE.into(), room()])),
    ("kcmp_parent", |s| call(libc::SYS_kcmp, &[s.parent, s.parent, 1, 0, 0])),
    ("priority_of_parent", |s| call(libc::SYS_setpriority, &[0, s.parent, 0])),
    ("io_priority_of_parent", |s| call(libc::SYS_ioprio_get, &[1, s.parent])),
    ("affinity_of_parent", |s| call(libc::SYS_sched_setaffinity, &[s.parent, 128, at(&[u64::MAX; 16])])),
    ("see_affinity_of_parent", |s| call(libc::SYS_sched_getaffinity, &[s.parent, 128, room()])),
    ("scheduler_of_parent", |s| call(libc::SYS_sched_setscheduler, &[s.parent, 0, room()])),
    ("move_pages_of_parent", |s| call(libc::SYS_move_pages, &[s.parent, 0, 0, 0, 0, 0])),
    ("robust_list_of_parent", |s| call(libc::SYS_get_robust_list, &[s.parent, room(), room()])),
    ("process_group", |_| call(libc::SYS_setpgid, &[0, 0])),
    ("clone", |_| call_twice(libc::SYS_clone, &[SIGCHLD.into()])),
    ("clone_like_vfork", |_| call_twice(libc::SYS_clone, &[(SIGCHLD | CLONE_VFORK).into()])),
    ("clone3", |_| {
        let arguments: [u64; 8] = std::array::from_fn(|i| if i == 4 { SIGCHLD as u64 } else { 0 });
        call_twice(libc::SYS_clone3, &[at(&arguments), 64])
    }),
    // It lacks what a thread must share, so it fails where nothing stops it.
    ("clone_half_a_thread", |_| call(libc::SYS_clone, &[(CLONE_VM | CLONE_THREAD).into()])),
    #[cfg(target_arch = "x86_64")]
    ("fork", |_| call_twice(libc::SYS_fork, &[])),
    ("execve", |_| call(libc::SYS_execve, &[text(c"program"), room(), room()])),
    ("execveat", |_| {
        call(libc::SYS_execveat, &[libc::AT_FDCWD.into(), text(c"/bin/true"), room(), room(), 0])
    }),
    ("unshare_user", |_| call(libc::SYS_unshare, &[CLONE_NEWUSER.into()])),
    ("unshare_mounts", |_| call(libc::SYS_unshare, &[CLONE_NEWNS.into()])),
    ("unshare_network", |_| call(libc::SYS_unshare, &[CLONE_NEWNET.into()])),
    ("setns", |_| call(libc::SYS_setns, &[-1, 0])),
    ("setuid", |_| call(libc::SYS_setuid, &[1])),
    ("setresgid", |_| call(libc::SYS_setresgid, &[1, 1, 1])),
    ("setgroups", |_| call(libc::SYS_setgroups, &[0, 0])),
    ("setfsuid", |_| call(libc::SYS_setfsuid, &[1])),
    ("capabilities_back", |_| {
        let head = [0x2008_0522_u32, 0];
        let sets = [0x001f_ffff_u32, 0x001f_ffff, 0, 0, 0, 0];
        call(libc::SYS_capset, &[at(&head), at(&sets)])
    }),
    ("dumpable", |_| call(libc::SYS_prctl, &[libc::PR_SET_DUMPABLE.into(), 1])),
    ("death_signal_off", |_| call(libc::SYS_prctl, &[libc::PR_SET_PDEATHSIG.into(), 0])),
    ("thread_name", |_| call(libc::SYS_prctl, &[libc::PR_SET_NAME.into(), text(c"init")])),
    ("second_filter", |_| call(libc::SYS_seccomp, &[1, 0, 0])),
    ("strict_mode", |_| call(libc::SYS_prctl, &[libc::PR_SET_SECCOMP.into(), 2, 0])),
    ("landlock_again", |_| call(libc::SYS_landlock_create_ruleset, &[0, 0, 1])),
    ("landlock_off", |_| call(libc::SYS_landlock_restrict_self, &[-1, 0])),
    ("own_limits", |_| call(libc::SYS_prlimit64, &[0, libc::RLIMIT_NOFILE.into(), at(&[4096_u64; 2])])),
    ("personality", |_| call(libc::SYS_personality, &[0xffff_ffff])),
    ("timer", |_| call(libc::SYS_setitimer, &[0, room()])),
    ("parents_id", |_| call(libc::SYS_getppid, &[])),
];
