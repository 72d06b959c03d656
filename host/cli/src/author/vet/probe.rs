//! Asks a plugin about bytes in memory, cut in any way, in confined processes.
//!
//! No file is written, so thousands of small questions take seconds. A scan has no
//! windows of less than 64 KiB; here they may have one record.

use std::ops::Range;

use runner_contract::{FileHead, Framing, HEAD_BYTES, Job};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES, View};
use runner_pipeline::engine::transform::Instance;
use runner_pipeline::engine::window::{Context, Found, Position, Shows};
use runner_pipeline::error::{Error, Result};
use runner_pipeline::memory::Budget;
use runner_sandbox::plugin::Several;

use super::outcome::{Answer, Outcome, classified};

/// The window of a usual run, in bytes.
pub(super) const USUAL_WINDOW_BYTES: u64 = 1 << 20;

/// Bytes about which a plugin is asked at once, at least and at most.
const STEP_BYTES: (u64, u64) = (4 << 10, 256 << 10);
/// Windows for which there is time in one question, about.
const STEP_WINDOWS: u64 = 256;

/// A plugin that has begun on some bytes.
pub(super) struct Probe<'a> {
    plugins: &'a Several,
    bytes: &'a [u8],
    /// Where in the file the bytes are. What is said of them counts from their start.
    base: u64,
    /// Of the whole file; `None` as for a stream.
    size: Option<u64>,
    pub(super) job: Job,
    cutter: Cutter,
    /// The instance that has begun, until it is taken.
    first: Option<Instance>,
    budget: Budget,
}

impl<'a> Probe<'a> {
    /// Begins on a file with these bytes. The outer error is none of the plugin's.
    pub(super) fn begin(plugins: &'a Several, bytes: &'a [u8]) -> Result<Outcome<Self>> {
        Self::begin_at(plugins, bytes, 0)
    }

    /// The same for a longer file, which ends with these bytes, and begins with
    /// them, too. They are shown at that offset, which must be one at which a record
    /// may start. For framings with a context or an order, it must be zero.
    pub(super) fn begin_at(plugins: &'a Several, bytes: &'a [u8], base: u64) -> Result<Outcome<Self>> {
        Self::begin_with(plugins, bytes, (base, Some(base + bytes.len() as u64)))
    }

    /// The same for a stream of these bytes, whose size is not known.
    pub(super) fn begin_stream(plugins: &'a Several, bytes: &'a [u8]) -> Result<Outcome<Self>> {
        Self::begin_with(plugins, bytes, (0, None))
    }

    fn begin_with(
        plugins: &'a Several,
        bytes: &'a [u8],
        (base, size): (u64, Option<u64>),
    ) -> Result<Outcome<Self>> {
        let begun = match begin(plugins, bytes, size)? {
            Ok(begun) => begun,
            Err(failed) => return Ok(Err(failed)),
        };
        let (job, first) = begun;
        let cutter = Cutter::new(&job.framing, MIN_RECORD_LIMIT_BYTES);
        let (first, budget) = (Some(first), Budget::UNLIMITED);
        Ok(Ok(Self { plugins, bytes, base, size, job, cutter, first, budget }))
    }

    /// An instance that has not been asked anything yet.
    pub(super) fn instance(&mut self) -> Result<Outcome<Instance>> {
        if let Some(first) = self.first.take() {
            return Ok(Ok(first));
        }
        Ok(begin(self.plugins, self.bytes, self.size)?.map(|(_, instance)| instance))
    }

    /// The bytes that it asks about.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The same for other bytes of the same kind: an instance that has begun may be
    /// asked about them.
    pub(super) fn of<'b>(&'b self, bytes: &'b [u8]) -> Probe<'b> {
        let (job, cutter) = (self.job.clone(), Cutter::new(&self.job.framing, MIN_RECORD_LIMIT_BYTES));
        let Self { plugins, base, size, .. } = *self;
        Probe { plugins, bytes, base, size, job, cutter, first: None, budget: Budget::UNLIMITED }
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.job.framing == Framing::Sequential
    }

    fn view(&self) -> View<'a> {
        View { base: 0, bytes: self.bytes, end: true }
    }

    fn context(&self, window_bytes: u64, shows: Shows) -> Context<'_> {
        Context {
            job: &self.job,
            cutter: &self.cutter,
            finder: None,
            window_bytes,
            record_limit: MIN_RECORD_LIMIT_BYTES,
            shows,
            budget: &self.budget,
            cancel: Cancel::NEVER,
            whole: None,
        }
    }

    /// What a new instance makes of all bytes, from left to right.
    pub(super) fn scan(&mut self, window_bytes: u64, shows: Shows) -> Result<Outcome<Answer>> {
        match self.instance()? {
            Ok(mut instance) => self.scan_with(&mut instance, window_bytes, shows),
            Err(failed) => Ok(Err(failed)),
        }
    }

    /// What an instance makes of all bytes, from left to right.
    pub(super) fn scan_with(
        &self,
        instance: &mut Instance,
        window_bytes: u64,
        shows: Shows,
    ) -> Result<Outcome<Answer>> {
        let context = self.context(window_bytes, shows);
        let mut answer = Answer::default();
        let done = classified(self.each(instance, &context, |found| answer.add(found)))?;
        Ok(done.map(|()| answer.counted_from(self.base)))
    }

    fn each(
        &self,
        instance: &mut Instance,
        context: &Context<'_>,
        mut take: impl FnMut(&Found),
    ) -> Result<()> {
        let (base, end) = (self.base, self.bytes.len() as u64);
        let view = View { base, ..self.view() };
        if end == 0 {
            if self.job.show_empty {
                take(&instance.edits(context, &view, 0..0)?);
            }
            return Ok(());
        }
        let step = context.window_bytes.saturating_mul(STEP_WINDOWS).clamp(STEP_BYTES.0, STEP_BYTES.1);
        if self.is_sequential() {
            let mut position = Position::start(context.window_bytes);
            while !position.is_done() {
                let until = position.at.saturating_add(step).min(end);
                take(&instance.sequential(context, &view, until, &mut position)?);
            }
            return Ok(());
        }
        let mut reach = 0;
        let mut next = self.start();
        while let Some(start) = next.filter(|start| *start < end) {
            let records = start..self.boundary(start, start.saturating_add(step))?;
            next = Some(records.end);
            // An edit before may reach into these.
            let from = records.start.max(reach);
            if from < records.end {
                let found = instance.edits(context, &view, base + from..base + records.end)?;
                reach = found.touched().map_or(reach, |(_, end)| end - base);
                take(&found);
            }
        }
        Ok(())
    }

    /// Where the first record starts.
    fn start(&self) -> Option<u64> {
        self.cutter.first_start(&self.view(), 0..self.bytes.len() as u64, self.cutter.initial_carry())
    }

    /// The end of the record that contains an offset, or ends there.
    fn boundary(&self, start: u64, at_least: u64) -> Result<u64> {
        let end = self.bytes.len() as u64;
        Ok(self.cutter.next_boundary(&self.view(), start, at_least.min(end))?.unwrap_or(end))
    }

    /// The bytes cut where records end, into parts of at least so many bytes. What
    /// precedes the first record belongs to no part.
    pub(super) fn parts(&self, part_bytes: u64) -> Result<Outcome<Vec<Range<u64>>>> {
        let mut parts = Vec::new();
        let mut next = self.start();
        while let Some(start) = next.filter(|start| *start < self.bytes.len() as u64) {
            match classified(self.boundary(start, start.saturating_add(part_bytes)))? {
                Ok(end) => parts.push(start..end),
                Err(failed) => return Ok(Err(failed)),
            }
            next = parts.last().map(|part| part.end);
        }
        Ok(Ok(parts))
    }

    /// What an instance makes of one part, shown as one window.
    pub(super) fn part(&self, instance: &mut Instance, part: &Range<u64>) -> Result<Outcome<Answer>> {
        let context = self.context(u64::from(u32::MAX), Shows::Candidates);
        let found = classified(instance.edits(&context, &self.view(), part.clone()))?;
        Ok(found.map(|found| {
            let mut answer = Answer::default();
            answer.add(&found);
            answer
        }))
    }
}

fn begin(plugins: &Several, bytes: &[u8], size: Option<u64>) -> Result<Outcome<(Job, Instance)>> {
    let head = FileHead::new(size, &bytes[..bytes.len().min(HEAD_BYTES)]);
    classified(plugins.begin(head))
}

/// The bytes with edits made.
///
/// # Errors
/// If an edit is not in the bytes, which the sandbox rules out.
pub(super) fn made(bytes: &[u8], answer: &Answer) -> Result<Vec<u8>> {
    let wrong = || Error::new(runner_pipeline::error::Kind::Internal, "an edit lies outside of its file");
    let (mut result, mut at) = (Vec::with_capacity(bytes.len()), 0);
    for edit in &answer.edits {
        let start = usize::try_from(edit.start).map_err(|_| wrong())?;
        result.extend_from_slice(bytes.get(at..start).ok_or_else(wrong)?);
        result.extend_from_slice(&edit.new);
        at = start + edit.old_bytes as usize;
    }
    result.extend_from_slice(bytes.get(at..).ok_or_else(wrong)?);
    Ok(result)
}
