//! Which attempts each layer must stop by itself.

/// Attempts that fail without any layer, too: a sealed file refuses, or there
/// is no such call.
pub(crate) const NEVER_OPEN: &[&str] = &[
    "make_block_writable",
    "remove_from_block",
    "write_to_block",
    "truncate_block",
    "punch_block",
    "seal_block",
    "unknown_call",
];

/// Attempts for which a kernel must be built, and a container must have the
/// capability.
pub(crate) const DEPENDING: &[&str] = &[
    "kexec",
    "init_module",
    "finit_module",
    "delete_module",
    "iopl",
    "ioperm",
    "map_huge",
    "call_of_x32",
    "call_of_32_bits",
];

/// What Landlock and dropped capabilities leave open, says the prototype.
pub(crate) const SECCOMP_ALONE: &[&str] = &[
    "chmod",
    "stat",
    "statx",
    "readlink",
    "chdir",
    "pidfd_open_parent",
    "prlimit_parent",
    "udp_send",
    "socket_udp",
    "socket_tcp6",
    "socket_unix",
    "socket_netlink",
    "socket_packet",
    "socket_vsock",
    "socket_alg",
    "clone",
    "clone3",
    #[cfg(target_arch = "x86_64")]
    "fork",
    "unshare_user",
    "userfaultfd",
    "memfd",
    "shared_memory",
];

pub(crate) const LANDLOCK_ALONE: &[&str] = &[
    "open_to_read",
    "open_to_write",
    "create",
    "create_without_name",
    "open_passwords",
    "list",
    "unlink",
    "rename",
    "link",
    "symlink",
    "mkdir",
    "make_pipe_file",
    "make_device",
    "truncate",
    "execve",
    "execveat",
    "tcp_bind",
    "tcp_connect",
    "mount",
    "parents_memory_file",
    "parents_environment",
    "read_parents_memory",
    "write_parents_memory",
    "trace_parent",
    "kill_parent",
    "tgkill_parent",
    "queue_signal_to_parent",
];

pub(crate) const CAPABILITIES_ALONE: &[&str] = &[
    "chroot",
    "mount",
    "pivot_root",
    "swapon",
    "acct",
    "reboot",
    "kexec",
    "init_module",
    "finit_module",
    "delete_module",
    "set_time",
    "host_name",
    #[cfg(target_arch = "x86_64")]
    "iopl",
    #[cfg(target_arch = "x86_64")]
    "ioperm",
    "capabilities_back",
    "setuid",
    "setresgid",
    "setgroups",
    "unshare_mounts",
    "unshare_network",
    "open_by_handle_at",
    "make_device",
    "chown",
    "socket_packet",
];

pub(crate) const LIMITS_ALONE: &[&str] = &[
    "open_to_read",
    "create",
    "socket_tcp",
    "socket_udp",
    "socket_unix",
    "pipe",
    "dup",
    "memfd",
    "epoll",
    "io_uring",
    "pidfd_open_parent",
    "userfaultfd",
];
