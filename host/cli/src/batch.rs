//! Several files at a time. A run on a small file is nearly all waiting: for
//! its journal, its content and its directory to become durable, one after
//! the other. Many that wait together wait hardly longer than one.
//!
//! Small files are worked on among others. Every other one (large, no regular
//! file, or one more name of a file in flight) is worked on alone: when all
//! before it are done, and before any behind it. So is, once more, a file for
//! which there was no memory among others. What has come of the files is told
//! in the order in which they were given. So nobody who looks at the files,
//! or at what is told, can tell it from one after the other, unless the run
//! is killed: then there is more than one to recover.

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

/// For each file in flight, files that may be done and wait to be told.
const AHEAD: usize = 8;

/// Descriptors that a file in flight needs at most: itself, the journal, what
/// is read back, a directory, and some to spare.
const FILE_DESCRIPTORS: u64 = 6;
/// Descriptors for all else.
const OTHER_DESCRIPTORS: u64 = 16;

/// Files that may be in flight as far as descriptors go, at least 1.
pub(crate) fn most_by_descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let files = limit.unwrap_or(u64::MAX).saturating_sub(OTHER_DESCRIPTORS) / FILE_DESCRIPTORS;
    usize::try_from(files).unwrap_or(usize::MAX).max(1)
}

/// With whom a file is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Alone,
    Others,
}

/// What is to be done with each of several files.
pub(crate) struct Job<'a, T> {
    pub(crate) files: &'a [PathBuf],
    /// Files in flight, at least 1.
    pub(crate) most: usize,
    /// Whether no further file is to be begun.
    pub(crate) stopped: &'a (dyn Fn() -> bool + Sync),
    /// Works on a file. `None`, among others, when there was no memory for
    /// it, and nothing has happened.
    pub(crate) work: &'a (dyn Fn(&Path, Mode) -> Option<T> + Sync),
}

/// Does the job, and tells what each file has come to on this thread. Returns
/// how many were worked on: all, unless it was stopped.
///
/// # Errors
/// When not even one thread can be started.
pub(crate) fn each<T: Send>(job: &Job<'_, T>, mut tell: impl FnMut(T)) -> Result<usize> {
    let queue = Queue {
        state: Mutex::new(State {
            end: job.files.len(),
            next: 0,
            told: 0,
            in_flight: Vec::new(),
            again: BTreeSet::new(),
            done: BTreeMap::new(),
            broken: false,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for count in 0..job.most.min(job.files.len()) {
            let started = stack::spawn(scope, || {
                while let Some((index, mode)) = queue.take(job) {
                    let mut completion = Completion { queue: &queue, index, result: None };
                    completion.result = Some((job.work)(&job.files[index], mode));
                }
            });
            match started {
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                // Those that there are do the work.
                Err(_) => break,
            }
        }
        let mut told = 0;
        while let Some(result) = queue.wait_for(told) {
            tell(result);
            told += 1;
        }
        Ok(told)
    })
}

struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// No file from this one on is begun.
    end: usize,
    /// The next file to be begun.
    next: usize,
    /// Files of which it was told what has come of them.
    told: usize,
    in_flight: Vec<InFlight>,
    /// To be done once more, alone.
    again: BTreeSet<usize>,
    /// Done, and not told yet.
    done: BTreeMap<usize, T>,
    /// There was a panic.
    broken: bool,
}

/// A file in flight.
struct InFlight {
    index: usize,
    /// Nothing else may be in flight if it is not known.
    file: Option<FileId>,
}

/// What two names of one file have in common: an inode now, or a path behind
/// all links once it has a new one.
#[derive(PartialEq, Eq)]
struct FileId {
    path: PathBuf,
    inode: (u64, u64),
}

impl FileId {
    /// A small regular file; `None` for all else.
    fn small(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok()?;
        let stat = fs::symlink_metadata(&path).ok()?;
        let small = stat.is_file() && stat.len() <= BLOCK_BYTES;
        small.then(|| Self { path, inode: (stat.dev(), stat.ino()) })
    }
}

impl<T> State<T> {
    /// A file that may be begun now.
    fn ready(&mut self, job: &Job<'_, T>) -> Option<(usize, Mode)> {
        let again = self.again.first().copied();
        if again.is_none() && self.next >= self.told + AHEAD * job.most {
            return None;
        }
        if again.is_none() && job.most > 1 && self.in_flight.iter().all(|in_flight| in_flight.file.is_some())
        {
            let known = FileId::small(&job.files[self.next]);
            let known = known.filter(|known| self.in_flight.iter().all(|in_flight| !in_flight.is(known)));
            if known.is_some() {
                self.in_flight.push(InFlight { index: self.next, file: known });
                self.next += 1;
                return Some((self.next - 1, Mode::Others));
            }
        }
        let index = again.unwrap_or(self.next);
        if !self.in_flight.is_empty() || self.told < index {
            return None;
        }
        if !self.again.remove(&index) {
            self.next += 1;
        }
        self.in_flight.push(InFlight { index, file: None });
        Some((index, Mode::Alone))
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

    /// The next file to work on.
    fn take(&self, job: &Job<'_, T>) -> Option<(usize, Mode)> {
        let mut state = self.lock();
        loop {
            if (job.stopped)() {
                state.end = state.next;
            }
            if state.broken || state.next == state.end && state.again.is_empty() {
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

    /// What has come of a file; `None` when it is not begun any more.
    fn wait_for(&self, index: usize) -> Option<T> {
        let mut state = self.lock();
        // All before it are told.
        state.told = index;
        self.changed.notify_all();
        loop {
            if let Some(result) = state.done.remove(&index) {
                return Some(result);
            }
            if state.broken || index == state.end {
                return None;
            }
            state = self.wait(state);
        }
    }
}

/// Ends the work on a file, however it ends.
struct Completion<'a, T> {
    queue: &'a Queue<T>,
    index: usize,
    /// What it has come to; `None` in a panic.
    result: Option<Option<T>>,
}

impl<T> Drop for Completion<'_, T> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.in_flight.retain(|in_flight| in_flight.index != self.index);
        match self.result.take() {
            Some(Some(result)) => drop(state.done.insert(self.index, result)),
            Some(None) => drop(state.again.insert(self.index)),
            // The scope passes it on once nobody waits for more.
            None => state.broken = true,
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}
