//! Commands of WASI as transforms: whole records in on standard input, whole
//! records out on standard output, and the difference as edits.
//!
//! ```text
//! options    the manifest of every filter, and what its parameters say
//! process    a command that runs, and pauses where it has read everything
//! settle     how far input and output of a command that goes on are matched
//! ```
//!
//! A command sees the whole file as one stream, in one instance, as it would
//! from a shell's `<`. If the user says that it keeps no state, each window is a run of
//! its own, in a fresh instance, and windows run in parallel. Either way, the
//! bytes that come out are exactly those that the command has written, but for
//! the terminator of a last record that had none.

mod options;
mod process;
mod settle;
#[cfg(test)]
mod tests;

use std::ops::Range;

use runner_contract::{Change, Framing, Job, Param, Reply, Span, Window};
use runner_pipeline::engine::diff::diff_records;
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::{Error, Kind, Result};

use self::options::Options;
pub(crate) use self::options::{is_filter, manifest};
use self::process::Process;
use self::settle::{Settled, settle};
use crate::instance::Linked;

/// A command that answers for windows.
pub(crate) struct Filter {
    linked: Linked,
    options: Options,
    /// The run over the whole file, if there is one.
    stream: Option<Stream>,
}

/// A run over the whole file.
struct Stream {
    process: Process,
    /// The offset in the file up to which the command was given input.
    fed: u64,
    /// What the command has written, and no edit has taken.
    output: Vec<u8>,
}

impl Filter {
    /// What is asked of each file, and the filter that answers.
    ///
    /// # Errors
    /// If the parameters contradict each other, or are no framing or regex.
    pub(crate) fn begin(linked: &Linked, params: &[Param]) -> Result<(Job, Self)> {
        let options = Options::new(&linked.name, params)?;
        let job = options.job();
        // What it searches for comes from the user.
        Finder::within(&job, &linked.limits.budget).map_err(|error| {
            Error::new(Kind::Usage, "`--only` is no expression that can be searched for").because(error)
        })?;
        Ok((job, Self { linked: linked.clone(), options, stream: None }))
    }

    /// One run for each row of records that the user wants shown.
    fn each(&self, window: &Window<'_>) -> Result<Reply> {
        let mut edits = Edits::default();
        for records in self.shown(window) {
            let mut process = Process::start(&self.linked, &self.options);
            process.feed(&window.bytes[records.clone()])?;
            process.close();
            let call = window.offset + records.start as u64;
            process.run(call)?;
            let mut output = process.take_output();
            let terminator = &self.options.terminator;
            end(&window.bytes[records.clone()], &mut output, terminator);
            edits.add(window, records, &output, terminator)?;
        }
        Ok(edits.reply(window.bytes.len()))
    }

    /// The records that the user wants shown: rows of neighbours. Where one ends
    /// and another begins, what comes out could not be told apart, so each is
    /// a run of its own.
    fn shown(&self, window: &Window<'_>) -> Vec<Range<usize>> {
        if self.options.only.is_none() {
            let all = 0..window.bytes.len();
            return vec![all];
        }
        let mut rows: Vec<Range<usize>> = Vec::new();
        let mut matches = window.matches.iter().map(|one| one.start as usize).peekable();
        let mut record = |start: usize, bytes: &[u8]| {
            if matches.next_if_eq(&start).is_none() {
                return;
            }
            let end = start + bytes.len();
            match rows.last_mut() {
                Some(row) if row.end == start => row.end = end,
                _ => rows.push(start..end),
            }
        };
        match &self.options.framing {
            Framing::Quoted { delimiter, quote } => {
                window.quoted(*delimiter, *quote).for_each(|(start, bytes)| record(start, bytes));
            }
            _ => {
                let records = window.delimited(&self.options.terminator);
                records.for_each(|(start, bytes)| record(start, bytes));
            }
        }
        rows
    }

    /// The next part of the run over the whole file.
    fn next(&mut self, window: &Window<'_>) -> Result<Reply> {
        let Self { linked, options, stream } = self;
        let begin = || Stream { process: Process::start(linked, options), fed: 0, output: Vec::new() };
        let stream = stream.get_or_insert_with(begin);
        let reach = window.offset + window.bytes.len() as u64;
        let known = usize::try_from(stream.fed.saturating_sub(window.offset)).unwrap_or(usize::MAX);
        let new = window.bytes.get(known..).unwrap_or_default();
        if !window.last && settle::is_too_short(new.len(), window.bytes.len()) {
            return Ok(Reply::new(0, Change::Unchanged));
        }
        stream.process.feed(new)?;
        stream.fed = reach.max(stream.fed);
        if window.last {
            stream.process.close();
        }
        stream.process.run(window.offset)?;
        stream.output.append(&mut stream.process.take_output());
        answer(window, &mut stream.output, &options.terminator)
    }
}

/// Turns the first part of a window into the first part of the output of a
/// command that goes on, and takes both; everything in the last window.
fn answer(window: &Window<'_>, output: &mut Vec<u8>, terminator: &[u8]) -> Result<Reply> {
    let settled = match window.last {
        true => {
            end(window.bytes, output, terminator);
            Settled { input: window.bytes.len(), output: output.len() }
        }
        false => settle(window.bytes, output, terminator),
    };
    let later = output.split_off(settled.output);
    let now = std::mem::replace(output, later);
    let mut edits = Edits::default();
    edits.add(window, 0..settled.input, &now, terminator)?;
    Ok(edits.reply(settled.input))
}

/// Takes the terminator off the last record that came out, if that which went in
/// had none.
fn end(input: &[u8], output: &mut Vec<u8>, terminator: &[u8]) {
    if !input.is_empty() && !input.ends_with(terminator) && output.ends_with(terminator) {
        output.truncate(output.len() - terminator.len());
    }
}

impl Transform for Filter {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        if self.options.stateless { self.each(window) } else { self.next(window) }
    }
}

/// The edits of a window.
#[derive(Default)]
struct Edits {
    spans: Vec<Span>,
    bytes: Vec<u8>,
}

impl Edits {
    /// Adds those that turn some records of a window into others.
    fn add(&mut self, window: &Window<'_>, old: Range<usize>, new: &[u8], terminator: &[u8]) -> Result<()> {
        let records = &window.bytes[old.clone()];
        let ends_file = window.last && old.end == window.bytes.len();
        diff_records(records, new, terminator, |o, n| {
            // An insertion after these records would be one before the next, which
            // are not shown yet. So it replaces the last byte, too.
            let is_after = o.start == records.len() && !ends_file;
            let start = if is_after { o.start.saturating_sub(1) } else { o.start };
            let kept = &records[start..o.start];
            // A window holds less than 4 GiB, and so does what comes out of it.
            let at = |at: usize| (old.start + at) as u32;
            let len = (kept.len() + n.len()) as u32;
            self.spans.push(Span { start: at(start), end: at(o.end), len });
            self.bytes.extend_from_slice(kept);
            self.bytes.extend_from_slice(&new[n]);
            Ok(())
        })
    }

    fn reply(self, consumed: usize) -> Reply {
        let Self { spans, bytes } = self;
        let change = if spans.is_empty() { Change::Unchanged } else { Change::Edits { spans, bytes } };
        Reply::new(consumed as u64, change)
    }
}
