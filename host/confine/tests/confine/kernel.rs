//! Attempts at the network, at the kernel's larger parts, and at the machine.

use libc::{
    AF_ALG, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
};

use crate::Attempt;
use crate::raw::{Outcome, at, call, room, text};

fn socket(family: i32, kind: i32) -> Outcome {
    call(libc::SYS_socket, &[family.into(), kind.into(), 0])
}

/// An address of IPv4 and this port, of this machine.
fn address(port: u16, host: [u8; 4]) -> [u16; 8] {
    let [a, b, c, d] = host;
    let halves = [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])];
    [AF_INET as u16, port.to_be(), halves[0], halves[1], 0, 0, 0, 0]
}

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("tcp_bind", |_| {
        let socket = socket(AF_INET, SOCK_STREAM)?;
        call(libc::SYS_bind, &[socket, at(&address(4321, [0; 4])), 16])
    }),
    ("tcp_connect", |_| {
        let socket = socket(AF_INET, SOCK_STREAM)?;
        call(libc::SYS_connect, &[socket, at(&address(9, [127, 0, 0, 1])), 16])
    }),
    ("udp_send", |_| {
        let socket = socket(AF_INET, SOCK_DGRAM)?;
        call(libc::SYS_sendto, &[socket, text(c"x"), 1, 0, at(&address(9, [127, 0, 0, 1])), 16])
    }),
    ("socket_tcp", |_| socket(AF_INET, SOCK_STREAM)),
    ("socket_udp", |_| socket(AF_INET, SOCK_DGRAM)),
    ("socket_tcp6", |_| socket(AF_INET6, SOCK_STREAM)),
    ("socket_unix", |_| socket(AF_UNIX, SOCK_STREAM)),
    ("socket_netlink", |_| socket(AF_NETLINK, SOCK_RAW)),
    ("socket_packet", |_| socket(AF_PACKET, SOCK_RAW)),
    ("socket_vsock", |_| socket(AF_VSOCK, SOCK_STREAM)),
    ("socket_alg", |_| socket(AF_ALG, libc::SOCK_SEQPACKET)),
    ("socketpair", |_| call(libc::SYS_socketpair, &[AF_UNIX.into(), SOCK_STREAM.into(), 0, room()])),
    ("sendmsg", |_| call(libc::SYS_sendmsg, &[-1, 0, 0])),
    ("recvmsg", |_| call(libc::SYS_recvmsg, &[-1, 0, 0])),
    ("io_uring", |_| call(libc::SYS_io_uring_setup, &[1, room()])),
    ("aio", |_| call(libc::SYS_io_setup, &[1, room()])),
    ("pipe", |_| call(libc::SYS_pipe2, &[room(), 0])),
    ("epoll", |_| call(libc::SYS_epoll_create1, &[0])),
    ("eventfd", |_| call(libc::SYS_eventfd2, &[0, 0])),
    ("timerfd", |_| call(libc::SYS_timerfd_create, &[1, 0])),
    ("signalfd", |_| call(libc::SYS_signalfd4, &[-1, room(), 8, 0])),
    ("bpf", |_| {
        // An array of one number.
        call(libc::SYS_bpf, &[0, at(&[2_u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 20])
    }),
    ("perf", |_| {
        // Counts the software's clock.
        let attributes: [u64; 16] = std::array::from_fn(|i| if i == 0 { 1 | 128 << 32 } else { 0 });
        call(libc::SYS_perf_event_open, &[at(&attributes), 0, -1, -1, 0])
    }),
    ("userfaultfd", |_| call(libc::SYS_userfaultfd, &[0])),
    ("keyctl", |_| call(libc::SYS_keyctl, &[0, -3, 0])),
    ("add_key", |_| call(libc::SYS_add_key, &[text(c"user"), text(c"runner"), text(c"x"), 1, -2])),
    ("request_key", |_| call(libc::SYS_request_key, &[text(c"user"), text(c"runner-none"), 0, -2])),
    ("shared_memory", |_| call(libc::SYS_shmget, &[0, 4096, 0o600])),
    ("semaphores", |_| call(libc::SYS_semget, &[0, 1, 0o600])),
    ("message_queue", |_| call(libc::SYS_msgget, &[0, 0o600])),
    ("posix_message_queue", |_| {
        call(libc::SYS_mq_open, &[text(c"runner"), (libc::O_RDWR | libc::O_CREAT).into(), 0o600, 0])
    }),
    ("mount", |_| call(libc::SYS_mount, &[text(c"none"), text(c"folder"), text(c"tmpfs"), 0, 0])),
    ("umount", |_| call(libc::SYS_umount2, &[text(c"file"), 0])),
    ("pivot_root", |_| call(libc::SYS_pivot_root, &[text(c"file"), text(c"file")])),
    ("fsopen", |_| call(libc::SYS_fsopen, &[text(c"tmpfs"), 0])),
    ("open_tree", |_| call(libc::SYS_open_tree, &[libc::AT_FDCWD.into(), text(c"folder"), 1])),
    ("move_mount", |_| call(libc::SYS_move_mount, &[-1, text(c""), -1, text(c""), 0])),
    ("quotactl", |_| call(libc::SYS_quotactl, &[0x80_0002 << 8, text(c"none"), 0, 0])),
    ("acct", |_| call(libc::SYS_acct, &[text(c"none")])),
    ("swapon", |_| call(libc::SYS_swapon, &[text(c"none"), 0])),
    ("swapoff", |_| call(libc::SYS_swapoff, &[text(c"none")])),
    // With the wrong magic number.
    ("reboot", |_| call(libc::SYS_reboot, &[1, 2, 3, 0])),
    ("syslog", |_| call(libc::SYS_syslog, &[10, 0, 0])),
    // With a flag that does not exist, and too many segments.
    ("kexec", |_| call(libc::SYS_kexec_load, &[0, 1 << 20, 0, 0x8000])),
    ("init_module", |_| call(libc::SYS_init_module, &[text(c"rubbish"), 7, text(c"")])),
    ("finit_module", |_| call(libc::SYS_finit_module, &[-1, text(c""), 0])),
    ("delete_module", |_| call(libc::SYS_delete_module, &[text(c"runner_none"), 0])),
    ("set_time", |_| call(libc::SYS_settimeofday, &[0, 0])),
    ("adjust_time", |_| call(libc::SYS_adjtimex, &[room()])),
    ("host_name", |_| call(libc::SYS_sethostname, &[text(c"other"), 5])),
    ("system_name", |_| call(libc::SYS_uname, &[room()])),
    ("sleep", |_| call(libc::SYS_clock_nanosleep, &[1, 0, at(&[0_i64, 1]), 0])),
    ("futex_of_priority", |_| call(libc::SYS_futex, &[room(), libc::FUTEX_LOCK_PI.into(), 0, 0])),
    ("handle_signal", |_| call(libc::SYS_rt_sigaction, &[libc::SIGUSR1.into(), 0, room(), 8])),
    ("unknown_call", |_| call(9999, &[])),
    #[cfg(target_arch = "x86_64")]
    ("iopl", |_| call(libc::SYS_iopl, &[3])),
    #[cfg(target_arch = "x86_64")]
    ("ioperm", |_| call(libc::SYS_ioperm, &[0x80, 1, 1])),
    #[cfg(target_arch = "x86_64")]
    ("modify_ldt", |_| call(libc::SYS_modify_ldt, &[0, room(), 64])),
    #[cfg(target_arch = "x86_64")]
    ("arch_prctl", |_| call(libc::SYS_arch_prctl, &[0x1003, room()])),
    #[cfg(target_arch = "x86_64")]
    ("call_of_32_bits", |_| crate::raw::call_32()),
    #[cfg(target_arch = "x86_64")]
    ("call_of_x32", |_| call(0x4000_0000 | libc::SYS_getpid, &[])),
];
