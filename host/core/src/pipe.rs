//! Transforms a stream to a stream, with the same framing and the same results
//! as for a file, using a buffer that slides over the input. Memory is bounded
//! by the window and the longest record. Output cannot be taken back, so an
//! error may come after part of the output.
//!
//! When the input pauses, the plugin receives what is complete at that point,
//! and the result is written. Complete are whole records; any bytes, if the
//! framing allows every cut; and under an overlapping framing, bytes that have
//! their context and in which no match of the prefilter can begin. Pauses do
//! not change the result, just as the cuts of a file do not. Under a sequential
//! framing only the plugin knows what is complete, so a whole window is
//! awaited.

mod buffer;
mod bytes;
mod input;

use std::io::Write;
use std::path::Path;

pub use input::{Descriptor, Input};

use self::buffer::{Buffer, Filled};
use crate::cancel::Cancel;
use crate::engine::counts::Counts;
use crate::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES, View};
use crate::engine::readable::{self, NoText};
use crate::engine::transform::{Begun, Instance};
use crate::engine::validate::Found;
use crate::engine::window::{Context, Position};
use crate::error::{Error, Result};
use crate::memory::{MemoryContext, Space};
use runner_contract::{FileHead, Framing, HEAD_BYTES, Job};

/// Options for processing a stream.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Approximate number of bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// What to do with input that is not text.
    pub no_text: NoText,
    /// Limits the memory, and the space for replacements.
    pub memory: MemoryContext<'a>,
    /// The request to stop.
    pub cancel: Cancel<'a>,
}

/// Runs a program on `input`, and writes the result to `output`, which is
/// flushed when the input pauses.
///
/// `begin` receives the input up to the first pause, at most [`HEAD_BYTES`]. If
/// it fails on less than a line, it is called again with more; only the last
/// result counts.
///
/// Returns what the plugin has counted: name and number.
///
/// # Errors
/// Any failure of the plugin, of reading or of writing; when the run was
/// interrupted, or the replacements need more space than allowed, in proportion
/// to the input read so far. The output may be incomplete then.
pub fn run(
    input: &mut dyn Input,
    output: &mut dyn Write,
    begin: &dyn Fn(FileHead<'_>) -> Result<Begun>,
    options: &Options<'_>,
) -> Result<Vec<(String, u64)>> {
    stream(input, output, begin, options).map_err(|error| error.located(|_| None))
}

fn stream(
    input: &mut dyn Input,
    output: &mut dyn Write,
    begin: &dyn Fn(FileHead<'_>) -> Result<Begun>,
    options: &Options<'_>,
) -> Result<Vec<(String, u64)>> {
    let Options { window_bytes, no_text, memory, cancel } = *options;
    let budget = memory.budget;
    let mut buffer = Buffer::new(input, budget.lease());
    let (job, mut instance) = start(&mut buffer, begin)?;
    readable::check(&job, &buffer.bytes()[..buffer.bytes().len().min(HEAD_BYTES)], no_text)?;
    if let Some(memory) = instance.take_memory() {
        buffer.give(memory);
    }
    let record_limit = MIN_RECORD_LIMIT_BYTES.max(window_bytes);
    let cutter = Cutter::new(&job.framing, record_limit);
    let finder = instance.finder(&job, budget)?;
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: finder.as_ref(),
        window_bytes,
        record_limit,
        budget,
        cancel,
    };
    // Bytes that must stay in view before the next record or owned byte.
    let (before, _) = job.framing.context_bytes();
    let look_behind = before.max(cutter.look_behind());
    let mut out = Out { output, at: 0, space: memory.space, new_bytes: 0 };
    let mut position = Position { at: first_record(&job), want: window_bytes };
    let mut counts = Counts::default();
    if job.show_empty && is_empty(&mut buffer)? {
        let found = instance.edits(&context, &buffer.view(), 0..0)?;
        counts.append(&found.counts);
        out.write_edits(&buffer, &found)?;
    }
    loop {
        // Skipped bytes are copied through without buffering.
        while buffer.reach() < position.at && !buffer.end {
            let filled = buffer.fill_to(position.at.min(buffer.reach() + window_bytes))?;
            out.write_to(&buffer, buffer.reach())?;
            buffer.drop_to(out.at);
            if filled == Filled::Paused {
                out.flush()?;
            }
        }
        let Some((found, settled)) = next(&context, &mut buffer, &mut instance, &mut position)? else {
            out.write_to(&buffer, buffer.reach())?;
            out.flush()?;
            return Ok(counts.named(&job.counts));
        };
        counts.append(&found.counts);
        out.write_edits(&buffer, &found)?;
        out.write_to(&buffer, settled.min(buffer.reach()))?;
        buffer.drop_to(position.at.saturating_sub(look_behind).min(out.at));
        if buffer.is_paused() {
            out.flush()?;
        }
    }
}

/// Reads up to the next reply of the plugin or the next pause of the input,
/// which may have no edits. Also returns the offset up to which the output is
/// settled. `None` at the end of the input.
fn next(
    context: &Context<'_>,
    buffer: &mut Buffer<'_>,
    instance: &mut Instance,
    position: &mut Position,
) -> Result<Option<(Found, u64)>> {
    let (_, after) = context.job.framing.context_bytes();
    let mut need = position.want + after;
    loop {
        // The position requested by a plugin may be far past the end, where
        // adding the length of a window would overflow.
        if buffer.end && position.at >= buffer.reach() {
            return Ok(None);
        }
        let filled = buffer.fill_to(position.at + need)?;
        if buffer.end && position.at >= buffer.reach() {
            return Ok(None);
        }
        if filled == Filled::Paused {
            return ask_at_pause(context, &buffer.view(), instance, position).map(Some);
        }
        if let Some(answer) = ask(context, buffer, instance, position)? {
            return Ok(Some(answer));
        }
        // A record may be longer than a window.
        need *= 2;
    }
}

/// Whether the input ends before its first byte.
fn is_empty(buffer: &mut Buffer<'_>) -> Result<bool> {
    while !buffer.end && buffer.reach() == 0 {
        buffer.fill_to(1)?;
    }
    Ok(buffer.reach() == 0)
}

/// Waits for the head of the input, and calls `begin`.
fn start(buffer: &mut Buffer<'_>, begin: &dyn Fn(FileHead<'_>) -> Result<Begun>) -> Result<Begun> {
    loop {
        let filled = buffer.fill_to(HEAD_BYTES as u64)?;
        let bytes = buffer.bytes();
        let size = buffer.end.then_some(bytes.len() as u64);
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        match begin(FileHead::new(size, head)) {
            // The plugin may have needed the rest of the first line.
            Err(_) if filled == Filled::Paused && !head.contains(&b'\n') => {}
            begun => {
                // Now the plugin can process what has arrived.
                buffer.report_again();
                return begun;
            }
        }
    }
}

/// The edits for the next window, and the offset up to which the output is
/// settled; advances `position`. Meanwhile the window after it is read.
fn ask(
    context: &Context<'_>,
    buffer: &mut Buffer<'_>,
    instance: &mut Instance,
    position: &mut Position,
) -> Result<Option<(Found, u64)>> {
    let view = &buffer.view();
    let target = position.at + context.window_bytes;
    if context.job.framing == Framing::Sequential {
        let from = *position;
        // A single call: the search stops once it is past the start.
        let found = instance.sequential(context, view, from.at + 1, position)?;
        let was_asked = (position.at, position.want) != (from.at, from.want);
        return Ok(was_asked.then_some((found, position.at)));
    }
    let target = if view.end { target.min(view.limit()) } else { target };
    let end = context.cutter.next_boundary(view, position.at, target)?;
    let (_, after) = context.margins();
    let Some(end) = end.filter(|end| view.end || end + after <= view.limit()) else { return Ok(None) };
    let records = position.at..end;
    instance.ask_records(context, view, &records)?;
    let (seen, limit, is_end) = (view.bytes.len(), view.limit(), view.end);
    buffer.read_ahead(limit.saturating_add(context.window_bytes));
    // The bytes that were asked about.
    let view = View { base: buffer.base, bytes: &buffer.bytes()[..seen], end: is_end };
    let found = instance.records(context, &view, &records)?;
    position.at = end.max(found.reach);
    Ok(Some((found, end)))
}

/// The edits for what is complete in view, and the offset up to which the
/// output is settled; advances `position`.
fn ask_at_pause(
    context: &Context<'_>,
    view: &View<'_>,
    instance: &mut Instance,
    position: &mut Position,
) -> Result<(Found, u64)> {
    let end = complete(context, view, position.at)?;
    // Up to this offset no wider view is needed.
    let found = match position.at < end {
        true => instance.edits(context, view, position.at..end)?,
        false => Found::default(),
    };
    let reach = end.max(found.reach);
    let settled = match context.job.framing {
        Framing::Overlapping { .. } if context.job.leaves_records_out() => {
            instance.settled(context, view, reach)?
        }
        _ => end,
    };
    position.at = settled.max(reach);
    Ok((found, settled))
}

/// The offset up to which the plugin can be called while more input is to come;
/// `from`, if nothing is complete.
fn complete(context: &Context<'_>, view: &View<'_>, from: u64) -> Result<u64> {
    let limit = view.limit();
    match context.job.framing {
        Framing::Sequential => Ok(from),
        _ if from >= limit => Ok(from),
        Framing::Bytes => Ok(limit),
        Framing::Overlapping { after, .. } => Ok(limit.saturating_sub(after.into()).max(from)),
        _ => context.cutter.last_boundary(view, from),
    }
}

/// Bytes before the first record belong to no record, and are copied through.
fn first_record(job: &Job) -> u64 {
    match job.framing {
        Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => header,
        _ => 0,
    }
}

/// The output; `at` is the input offset up to which it is written.
struct Out<'a> {
    output: &'a mut dyn Write,
    at: u64,
    /// The limit for replacements.
    space: Space,
    /// The number of replacement bytes so far.
    new_bytes: u64,
}

impl Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes).map_err(Error::at("write to", Path::new("standard output")))
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush().map_err(Error::at("write to", Path::new("standard output")))
    }

    fn write_edits(&mut self, buffer: &Buffer<'_>, found: &Found) -> Result<()> {
        let mut index = 0;
        while let Some(item) = found.edits.get(index) {
            self.write_to(buffer, item.start)?;
            self.new_bytes += u64::from(item.new_bytes);
            self.space.room(self.new_bytes, buffer.reach(), "output")?;
            self.write(found.edits.new_bytes(&item))?;
            self.at = item.end();
            index += 1;
        }
        Ok(())
    }

    /// Copies the input through, up to `offset`.
    fn write_to(&mut self, buffer: &Buffer<'_>, offset: u64) -> Result<()> {
        if self.at < offset {
            let range = (self.at - buffer.base) as usize..(offset - buffer.base) as usize;
            self.write(&buffer.bytes()[range])?;
            self.at = offset;
        }
        Ok(())
    }
}
