//! The queue of blocks to work on, and of blocks to collect.
//!
//! At most a few blocks are ahead of the collector, so memory is bounded. The
//! first failure in file order is reported: blocks are taken in order, and
//! every block before a failed one is finished.
//!
//! When memory is short, the number of workers is reduced: an idle worker drops
//! its instance and sleeps. A block that exceeded the budget is processed again
//! by a remaining worker. It fails only if that worker was alone, with nothing
//! else in memory. None of this changes the result for a block.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::Scan;
use super::baton::{Baton, Relay};
use super::block::Block;
use crate::engine::window::Position;
use crate::error::{Error, Result};
use crate::locks;
use crate::memory::{Governor, is_denied};
use crate::profile::{self, Stage};

/// Number of blocks that may be taken ahead of the collector. If a file is not
/// cached, the kernel reads up to 8 MiB ahead on the thread that requests the
/// first block; meanwhile the other threads need that much to work on.
fn blocks_ahead(workers: u64) -> u64 {
    2 * workers + 8
}

/// Memory of the blocks that wait to be collected, for this many workers and a
/// window of this many bytes: two chaining values of 32 bytes and an index per
/// group of 64 KiB, before and after, which is less than a 512th of a block.
#[must_use]
pub fn waiting_bytes(workers: u64, window_bytes: u64) -> u64 {
    blocks_ahead(workers).saturating_mul(window_bytes.max(super::BLOCK_BYTES) / 512)
}

/// Waking a thread takes as long as processing a good part of a block. So the
/// collector is not woken more often than this, unless blocks pile up.
const WAKE_EVERY: Duration = Duration::from_millis(1);

/// The carries at a block's start and end.
pub(super) type Carries = (u64, u64);

/// The first block of a scan, and its carry.
pub(super) struct Start {
    pub(super) block: u64,
    pub(super) carry: u64,
}

/// The number of workers that may run, out of all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Workers that may run.
    pub running: usize,
    /// All workers.
    pub of: usize,
}

pub(super) struct Shared {
    state: Mutex<State>,
    /// Signals workers: there may be a block to take.
    changed: Condvar,
    /// Signals the collector: there may be a block to collect.
    ready: Condvar,
    relay: Relay,
}

struct State {
    /// The next block to be taken by a worker.
    next: u64,
    /// Maximum number of blocks taken beyond those that were collected.
    ahead: u64,
    /// The block that the collector requested last; all earlier blocks are
    /// collected.
    awaited: u64,
    /// Blocks that the collector has taken.
    collected: u64,
    /// When the collector was last woken for finished blocks.
    woken: Instant,
    /// Finished blocks that are not collected yet, with their carries from the
    /// baton.
    done: BTreeMap<u64, (Result<Block>, Option<Carries>)>,
    /// Blocks that were given back, with their carries from the baton.
    again: BTreeMap<u64, Carries>,
    /// How many blocks were given back although memory was not short: the
    /// process that ran the plugin had died.
    died: usize,
    /// Number of workers that are not asleep.
    present: usize,
    governor: Governor,
    /// No new block may be taken.
    stop: bool,
    /// No more blocks are collected.
    over: bool,
}

impl State {
    /// Drops the results of later blocks: they are processed again.
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
    /// The block's carries, once it has had the baton.
    pub(super) carry: Option<Carries>,
    /// The block is processed again, with nothing else in memory.
    pub(super) alone: bool,
}

/// A panic on one thread must not cause panics on all others.
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
                died: 0,
                present: threads,
                governor: Governor::new(threads),
                stop: false,
                over: false,
            }),
            changed: Condvar::new(),
            ready: Condvar::new(),
            relay: Relay::new(first, start.carry, position),
        }
    }

    /// The next block to work on, once the collector is near enough. A surplus
    /// worker drops its tools and sleeps in this method.
    pub(super) fn take<T>(&self, scan: &Scan<'_>, tools: &mut Option<T>) -> Option<Task> {
        // Inspecting the machine takes longer than a small block.
        let sheds = lock(&self.state).governor.most() > 1;
        let facts = scan.options.memory.look.filter(|_| sheds).and_then(|look| look());
        let mut state = lock(&self.state);
        if let Some(facts) = facts {
            state.governor.look(&facts);
            self.changed.notify_all();
        }
        while !state.over {
            if state.present > state.governor.wanted() {
                if tools.is_some() {
                    // Dropped before the worker counts as gone.
                    drop(state);
                    *tools = None;
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

    /// Records that a worker has ended, for any reason.
    pub(super) fn leave(&self) {
        lock(&self.state).present -= 1;
        self.changed.notify_all();
        self.ready.notify_all();
    }

    /// Makes a worker wait for the collector or for other workers.
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let _span = profile::span(Stage::Wait);
        self.ready.notify_all();
        locks::wait(&self.changed, state)
    }

    /// Sleeps until there are fewer workers than may run.
    fn sleep<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.present -= 1;
        self.changed.notify_all();
        while !state.over && state.present >= state.governor.wanted() {
            state = self.wait(state);
        }
        state.present += 1;
        state
    }

    /// Returns a block that is to be processed again: if it exceeded the budget,
    /// with one worker fewer, and with fewer waiting blocks. So it is if a
    /// process has died before: each worker may lose a block when that happens
    /// for the first time.
    pub(super) fn give_back(&self, index: u64, carry: Carries, why: &Error) {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        state.again.insert(index, carry);
        let is_short = is_denied(why);
        state.died += usize::from(!is_short);
        if is_short || state.died > state.governor.most() {
            state.governor.shed(state.present);
            state.ahead = (state.ahead / 2).max(1);
        }
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
            self.relay.wake();
        }
    }

    /// The block, and the number of workers that may run.
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
        self.relay.wake();
    }

    /// Waits until all blocks before this one have passed the baton. `None`
    /// when the scan is stopped.
    pub(super) fn baton(&self, block: u64) -> Option<MutexGuard<'_, Baton>> {
        self.relay.take(block, || lock(&self.state).stop)
    }

    pub(super) fn pass(&self, baton: MutexGuard<'_, Baton>) {
        self.relay.pass(baton);
    }
}
