//! A file mapped read-only, safe against the file shrinking or its medium
//! failing under us.
//!
//! Reading a mapped page that is past the file's end, or that the medium
//! cannot deliver, raises SIGBUS. A handler that is installed once, and looks
//! at our mappings alone, notes the place and lets the load go on with zeros.
//! A SIGBUS that is not ours goes to whoever handled it before.
//!
//! # The one rule
//!
//! **Bytes of a mapping mean nothing until [`Mapping::fault`] was asked after
//! they were read, and answered `None`.** Until then they may be made-up
//! zeros: use them for computing, but trust no result before that.
//!
//! What this does *not* promise: a file cut within a page shows zeros from
//! there to the page's end without a fault, and a file that is written to
//! shows the new bytes. Both are for the identity check to find. A system
//! call that is handed faulty pages fails with `EFAULT` and marks nothing.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use libc::{c_int, c_void, siginfo_t};

use crate::error::{Error, Kind, Result};

/// A whole file in memory, read-only. See the module's rule on faults.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// `None` for an empty mapping, which cannot fault.
    slot: Option<&'static Slot>,
}

// SAFETY: the memory is only ever read, is owned by this value alone, and is
// bound to no thread.
unsafe impl Send for Mapping {}
// SAFETY: all methods take `&self` and neither write the memory nor unmap it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes of `file`; `path` is for messages. A file
    /// that is shorter faults when it is read beyond its end.
    ///
    /// # Errors
    /// When the file cannot be mapped, as is so with pipes and some special
    /// files, or when too many files are mapped at once.
    pub fn new(file: &File, len: u64, path: &Path) -> Result<Self> {
        if len == 0 {
            return Ok(Self { base: NonNull::dangling(), len: 0, slot: None });
        }
        let len = usize::try_from(len)
            .ok()
            .filter(|len| isize::try_from(*len).is_ok())
            .ok_or_else(|| Error::io("map", path, io::ErrorKind::FileTooLarge.into()))?;
        install_handler().map_err(Error::at("map", path))?;
        let slot = Slot::claim().ok_or_else(|| {
            Error::new(Kind::Usage, format!("cannot map {}: too many files are mapped", path.display()))
        })?;
        // SAFETY: a fresh mapping at an address of the kernel's choice
        // touches no memory of ours.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        let mapped = if base == libc::MAP_FAILED { None } else { NonNull::new(base.cast::<u8>()) };
        let Some(base) = mapped else {
            let cause = io::Error::last_os_error();
            slot.free();
            return Err(Error::io("map", path, cause));
        };
        slot.publish(base.as_ptr() as usize, len);
        Ok(Self { base, len, slot: Some(slot) })
    }

    /// The content. Ask [`Mapping::fault`] before you trust what you read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `base` is valid for `len` bytes as long as `self` lives (or
        // dangling with a length of zero), and nothing in this process writes
        // there. Another process may write to the file: as with every mapping
        // of a file, that is outside the language's model, and harmless as
        // far as callers treat the bytes as untrusted data, which they do.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }

    /// The file offset of the first page that could not be read, of those
    /// that were tried.
    ///
    /// Pages behind it may have turned to zeros without an entry of their
    /// own; so after `Some`, no byte at or behind it is to be trusted, and
    /// after `None`, every byte read before the call was real.
    #[must_use]
    pub fn fault(&self) -> Option<u64> {
        let offset = self.slot?.fault.load(SeqCst);
        (offset != NO_FAULT).then_some(offset)
    }

    /// [`Mapping::fault`] as an error; `path` is what it calls the file.
    ///
    /// # Errors
    /// When a part of the file could not be read, with its offset.
    pub fn check(&self, path: &Path) -> Result<()> {
        match self.fault() {
            None => Ok(()),
            Some(offset) => Err(Error::new(
                Kind::Usage,
                format!(
                    "cannot read {} at byte {offset}: it was cut short, or its medium failed",
                    path.display()
                ),
            )
            .hint("nothing was written; the kernel log tells of errors of the medium")),
        }
    }

    /// Drops the pages that lie wholly inside `range` from this process, so
    /// that the resident set stays small while a scan moves on. They stay in
    /// the page cache, and reading them again works.
    pub fn release(&self, range: Range<u64>) {
        let page = page_bytes();
        let Some(range) = self.clamp(range) else { return };
        // The last page of the mapping is whole even when the file ends in it.
        let end = if range.end == self.len { self.len } else { range.end / page * page };
        self.advise(range.start.next_multiple_of(page)..end, libc::MADV_DONTNEED);
    }

    /// Maps the pages of `range` in one go, and waits for those that must be
    /// read first. What cannot be read faults later, when it is looked at.
    pub fn page_in(&self, range: Range<u64>) {
        let Some(range) = self.clamp(range) else { return };
        self.advise(range.start / page_bytes() * page_bytes()..range.end, libc::MADV_POPULATE_READ);
    }

    fn clamp(&self, range: Range<u64>) -> Option<Range<usize>> {
        let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(self.len);
        let start = usize::try_from(range.start).ok()?;
        (start < end).then_some(start..end)
    }

    /// Failure is ignored: advice changes speed, not content.
    fn advise(&self, range: Range<usize>, advice: c_int) {
        if range.is_empty() {
            return;
        }
        // SAFETY: the range lies in the mapping and starts on a page. Neither
        // kind of advice changes what a read of it returns: the pages are
        // clean, and come from the file (or are a fault's zeros) again.
        unsafe {
            libc::madvise(self.base.as_ptr().add(range.start).cast(), range.len(), advice);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        // First, so that the handler never touches a range that is no longer
        // ours.
        slot.free();
        // SAFETY: the range is this value's own, and its borrows have ended.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.len);
        }
    }
}

/// Files that can be mapped at a time.
const SLOTS: usize = 64;
const NO_FAULT: u64 = u64::MAX;
/// Values of `Slot::base` that are not addresses.
const FREE: usize = 0;
const CLAIMED: usize = 1;

/// What the handler knows of one mapping.
#[derive(Debug)]
struct Slot {
    base: AtomicUsize,
    len: AtomicUsize,
    fault: AtomicU64,
}

static TABLE: [Slot; SLOTS] = [const {
    Slot { base: AtomicUsize::new(FREE), len: AtomicUsize::new(0), fault: AtomicU64::new(NO_FAULT) }
}; SLOTS];

impl Slot {
    fn claim() -> Option<&'static Self> {
        TABLE.iter().find(|slot| slot.base.compare_exchange(FREE, CLAIMED, SeqCst, SeqCst).is_ok())
    }

    fn publish(&self, base: usize, len: usize) {
        self.fault.store(NO_FAULT, SeqCst);
        self.base.store(base, SeqCst);
        self.len.store(len, SeqCst);
    }

    fn free(&self) {
        self.len.store(0, SeqCst);
        self.base.store(FREE, SeqCst);
    }

    /// The mapping that holds `addr`, with its base and length.
    ///
    /// The faulting load holds a borrow of its mapping, so that mapping's slot
    /// does not change while we look. Other slots may change hands in between;
    /// reading the base twice tells, for a new mapping at an unchanged base
    /// cannot cover `addr`: live mappings do not overlap.
    fn of(addr: usize) -> Option<(&'static Self, usize, usize)> {
        TABLE.iter().find_map(|slot| {
            let base = slot.base.load(SeqCst);
            let len = slot.len.load(SeqCst);
            // The last page belongs to the mapping even where the file has
            // ended.
            let inside = base > CLAIMED && addr >= base && addr - base < len.next_multiple_of(page_bytes());
            (inside && slot.base.load(SeqCst) == base).then_some((slot, base, len))
        })
    }
}

/// Who handled SIGBUS before us. Set before our handler is installed.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();
/// The outcome of installing the handler: zero, or an error number.
static INSTALLED: OnceLock<c_int> = OnceLock::new();

fn install_handler() -> io::Result<()> {
    let errno =
        *INSTALLED.get_or_init(|| try_install().err().map_or(0, |e| e.raw_os_error().unwrap_or(libc::EIO)));
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

fn try_install() -> io::Result<()> {
    // SAFETY: all-zero is a valid `sigaction`, and both calls get valid
    // pointers or null. The handler is async-signal-safe; see there.
    unsafe {
        let mut previous: libc::sigaction = mem::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut previous) != 0 {
            return Err(io::Error::last_os_error());
        }
        PREVIOUS.get_or_init(|| previous);
        let mut ours: libc::sigaction = mem::zeroed();
        ours.sa_sigaction = on_sigbus as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        // On the alternate stack where a thread has one, for whoever comes
        // next in the chain: the standard library tells stack overflows there.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        if libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Async-signal-safe: atomics, and the system calls `mmap`, `sigaction` and
/// `raise` (the C library's `mmap` is the bare call). No allocation, no lock.
extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid `info`.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // Only the kernel's own codes are positive, and only they carry an
    // address.
    if code > 0 && Slot::of(addr).is_some_and(|(slot, base, len)| show_zeros(slot, base, len, addr)) {
        return;
    }
    pass_on(signal, code, info, context);
}

/// Notes the fault, then puts zero pages from there to the mapping's end.
///
/// To the end, not over one page alone: a truncated file would fault page by
/// page, and the kernel bounds how many pieces a process may have. Everything
/// behind a noted fault is untrusted anyway. The note comes first, so whoever
/// reads a made-up zero finds the note afterwards.
fn show_zeros(slot: &Slot, base: usize, len: usize, addr: usize) -> bool {
    let offset = (addr - base) / page_bytes() * page_bytes();
    slot.fault.fetch_min(offset as u64, SeqCst);
    // SAFETY: the range lies in the mapping and starts on one of its pages.
    // That mapping is borrowed by the load that faulted, so it is still
    // there; read-only stays read-only.
    let zeros = unsafe {
        libc::mmap(
            (base + offset) as *mut c_void,
            len - offset,
            libc::PROT_READ,
            libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    zeros != libc::MAP_FAILED
}

/// Does what would have happened without us.
fn pass_on(signal: c_int, code: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.get();
    let handler = previous.map_or(libc::SIG_DFL, |p| p.sa_sigaction);
    if handler == libc::SIG_IGN && code <= 0 {
        return;
    }
    // SAFETY: a handler other than the two constants is a function of the
    // shape that its flags tell, put there with `sigaction`. Otherwise the
    // default action is restored and the signal raised again; it is blocked
    // until we return, and then ends the process as if we had not been here.
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

/// Bytes of a page: a power of two.
fn page_bytes() -> usize {
    // SAFETY: no arguments to get wrong; async-signal-safe by POSIX.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::thread;

    const PAGES: usize = 64;

    fn file_of_ones(len: usize) -> File {
        let mut file = tempfile::tempfile().expect("temporary file");
        file.write_all(&vec![1; len]).expect("write");
        file
    }

    fn map(file: &File, len: usize) -> Mapping {
        Mapping::new(file, len as u64, Path::new("test")).expect("map")
    }

    #[test]
    fn shows_the_content_and_no_fault() {
        let file = file_of_ones(10_001);
        let mapping = map(&file, 10_001);
        assert!(mapping.bytes().iter().all(|b| *b == 1));
        assert_eq!((mapping.bytes().len(), mapping.fault()), (10_001, None));
    }

    #[test]
    fn empty_file_needs_no_mapping() {
        let mapping = map(&file_of_ones(0), 0);
        assert_eq!((mapping.bytes(), mapping.fault()), (&b""[..], None));
        mapping.release(0..10);
        mapping.page_in(0..10);
    }

    #[test]
    fn truncated_file_reads_as_zeros_and_is_noted() {
        let page = page_bytes();
        let file = file_of_ones(PAGES * page);
        let mapping = map(&file, PAGES * page);
        let other_file = file_of_ones(PAGES * page);
        let other = map(&other_file, PAGES * page);
        file.set_len(3 * page as u64).expect("truncate");

        assert_eq!(mapping.bytes()[20 * page + 5], 0);
        assert_eq!(mapping.fault(), Some(20 * page as u64), "the page that was tried");
        assert_eq!(mapping.bytes()[PAGES * page - 1], 0);
        assert_eq!(mapping.fault(), Some(20 * page as u64), "a later page changes nothing");
        assert_eq!(mapping.bytes()[3 * page], 0);
        assert_eq!(mapping.fault(), Some(3 * page as u64), "an earlier page does");

        assert!(mapping.bytes()[..3 * page].iter().all(|b| *b == 1), "what is left stays readable");
        assert!(other.bytes().iter().all(|b| *b == 1));
        assert_eq!(other.fault(), None, "the other mapping is not concerned");
    }

    #[test]
    fn threads_may_fault_in_many_mappings_at_once() {
        let page = page_bytes();
        let mapped: Vec<_> = (0..4)
            .map(|kept| {
                let file = file_of_ones(PAGES * page);
                let mapping = map(&file, PAGES * page);
                file.set_len((kept * page) as u64).expect("truncate");
                mapping
            })
            .collect();
        thread::scope(|scope| {
            for mapping in mapped.iter().chain(&mapped) {
                scope.spawn(|| {
                    assert!(mapping.bytes().iter().map(|b| usize::from(*b)).sum::<usize>() < 4 * page)
                });
            }
        });
        for (kept, mapping) in mapped.iter().enumerate() {
            assert_eq!(mapping.fault(), Some((kept * page) as u64));
        }
    }

    #[test]
    fn slot_of_a_faulted_mapping_is_reused_clean() {
        let page = page_bytes();
        for _ in 0..2 * SLOTS {
            let file = file_of_ones(2 * page);
            let mapping = map(&file, 2 * page);
            assert_eq!((mapping.bytes()[page], mapping.fault()), (1, None));
            file.set_len(0).expect("truncate");
            assert_eq!((mapping.bytes()[page], mapping.fault()), (0, Some(page as u64)));
        }
    }

    #[test]
    fn released_pages_can_be_read_again() {
        let len = PAGES * page_bytes() - 100;
        let file = file_of_ones(len);
        let mapping = map(&file, len);
        for range in [0..0, 5..100, 1..len as u64, 0..u64::MAX, u64::MAX - 1..u64::MAX] {
            mapping.page_in(range.clone());
            mapping.release(range);
            assert!(mapping.bytes().iter().all(|b| *b == 1));
        }
        assert_eq!(mapping.fault(), None);
    }

    /// Runs itself again, for a SIGBUS that is not ours must end a process.
    #[test]
    fn foreign_sigbus_still_kills() {
        use std::os::unix::process::ExitStatusExt;
        const CHILD: &str = "RUNNER_TEST_FOREIGN_SIGBUS";
        if std::env::var_os(CHILD).is_none() {
            let status = std::process::Command::new(std::env::current_exe().expect("own path"))
                .args(["--exact", "mapping::tests::foreign_sigbus_still_kills"])
                .env(CHILD, "1")
                .status()
                .expect("run itself");
            assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
            return;
        }
        let file = file_of_ones(10);
        let _ours = map(&file, 10);
        file.set_len(0).expect("truncate");
        let (len, protection) = (page_bytes(), libc::PROT_READ);
        // SAFETY: the mapping is never registered, so the read raises a
        // SIGBUS that is not ours: the point of the test.
        let byte = unsafe {
            let foreign = libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, file.as_raw_fd(), 0);
            assert_ne!(foreign, libc::MAP_FAILED);
            foreign.cast::<u8>().read_volatile()
        };
        panic!("read {byte} from beyond the end");
    }

    #[test]
    fn what_cannot_be_mapped_is_an_error_with_its_path() {
        let (reader, _writer) = std::io::pipe().expect("pipe");
        let file = File::from(std::os::fd::OwnedFd::from(reader));
        let error = Mapping::new(&file, 10, Path::new("some/pipe")).expect_err("pipes have no pages");
        assert_eq!(error.to_string(), "cannot map some/pipe");
    }
}
