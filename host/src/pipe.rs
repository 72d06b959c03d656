//! A stream in, a stream out: the same framing and the same answers as for a
//! file, on a buffer that slides over the input. Memory is bounded by the
//! window and the longest record; what is written cannot be taken back, so an
//! error comes after part of the output.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::framing::{Cutter, View};
use crate::job::{FileHead, Framing, HEAD_BYTES, Job};
use crate::memory::{Guard, Lease, Space};
use crate::run::Begun;
use crate::scan::{Context, Found, MIN_RECORD_LIMIT_BYTES, Position, find, find_sequential, finder};
use crate::transform::Transform;

/// Runs a program on `input`, and writes the result to `output`.
///
/// # Errors
/// Any failure of the plugin, of reading or of writing; when `cancel` or the
/// space that `bounds` has for replacements ends it, where the file is what
/// was read so far. The output may be incomplete then.
pub fn run(
    input: &mut dyn Read,
    output: &mut dyn Write,
    begin: &dyn Fn(FileHead<'_>) -> Result<Begun>,
    window_bytes: u64,
    bounds: Guard<'_>,
    cancel: Cancel<'_>,
) -> Result<()> {
    let budget = bounds.budget;
    let mut buffer = Buffer { input, base: 0, bytes: Vec::new(), lease: budget.lease(), end: false };
    buffer.fill_to(HEAD_BYTES as u64)?;
    let size = buffer.end.then_some(buffer.bytes.len() as u64);
    let head = &buffer.bytes[..buffer.bytes.len().min(HEAD_BYTES)];
    let (job, mut transform) = begin(FileHead { size, head })?;
    let record_limit = MIN_RECORD_LIMIT_BYTES.max(window_bytes);
    let cutter = Cutter::new(&job.framing, record_limit);
    let finder = finder(&job, budget, cancel)?;
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: finder.as_ref(),
        window_bytes,
        record_limit,
        budget,
        cancel,
    };
    // What must stay in view before the next record or owned byte.
    let (before, after) = job.framing.context_bytes();
    let behind = before.max(cutter.look_behind());
    let mut out = Out { output, at: 0, space: bounds.space, new_bytes: 0 };
    let mut position = Position { at: first_record(&job), want: window_bytes };
    loop {
        // What is skipped unseen passes through, without being held.
        while buffer.reach() < position.at && !buffer.end {
            buffer.fill_to(position.at.min(buffer.reach() + window_bytes))?;
            out.write_to(&buffer, buffer.reach())?;
            buffer.drop_to(out.at);
        }
        // Where a plugin says to go on may be far behind the end, where no
        // window's length can be added to it any more.
        if buffer.end && position.at >= buffer.reach() {
            out.write_to(&buffer, buffer.reach())?;
            return out.flush();
        }
        // More than a window is needed where a record is longer.
        let mut need = position.want + after;
        let (found, next) = loop {
            buffer.fill_to(position.at + need)?;
            if buffer.end && position.at >= buffer.reach() {
                out.write_to(&buffer, buffer.reach())?;
                return out.flush();
            }
            if let Some(answer) = ask(&context, &buffer.view(), &mut *transform, &mut position)? {
                break answer;
            }
            need *= 2;
        };
        out.write_edits(&buffer, &found)?;
        out.write_to(&buffer, next.min(buffer.reach()))?;
        buffer.drop_to(position.at.saturating_sub(behind).min(out.at));
    }
}

/// The answer for the next window, and the offset up to which the output is
/// settled then; `position` moves on.
fn ask(
    context: &Context<'_>,
    view: &View<'_>,
    transform: &mut dyn Transform,
    position: &mut Position,
) -> Result<Option<(Found, u64)>> {
    let target = position.at + context.window_bytes;
    if context.job.framing == Framing::Sequential {
        // One call: `find_sequential` stops once it is past the start.
        let mut next = *position;
        let found = find_sequential(context, view, transform, position.at + 1, &mut next)?;
        return Ok(found.map(|found| {
            *position = next;
            (found, next.at)
        }));
    }
    let end = if view.end { target.min(view.limit()) } else { target };
    let found = find(context, view, None, transform, end, position.at)?;
    Ok(found.map(|(found, end)| {
        position.at = end.max(found.reach);
        (found, end)
    }))
}

/// Bytes before the first record belong to none, and pass through.
fn first_record(job: &Job) -> u64 {
    match job.framing {
        Framing::Fixed { header, .. } | Framing::LengthPrefixed { header, .. } => header,
        _ => 0,
    }
}

/// The part of the input that is still needed.
struct Buffer<'a> {
    input: &'a mut dyn Read,
    /// Offset of the first byte held.
    base: u64,
    bytes: Vec<u8>,
    /// Their memory.
    lease: Lease,
    /// Whether the input ends where the buffer does.
    end: bool,
}

impl Buffer<'_> {
    fn reach(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    fn view(&self) -> View<'_> {
        View { base: self.base, bytes: &self.bytes, end: self.end }
    }

    /// Reads until the buffer reaches `offset`, or the input ends.
    fn fill_to(&mut self, offset: u64) -> Result<()> {
        while !self.end && self.reach() < offset {
            let old = self.bytes.len();
            let want = usize::try_from(offset - self.reach()).unwrap_or(usize::MAX).min(1 << 20);
            self.lease.reserve(&mut self.bytes, want)?;
            self.bytes.resize(old + want, 0);
            let count = match self.input.read(&mut self.bytes[old..]) {
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => {
                    self.bytes.truncate(old);
                    continue;
                }
                Err(e) => return Err(Error::io("read", Path::new("standard input"), e)),
            };
            self.bytes.truncate(old + count);
            self.end = count == 0;
        }
        Ok(())
    }

    fn drop_to(&mut self, offset: u64) {
        let count =
            usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..count);
        self.base += count as u64;
    }
}

/// The output; `at` is the input offset up to which it is written.
struct Out<'a> {
    output: &'a mut dyn Write,
    at: u64,
    /// What bounds the replacements.
    space: Space,
    /// Their bytes so far.
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

    /// Passes the input through, up to `offset`.
    fn write_to(&mut self, buffer: &Buffer<'_>, offset: u64) -> Result<()> {
        if self.at < offset {
            let range = (self.at - buffer.base) as usize..(offset - buffer.base) as usize;
            self.write(&buffer.bytes[range])?;
            self.at = offset;
        }
        Ok(())
    }
}
