//! Attempts at files.

use libc::{AT_FDCWD, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE, O_WRONLY};

use crate::Attempt;
use crate::raw::{Outcome, at, call, room, text};

const HERE: i64 = AT_FDCWD as i64;

fn open(path: &std::ffi::CStr, flags: i32) -> Outcome {
    call(libc::SYS_openat, &[HERE, text(path), flags.into(), 0o600])
}

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("open_to_read", |_| open(c"file", O_RDONLY)),
    ("open_to_write", |_| open(c"file", O_WRONLY)),
    ("create", |_| open(c"new", O_RDWR | O_CREAT)),
    ("create_without_name", |_| open(c".", O_RDWR | O_TMPFILE)),
    ("open_passwords", |_| open(c"/etc/passwd", O_RDONLY)),
    ("open_path", |_| open(c"file", O_PATH)),
    ("openat2", |_| call(libc::SYS_openat2, &[HERE, text(c"file"), room(), 24])),
    ("list", |_| {
        let folder = open(c".", O_RDONLY | O_DIRECTORY)?;
        call(libc::SYS_getdents64, &[folder, room(), 1024])
    }),
    ("getdents64", |s| call(libc::SYS_getdents64, &[s.block_fd, room(), 1024])),
    ("unlink", |_| call(libc::SYS_unlinkat, &[HERE, text(c"file"), 0])),
    ("rename", |_| call(libc::SYS_renameat2, &[HERE, text(c"file"), HERE, text(c"moved"), 0])),
    ("link", |_| call(libc::SYS_linkat, &[HERE, text(c"file"), HERE, text(c"second"), 0])),
    ("symlink", |_| call(libc::SYS_symlinkat, &[text(c"file"), HERE, text(c"third")])),
    ("mkdir", |_| call(libc::SYS_mkdirat, &[HERE, text(c"made"), 0o700])),
    ("make_pipe_file", |_| {
        call(libc::SYS_mknodat, &[HERE, text(c"pipe"), (libc::S_IFIFO | 0o600).into(), 0])
    }),
    ("make_device", |_| {
        call(libc::SYS_mknodat, &[HERE, text(c"null"), (libc::S_IFCHR | 0o600).into(), 0x103])
    }),
    ("chmod", |_| call(libc::SYS_fchmodat, &[HERE, text(c"file"), 0o666])),
    ("chown", |_| call(libc::SYS_fchownat, &[HERE, text(c"file"), 1, 1, 0])),
    ("truncate", |_| call(libc::SYS_truncate, &[text(c"file"), 1])),
    ("utime", |_| call(libc::SYS_utimensat, &[HERE, text(c"file"), 0, 0])),
    ("stat", |_| call(libc::SYS_newfstatat, &[HERE, text(c"file"), room(), 0])),
    ("statx", |_| call(libc::SYS_statx, &[HERE, text(c"file"), 0, 0xfff, room()])),
    ("statfs", |_| call(libc::SYS_statfs, &[text(c"file"), room()])),
    ("access", |_| call(libc::SYS_faccessat, &[HERE, text(c"file"), 0])),
    ("readlink", |_| call(libc::SYS_readlinkat, &[HERE, text(c"link"), room(), 64])),
    ("setxattr", |_| call(libc::SYS_setxattr, &[text(c"file"), text(c"trusted.a"), text(c"b"), 1, 0])),
    ("chdir", |_| call(libc::SYS_chdir, &[text(c"/")])),
    ("getcwd", |_| call(libc::SYS_getcwd, &[room(), 4096])),
    ("chroot", |_| call(libc::SYS_chroot, &[text(c".")])),
    ("name_to_handle_at", |_| {
        let handle = [128_u32; 64];
        call(libc::SYS_name_to_handle_at, &[HERE, text(c"file"), at(&handle), room(), 0])
    }),
    ("open_by_handle_at", |_| call(libc::SYS_open_by_handle_at, &[HERE, at(&[8_u32; 64]), 0])),
    ("inotify", |_| call(libc::SYS_inotify_init1, &[0])),
    ("fanotify", |_| call(libc::SYS_fanotify_init, &[0, 0])),
    ("parents_memory_file", |_| open(c"/proc/1/mem", O_RDWR)),
    ("parents_environment", |_| open(c"/proc/1/environ", O_RDONLY)),
    ("parents_descriptors", |_| open(c"/proc/1/fd/0", O_PATH)),
    ("parents_folder", |_| open(c"/proc/1/root", O_RDONLY | O_DIRECTORY)),
    ("own_memory_file", |_| open(c"/proc/self/mem", O_RDWR)),
    ("write_to_block", |s| call(libc::SYS_pwrite64, &[s.block_fd, text(c"x"), 1, 0])),
    ("write_to_terminal", |s| call(libc::SYS_write, &[s.terminal, text(c"x"), 1])),
    ("read_from_block", |s| call(libc::SYS_pread64, &[s.block_fd, room(), 8, 0])),
    ("truncate_block", |s| call(libc::SYS_ftruncate, &[s.block_fd, 0])),
    ("punch_block", |s| call(libc::SYS_fallocate, &[s.block_fd, 3, 0, 4096])),
    ("seal_block", |s| call(libc::SYS_fcntl, &[s.block_fd, libc::F_ADD_SEALS.into(), 1])),
    ("type_into_terminal", |s| call(libc::SYS_ioctl, &[s.terminal, libc::TIOCSTI.cast_signed(), text(c"x")])),
    ("dup", |s| call(libc::SYS_dup, &[s.block_fd])),
];
