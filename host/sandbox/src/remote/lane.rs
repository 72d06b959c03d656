//! A conversation with one thread of the worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use runner_channel::{Block, Slot};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Result};
use runner_pipeline::memory::{Lease, is_denied};
use runner_pipeline::profile::{self, Place, Stage};
use runner_pipeline::storage::ALIGN_BYTES;

use super::call::Call;
use super::failure::{Asked, Failed, spoilt};
use super::keeper::Worker;
use crate::limits::Limits;
use crate::log::Log;
use crate::message::{self, Outcome, PART, Reply, Request, WHOLE};

/// What an answer is that no question asks for.
pub(super) const ANOTHER: &str = "an answer to another question";

/// A lane of a worker, for one thread.
pub(crate) struct Lane {
    name: String,
    limits: Limits,
    worker: Arc<Worker>,
    /// There until it is dropped.
    slot: Option<Slot>,
    log: Log,
    /// A request's head; a reply; and the memory of long replies.
    head: Vec<u8>,
    reply: Vec<u8>,
    long: Lease,
    /// Until when the answer must be there; never, if that is beyond the clock.
    deadline: Option<Instant>,
    /// Whether the worker has an instance for this lane.
    begun: bool,
    /// Bytes of linear memory of the instance, as the worker said last.
    memory_bytes: Option<u64>,
}

impl Lane {
    pub(super) fn new(name: String, limits: Limits, worker: Arc<Worker>, slot: Slot, log: Log) -> Self {
        let long = limits.budget.lease();
        let (head, reply) = (Vec::new(), Vec::new());
        Self {
            name,
            limits,
            worker,
            slot: Some(slot),
            log,
            head,
            reply,
            long,
            deadline: None,
            begun: false,
            memory_bytes: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    /// The memory of the block of this lane.
    pub(crate) fn take_block(&self) -> Option<Block> {
        self.slot.as_ref()?.take_block()
    }

    /// Where these bytes lie in it.
    pub(crate) fn place_in_block(&self, bytes: &[u8]) -> Option<usize> {
        self.slot.as_ref()?.place_in_block(bytes).map(|place| place.start)
    }

    /// Asks about the plugin itself.
    pub(crate) fn load(&mut self, request: &Request) -> Result<Outcome> {
        let cancel = self.limits.cancel.clone();
        self.ask(Call::Load, request, b"", cancel.get()).map(|(outcome, _)| outcome)
    }

    /// Asks, and waits for the answer. `rest` follows the request. Also returns
    /// what follows the reply's head.
    ///
    /// # Errors
    /// The plugin's own error; if there is no answer in time, or none at all.
    pub(crate) fn ask(
        &mut self,
        call: Call,
        request: &Request,
        rest: &[u8],
        cancel: Cancel<'_>,
    ) -> Result<(Outcome, &[u8])> {
        self.send(call, request, rest, cancel)?;
        self.receive(call, cancel)
    }

    /// Asks. The answer is to be received next.
    ///
    /// # Errors
    /// If the worker cannot be asked.
    pub(crate) fn send(
        &mut self,
        call: Call,
        request: &Request,
        rest: &[u8],
        cancel: Cancel<'_>,
    ) -> Result<()> {
        let _span = call.span();
        cancel.check()?;
        self.begun |= matches!(request, Request::Begin { .. });
        self.head.clear();
        message::encode(request, &mut self.head);
        self.deadline = Instant::now().checked_add(self.limits.deadline);
        self.put(rest).map_err(|error| self.failed(call, error, cancel))
    }

    /// Waits for the answer. Also returns what follows the reply's head.
    ///
    /// # Errors
    /// As for [`Lane::ask`].
    pub(crate) fn receive(&mut self, call: Call, cancel: Cancel<'_>) -> Result<(Outcome, &[u8])> {
        let _span = call.span();
        if let Err(error) = self.collect() {
            return Err(self.failed(call, error, cancel));
        }
        let Some((head, rest)) = message::decode_within::<Reply>(call.head_bytes(), &self.reply) else {
            return Err(spoilt(&self.worker, &self.name, "bytes that mean nothing"));
        };
        for (level, line) in &head.log {
            self.log.write(*level, line);
        }
        add_times(&head.times);
        self.memory_bytes = head.memory_bytes;
        if let (Some(meter), Some(instructions)) = (&self.limits.meter, head.instructions) {
            meter.add(instructions, self.memory_bytes.unwrap_or_default());
        }
        match head.outcome {
            Outcome::Failed(failure) => Err(failure.into_error(&self.limits.budget).of_plugin(&self.name)),
            outcome => Ok((outcome, rest)),
        }
    }

    /// Sends the head and what follows it.
    fn put(&mut self, rest: &[u8]) -> Result<(), Failed> {
        let Self { slot, head, reply, .. } = self;
        let slot = slot.as_mut().ok_or(Failed::Spoilt("nothing"))?;
        if slot.is_out() {
            // Whoever had the lane before did not wait for the last reply.
            slot.receive(self.deadline, reply)?;
        }
        let area = slot.request_mut()?;
        let length = head.len() + rest.len();
        let Some(area) = area.get_mut(..length) else { return Err(Failed::TooLong(length)) };
        let (first, second) = area.split_at_mut(head.len());
        first.copy_from_slice(head);
        copy_in_order(rest, second);
        Ok(slot.send(WHOLE, length)?)
    }

    /// Collects all parts of a reply.
    fn collect(&mut self) -> Result<(), Failed> {
        let Self { slot, head, reply, long, deadline, .. } = self;
        let slot = slot.as_mut().ok_or(Failed::Spoilt("nothing"))?;
        let mut kind = slot.receive(*deadline, reply)?;
        if kind == WHOLE {
            return Ok(());
        }
        // A long reply, whose memory counts.
        let mut part = std::mem::take(reply);
        long.shrink_to(0);
        loop {
            if part.is_empty() || kind > PART {
                return Err(Failed::Spoilt("a part of a reply that is none"));
            }
            // A part that is there at once is received even after the deadline.
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(runner_channel::Error::Timeout.into());
            }
            long.reserve(reply, part.len())?;
            reply.extend_from_slice(&part);
            if kind == WHOLE {
                return Ok(());
            }
            head.clear();
            message::encode(&Request::More, head);
            slot.request_mut()?[..head.len()].copy_from_slice(head);
            slot.send(WHOLE, head.len())?;
            kind = slot.receive(*deadline, &mut part)?;
        }
    }

    fn failed(&mut self, call: Call, failed: Failed, cancel: Cancel<'_>) -> Error {
        // What it has logged until now comes with no reply any more. (Another
        // lane's call may have killed the worker: then this one is made again.)
        if let Some(slot) = &self.slot
            && (failed.is_late() || cancel.check().is_err())
        {
            self.log.write_notes(&slot.notes());
        }
        let Self { name, limits, worker, .. } = self;
        Asked { plugin: name, limits, worker, call, cancel }.error(failed)
    }

    /// The error for an answer that no worker gives.
    pub(crate) fn breach(&self, what: &str) -> Error {
        spoilt(&self.worker, &self.name, what)
    }

    /// Kills a worker whose edits were refused. A budget that is used up is not
    /// its fault.
    pub(crate) fn refuse(&self, error: &Error) {
        if !is_denied(error) {
            spoilt(&self.worker, &self.name, "edits that cannot be made");
        }
    }
}

impl Drop for Lane {
    /// The worker drops the instance while nobody waits for it.
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take() else { return };
        // A reply that nobody has waited for comes first.
        if self.begun && !slot.is_out() {
            self.head.clear();
            message::encode(&Request::Drop, &mut self.head);
            let length = self.head.len();
            let Ok(area) = slot.request_mut() else { return };
            area[..length].copy_from_slice(&self.head);
            if slot.send(WHOLE, length).is_err() {
                return;
            }
        }
        self.worker.give_back(slot);
    }
}

/// Copies from the first page to the last. The bytes may be those of a mapped
/// file, for which the first page that cannot be read is reported; a large copy
/// begins wherever it likes.
fn copy_in_order(from: &[u8], to: &mut [u8]) {
    for (from, to) in from.chunks(ALIGN_BYTES).zip(to.chunks_mut(ALIGN_BYTES)) {
        to.copy_from_slice(from);
    }
}

/// Adds what the worker says of where its time went. Only its own stages count.
fn add_times(times: &[(u32, u64, u64)]) {
    for &(stage, ns, spans) in times {
        let stage = usize::try_from(stage).ok().and_then(|index| Stage::ALL.get(index));
        if let Some(stage) = stage.filter(|stage| stage.place() == Place::Worker) {
            profile::pass(Stage::Ask, *stage, Duration::from_nanos(ns), spans);
        }
    }
}
