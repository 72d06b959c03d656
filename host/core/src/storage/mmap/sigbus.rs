//! The SIGBUS handler, and the table in which it finds our mappings.

use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::{io, mem, ptr};

use libc::{c_int, c_void, siginfo_t};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// Maximum number of files that can be mapped at the same time.
pub(super) const SLOTS: usize = 64;
const NO_FAULT: u64 = u64::MAX;
/// Values of `Slot::base` that are not addresses.
const FREE: usize = 0;
const CLAIMED: usize = 1;

/// The handler's information about one mapping.
#[derive(Debug)]
pub(super) struct Slot {
    base: AtomicUsize,
    len: AtomicUsize,
    fault: AtomicU64,
}

static TABLE: [Slot; SLOTS] = [const {
    Slot { base: AtomicUsize::new(FREE), len: AtomicUsize::new(0), fault: AtomicU64::new(NO_FAULT) }
}; SLOTS];

/// A claimed slot, which is freed when it is dropped.
#[derive(Debug)]
pub(super) struct Claimed(&'static Slot);

impl Claimed {
    /// Claims a slot, if one is free.
    pub(super) fn claim() -> Option<Self> {
        let is_free = |slot: &&Slot| slot.base.compare_exchange(FREE, CLAIMED, SeqCst, SeqCst).is_ok();
        TABLE.iter().find(is_free).map(Self)
    }
}

impl Deref for Claimed {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.0
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.0.free();
    }
}

impl Slot {
    pub(super) fn publish(&self, base: usize, len: usize) {
        self.fault.store(NO_FAULT, SeqCst);
        self.base.store(base, SeqCst);
        self.len.store(len, SeqCst);
    }

    fn free(&self) {
        self.len.store(0, SeqCst);
        self.base.store(FREE, SeqCst);
    }

    /// See [`super::Mapping::fault`].
    pub(super) fn fault(&self) -> Option<u64> {
        let offset = self.fault.load(SeqCst);
        (offset != NO_FAULT).then_some(offset)
    }

    /// The mapping that contains `addr`, with its base and length.
    ///
    /// The faulting load borrows its mapping, so the slot of that mapping does
    /// not change during this search. Other slots may be reused in the
    /// meantime. Reading the base twice detects that, because a new mapping at
    /// an unchanged base cannot cover `addr`: live mappings do not overlap.
    fn of(addr: usize) -> Option<(&'static Self, usize, usize)> {
        TABLE.iter().find_map(|slot| {
            let base = slot.base.load(SeqCst);
            let len = slot.len.load(SeqCst);
            // The last page belongs to the mapping even if the file ends inside
            // it.
            let inside = base > CLAIMED && addr >= base && addr - base < len.next_multiple_of(page_bytes());
            (inside && slot.base.load(SeqCst) == base).then_some((slot, base, len))
        })
    }
}

/// The previous SIGBUS handler. Set before our handler is installed.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();
/// The outcome of installing the handler: zero, or an error number.
static INSTALLED: OnceLock<c_int> = OnceLock::new();

pub(super) fn install_handler() -> io::Result<()> {
    let errno =
        *INSTALLED.get_or_init(|| try_install().err().map_or(0, |e| e.raw_os_error().unwrap_or(libc::EIO)));
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

fn try_install() -> io::Result<()> {
    page_bytes();
    // SAFETY: all-zero is a valid `sigaction`, and both calls get valid
    // pointers or null. The handler is async-signal-safe; see its comment.
    unsafe {
        let mut previous: libc::sigaction = mem::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut previous) != 0 {
            return Err(io::Error::last_os_error());
        }
        PREVIOUS.get_or_init(|| previous);
        let mut ours: libc::sigaction = mem::zeroed();
        ours.sa_sigaction = on_sigbus as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        // On the alternate stack, if a thread has one, for the next handler in
        // the chain: the standard library detects stack overflows there.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        if libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Async-signal-safe: uses only atomics and the system calls `mmap`,
/// `sigaction` and `raise` (`mmap` is the bare call). No allocation, no lock.
extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid `info`.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // Only the kernel's own codes are positive, and only they come with an
    // address.
    if code > 0 && Slot::of(addr).is_some_and(|(slot, base, len)| show_zeros(slot, base, len, addr)) {
        return;
    }
    pass_on(signal, code, info, context);
}

/// Records the fault, then maps zero pages from there to the mapping's end.
///
/// The zeros extend to the end, not over one page: a truncated file would fault
/// page by page, and the kernel limits the number of mappings of a process.
/// Everything after a recorded fault is untrusted anyway. The fault is recorded
/// first, so a reader of a made-up zero finds the record afterwards.
fn show_zeros(slot: &Slot, base: usize, len: usize, addr: usize) -> bool {
    let offset = (addr - base) / page_bytes() * page_bytes();
    slot.fault.fetch_min(offset as u64, SeqCst);
    // SAFETY: the range lies in the mapping and starts at one of its pages. The
    // load that faulted borrows that mapping, so it still exists; it stays
    // read-only.
    let zeros = unsafe {
        let place = (base + offset) as *mut c_void;
        mmap_anonymous(place, len - offset, ProtFlags::READ, MapFlags::FIXED | MapFlags::PRIVATE)
    };
    zeros.is_ok()
}

/// Does what would have happened without our handler.
fn pass_on(signal: c_int, code: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.get();
    let handler = previous.map_or(libc::SIG_DFL, |p| p.sa_sigaction);
    if handler == libc::SIG_IGN && code <= 0 {
        return;
    }
    // SAFETY: a handler other than the two constants is a function with the
    // signature that its flags indicate, installed with `sigaction`. Otherwise
    // the default action is restored and the signal raised again; it is blocked
    // until we return, and then ends the process as if our handler did not
    // exist.
    unsafe {
        if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
            let default: libc::sigaction = mem::zeroed();
            libc::sigaction(signal, &raw const default, ptr::null_mut());
            libc::raise(signal);
        } else if previous.is_some_and(|p| p.sa_flags & libc::SA_SIGINFO != 0) {
            mem::transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(handler)(
                signal, info, context,
            );
        } else {
            mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        }
    }
}

/// Size of a page in bytes: a power of two. Safe in a signal handler after the
/// first call outside of one, which is made when the handler is installed.
pub(super) fn page_bytes() -> usize {
    rustix::param::page_size()
}
