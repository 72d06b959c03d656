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
    /// The rest of a reply that did not fit.
    rest: Vec<u8>,
}

impl Lane {
    pub(super) fn new(slot: WorkerSlot, plugin: Arc<Plugin>) -> Self {
        Self { slot, jobs: Jobs::new(plugin), rest: Vec::new() }
    }

    /// Serves until the process is killed. The process ends if the parent is
    /// not who it should be, or there is a fault in this program.
    pub(super) fn serve(mut self) {
        while self.one().is_some() {}
        process::exit(EXIT_FAULT);
    }

    fn one(&mut self) -> Option<()> {
        let Self { slot, jobs, rest } = self;
        let request = slot.next().ok()?;
        let (head, bytes) = message::decode::<Request>(request.bytes())?;
        if !matches!(head, Request::More) {
            let done = jobs.answer(head, request.block(), bytes);
            let (outcome, found) =
                done.unwrap_or_else(|error| (Outcome::Failed(Failure::from(&error)), None));
            rest.clear();
            let reply = Reply { log: jobs.take_log(), times: times(), outcome };
            message::encode(&reply, rest);
            if let Some(found) = found {
                return send_edits(request, rest, &found);
            }
        }
        send(request, rest)
    }
}

/// Answers with edits, which are written into the reply at once if they fit.
fn send_edits(request: runner_channel::Request<'_>, head: &mut Vec<u8>, found: &Found) -> Option<()> {
    let bytes = head.len() + message::edits_bytes(found);
    if bytes > request.limit() {
        let start = head.len();
        head.resize(bytes, 0);
        message::encode_edits(found, &mut head[start..]);
        return send(request, head);
    }
    let write = |_: &[u8], area: &mut [u8]| {
        let (start, rest) = area.split_at_mut(head.len());
        start.copy_from_slice(head);
        message::encode_edits(found, rest);
        bytes
    };
    request.answer(WHOLE, write).ok()
}

/// Sends as much of a reply as fits.
fn send(request: runner_channel::Request<'_>, rest: &mut Vec<u8>) -> Option<()> {
    let length = rest.len().min(request.limit());
    let kind = if length < rest.len() { PART } else { WHOLE };
    let write = |_: &[u8], area: &mut [u8]| {
        area[..length].copy_from_slice(&rest[..length]);
        length
    };
    request.answer(kind, write).ok()?;
    rest.drain(..length);
    if rest.is_empty() {
        // What was large once need not be so again.
        rest.shrink_to(1 << 16);
    }
    Some(())
}

/// Where time went since the last reply of any lane, if that is measured.
fn times() -> Vec<(u32, u64, u64)> {
    if !profile::is_on() {
        return Vec::new();
    }
    let spent = profile::take();
    spent.into_iter().map(|spent| (spent.stage as u32, (spent.ms * 1e6) as u64, spent.spans)).collect()
}
