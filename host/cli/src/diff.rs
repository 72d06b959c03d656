//! All edits of a patch as a unified diff, for text files. Memory is bounded:
//! one hunk is held at a time, and a large hunk is split into several without
//! context, which `patch` places by their line numbers.

mod change;

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw, shown};
use runner_pipeline::patch::Patch;
use runner_pipeline::storage::OsStorage;

use self::change::{Change, Changes};
use crate::lines::Lines;
use crate::report::Reporter;

/// Number of unchanged lines before and after a change.
const CONTEXT_LINES: usize = 3;
/// Maximum distance in bytes to look for unchanged lines. If they are longer,
/// the hunk has no context.
const CONTEXT_BYTES: u64 = 64 << 10;
/// A hunk that reaches this size is split.
const HUNK_BYTES: usize = 4 << 20;

/// Writes the diff between `source` and the result of the patch. `path` is the
/// name of the file in the diff.
///
/// # Errors
/// If the file is not text or has a changed line that is too long, or if the
/// file or the patch cannot be read. Part of the diff has been written then.
pub(crate) fn write(
    patch: &Patch<'_, OsStorage>,
    source: &File,
    path: &Path,
    reporter: &Reporter,
) -> Result<()> {
    let text = Source { file: source, path, size: patch.seal().stats.pre_size };
    let mut changes = Changes::new(patch, &text);
    let mut out = Out { text: &text, lines: Lines::new(source, u64::MAX), added: 0, begun: false, reporter };
    let mut hunk = Hunk::default();
    // End of the range that the previous hunk covers.
    let mut floor = 0;
    while let Some(change) = changes.next()? {
        if let Some(last) = hunk.changes.last() {
            let near = lines_after(&text, last.old.end..change.old.start, 2 * CONTEXT_LINES)?;
            if near.is_none_or(|near| near.end < change.old.start) {
                floor = out.hunk(&hunk, floor)?;
                hunk = Hunk::default();
            } else if hunk.bytes > HUNK_BYTES {
                floor = out.without_context(&hunk)?;
                hunk = Hunk { is_part: true, ..Hunk::default() };
            }
        }
        hunk.bytes += change.new.len() + (change.old.end - change.old.start) as usize;
        hunk.changes.push(change);
    }
    if !hunk.changes.is_empty() {
        out.hunk(&hunk, floor)?;
    }
    Ok(())
}

/// The old file.
struct Source<'a> {
    file: &'a File,
    path: &'a Path,
    size: u64,
}

impl Source<'_> {
    fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.file.read_exact_at(&mut bytes, range.start).map_err(Error::at("read", self.path))?;
        Ok(bytes)
    }
}

/// Changes that form one hunk.
#[derive(Default)]
struct Hunk {
    changes: Vec<Change>,
    /// Number of bytes in their lines, old and new.
    bytes: usize,
    /// It continues a hunk that was split.
    is_part: bool,
}

/// At most `count` whole lines at the start of a range. `None` if they extend
/// beyond the search limit.
fn lines_after(text: &Source<'_>, range: Range<u64>, count: usize) -> Result<Option<Range<u64>>> {
    let near = range.end.min(range.start + CONTEXT_BYTES);
    let bytes = text.read(range.start..near)?;
    let mut ends = memchr::memchr_iter(b'\n', &bytes).map(|at| at as u64 + 1);
    Ok(match ends.nth(count - 1) {
        Some(end) => Some(range.start..range.start + end),
        None if near == range.end => Some(range),
        None => None,
    })
}

/// At most [`CONTEXT_LINES`] whole lines at the end of a range. `None` if they
/// extend beyond the search limit.
fn lines_before(text: &Source<'_>, range: Range<u64>) -> Result<Option<Range<u64>>> {
    let near = range.start.max(range.end.saturating_sub(CONTEXT_BYTES));
    let bytes = text.read(near..range.end)?;
    // Look for the line end before the first of these lines. The line end of
    // the last one is not the start of a line.
    let starts = memchr::memrchr_iter(b'\n', &bytes[..bytes.len().saturating_sub(1)]);
    Ok(match starts.map(|at| at as u64 + 1).nth(CONTEXT_LINES - 1) {
        Some(start) => Some(near + start..range.end),
        None if near == range.start => Some(range),
        None => None,
    })
}

struct Out<'a> {
    text: &'a Source<'a>,
    /// Line ends of the old file.
    lines: Lines<'a>,
    /// Lines that the changes so far have added, minus those they have removed.
    added: i64,
    begun: bool,
    reporter: &'a Reporter,
}

impl Out<'_> {
    /// Writes a hunk with context that starts at `floor` or later. Returns the
    /// end of the hunk.
    fn hunk(&mut self, hunk: &Hunk, floor: u64) -> Result<u64> {
        let (Some(first), Some(last)) = (hunk.changes.first(), hunk.changes.last()) else { return Ok(floor) };
        let (start, end) = (first.old.start, last.old.end);
        let before = lines_before(self.text, floor..start)?;
        let after = lines_after(self.text, end..self.text.size, CONTEXT_LINES)?;
        let (Some(before), Some(after)) = (before, after) else { return self.without_context(hunk) };
        // `patch` assumes that a hunk with less context on one side than on the
        // other is at the start or the end of the file.
        let cut_short = before.start == floor && floor > 0;
        if hunk.is_part || cut_short {
            return self.without_context(hunk);
        }
        let mut body = Body::default();
        body.same(&self.text.read(before.clone())?);
        let mut at = start;
        for change in &hunk.changes {
            body.same(&self.text.read(at..change.old.start)?);
            body.change(&self.text.read(change.old.clone())?, &change.new);
            at = change.old.end;
        }
        body.same(&self.text.read(after.clone())?);
        self.write(before.start, &body)?;
        Ok(after.end)
    }

    /// Writes each change as a separate hunk.
    fn without_context(&mut self, hunk: &Hunk) -> Result<u64> {
        let mut end = 0;
        for change in &hunk.changes {
            let mut body = Body::default();
            body.change(&self.text.read(change.old.clone())?, &change.new);
            self.write(change.old.start, &body)?;
            end = change.old.end;
        }
        Ok(end)
    }

    /// Warns if `patch` would ignore the file: it accepts neither a path that
    /// leads out of the current directory nor a symbolic link.
    fn warn_if_ignored(&self, path: &Path) -> Result<()> {
        let leads_out =
            path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        if !leads_out && !path.is_symlink() {
            return Ok(());
        }
        let (shown, word) = (shown(path), path.word());
        self.reporter.note(&Page::of(format_args!(
            "note: `patch -p0` ignores {shown} because the path leads elsewhere; use `patch {word}`"
        )))
    }

    fn write(&mut self, start: u64, body: &Body) -> Result<()> {
        if memchr::memchr(0, &body.bytes).is_some() {
            let what = format!(
                "{} is not text: there is a NUL in the lines from byte {start} on",
                shown(self.text.path)
            );
            return Err(Error::new(Kind::Usage, what).hint("without `--diff`, the changes are shown in hex"));
        }
        let line = self.lines.before(start).ok_or_else(|| {
            Error::new(Kind::Io, format!("cannot count the lines of {}", shown(self.text.path)))
        })?;
        let mut out = Vec::with_capacity(body.bytes.len() + 100);
        if !self.begun {
            let path = relative(self.text.path);
            self.warn_if_ignored(&path)?;
            let name = name(&path);
            for sign in ["--- ", "+++ "] {
                out.extend_from_slice(sign.as_bytes());
                out.extend_from_slice(&name);
                out.push(b'\n');
            }
            self.begun = true;
        }
        // An empty side has the number of the line before it.
        let number = |count: u64, ends: u64| if count == 0 { ends } else { ends + 1 };
        let new_line = line.saturating_add_signed(self.added);
        let (old_at, new_at) = (number(body.old_lines, line), number(body.new_lines, new_line));
        let head = format!("@@ -{old_at},{} +{new_at},{} @@\n", body.old_lines, body.new_lines);
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&body.bytes);
        self.added += body.new_lines as i64 - body.old_lines as i64;
        self.reporter.data(&out, || {
            let mut page = Page::default();
            for line in out.split_inclusive(|&byte| byte == b'\n') {
                page.line(shown(line.strip_suffix(b"\n").unwrap_or(line)));
            }
            page
        })
    }
}

/// The lines of a hunk.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    old_lines: u64,
    new_lines: u64,
}

impl Body {
    fn same(&mut self, text: &[u8]) {
        let lines = self.push(b' ', text);
        self.old_lines += lines;
        self.new_lines += lines;
    }

    fn change(&mut self, old: &[u8], new: &[u8]) {
        self.old_lines += self.push(b'-', old);
        self.new_lines += self.push(b'+', new);
    }

    fn push(&mut self, sign: u8, text: &[u8]) -> u64 {
        let mut lines = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            self.bytes.push(sign);
            self.bytes.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                self.bytes.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
            lines += 1;
        }
        lines
    }
}

/// A path relative to the current directory, if the file is below that.
fn relative(path: &Path) -> Cow<'_, Path> {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.map_or(Cow::Borrowed(path), Cow::Owned)
}

/// A file name as `patch` reads it: quoted if it is not one word of plain
/// characters, with control characters in octal.
fn name(path: &Path) -> Vec<u8> {
    let raw = path.raw();
    if !raw.iter().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\' | b' ')) {
        return raw.to_vec();
    }
    let mut out = vec![b'"'];
    for &byte in raw {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            byte if byte.is_ascii_control() => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
    out
}
