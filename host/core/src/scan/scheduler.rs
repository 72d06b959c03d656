//! Blocks that wait to be worked on, and those that wait to be collected.
//!
//! At most a few blocks are ahead of the collector, so memory is bounded. The
//! first failure in file order is the one that is reported: blocks are taken
//! in order, and every block before a failed one is finished.
//!
//! When memory is short, workers are shed: one that has nothing at hand drops
//! its instance and sleeps. A block for which the budget had no room is done
//! again, by whoever is left; it has failed only when that one was alone, with
//! nothing else in memory. None of it changes what is found in a block.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::Scan;
use super::block::Block;
use crate::engine::transform::Transform;
use crate::engine::window::Position;
use crate::error::Result;
use crate::locks;
use crate::memory::{Governor, blocks_ahead};
use crate::profile::{self, Stage};

/// Waking a thread takes as long as working on a good part of a block. So the
/// collector is not woken more often than this, unless blocks pile up.
const WAKE_EVERY: Duration = Duration::from_millis(1);

/// The carries at a block's start and end.
pub(super) type Carries = (u64, u64);

/// The first block of a scan, and what it must know of all before it.
pub(super) struct Start {
    pub(super) block: u64,
    pub(super) carry: u64,
}

/// Workers that may run, of those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Those that may run.
    pub running: usize,
    /// All of them.
    pub of: usize,
}

pub(super) struct Shared {
    state: Mutex<State>,
    /// For workers: there may be a block to take.
    changed: Condvar,
    /// For the collector: there may be a block to collect.
    ready: Condvar,
    baton: Mutex<Baton>,
    passed: Condvar,
}

struct State {
    /// The next block to be taken by a worker.
    next: u64,
    /// Blocks that may be taken beyond those that the collector has.
    ahead: u64,
    /// The block that the collector has asked for last: it is done with all
    /// before.
    awaited: u64,
    /// Blocks that the collector has taken.
    collected: u64,
    /// When the collector was last woken because blocks are finished.
    woken: Instant,
    /// Finished, and not yet collected; with what the baton had for them.
    done: BTreeMap<u64, (Result<Block>, Option<Carries>)>,
    /// Blocks for which there was no memory, with what the baton had for them.
    again: BTreeMap<u64, Carries>,
    /// Workers that do not sleep.
    present: usize,
    governor: Governor,
    /// No new block is taken.
    stop: bool,
    /// Nobody waits for blocks any more.
    over: bool,
}

impl State {
    /// Drops what is found in later blocks: they are done again.
    fn drop_waiting(&mut self) {
        let found = |(result, carry): &(Result<Block>, Option<Carries>)| carry.filter(|_| result.is_ok());
        let waiting = self.done.iter().filter_map(|(&index, done)| Some((index, found(done)?)));
        self.again.extend(waiting);
        self.done.retain(|_, done| found(done).is_none());
    }
}

/// A block to work on.
pub(super) struct Task {
    pub(super) index: u64,
    /// What the baton had for it, if it has passed.
    pub(super) carry: Option<Carries>,
    /// It is done again, while nothing else is in memory.
    pub(super) alone: bool,
}

/// What a block must know of all before it.
pub(super) struct Baton {
    /// The block that may take it.
    block: u64,
    pub(super) carry: u64,
    /// The one instance of a sequential plugin.
    pub(super) transform: Option<Box<dyn Transform>>,
    pub(super) position: Position,
}

/// A panic on one thread must not become a second one on all others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    locks::lock(mutex)
}

impl Shared {
    pub(super) fn new(start: &Start, threads: usize, position: Position) -> Self {
        let first = start.block;
        Self {
            state: Mutex::new(State {
                next: first,
                ahead: blocks_ahead(threads as u64),
                awaited: first,
                collected: first,
                woken: Instant::now(),
                done: BTreeMap::new(),
                again: BTreeMap::new(),
                present: threads,
                governor: Governor::new(threads),
                stop: false,
                over: false,
            }),
            changed: Condvar::new(),
            ready: Condvar::new(),
            baton: Mutex::new(Baton { block: first, carry: start.carry, transform: None, position }),
            passed: Condvar::new(),
        }
    }

    /// The next block to work on, once the collector is near enough. Who is
    /// shed drops its transform, and sleeps in here.
    pub(super) fn take(&self, scan: &Scan<'_>, transform: &mut Option<Box<dyn Transform>>) -> Option<Task> {
        // Looking takes longer than a small block.
        let sheds = lock(&self.state).governor.most() > 1;
        let facts = scan.options.memory.look.filter(|_| sheds).and_then(|look| look());
        let mut state = lock(&self.state);
        if let Some(facts) = facts {
            state.governor.look(&facts);
            self.changed.notify_all();
        }
        while !state.over {
            if state.present > state.governor.wanted() {
                if transform.is_some() {
                    // Gone before anybody takes this worker for gone.
                    drop(state);
                    *transform = None;
                    state = lock(&self.state);
                    continue;
                }
                state = self.sleep(state);
            } else if let Some((&index, &carry)) = state.again.first_key_value() {
                let alone = state.present == 1;
                if !alone || state.awaited == index {
                    state.again.remove(&index);
                    if alone {
                        state.drop_waiting();
                    }
                    return Some(Task { index, carry: Some(carry), alone });
                }
                state = self.wait(state);
            } else if state.stop || state.next == scan.block_count() {
                return None;
            } else if state.next < state.collected + state.ahead {
                state.next += 1;
                return Some(Task { index: state.next - 1, carry: None, alone: false });
            } else {
                state = self.wait(state);
            }
        }
        None
    }

    /// A worker is gone, however it has ended.
    pub(super) fn leave(&self) {
        lock(&self.state).present -= 1;
        self.changed.notify_all();
        self.ready.notify_all();
    }

    /// A worker waits for the collector, or for other workers.
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let _span = profile::span(Stage::Wait);
        self.ready.notify_all();
        locks::wait(&self.changed, state)
    }

    /// Until there are fewer workers than there may be.
    fn sleep<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.present -= 1;
        self.changed.notify_all();
        while !state.over && state.present >= state.governor.wanted() {
            state = self.wait(state);
        }
        state.present += 1;
        state
    }

    /// There was no memory for this block: it is to be done again, with one
    /// worker less, and fewer blocks that wait.
    pub(super) fn give_back(&self, index: u64, carry: Carries) {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        state.again.insert(index, carry);
        state.governor.shed(state.present);
        state.ahead = (state.ahead / 2).max(1);
        drop(guard);
        self.changed.notify_all();
    }

    pub(super) fn put(&self, index: u64, result: Result<Block>, carry: Option<Carries>) {
        let mut state = lock(&self.state);
        let failed = result.is_err();
        state.stop |= failed;
        state.done.insert(index, (result, carry));
        let full = 2 * state.done.len() as u64 >= state.ahead;
        let due = failed || full || state.woken.elapsed() >= WAKE_EVERY;
        if due {
            state.woken = Instant::now();
        }
        drop(state);
        if due {
            self.ready.notify_all();
        }
        if failed {
            self.changed.notify_all();
            // Taken after `stop` is set, so that nobody waits for a baton
            // that never comes.
            drop(lock(&self.baton));
            self.passed.notify_all();
        }
    }

    /// The block, and how many workers may run.
    pub(super) fn wait_for(&self, index: u64) -> Result<(Block, usize)> {
        let _span = profile::span(Stage::Collect);
        let mut state = lock(&self.state);
        state.awaited = index;
        if !state.again.is_empty() {
            self.changed.notify_all();
        }
        loop {
            if let Some((result, _)) = state.done.remove(&index) {
                state.collected = index + 1;
                let running = state.governor.wanted();
                drop(state);
                self.changed.notify_all();
                return result.map(|block| (block, running));
            }
            state = locks::wait(&self.ready, state);
        }
    }

    pub(super) fn stop(&self) {
        let mut state = lock(&self.state);
        (state.stop, state.over) = (true, true);
        drop(state);
        self.changed.notify_all();
        drop(lock(&self.baton));
        self.passed.notify_all();
    }

    /// Waits until all blocks before this one have passed the baton; `None`
    /// when the scan is stopped.
    pub(super) fn baton(&self, block: u64) -> Option<MutexGuard<'_, Baton>> {
        let _span = profile::span(Stage::Wait);
        let mut baton = lock(&self.baton);
        while baton.block != block {
            if lock(&self.state).stop {
                return None;
            }
            baton = locks::wait(&self.passed, baton);
        }
        Some(baton)
    }

    pub(super) fn pass(&self, mut baton: MutexGuard<'_, Baton>) {
        baton.block += 1;
        drop(baton);
        self.passed.notify_all();
    }
}
