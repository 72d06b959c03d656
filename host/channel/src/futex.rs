//! Sleeps and wakes by futexes.
//!
//! The parent sleeps on two words at once: its bell in shared memory, and a word
//! of its own memory, which says that the worker is dead. The worker can do to
//! the bell what it likes, such as writing `ASLEEP` after everybody has rung, or
//! moving the sleeper to another futex (`FUTEX_REQUEUE`). It cannot reach the
//! second word, so the news of its death always arrive.
//!
//! Linux sleeps on several words since 5.16 (`futex_waitv`). Where the call is
//! missing or forbidden, the parent sleeps on the bell alone, and at most for
//! [`LONGEST_PLAIN_SLEEP`] at a time. A death rings the bell there as well, so
//! the limit matters only if the worker did the above before it died.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::thread::futex::{Flags, Wait, WaitFlags, WaitPtr, WaitvFlags};
use rustix::thread::{ClockId, futex};
use rustix::time::{Timespec, clock_gettime};

use crate::error::{Error, Result};
use crate::head::Word;
use crate::sleep::{ASLEEP, Bell};

/// See the module.
const LONGEST_PLAIN_SLEEP: Duration = Duration::from_secs(1);

/// Flags of a futex that two processes use.
const SHARED: Flags = Flags::empty();

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Bell for Word {
    fn swap(&self, value: u32) -> u32 {
        self.0.swap(value, Ordering::AcqRel)
    }

    fn wake(&self) {
        // A failure is the worker's doing (it may have queued what cannot be
        // woken like this), and its loss.
        let _ = futex::wake(&self.0, SHARED, 1);
    }
}

/// Sleeps on the bell alone, without a deadline: the worker's way.
pub(crate) fn sleep(bell: &Word) -> Result<()> {
    woken(futex::wait(&bell.0, SHARED, ASLEEP, None))
}

/// Whether the worker lives.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// [`ALIVE`] or [`DEAD`]; in memory that is not shared.
    word: AtomicU32,
    /// Whether sleeping on two words turned out to be impossible.
    plain: AtomicBool,
}

const ALIVE: u32 = 0;
const DEAD: u32 = 1;

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.word.load(Ordering::Acquire) != ALIVE
    }

    /// Notes the worker's death, and wakes everyone who sleeps.
    pub(crate) fn end<'a>(&self, bells: impl Iterator<Item = &'a Word>) {
        self.word.store(DEAD, Ordering::Release);
        // Neither fails: the words are mapped.
        let _ = futex::wake(&self.word, Flags::PRIVATE, i32::MAX.unsigned_abs());
        for bell in bells {
            // The worker may have died between its exchange and its call, so
            // the value says nothing.
            bell.swap(crate::sleep::AWAKE);
            bell.wake();
        }
    }

    /// Sleeps while the bell says [`ASLEEP`] and the worker lives. May return
    /// early.
    ///
    /// # Errors
    /// When the worker is dead, or the deadline has passed.
    pub(crate) fn sleep(&self, bell: &Word, deadline: Option<Instant>) -> Result<()> {
        if self.is_over() {
            return Err(Error::WorkerDied);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout);
        }
        if !self.plain.load(Ordering::Relaxed) {
            match self.sleep_on_both(bell, left) {
                // A filter of a container may refuse with either.
                Err(Errno::NOSYS | Errno::PERM) => self.plain.store(true, Ordering::Relaxed),
                slept => return woken(slept),
            }
        }
        let left = left.map_or(LONGEST_PLAIN_SLEEP, |left| left.min(LONGEST_PLAIN_SLEEP));
        woken(futex::wait(&bell.0, SHARED, ASLEEP, Some(&timespec(left))))
    }

    fn sleep_on_both(&self, bell: &Word, left: Option<Duration>) -> std::result::Result<(), Errno> {
        let words = [
            waiter(&bell.0, ASLEEP, WaitFlags::SIZE_U32),
            waiter(&self.word, ALIVE, WaitFlags::SIZE_U32 | WaitFlags::PRIVATE),
        ];
        // The call takes a point in time.
        let until = left.map(|left| later(clock_gettime(ClockId::Monotonic), left));
        futex::waitv(&words, WaitvFlags::empty(), until.as_ref(), ClockId::Monotonic).map(drop)
    }

    #[cfg(test)]
    pub(crate) fn sleep_plainly(&self) {
        self.plain.store(true, Ordering::Relaxed);
    }
}

fn waiter(word: &AtomicU32, value: u32, flags: WaitFlags) -> Wait {
    let mut wait = Wait::new();
    wait.val = value.into();
    wait.uaddr = WaitPtr::new(word.as_ptr().cast());
    wait.flags = flags;
    wait
}

/// The end of a sleep, whatever ended it.
fn woken(slept: std::result::Result<(), Errno>) -> Result<()> {
    match slept {
        // The last two: the value was another one already, or a signal came.
        Ok(()) | Err(Errno::TIMEDOUT | Errno::AGAIN | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn timespec(duration: Duration) -> Timespec {
    later(Timespec { tv_sec: 0, tv_nsec: 0 }, duration)
}

/// The kernel takes what is too far away as never.
fn later(time: Timespec, by: Duration) -> Timespec {
    let nanos = time.tv_nsec + i64::from(by.subsec_nanos());
    let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    Timespec {
        tv_sec: time.tv_sec.saturating_add(seconds).saturating_add(nanos / NANOS_PER_SECOND),
        tv_nsec: nanos % NANOS_PER_SECOND,
    }
}
