//! Hands blocks to worker threads, and their results back in order.
//!
//! At most a few blocks are ahead of the collector, so memory is bounded. The
//! first failure in file order is the one that is reported: blocks are taken
//! in order, and every block before a failed one is finished.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Scan;
use super::accept::Found;
use super::block::{self, Block, Position, find, find_sequential};
use crate::error::{Error, Kind, Result};
use crate::framing::View;
use crate::transform::Transform;

/// Runs the scan; `collect` is called with every block, in order, on this
/// thread.
pub(super) fn run(scan: &Scan<'_>, mut collect: impl FnMut(Block) -> Result<()>) -> Result<()> {
    let shared = Shared {
        state: Mutex::new(State { next: 0, collected: 0, done: BTreeMap::new(), stop: false }),
        changed: Condvar::new(),
        baton: Mutex::new(Baton {
            block: 0,
            carry: scan.context.cutter.initial_carry(),
            transform: None,
            position: Position { at: 0, want: scan.context.window_bytes },
        }),
        passed: Condvar::new(),
    };
    let threads = scan.options.threads.max(1);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(usize::try_from(scan.block_count()).unwrap_or(usize::MAX)) {
            scope.spawn(|| work(scan, &shared));
        }
        let result = (0..scan.block_count()).try_for_each(|index| collect(shared.wait_for(index)?));
        shared.stop();
        result
    })
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
    /// Blocks that the collector has taken.
    collected: u64,
    /// Finished, and not yet collected.
    done: BTreeMap<u64, Result<Block>>,
    /// No further block is taken.
    stop: bool,
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
    /// The next block to work on, once the collector is near enough.
    fn take(&self, scan: &Scan<'_>) -> Option<u64> {
        let ahead = 2 * scan.options.threads as u64 + 2;
        let mut state = lock(&self.state);
        while !state.stop && state.next < scan.block_count() && state.next >= state.collected + ahead {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stop || state.next == scan.block_count() {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn put(&self, index: u64, result: Result<Block>) {
        let mut state = lock(&self.state);
        let failed = result.is_err();
        state.stop |= failed;
        state.done.insert(index, result);
        drop(state);
        self.changed.notify_all();
        if failed {
            // Taken after `stop` is set, so that nobody waits for a baton
            // that never comes.
            drop(lock(&self.baton));
            self.passed.notify_all();
        }
    }

    fn wait_for(&self, index: u64) -> Result<Block> {
        let mut state = lock(&self.state);
        loop {
            if let Some(result) = state.done.remove(&index) {
                state.collected = index + 1;
                drop(state);
                self.changed.notify_all();
                return result;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn stop(&self) {
        lock(&self.state).stop = true;
        self.changed.notify_all();
        drop(lock(&self.baton));
        self.passed.notify_all();
    }

    /// Waits until all blocks before this one have passed the baton; `None`
    /// when the scan is stopped.
    fn baton(&self, block: u64) -> Option<MutexGuard<'_, Baton>> {
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
    fn give(mut self, result: Result<Block>) {
        self.given = true;
        self.shared.put(self.index, result);
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if !self.given {
            self.shared.put(self.index, Err(panicked()));
        }
    }
}

fn panicked() -> Error {
    Error::new(Kind::Usage, "a worker thread has panicked")
}

fn work(scan: &Scan<'_>, shared: &Shared) {
    // The instance is made when the first window needs it.
    let mut transform = None;
    while let Some(index) = shared.take(scan) {
        let answer = Answer { shared, index, given: false };
        match one_block(scan, shared, index, &mut transform).transpose() {
            Some(result) => answer.give(result),
            // Whoever fails holds the baton, unless the failure is one of
            // these; so no block that is still asked for comes here else.
            None => answer.give(scan.options.cancel.check().and_then(|()| Err(panicked()))),
        }
    }
}

/// `None` when the scan was stopped meanwhile.
fn one_block(
    scan: &Scan<'_>,
    shared: &Shared,
    index: u64,
    transform: &mut Option<Box<dyn Transform>>,
) -> Result<Option<Block>> {
    scan.options.cancel.check()?;
    let range = scan.block(index);
    let file = scan.file();
    let view = View { base: 0, bytes: file, end: true };
    let before = block::hash_before(file, &range);
    let found = if scan.is_sequential() {
        sequential(scan, shared, index, &view)
    } else {
        records(scan, shared, index, &view, transform)
    };
    // A failure, too, may come of zeros that the file never held.
    scan.mapping.check(scan.path)?;
    let Some(found) = found? else { return Ok(None) };
    let after = block::hash_after(file, &range, &found.edits);
    Ok(Some(Block { range, found, before, after }))
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

fn records(
    scan: &Scan<'_>,
    shared: &Shared,
    index: u64,
    view: &View<'_>,
    transform: &mut Option<Box<dyn Transform>>,
) -> Result<Option<Found>> {
    let range = scan.block(index);
    let cutter = scan.context.cutter;
    let carry = if cutter.needs_carry() {
        // The long part first: it needs nothing from other blocks.
        let summary = cutter.summarize(view, range.clone());
        let Some(mut baton) = shared.baton(index) else { return Ok(None) };
        let carry = baton.carry;
        if let Some(next) = cutter.advance(view, range.clone(), carry, summary)? {
            baton.carry = next;
        }
        shared.pass(baton);
        carry
    } else {
        0
    };
    let Some(first) = cutter.first_start(view, range.clone(), carry) else {
        return Ok(Some(Found::default()));
    };
    let transform = match transform {
        Some(transform) => transform,
        None => transform.insert((scan.transforms)()?),
    };
    let found = find(&scan.context, view, &mut **transform, range.end, first)?;
    Ok(found.map(|(found, _)| found))
}
