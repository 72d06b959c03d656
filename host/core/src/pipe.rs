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
mod converted;
mod input;
mod sink;

use std::io::Write;

pub use input::{Descriptor, Input};
pub(crate) use sink::Sink;

use self::buffer::{Buffer, Filled};
use self::converted::Polled;
use self::sink::{Out, Written};
use crate::cancel::Cancel;
use crate::convert::{Convert, Facts, Packer, Unpacked};
use crate::engine::chain::needs_more;
use crate::engine::counts::Counts;
use crate::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES, View};
use crate::engine::readable::{self, NoText};
use crate::engine::transform::{Begun, Instance};
use crate::engine::validate::Found;
use crate::engine::window::{Context, Position, Shows};
use crate::error::Result;
use crate::escape::group_digits;
use crate::memory::MemoryContext;
use runner_contract::{FileHead, Framing, HEAD_BYTES, Job};

/// Options for processing a stream.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Approximate number of bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// What to do with input that is not text.
    pub no_text: NoText,
    /// What is converted before the plugin sees it, and back afterwards.
    pub convert: Convert,
    /// Limits the memory, and the space for replacements.
    pub memory: MemoryContext<'a>,
    /// The request to stop.
    pub cancel: Cancel<'a>,
}

impl Default for Options<'_> {
    /// Windows as for files, no conversion, and no memory limit.
    fn default() -> Self {
        Self {
            window_bytes: 1 << 20,
            no_text: NoText::Refuse,
            convert: Convert::NOTHING,
            memory: MemoryContext::NONE,
            cancel: Cancel::NEVER,
        }
    }
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
    let budget = options.memory.budget;
    let written = |output| Written::new(output, options.memory.space);
    if options.convert.is_none() {
        let done = stream(input, &mut written(output), begin, options);
        return done.map_err(|error| error.located(|_| None));
    }
    let facts = Facts::default();
    let mut unpacked = Unpacked::new(Polled(input), (options.convert, options.no_text), &facts, budget);
    let mut packer = Packer::new(output, options.convert, &facts, budget);
    let counts = stream(&mut unpacked, &mut written(&mut packer), begin, options).map_err(|error| {
        error.located_as(|offset| format!("offset {} of the decoded content", group_digits(offset)))
    })?;
    packer.finish().and_then(|(output, _)| output.flush()).map_err(sink::failed)?;
    Ok(counts)
}

/// The same with the result as a series of bytes that stay and of edits. The
/// options do not say anything about a conversion that is still to be done.
///
/// # Errors
/// As for [`run`], without a place; those of the sink.
pub(crate) fn stream(
    input: &mut dyn Input,
    sink: &mut dyn Sink,
    begin: &dyn Fn(FileHead<'_>) -> Result<Begun>,
    options: &Options<'_>,
) -> Result<Vec<(String, u64)>> {
    let Options { window_bytes, no_text, convert, memory, cancel } = *options;
    let budget = memory.budget;
    let mut buffer = Buffer::new(input, budget.lease());
    let (job, mut instance) = start(&mut buffer, begin)?;
    let head = &buffer.bytes()[..buffer.bytes().len().min(HEAD_BYTES)];
    if job.claims.text {
        convert.check_content(head, no_text)?;
    }
    readable::check(&job, head, no_text)?;
    if let Some(memory) = instance.begin_stream()? {
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
        shows: Shows::Candidates,
        budget,
        cancel,
        whole: None,
    };
    // Bytes that must stay in view before the next record or owned byte.
    let (before, _) = job.framing.context_bytes();
    let look_behind = before.max(cutter.look_behind());
    let mut out = Out::new(sink);
    let mut position = Position { at: first_record(&job), ..Position::start(window_bytes) };
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
            return ask_at_end(context, buffer, instance, position);
        }
        let filled = buffer.fill_to(position.at + need)?;
        if buffer.end && position.at >= buffer.reach() {
            return ask_at_end(context, buffer, instance, position);
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

/// The edits of an empty last window, if a sequential plugin has skipped to the
/// end of the input. An empty input has no windows.
fn ask_at_end(
    context: &Context<'_>,
    buffer: &Buffer<'_>,
    instance: &mut Instance,
    position: &mut Position,
) -> Result<Option<(Found, u64)>> {
    let end = buffer.reach();
    if context.job.framing != Framing::Sequential || position.is_done() || end == 0 {
        return Ok(None);
    }
    let found = instance.sequential(context, &buffer.view(), end, position)?;
    Ok(Some((found, end)))
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
            Err(error) if filled == Filled::Paused && (!head.contains(&b'\n') || needs_more(&error)) => {}
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
