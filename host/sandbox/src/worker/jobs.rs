//! What a lane does: begins jobs, and works on blocks.

use std::sync::{Arc, Mutex};

use runner_channel::Notes;
use runner_contract::{FileHead, Job, LogLevel};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::engine::framing::{Cutter, View};
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::engine::window::{Context, Found, Position, Shows, find, find_sequential};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::locks;

use super::load::Plugin;
use super::renewable::Renewable;
use crate::described::Described;
use crate::log::{MAX_MESSAGES, Sink, note_kind};
use crate::message::{Outcome, Request, Seen, Sizes};

/// The jobs of a lane.
pub(super) struct Jobs {
    plugin: Arc<Plugin>,
    begun: Option<Begun>,
    log: Arc<Mutex<Logged>>,
}

/// What the plugin has logged since the last reply.
struct Logged {
    messages: Vec<(LogLevel, String)>,
    /// The same, where the parent finds it if there is no reply.
    notes: Option<Notes>,
}

/// A job, and the instance that carries it out.
struct Begun {
    job: Job,
    cutter: Option<Cutter>,
    finder: Option<Arc<Finder>>,
    instance: Renewable,
}

impl Jobs {
    pub(super) fn new(plugin: Arc<Plugin>, notes: Option<Notes>) -> Self {
        let log = Arc::new(Mutex::new(Logged { messages: Vec::new(), notes }));
        Self { plugin, begun: None, log }
    }

    /// What is logged, for the reply.
    pub(super) fn take_log(&self) -> Vec<(LogLevel, String)> {
        let mut log = locks::lock(&self.log);
        if let Some(notes) = &mut log.notes {
            notes.clear();
        }
        std::mem::take(&mut log.messages)
    }

    /// Instructions since the last reply of any lane, if they are counted and a
    /// window was shown.
    pub(super) fn instructions(&self) -> Option<u64> {
        let usage = self.plugin.usage()?;
        (!usage.memory_bytes.is_empty()).then_some(usage.instructions)
    }

    /// Bytes of linear memory of the instance.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        self.begun.as_ref().and_then(|begun| begun.instance.memory_bytes())
    }

    /// Does what is asked for. `rest` follows the request.
    pub(super) fn answer(
        &mut self,
        request: Request,
        block: &[u8],
        rest: &[u8],
    ) -> Result<(Outcome, Option<Found>)> {
        Ok(match request {
            Request::Load(load) => (self.plugin.load(load, self.sink())?, None),
            Request::Begin { params, file_bytes, seed } => {
                // The memory of the last instance comes first.
                self.begun = None;
                let head = FileHead { size: file_bytes, head: rest, seed };
                let linked = self.plugin.linked()?.logging_to(self.sink()).with_tables(self.plugin.tables());
                let (job, instance) = Renewable::begin(linked, params, head)?;
                let finder = self.plugin.finder(&job)?;
                self.begun = Some(Begun { job: job.clone(), cutter: None, finder, instance });
                (Outcome::Begun(job), None)
            }
            Request::Table { name, digest, bytes, offset } => {
                let is_complete = self.plugin.take_table(name, digest, (bytes, offset, rest))?;
                (Outcome::Table { is_complete }, None)
            }
            Request::Records { view, sizes, records: (start, end) } => {
                let view = seen(&view, block, rest)?;
                let found = self.with(sizes, |context, instance| {
                    let found = Found::without_old_bytes(context.budget, start);
                    find(context, &view, instance, start..end, found)
                })?;
                (Outcome::edits(&found, None), Some(found))
            }
            Request::Sequential { view, sizes, at, want, until } => {
                let view = seen(&view, block, rest)?;
                let mut position = Position { at, ..Position::start(want) };
                let found = self.with(sizes, |context, instance| {
                    let found = Found::without_old_bytes(context.budget, 0);
                    find_sequential(context, &view, instance, (&mut position, until), found)
                })?;
                (Outcome::edits(&found, Some(position)), Some(found))
            }
            Request::DescribeTwice => {
                let described = self.plugin.linked()?.logging_to(self.sink()).describe_twice()?;
                let Described { first, second, imports } = described;
                (Outcome::Described { manifests: Box::new((first, second)), imports }, None)
            }
            Request::Settled { view, from } => {
                let view = seen(&view, block, rest)?;
                let finder = self.begun.as_ref().and_then(|begun| begun.finder.as_ref());
                let settled = finder.map_or(from, |finder| finder.settled(&view, from));
                (Outcome::Settled(settled), None)
            }
            Request::Drop => {
                self.begun = None;
                (Outcome::Dropped, None)
            }
            Request::More => return Err(fault("there is no more of the reply")),
        })
    }

    fn with<T>(
        &mut self,
        sizes: Sizes,
        work: impl FnOnce(&Context<'_>, &mut Renewable) -> Result<T>,
    ) -> Result<T> {
        let begun = self.begun.as_mut().ok_or_else(|| fault("no job has begun"))?;
        let Begun { job, cutter, finder, instance } = begun;
        let cutter = cutter.get_or_insert_with(|| Cutter::new(&job.framing, sizes.record_limit));
        let context = Context {
            job,
            cutter,
            finder: finder.as_deref(),
            window_bytes: sizes.window_bytes,
            record_limit: sizes.record_limit,
            shows: if sizes.shows_all { Shows::All } else { Shows::Candidates },
            budget: self.plugin.budget(),
            cancel: Cancel::NEVER,
            whole: None,
        };
        work(&context, instance)
    }

    fn sink(&self) -> Sink {
        let log = Arc::clone(&self.log);
        Arc::new(move |level, message| {
            let mut log = locks::lock(&log);
            // Each new instance could say as much again.
            if log.messages.len() < MAX_MESSAGES {
                log.messages.push((level, message.to_owned()));
                if let Some(notes) = &mut log.notes {
                    notes.add(note_kind(level), message.as_bytes());
                }
            }
        })
    }
}

fn seen<'a>(view: &Seen, block: &'a [u8], rest: &'a [u8]) -> Result<View<'a>> {
    view.view(block, rest).ok_or_else(|| fault("a view is not in the request"))
}

fn fault(what: &str) -> Error {
    Error::new(Kind::Internal, format!("the worker got a request that it cannot answer: {what}"))
}
