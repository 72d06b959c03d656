//! What needs unsafe code: system calls as native code would make them, and
//! children made by `fork`.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::sync::atomic::AtomicU64;

/// What a system call gave: a value, or an error number.
pub(crate) type Outcome = Result<i64, i32>;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
}

/// A system call with any arguments; those that are missing are 0.
pub(crate) fn call(number: i64, arguments: &[i64]) -> Outcome {
    let [a, b, c, d, e, f] = std::array::from_fn(|i| arguments.get(i).copied().unwrap_or(0));
    // SAFETY: callers pass addresses of what outlives the call, or nonsense
    // that the kernel refuses itself. What is mapped anew is nobody else's, and
    // the process that makes an attempt ends right after it.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result == -1 { Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { Ok(result) }
}

/// A call that returns twice, as `fork`: the child ends at once.
pub(crate) fn call_twice(number: i64, arguments: &[i64]) -> Outcome {
    match call(number, arguments) {
        Ok(0) => exit(0),
        outcome => outcome,
    }
}

/// The address of a text.
pub(crate) fn text(text: &CStr) -> i64 {
    text.as_ptr() as i64
}

/// The address of some values.
pub(crate) fn at<T>(values: &[T]) -> i64 {
    values.as_ptr() as i64
}

/// The address of some room, 8 KiB of zeros in every child: a constant would
/// not be writable for the kernel.
pub(crate) fn room() -> i64 {
    static ROOM: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];
    at(&ROOM)
}

pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: nothing needs to be cleaned up, and no pointer is passed.
    unsafe { libc::_exit(code) }
}

/// Starts a child, in which nothing but the calling thread exists. It ends
/// with what `run` returns; a panic gives 101, and 20 seconds are its time.
pub(crate) fn start(run: impl FnOnce() -> i32) -> i32 {
    // SAFETY: this program has one thread whenever it forks, so no lock is held
    // in the child.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: it takes a number. The signal's default is to kill.
        unsafe { libc::alarm(20) };
        let run = std::panic::AssertUnwindSafe(run);
        exit(std::panic::catch_unwind(run).unwrap_or(101));
    }
    child
}

/// Waits for a child.
pub(crate) fn wait(child: i32) -> End {
    let mut status = 0;
    // SAFETY: the status is a local variable.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child, "{}", std::io::Error::last_os_error());
    if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        End::Code(libc::WEXITSTATUS(status))
    }
}

/// Runs a child to its end.
pub(crate) fn child(run: impl FnOnce() -> i32) -> End {
    wait(start(run))
}

/// A page that is shared with children. It is never unmapped.
pub(crate) fn shared_page() -> &'static [AtomicU64; 512] {
    let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses where, so that nothing is replaced.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, kind, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: 4096 bytes of zeros are 512 atomic numbers, and stay mapped.
    unsafe { &*page.cast() }
}

/// Runs machine code that a process has mapped at this address.
#[cfg(target_arch = "x86_64")]
pub(crate) fn run_code(address: i64) -> i32 {
    // SAFETY: the caller put a function there that only returns a number.
    let code: extern "C" fn() -> i32 = unsafe { std::mem::transmute(address) };
    code()
}

/// Writes bytes to memory that the process has mapped itself.
pub(crate) fn poke(address: i64, bytes: &[u8]) {
    // SAFETY: the caller has mapped a page there, which is longer.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) }
}

/// The 32-bit `getpid`, which a 64-bit process can call as well.
#[cfg(target_arch = "x86_64")]
pub(crate) fn call_32() -> Outcome {
    let result: i64;
    // SAFETY: the call takes nothing and changes its result alone; the kernel
    // clears r8 to r11.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    if result < 0 { Err(i32::try_from(-result).unwrap_or(0)) } else { Ok(result) }
}
