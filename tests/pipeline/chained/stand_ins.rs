//! Native stand-ins for plugins that run in one pass.

use std::ops::Range;

use runner_contract::{Edits, FileHead, Framing, Job, Window};
use runner_pipeline::engine::transform::Instance;
use runner_pipeline::error::Result;
use runner_pipeline::run::Begun;

/// What a stand-in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Removes lines that hold a `d`.
    DropLines,
    /// Keeps lines that hold a `k`.
    KeepLines,
    /// Inserts a `\r` at the end of each line that has none.
    Crlf,
    /// Removes each `\r`.
    Lf,
    /// Makes `bb` of `b`.
    Grow,
    /// Breaks lines after each `s`.
    Split,
    /// Removes each `x`, and makes `x` of `y`.
    Shift,
    /// Inserts a line before the first one.
    Header,
    /// Inserts a line before each that starts with `b`.
    Insert,
    /// Ends the last line, if it is not ended.
    EndLine,
    /// Changes a `c` if the sum of the bytes around it is even.
    Around,
    /// Makes `Q` of each quoted record's first byte, even if line ends are in it.
    Quoted,
    /// Makes `-` of each `x`, for whatever cut.
    Bytes,
    /// Makes `#` of each `x`, or what the head of the file begins with.
    Headed,
    /// Removes an `e`, and the end of the line if that follows it.
    Join,
    /// Inserts a line after the last one.
    Footer,
    /// Removes each `o` that starts a line, with the line end before it.
    Across,
    /// Looks at the whole file.
    Whole,
    /// Lines whose ends are hidden in `'`.
    OtherQuotes,
    /// Fails at a `!`.
    Fail,
}

use Does::*;

impl Does {
    fn job(self) -> Job {
        match self {
            Around => Job::new(Framing::Overlapping { before: 3, after: 4 }),
            Quoted => Job::new(Framing::Quoted { delimiter: b'\n', quote: b'"' }),
            Bytes => Job::new(Framing::Bytes),
            Across => Job::new(Framing::Overlapping { before: 0, after: 1 }).literals(["\no"]),
            Whole => Job::new(Framing::Sequential),
            OtherQuotes => Job::new(Framing::Quoted { delimiter: b'\n', quote: b'\'' }),
            Shift => Job::new(Framing::lines()).literals(["x", "y"]).counts(["moved"]),
            Lf => Job::new(Framing::lines()).literals(["\r"]).counts(["line"]),
            DropLines => Job::new(Framing::lines()).literals(["d"]).counts(["line"]),
            _ => Job::new(Framing::lines()),
        }
    }

    fn transform(self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
        let bytes = window.bytes;
        if self == Around {
            for at in window.owned.clone().filter(|at| bytes[*at] == b'c') {
                let around = at.saturating_sub(3)..(at + 5).min(bytes.len());
                // Where the file starts and ends shows, too.
                let sum = bytes[around.clone()].iter().map(|byte| u32::from(*byte)).sum::<u32>();
                if (sum + around.len() as u32).is_multiple_of(2) {
                    edits.replace(at..at + 1, b"CC");
                }
            }
            return Ok(());
        }
        if self == Bytes {
            memchr::memchr_iter(b'x', bytes).for_each(|at| edits.replace(at..at + 1, b"-"));
            return Ok(());
        }
        if self == Across {
            for at in memchr::memmem::find_iter(bytes, b"\no").filter(|at| window.owned.contains(at)) {
                edits.delete(at..at + 2);
            }
            return Ok(());
        }
        if self == Quoted {
            window.quoted(b'\n', b'"').for_each(|(at, _)| edits.replace(at..at, b"Q"));
            return Ok(());
        }
        if self == Fail
            && let Some(at) = memchr::memchr(b'!', bytes)
        {
            return Err(format!("there is a ! at {at}"));
        }
        let mut first = window.first;
        for (start, line) in window.delimited(b"\n") {
            let range = start..start + line.len();
            let is_first = std::mem::take(&mut first);
            self.line(line, range, (is_first, window.last && start + line.len() == bytes.len()), edits);
        }
        Ok(())
    }

    fn line(self, line: &[u8], range: Range<usize>, (first, last): (bool, bool), edits: &mut Edits) {
        let start = range.start;
        let ends = line.ends_with(b"\n");
        match self {
            DropLines if line.contains(&b'd') => {
                edits.count(0, 1);
                edits.delete(range);
            }
            KeepLines if !line.contains(&b'k') => edits.delete(range),
            Crlf if ends && !line.ends_with(b"\r\n") => edits.insert(range.end - 1, b"\r"),
            Lf => memchr::memchr_iter(b'\r', line).for_each(|at| {
                edits.count(0, 1);
                edits.delete(start + at..start + at + 1);
            }),
            Grow => memchr::memchr_iter(b'b', line).for_each(|at| edits.insert(start + at, b"b")),
            Split => memchr::memchr_iter(b's', line).for_each(|at| edits.insert(start + at + 1, b"\n")),
            Shift => {
                for at in (0..line.len()).filter(|at| matches!(line[*at], b'x' | b'y')) {
                    let new: &[u8] = if line[at] == b'x' { b"" } else { b"x" };
                    edits.count(0, 1);
                    edits.replace(start + at..start + at + 1, new);
                }
            }
            Header if first => edits.insert(start, b"first: x y b\n"),
            Insert if line.starts_with(b"b") => edits.insert(start, b"a new one\n"),
            EndLine if last && !ends => edits.insert(range.end, b"\n"),
            Footer if last => edits.insert(range.end, b"the end\n"),
            Join => {
                for at in memchr::memchr_iter(b'e', line) {
                    let length = if line[at + 1..].starts_with(b"\n") { 2 } else { 1 };
                    edits.delete(start + at..start + at + length);
                }
            }
            _ => {}
        }
    }

    pub(super) fn begin(self, head: FileHead<'_>) -> Result<Begun> {
        if self == Headed {
            let new = head.head.first().copied().unwrap_or(b'#');
            let transform = move |window: &Window<'_>, edits: &mut Edits| {
                memchr::memchr_iter(b'x', window.bytes).for_each(|at| edits.replace(at..at + 1, &[new]));
                Ok(())
            };
            return Ok((Job::new(Framing::lines()), Instance::local(transform)));
        }
        let transform = move |window: &Window<'_>, edits: &mut Edits| self.transform(window, edits);
        Ok((self.job(), Instance::local(transform)))
    }
}
