//! Asks for the edits of blocks.

use std::ops::Range;

use runner_channel::Block;
use runner_contract::{FileHead, Job, Param};
use runner_pipeline::engine::answer::{self, Answer};
use runner_pipeline::engine::framing::View;
use runner_pipeline::engine::transform::BlockTransform;
use runner_pipeline::engine::window::{Context, Position, Shows};
use runner_pipeline::error::Result;
use runner_pipeline::storage::CopyMemory;

use super::call::Call;
use super::lane::{ANOTHER, Lane};
use crate::instance::breach;
use crate::message::{Edits, Outcome, Request, Seen, Sizes};

/// An instance in a worker.
pub(crate) struct Blocks(Lane);

impl Blocks {
    /// Starts an instance, and returns the job that it asks for.
    ///
    /// # Errors
    /// As for [`Lane::ask`]; if the job breaks the contract.
    pub(crate) fn begin(mut lane: Lane, params: &[Param], file: FileHead<'_>) -> Result<(Job, Self)> {
        let request = Request::Begin { params: params.to_vec(), file_bytes: file.size, seed: file.seed };
        let cancel = lane.limits().cancel.clone();
        let job = match lane.ask(Call::Begin, &request, file.head, cancel.get())? {
            (Outcome::Begun(job), _) => job,
            _ => return Err(lane.breach(ANOTHER)),
        };
        job.validate().map_err(|why| breach(lane.name(), &why))?;
        Ok((job, Self(lane)))
    }

    /// Asks about a view, which is passed on unless the worker can see it.
    fn send(&mut self, about: &About<'_>, request: impl FnOnce(Seen) -> Request) -> Result<()> {
        let About { context, view, offset } = *about;
        let in_block = self.0.place_in_block(view.bytes);
        let rest = if in_block.is_some() { b"" } else { view.bytes };
        self.0.send(Call::Block(offset), &request(Seen::new(view, in_block)), rest, context.cancel)
    }

    fn receive(&mut self, about: &About<'_>) -> Result<(Outcome, &[u8])> {
        self.0.receive(Call::Block(about.offset), about.context.cancel)
    }

    /// The edits of an answer, and the position of a sequential scan.
    fn edits(&mut self, about: &About<'_>, answer: &mut Answer<'_>) -> Result<Option<Position>> {
        let (outcome, rest) = self.receive(about)?;
        let taken = take_edits(&outcome, rest, answer);
        taken.map_err(|error| {
            self.0.refuse(&error);
            error.of_plugin(self.0.name())
        })
    }
}

/// Passes the edits of a reply to `answer`, which checks them. Returns the
/// position of a sequential scan. `rest` follows the reply's head.
///
/// # Errors
/// If it is no answer to a question about edits, or they must not be made; when
/// the budget has no room for them.
pub fn take_edits(outcome: &Outcome, rest: &[u8], answer: &mut Answer<'_>) -> Result<Option<Position>> {
    let &Outcome::Edits { count, new_bytes, touched, position, ref counts } = outcome else {
        return Err(answer::breach(ANOTHER));
    };
    let not_as_long = || answer::breach("edits that are not as long as it says");
    let edits = Edits::new(rest, count, new_bytes).ok_or_else(not_as_long)?;
    let (count, old, new) = edits.sizes();
    answer.expect(count, old, new)?;
    edits.each(|start, old, new| answer.edit(start, old, new)).ok_or_else(not_as_long)??;
    if let Some((first, reach)) = touched {
        answer.touched(first, reach)?;
    }
    for &(name, number) in counts {
        answer.count(name, number)?;
    }
    Ok(position.map(|(at, want, is_over)| Position { at, want, is_over }))
}

/// What a question is about: bytes of the file, from this offset on.
struct About<'a> {
    context: &'a Context<'a>,
    view: &'a View<'a>,
    offset: u64,
}

fn sizes(context: &Context<'_>) -> Sizes {
    let Context { window_bytes, record_limit, shows, .. } = *context;
    Sizes { window_bytes, record_limit, shows_all: shows == Shows::All }
}

impl BlockTransform for Blocks {
    fn take_memory(&mut self) -> Option<Box<dyn CopyMemory>> {
        self.0.take_block().map(|block| Box::new(Memory(block)) as Box<dyn CopyMemory>)
    }

    fn ask_records(&mut self, context: &Context<'_>, view: &View<'_>, records: Range<u64>) -> Result<()> {
        let (start, end) = (records.start, records.end);
        let request = |view| Request::Records { view, sizes: sizes(context), records: (start, end) };
        self.send(&About { context, view, offset: start }, request)
    }

    fn records(&mut self, context: &Context<'_>, view: &View<'_>, answer: &mut Answer<'_>) -> Result<()> {
        let offset = answer.start();
        self.edits(&About { context, view, offset }, answer).map(|_| ())
    }

    fn sequential(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        (from, until): (Position, u64),
        answer: &mut Answer<'_>,
    ) -> Result<Position> {
        let Position { at, want, .. } = from;
        let about = About { context, view, offset: at };
        self.send(&about, |view| Request::Sequential { view, sizes: sizes(context), at, want, until })?;
        let position = self.edits(&about, answer)?;
        position.ok_or_else(|| self.0.breach("edits without a position"))
    }

    fn settled(&mut self, context: &Context<'_>, view: &View<'_>, from: u64) -> Result<u64> {
        let about = About { context, view, offset: from };
        self.send(&about, |view| Request::Settled { view, from })?;
        match self.receive(&about)? {
            (Outcome::Settled(settled), _) => Ok(settled),
            _ => Err(self.0.breach(ANOTHER)),
        }
    }

    fn memory_bytes(&self) -> Option<u64> {
        self.0.memory_bytes()
    }
}

/// The memory of a block, which the worker can see.
struct Memory(Block);

impl CopyMemory for Memory {
    fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.bytes_mut()
    }
}
