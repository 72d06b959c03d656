//! One lane: answers the requests of one thread of the parent, one after the
//! other.

use std::process;
use std::sync::Arc;

use runner_channel::WorkerSlot;
use runner_pipeline::engine::window::Found;
use runner_pipeline::profile;

use super::EXIT_FAULT;
use super::jobs::Jobs;
use super::load::Plugin;
use crate::message::{self, Failure, Outcome, PART, Reply, Request, WHOLE};

/// A lane of the worker.
pub(super) struct Lane {
    slot: WorkerSlot,
    jobs: Jobs,
    reply: Unsent,
}

/// A reply, or what is left of one that did not fit.
#[derive(Default)]
struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
}

impl Lane {
    pub(super) fn new(mut slot: WorkerSlot, plugin: Arc<Plugin>) -> Self {
        let jobs = Jobs::new(plugin, slot.take_notes());
        Self { slot, jobs, reply: Unsent::default() }
    }

    /// Serves until the process is killed. The process ends if the parent is
    /// not who it should be, or there is a fault in this program.
    pub(super) fn serve(mut self) {
        while self.one().is_some() {}
        process::exit(EXIT_FAULT);
    }

    fn one(&mut self) -> Option<()> {
        let Self { slot, jobs, reply } = self;
        let request = slot.next().ok()?;
        let (head, bytes) = message::decode::<Request>(request.bytes())?;
        if matches!(head, Request::More) {
            return reply.send(request);
        }
        let done = jobs.answer(head, request.block(), bytes);
        let (outcome, found) = done.unwrap_or_else(|error| (Outcome::Failed(Failure::from(&error)), None));
        reply.clear();
        let head = Reply {
            log: jobs.take_log(),
            times: times(),
            instructions: jobs.instructions(),
            memory_bytes: jobs.memory_bytes(),
            outcome,
        };
        message::encode(&head, &mut reply.bytes);
        match found {
            Some(found) => reply.send_with(request, &found),
            None => reply.send(request),
        }
    }
}

impl Unsent {
    fn clear(&mut self) {
        self.bytes.clear();
        // What was large once need not be so again.
        self.bytes.shrink_to(1 << 16);
        self.sent = 0;
    }

    /// Sends the reply and edits, which are written into shared memory at once
    /// if they fit.
    fn send_with(&mut self, request: runner_channel::Request<'_>, found: &Found) -> Option<()> {
        let head = self.bytes.len();
        let whole = head + message::edits_bytes(found);
        if whole > request.limit() {
            self.bytes.resize(whole, 0);
            message::encode_edits(found, &mut self.bytes[head..]);
            return self.send(request);
        }
        let write = |_: &[u8], area: &mut [u8]| {
            let (start, rest) = area.split_at_mut(head);
            start.copy_from_slice(&self.bytes);
            message::encode_edits(found, rest);
            whole
        };
        request.answer(WHOLE, write).ok()
    }

    /// Sends as much of the reply as fits.
    fn send(&mut self, request: runner_channel::Request<'_>) -> Option<()> {
        let rest = &self.bytes[self.sent..];
        let length = rest.len().min(request.limit());
        let kind = if length < rest.len() { PART } else { WHOLE };
        let write = |_: &[u8], area: &mut [u8]| {
            area[..length].copy_from_slice(&rest[..length]);
            length
        };
        request.answer(kind, write).ok()?;
        self.sent += length;
        Some(())
    }
}

/// Where time went since the last reply of any lane, if that is measured.
fn times() -> Vec<(u32, u64, u64)> {
    if !profile::is_on() {
        return Vec::new();
    }
    let spent = profile::take();
    spent.into_iter().map(|spent| (spent.stage as u32, (spent.ms * 1e6) as u64, spent.spans)).collect()
}
