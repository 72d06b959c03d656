//! The threads of a scan. Each one reads and hashes a block, passes its records
//! to the transform, and hashes the changed groups.

use std::ops::Range;

use super::Scan;
use super::block::{self, Block};
use super::block_buffer::BlockBuffer;
use super::scheduler::{Carries, Shared, Start, Workers};
use crate::engine::framing::View;
use crate::engine::transform::{Instance, may_succeed_alone};
use crate::engine::validate::Found;
use crate::engine::window::{Position, is_needed};
use crate::error::{Error, Kind, Result};
use crate::hash::Cv;
use crate::profile::{self, Stage};
use crate::stack;

/// Runs the scan. `collect` is called on this thread with every block, in
/// order, and with the number of workers that may run if that has changed.
pub(super) fn run(
    scan: &Scan<'_>,
    start: &Start,
    mut collect: impl FnMut(Block, Option<Workers>) -> Result<()>,
) -> Result<()> {
    let first = start.block;
    let blocks = usize::try_from(scan.block_count() - first).unwrap_or(usize::MAX);
    let threads = scan.options.threads.clamp(1, blocks.max(1));
    let position = Position::start(scan.context.window_bytes);
    let shared = Shared::new(start, threads, position);
    std::thread::scope(|scope| {
        let started = if blocks <= 1 {
            // There is nothing to do in parallel.
            Worker::new(scan, &shared).work();
            Ok(())
        } else {
            (0..threads)
                .try_for_each(|_| stack::spawn(scope, || Worker::new(scan, &shared).work()).map(|_| ()))
        };
        let mut reported = threads;
        let collected = started.and_then(|()| {
            (first..scan.block_count()).try_for_each(|index| {
                let (block, running) = shared.wait_for(index)?;
                let news = (running != reported).then_some(Workers { running, of: threads });
                reported = running;
                collect(block, news)
            })
        });
        shared.stop();
        collected
    })
}

/// Ensures that a worker that ends without a result (because of a panic) does
/// not leave the collector waiting.
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

    fn give_back(mut self, carry: Carries, why: &Error) {
        self.given = true;
        self.shared.give_back(self.index, carry, why);
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
    Error::new(Kind::Internal, "a worker thread has panicked")
}

/// Ensures that the other workers do not wait for one that has ended.
struct Presence<'a>(&'a Shared);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// What a thread works with. Surplus threads drop it, with the memory that it
/// takes.
struct Tools<'a> {
    instance: Instance,
    buffer: Option<BlockBuffer<'a>>,
}

impl<'a> Tools<'a> {
    fn new(scan: &Scan<'a>) -> Result<Self> {
        let mut instance = (scan.make)()?;
        let buffer = BlockBuffer::new(scan, instance.take_memory());
        Ok(Self { instance, buffer })
    }
}

/// One thread of a scan.
struct Worker<'a> {
    scan: &'a Scan<'a>,
    shared: &'a Shared,
    /// Created for the first block. Not needed under a sequential framing,
    /// whose only instance is passed from block to block.
    tools: Option<Tools<'a>>,
}

impl<'a> Worker<'a> {
    fn new(scan: &'a Scan<'a>, shared: &'a Shared) -> Self {
        Self { scan, shared, tools: None }
    }

    fn work(mut self) {
        let (scan, shared) = (self.scan, self.shared);
        let _presence = Presence(shared);
        while let Some(mut task) = shared.take(scan, &mut self.tools) {
            if task.alone {
                // The memory of a grown instance must be freed first.
                self.tools = None;
            }
            let answer = Answer { shared, index: task.index, given: false };
            match self.one_block(task.index, &mut task.carry).transpose() {
                Some(Err(error)) if may_succeed_alone(&error) && !task.alone && task.carry.is_some() => {
                    self.tools = None;
                    answer.give_back(task.carry.unwrap_or_default(), &error);
                }
                Some(result) => answer.give(result, task.carry),
                // A worker that fails holds the baton, unless the failure is
                // one of these; so no other case can reach this line for a
                // block that is still needed.
                None => answer.give(scan.options.cancel.check().and_then(|()| Err(panicked())), None),
            }
        }
    }

    /// `None` under a sequential framing.
    fn tools(&mut self) -> Result<Option<&mut Tools<'a>>> {
        Ok(match &mut self.tools {
            _ if self.scan.is_sequential() => None,
            Some(tools) => Some(tools),
            none => Some(none.insert(Tools::new(self.scan)?)),
        })
    }

    /// Returns `None` if the scan was stopped. `carry` is set to the block's
    /// carries once it has had the baton.
    fn one_block(&mut self, index: u64, carry: &mut Option<Carries>) -> Result<Option<Block>> {
        let Self { scan, shared, .. } = *self;
        scan.options.cancel.check()?;
        let (range, whole) = (scan.block(index), scan.view());
        let file_bytes = whole.limit();
        let (instance, mut buffer) = match self.tools().transpose() {
            // The baton brings the instance.
            None => (None, None),
            Some(Ok(tools)) => (Some(Ok(&mut tools.instance)), tools.buffer.as_mut()),
            // It counts once the block has had the baton.
            Some(Err(error)) => (Some(Err(error)), None),
        };
        let copy = profile::time(Stage::PageIn, || {
            let copy = buffer.as_mut().and_then(|buffer| buffer.read(scan, &range));
            if copy.is_none() && profile::is_on() {
                // Separates the time for this from hashing, which would do it
                // implicitly and slightly faster.
                scan.mapping.page_in(range.clone());
            }
            copy
        });
        let view = copy.as_ref().unwrap_or(&whole);
        let task = Task { scan, shared, index, view };
        let (found, before) = match instance {
            None => {
                let before = block::hash_before(view, &range, file_bytes);
                (task.sequential().map(|found| found.map(|found| (found, range.end, 0))), before)
            }
            Some(instance) => task.records(carry, instance),
        };
        // A failure may also be caused by zeros that the file never contained.
        scan.mapping.check()?;
        let Some((found, end, carry)) = found? else { return Ok(None) };
        let after = block::hash_after(view, &range, file_bytes, &found.edits);
        if let Some(buffer) = buffer {
            buffer.learn(&range, end);
        }
        Ok(Some(Block { range, found, before, after, carry }))
    }
}

/// The edits of a block, the end of its last record, and the carry at its end;
/// `None` if the scan was stopped.
type Records = Result<Option<(Found, u64, u64)>>;

/// The records of a block.
struct Bounds {
    /// Those that start in the block, if there are any.
    records: Option<Range<u64>>,
    /// Whether the near view has all that is needed of them.
    is_near: bool,
    /// The carry at the block's end.
    carry: u64,
}

/// A block whose bytes are in view.
struct Task<'t, 'v> {
    scan: &'t Scan<'t>,
    shared: &'t Shared,
    index: u64,
    view: &'t View<'v>,
}

impl Task<'_, '_> {
    fn sequential(&self) -> Result<Option<Found>> {
        let Self { scan, shared, index, view } = *self;
        let Some(mut baton) = shared.baton(index) else { return Ok(None) };
        let mut instance = match baton.instance.take() {
            Some(instance) => instance,
            None => (scan.make)()?,
        };
        let end = scan.block(index).end;
        let found = instance.sequential(&scan.context, view, end, &mut baton.position)?;
        baton.instance = Some(instance);
        shared.pass(baton);
        Ok(Some(found))
    }

    /// The edits, the end of the last record, and the carry at the block's end;
    /// and the chaining values of the block's groups, which are computed while
    /// another process looks for the edits. `instance` may also be the reason
    /// why there is none.
    fn records(&self, known: &mut Option<Carries>, instance: Result<&mut Instance>) -> (Records, Vec<Cv>) {
        let Self { scan, view, .. } = *self;
        let (range, whole) = (scan.block(self.index), scan.view());
        let hash = || block::hash_before(view, &range, whole.limit());
        let Bounds { records, is_near, carry } = match self.bounds(known) {
            Ok(Some(bounds)) => bounds,
            Ok(None) => return (Ok(None), Vec::new()),
            Err(error) => return (Err(error), Vec::new()),
        };
        let Some(records) = records.filter(|records| is_needed(scan.context.job, records)) else {
            return (Ok(Some((Found::default(), range.end, carry))), hash());
        };
        let view = if is_near { view } else { &whole };
        let asked = instance.and_then(|instance| {
            instance.ask_records(&scan.context, view, &records)?;
            Ok(instance)
        });
        let before = hash();
        let found = asked.and_then(|instance| instance.records(&scan.context, view, &records));
        (found.map(|found| Some((found, records.end, carry))), before)
    }

    /// Which records are those of the block. `None` if the scan was stopped.
    fn bounds(&self, known: &mut Option<Carries>) -> Result<Option<Bounds>> {
        let Self { scan, view, .. } = *self;
        let (range, whole) = (scan.block(self.index), scan.view());
        let (carry, next_carry) = match *known {
            Some(known) => known,
            None => match self.carries(&whole)? {
                Some(carries) => carries,
                None => return Ok(None),
            },
        };
        *known = Some((carry, next_carry));
        let cutter = scan.context.cutter;
        let Some(first) = cutter.first_start(view, range.clone(), carry) else {
            return Ok(Some(Bounds { records: None, is_near: true, carry: next_carry }));
        };
        let end = |view: &View<'_>| cutter.last_end(view, first, range.end, next_carry);
        let near = profile::time(Stage::Cut, || end(view))?;
        let near = near.filter(|end| view.end || end + scan.context.margins().1 <= view.limit());
        let last = match near {
            Some(end) => end,
            None => end(&whole)?.unwrap_or(whole.limit()),
        };
        Ok(Some(Bounds { records: Some(first..last), is_near: near.is_some(), carry: next_carry }))
    }

    /// The carries at the start and the end of the block. Passes the baton on.
    /// `None` if the scan was stopped.
    fn carries(&self, whole: &View<'_>) -> Result<Option<Carries>> {
        let Self { scan, shared, index, view } = *self;
        let cutter = scan.context.cutter;
        if !cutter.needs_carry() {
            return Ok(Some((0, 0)));
        }
        let range = scan.block(index);
        // The long part comes first: it needs nothing from other blocks.
        let summary = cutter.summarize(view, range.clone());
        let Some(mut baton) = shared.baton(index) else { return Ok(None) };
        let carry = baton.carry;
        let mut next = cutter.advance(view, range.clone(), carry, summary)?;
        if next.is_none() {
            next = cutter.advance(whole, range, carry, summary)?;
        }
        baton.carry = next.unwrap_or(carry);
        let next = baton.carry;
        shared.pass(baton);
        Ok(Some((carry, next)))
    }
}
