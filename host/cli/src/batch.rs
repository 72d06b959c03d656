//! Runs on several files at the same time. A run on a small file spends nearly
//! all its time waiting for its journal, its content and its directory to
//! become durable, one after the other. Many runs that wait at the same time
//! take hardly longer than one.
//!
//! Small files are processed concurrently. Any other file (large, not a regular
//! file, or a second name of a file in flight) is processed exclusively: after
//! all files before it are done, and before any file after it starts. A file
//! for which there was not enough memory in concurrent mode, or whose worker died
//! there, is processed again, exclusively. Results are reported in the order in which the files were
//! given. So neither the files nor the reports show any difference from
//! sequential processing, unless the run is killed: then more than one file may
//! need recovery.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::{fs, thread};

use runner_pipeline::error::Result;
use runner_pipeline::scan::BLOCK_BYTES;
use runner_pipeline::{locks, stack};

use crate::semaphore::{Permit, Semaphore};

/// Number of finished files that may wait to be reported, per file in flight.
const AHEAD: usize = 8;

/// Maximum number of descriptors per file in flight: the file, the journal, the
/// file opened for reading back, a directory, and some reserve.
const FILE_DESCRIPTORS: u64 = 6;
/// Number of descriptors for everything else.
const OTHER_DESCRIPTORS: u64 = 16;

/// How many files the descriptor limit allows in flight, at least 1.
pub(crate) fn most_by_descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let files = limit.unwrap_or(u64::MAX).saturating_sub(OTHER_DESCRIPTORS) / FILE_DESCRIPTORS;
    usize::try_from(files).unwrap_or(usize::MAX).max(1)
}

/// How a file is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No other file is in flight.
    Exclusive,
    /// Other small files are in flight at the same time.
    Concurrent,
}

/// The work to do on several files.
pub(crate) struct Job<'a, T> {
    pub(crate) files: &'a [PathBuf],
    /// Maximum number of small files that keep a processor busy, at least 1.
    pub(crate) max_busy: usize,
    /// Maximum number of files in flight, at least 1.
    pub(crate) max_in_flight: usize,
    /// Whether to start no further file.
    pub(crate) stopped: &'a (dyn Fn() -> bool + Sync),
    /// Processes a file. In concurrent mode, returns `None` without having done
    /// anything if the work may succeed when no other file is in flight.
    pub(crate) work: &'a Work<'a, T>,
}

type Work<'a, T> = dyn Fn(&Path, Mode, &mut Turn<'_>) -> Option<T> + Sync + 'a;

/// The turn of a thread to keep a processor busy. It stays with the thread from
/// file to file, because passing it on takes longer than some files do.
pub(crate) struct Turn<'a>(Option<Permit<'a>>);

impl Turn<'_> {
    /// Ends it: from now on, the work on this file mostly waits.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }
}

/// Processes the files, and passes each result to `report` on this thread.
/// Returns the number of processed files: all, unless the job was stopped.
///
/// # Errors
/// If not even one thread can be started.
pub(crate) fn each<T: Send>(job: &Job<'_, T>, mut report: impl FnMut(T)) -> Result<usize> {
    let queue = Queue {
        state: Mutex::new(State {
            end: job.files.len(),
            next: 0,
            reported: 0,
            in_flight: Vec::new(),
            retry: BTreeSet::new(),
            done: BTreeMap::new(),
            panicked: false,
        }),
        changed: Condvar::new(),
    };
    let busy = Semaphore::new(job.max_busy);
    thread::scope(|scope| {
        for count in 0..job.max_in_flight.min(job.files.len()) {
            let started = stack::spawn(scope, || {
                let mut turn = Turn(None);
                loop {
                    turn.0.get_or_insert_with(|| busy.take());
                    let Some((index, mode)) = queue.take(job) else { break };
                    let mut completion = Completion { queue: &queue, index, result: None };
                    completion.result = Some((job.work)(&job.files[index], mode, &mut turn));
                }
            });
            match started {
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                // The threads that did start do the work.
                Err(_) => break,
            }
        }
        let mut reported = 0;
        while let Some(result) = queue.wait_for(reported) {
            report(result);
            reported += 1;
        }
        Ok(reported)
    })
}

struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// Files from this index on are not started.
    end: usize,
    /// Index of the next file to start.
    next: usize,
    /// Number of files already reported.
    reported: usize,
    in_flight: Vec<InFlight>,
    /// Indexes of files to process again, exclusively.
    retry: BTreeSet<usize>,
    /// Results that have not been reported yet.
    done: BTreeMap<usize, T>,
    /// A worker panicked.
    panicked: bool,
}

/// A file in flight.
struct InFlight {
    index: usize,
    /// `None` if it must be the only file in flight.
    file: Option<FileId>,
}

/// Identifies a file under different names: by its inode, or by its path with
/// all links resolved, which stays the same when a rewrite gives the file a new
/// inode.
#[derive(PartialEq, Eq)]
struct FileId {
    path: PathBuf,
    inode: (u64, u64),
}

impl FileId {
    /// The identity of a small regular file; `None` for anything else.
    fn small(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok()?;
        let stat = fs::symlink_metadata(&path).ok()?;
        let small = stat.is_file() && stat.len() <= BLOCK_BYTES;
        small.then(|| Self { path, inode: (stat.dev(), stat.ino()) })
    }
}

impl<T> State<T> {
    /// Picks a file that may start now.
    fn ready(&mut self, job: &Job<'_, T>) -> Option<(usize, Mode)> {
        let retry = self.retry.first().copied();
        if retry.is_none() && self.next >= self.reported + AHEAD * job.max_in_flight {
            return None;
        }
        if retry.is_none()
            && job.max_in_flight > 1
            && self.in_flight.iter().all(|in_flight| in_flight.file.is_some())
        {
            let known = FileId::small(&job.files[self.next]);
            let known = known.filter(|known| self.in_flight.iter().all(|in_flight| !in_flight.is(known)));
            if known.is_some() {
                self.in_flight.push(InFlight { index: self.next, file: known });
                self.next += 1;
                return Some((self.next - 1, Mode::Concurrent));
            }
        }
        let index = retry.unwrap_or(self.next);
        if !self.in_flight.is_empty() || self.reported < index {
            return None;
        }
        if !self.retry.remove(&index) {
            self.next += 1;
        }
        self.in_flight.push(InFlight { index, file: None });
        Some((index, Mode::Exclusive))
    }
}

impl InFlight {
    fn is(&self, known: &FileId) -> bool {
        self.file.as_ref().is_some_and(|file| file.path == known.path || file.inode == known.inode)
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        locks::lock(&self.state)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        locks::wait(&self.changed, state)
    }

    /// Waits for the next file to process. `None` if there is none left.
    fn take(&self, job: &Job<'_, T>) -> Option<(usize, Mode)> {
        let mut state = self.lock();
        loop {
            if (job.stopped)() {
                state.end = state.next;
            }
            if state.panicked || state.next == state.end && state.retry.is_empty() {
                drop(state);
                self.changed.notify_all();
                return None;
            }
            match state.ready(job) {
                Some(ready) => return Some(ready),
                None => state = self.wait(state),
            }
        }
    }

    /// Waits for the result of a file. `None` if it will not be processed.
    fn wait_for(&self, index: usize) -> Option<T> {
        let mut state = self.lock();
        // All files before it have been reported.
        state.reported = index;
        self.changed.notify_all();
        loop {
            if let Some(result) = state.done.remove(&index) {
                return Some(result);
            }
            if state.panicked || index == state.end {
                return None;
            }
            state = self.wait(state);
        }
    }
}

/// Records the result of a file when it is dropped, also in a panic.
struct Completion<'a, T> {
    queue: &'a Queue<T>,
    index: usize,
    /// The return value of [`Job::work`]; `None` in a panic.
    result: Option<Option<T>>,
}

impl<T> Drop for Completion<'_, T> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.in_flight.retain(|in_flight| in_flight.index != self.index);
        match self.result.take() {
            Some(Some(result)) => drop(state.done.insert(self.index, result)),
            Some(None) => drop(state.retry.insert(self.index)),
            // The scope propagates the panic after all threads have ended.
            None => state.panicked = true,
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}
