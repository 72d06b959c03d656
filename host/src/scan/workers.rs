//! Hands blocks to worker threads, and their results back in order.
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
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Scan;
use super::accept::Found;
use super::block::{self, Block, Position, find, find_sequential};
use crate::error::{Error, Kind, Result};
use crate::framing::View;
use crate::memory::{Governor, is_denied};
use crate::profile::{self, Stage};
use crate::transform::Transform;

/// The carries at a block's start and end.
type Carries = (u64, u64);

/// The first block of a scan, and what it must know of all before it.
pub(super) struct Start {
    pub(super) block: u64,
    pub(super) carry: u64,
}

/// Runs the scan; `collect` is called with every block, in order, on this
/// thread, and with the number of workers that may run, when that has changed.
pub(super) fn run(
    scan: &Scan<'_>,
    start: &Start,
    mut collect: impl FnMut(Block, Option<Workers>) -> Result<()>,
) -> Result<()> {
    let first = start.block;
    let blocks = usize::try_from(scan.block_count() - first).unwrap_or(usize::MAX);
    let threads = scan.options.threads.clamp(1, blocks.max(1));
    let shared = Shared {
        state: Mutex::new(State {
            next: first,
            ahead: 2 * threads as u64 + 2,
            awaited: first,
            collected: first,
            done: BTreeMap::new(),
            again: BTreeMap::new(),
            present: threads,
            governor: Governor::new(threads),
            stop: false,
            over: false,
        }),
        changed: Condvar::new(),
        baton: Mutex::new(Baton {
            block: first,
            carry: start.carry,
            transform: None,
            position: Position { at: 0, want: scan.context.window_bytes },
        }),
        passed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        if blocks <= 1 {
            // There is nothing to do at the same time.
            work(scan, &shared);
        } else {
            for _ in 0..threads {
                scope.spawn(|| work(scan, &shared));
            }
        }
        let mut told = threads;
        let result = (first..scan.block_count()).try_for_each(|index| {
            let (block, running) = shared.wait_for(index)?;
            let news = (running != told).then_some(Workers { running, of: threads });
            told = running;
            collect(block, news)
        });
        shared.stop();
        result
    })
}

/// Workers that may run, of those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// Those that may run.
    pub running: usize,
    /// All of them.
    pub of: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
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
struct Task {
    index: u64,
    /// What the baton had for it, if it has passed.
    carry: Option<Carries>,
    /// It is done again, while nothing else is in memory.
    alone: bool,
}

/// What a block must know of all before it.
struct Baton {
    /// The block that may take it.
    block: u64,
    carry: u64,
    /// The one instance of a sequential plugin.
    transform: Option<Box<dyn Transform>>,
    position: Position,
}

/// A panic on one thread must not become a second one on all others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// The next block to work on, once the collector is near enough. Who is
    /// shed drops its transform, and sleeps in here.
    fn take(&self, scan: &Scan<'_>, transform: &mut Option<Box<dyn Transform>>) -> Option<Task> {
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

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let _span = profile::span(Stage::Wait);
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
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
    fn give_back(&self, index: u64, carry: Carries) {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        state.again.insert(index, carry);
        state.governor.shed(state.present);
        state.ahead = (state.ahead / 2).max(1);
        drop(guard);
        self.changed.notify_all();
    }

    fn put(&self, index: u64, result: Result<Block>, carry: Option<Carries>) {
        let mut state = lock(&self.state);
        let failed = result.is_err();
        state.stop |= failed;
        state.done.insert(index, (result, carry));
        drop(state);
        self.changed.notify_all();
        if failed {
            // Taken after `stop` is set, so that nobody waits for a baton
            // that never comes.
            drop(lock(&self.baton));
            self.passed.notify_all();
        }
    }

    /// The block, and how many workers may run.
    fn wait_for(&self, index: u64) -> Result<(Block, usize)> {
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
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn stop(&self) {
        let mut state = lock(&self.state);
        (state.stop, state.over) = (true, true);
        drop(state);
        self.changed.notify_all();
        drop(lock(&self.baton));
        self.passed.notify_all();
    }

    /// Waits until all blocks before this one have passed the baton; `None`
    /// when the scan is stopped.
    fn baton(&self, block: u64) -> Option<MutexGuard<'_, Baton>> {
        let _span = profile::span(Stage::Wait);
        let mut baton = lock(&self.baton);
        while baton.block != block {
            if lock(&self.state).stop {
                return None;
            }
            baton = self.passed.wait(baton).unwrap_or_else(PoisonError::into_inner);
        }
        Some(baton)
    }

    fn pass(&self, mut baton: MutexGuard<'_, Baton>) {
        baton.block += 1;
        drop(baton);
        self.passed.notify_all();
    }
}

/// A worker that ends without an answer (a panic) must not leave the
/// collector waiting.
struct Answer<'a> {
    shared: &'a Shared,
    index: u64,
    given: bool,
}

impl Answer<'_> {
    fn give(mut self, result: Result<Block>, carry: Option<Carries>) {
        self.given = true;
        self.shared.put(self.index, result, carry);
    }

    fn give_back(mut self, carry: Carries) {
        self.given = true;
        self.shared.give_back(self.index, carry);
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if !self.given {
            self.shared.put(self.index, Err(panicked()), None);
        }
    }
}

fn panicked() -> Error {
    Error::new(Kind::Usage, "a worker thread has panicked")
}

/// A worker that ends is not waited for by others, however it ends.
struct Presence<'a>(&'a Shared);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).present -= 1;
        self.0.changed.notify_all();
    }
}

fn work(scan: &Scan<'_>, shared: &Shared) {
    let _presence = Presence(shared);
    // The instance is made when the first window needs it.
    let mut transform = None;
    while let Some(mut task) = shared.take(scan, &mut transform) {
        if task.alone {
            // What an instance has grown to before must not stand in the way.
            transform = None;
        }
        let answer = Answer { shared, index: task.index, given: false };
        match one_block(scan, shared, task.index, &mut task.carry, &mut transform).transpose() {
            Some(Err(error)) if is_denied(&error) && !task.alone && task.carry.is_some() => {
                transform = None;
                answer.give_back(task.carry.unwrap_or_default());
            }
            Some(result) => answer.give(result, task.carry),
            // Whoever fails holds the baton, unless the failure is one of
            // these; so no block that is still asked for comes here else.
            None => answer.give(scan.options.cancel.check().and_then(|()| Err(panicked())), None),
        }
    }
}

/// `None` when the scan was stopped meanwhile. `carry` is what the baton had
/// for this block, once it has passed.
fn one_block(
    scan: &Scan<'_>,
    shared: &Shared,
    index: u64,
    carry: &mut Option<Carries>,
    transform: &mut Option<Box<dyn Transform>>,
) -> Result<Option<Block>> {
    scan.options.cancel.check()?;
    let range = scan.block(index);
    let file = scan.file();
    let view = View { base: 0, bytes: file, end: true };
    if profile::is_on() {
        // To tell it from hashing, which does it by the way, and a little
        // faster.
        let _span = profile::span(Stage::PageIn);
        scan.mapping.page_in(range.clone());
    }
    let before = block::hash_before(file, &range);
    let found = if scan.is_sequential() {
        sequential(scan, shared, index, &view).map(|found| found.map(|found| (found, 0)))
    } else {
        records(scan, shared, index, &view, carry, transform)
    };
    // A failure, too, may come of zeros that the file never held.
    scan.mapping.check(scan.path)?;
    let Some((found, carry)) = found? else { return Ok(None) };
    let after = block::hash_after(file, &range, &found.edits);
    Ok(Some(Block { range, found, before, after, carry }))
}

fn sequential(scan: &Scan<'_>, shared: &Shared, index: u64, view: &View<'_>) -> Result<Option<Found>> {
    let Some(mut baton) = shared.baton(index) else { return Ok(None) };
    let mut transform = match baton.transform.take() {
        Some(transform) => transform,
        None => (scan.transforms)()?,
    };
    let end = scan.block(index).end;
    let found = find_sequential(&scan.context, view, &mut *transform, end, &mut baton.position)?;
    baton.transform = Some(transform);
    shared.pass(baton);
    Ok(found)
}

/// What was found, and the carry at the block's end.
fn records(
    scan: &Scan<'_>,
    shared: &Shared,
    index: u64,
    view: &View<'_>,
    known: &mut Option<Carries>,
    transform: &mut Option<Box<dyn Transform>>,
) -> Result<Option<(Found, u64)>> {
    let range = scan.block(index);
    let cutter = scan.context.cutter;
    let (carry, next_carry) = if let Some(known) = *known {
        known
    } else if cutter.needs_carry() {
        // The long part first: it needs nothing from other blocks.
        let summary = cutter.summarize(view, range.clone());
        let Some(mut baton) = shared.baton(index) else { return Ok(None) };
        let carry = baton.carry;
        if let Some(next) = cutter.advance(view, range.clone(), carry, summary)? {
            baton.carry = next;
        }
        let next = baton.carry;
        shared.pass(baton);
        (carry, next)
    } else {
        (0, 0)
    };
    *known = Some((carry, next_carry));
    let Some(first) = cutter.first_start(view, range.clone(), carry) else {
        return Ok(Some((Found::default(), next_carry)));
    };
    let transform = match transform {
        Some(transform) => transform,
        None => transform.insert((scan.transforms)()?),
    };
    let found = find(&scan.context, view, &mut **transform, range.end, first)?;
    Ok(found.map(|(found, _)| (found, next_carry)))
}
