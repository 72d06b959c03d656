//! The model of the host: cuts the input, calls the plugin, and checks and
//! collects its edits.

use std::ops::Range;
use std::slice;

use runner_contract::model;

use super::fields::fields;
use super::params;
use super::prefilter::Matcher;
use crate::{
    Change, Edits, FileHead, Framing, HEAD_BYTES, Job, Params, Plugin, RecordMatch, Reply, ShownField, Window,
};

/// How the model cuts the input.
#[derive(Debug, Clone)]
pub struct Cut {
    /// The minimum size in bytes of each window, in turn, starting over after
    /// the last one. Windows contain whole records, so they may be larger.
    pub windows: Vec<usize>,
    /// Whether the plugin's prefilters leave records out.
    pub prefilter: bool,
    /// Whether to create a new instance for each window (ignored for a
    /// sequential framing).
    pub fresh: bool,
}

impl Default for Cut {
    fn default() -> Self {
        Self { windows: vec![64 * 1024], prefilter: true, fresh: false }
    }
}

/// One edit. Its offsets are those of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The first byte replaced.
    pub start: usize,
    /// One past the last byte replaced.
    pub end: usize,
    /// The replacement.
    pub new: Vec<u8>,
    /// Whether the plugin replaced a whole window.
    pub whole_window: bool,
}

/// What a plugin does to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its edits, except those that change nothing.
    pub edits: Vec<Edit>,
    /// What it has counted: each name of the job, with its number.
    pub counts: Vec<(String, u64)>,
    /// The framing of its job.
    pub framing: Framing,
}

/// The edits of a plugin, except those that change nothing.
///
/// # Errors
/// The plugin's own, and breaches of the contract.
pub fn edits<P: Plugin>(params: &[(&str, &str)], input: &[u8], cut: &Cut) -> Result<Vec<Edit>, String> {
    outcome::<P>(params, input, cut).map(|outcome| outcome.edits)
}

/// What a plugin does to an input.
///
/// # Errors
/// The plugin's own, and breaches of the contract.
pub fn outcome<P: Plugin>(params: &[(&str, &str)], input: &[u8], cut: &Cut) -> Result<Outcome, String> {
    let params = params::check(&P::describe(), params)?;
    let (plugin, job) = begin::<P>(&params, input)?;
    job.validate()?;
    let matcher = Matcher::new(&job.prefilters)?;
    let leaves_out = cut.prefilter && job.leaves_records_out();
    let counts = vec![0; job.counts.len()];
    let mut run = Run { params, input, plugin, matcher, leaves_out, job, cut, edits: Vec::new(), counts };
    if cut.windows.is_empty() || cut.windows.contains(&0) {
        return Err("a cut needs at least one window, and no window may be empty".into());
    }
    if input.is_empty() && run.job.show_empty {
        let window = Window::new(0, b"").last(true);
        let reply = run.ask(&window)?;
        for edit in local(reply.change, 0) {
            run.push(edit, 0)?;
        }
    }
    match run.job.framing.clone() {
        Framing::Sequential => run.sequential()?,
        Framing::Overlapping { before, after } => run.overlapping(before as usize, after as usize)?,
        Framing::Bytes => run.bytes()?,
        framing if run.job.projection.is_some() => run.projected(&framing)?,
        framing => run.records(&framing)?,
    }
    run.edits.retain(|edit| input[edit.start..edit.end] != edit.new);
    let counts = run.job.counts.into_iter().zip(run.counts).collect();
    Ok(Outcome { edits: run.edits, counts, framing: run.job.framing })
}

fn begin<P: Plugin>(params: &Params, input: &[u8]) -> Result<(P, Job), String> {
    let head = &input[..input.len().min(HEAD_BYTES)];
    P::begin(params, &FileHead::new(Some(input.len() as u64), head)).map_err(|failure| failure.message)
}

struct Run<'a, P> {
    params: Params,
    input: &'a [u8],
    plugin: P,
    matcher: Matcher,
    /// Whether records are left out that match no prefilter.
    leaves_out: bool,
    job: Job,
    cut: &'a Cut,
    edits: Vec<Edit>,
    counts: Vec<u64>,
}

impl<P: Plugin> Run<'_, P> {
    /// Shows records that pass the prefilter, packed into windows.
    fn records(&mut self, framing: &Framing) -> Result<(), String> {
        let mut kept = model::records(framing, self.input)?;
        if self.leaves_out {
            kept.retain(|record| self.matcher.is_match(&self.input[record.clone()]));
        }
        let mut kept = kept.into_iter().peekable();
        let mut sizes = self.cut.windows.iter().cycle();
        while kept.peek().is_some() {
            let size = *sizes.next().unwrap_or(&1);
            let mut pieces = Vec::new();
            let mut length = 0;
            while length < size {
                let Some(piece) = kept.next() else { break };
                length += piece.len();
                pieces.push(piece);
            }
            self.packed(&pieces)?;
        }
        Ok(())
    }

    /// Shows the fields that the job wants, each followed by a delimiter.
    fn projected(&mut self, framing: &Framing) -> Result<(), String> {
        let Some(projection) = self.job.projection.clone() else { return Ok(()) };
        let records = fields(framing, &projection, self.input)?;
        let mut records = records.into_iter().peekable();
        let mut sizes = self.cut.windows.iter().cycle();
        while let Some(first) = records.peek() {
            let (size, is_first) = (*sizes.next().unwrap_or(&1), first.start == 0);
            let (mut bytes, mut shown, mut pieces, mut end) = (Vec::new(), Vec::new(), Vec::new(), 0);
            while bytes.len() < size {
                let Some(record) = records.next() else { break };
                end = record.end;
                for (field, range) in record.fields {
                    shown.push(ShownField { start: bytes.len() as u32, field });
                    pieces.push((bytes.len(), range.clone()));
                    bytes.extend_from_slice(&self.input[range]);
                    bytes.push(projection.delimiter);
                }
            }
            let Some((_, range)) = pieces.first() else { continue };
            let last = end == self.input.len();
            let window = Window::new(range.start as u64, &bytes).last(last);
            let reply = self.ask(&Window { first: is_first, fields: &shown, ..window })?;
            if matches!(reply.change, Change::Replaced(_)) {
                return Err("a window was replaced although the job has a projection".into());
            }
            for edit in local(reply.change, bytes.len()) {
                let home = pieces.iter().rev().find(|(at, _)| *at <= edit.start);
                let (at, range) = home.ok_or("an edit outside its window")?;
                if edit.end > at + range.len() {
                    return Err(format!("an edit of {}..{} reaches beyond its field", edit.start, edit.end));
                }
                self.push(edit, offset_between(range.start, *at))?;
            }
        }
        Ok(())
    }

    /// Shows one window of packed records.
    fn packed(&mut self, pieces: &[Range<usize>]) -> Result<(), String> {
        let bytes = pieces.iter().flat_map(|piece| &self.input[piece.clone()]).copied().collect::<Vec<_>>();
        let last = pieces.last().is_some_and(|piece| piece.end == self.input.len());
        let offset = pieces.first().map_or(0, |piece| piece.start);
        let matches = self.matches(pieces);
        let window = Window { matches: &matches, ..Window::new(offset as u64, &bytes).last(last) };
        let reply = self.ask(&window)?;
        for edit in local(reply.change, bytes.len()) {
            // The place between two records belongs to the later one.
            let mut base = 0;
            let mut home = None;
            for piece in pieces {
                if (base..=base + piece.len()).contains(&edit.start) {
                    home = Some((base, piece));
                }
                base += piece.len();
            }
            let (base, piece) = home.ok_or("an edit outside its window")?;
            let shown = base..base + piece.len();
            if edit.whole_window && self.job.leaves_records_out() {
                return Err("a window was replaced although the job has a prefilter".into());
            }
            if edit.end > shown.end && self.job.leaves_records_out() {
                return Err(format!("an edit of {}..{} reaches into the next record", edit.start, edit.end));
            }
            self.push(edit, offset_between(piece.start, base))?;
        }
        Ok(())
    }

    /// The records of a window that match a prefilter, if the job wants to know.
    fn matches(&self, pieces: &[Range<usize>]) -> Vec<RecordMatch> {
        let mut matches = Vec::new();
        let mut start = 0;
        for piece in pieces.iter().filter(|_| self.job.reports_matches()) {
            let ids = self.matcher.ids(&self.input[piece.clone()]);
            if ids != 0 {
                matches.push(RecordMatch { start, ids });
            }
            start += piece.len() as u32;
        }
        matches
    }

    /// Shows windows with arbitrary boundaries, in the ranges that the job
    /// names.
    fn bytes(&mut self) -> Result<(), String> {
        let whole = 0..self.input.len() as u64;
        let ranges = self.job.ranges.clone().unwrap_or_else(|| vec![whole]);
        for range in ranges {
            let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.input.len());
            let (mut start, stop) = (within(range.start), within(range.end));
            for size in self.cut.windows.iter().cycle() {
                if start == stop {
                    break;
                }
                let end = start.saturating_add(*size).min(stop);
                if !self.leaves_out || self.matcher.is_match(&self.input[start..end]) {
                    self.packed(slice::from_ref(&(start..end)))?;
                }
                start = end;
            }
        }
        Ok(())
    }

    /// Shows owned ranges with context. After a collision, the window is shown
    /// again.
    fn overlapping(&mut self, before: usize, after: usize) -> Result<(), String> {
        let length = self.input.len();
        let mut start = 0;
        for size in self.cut.windows.iter().cycle() {
            if start == length {
                break;
            }
            let end = start.saturating_add(*size).min(length);
            let shown = start.saturating_sub(before)..end.saturating_add(after).min(length);
            if !self.leaves_out || self.matcher.is_match(&self.input[start..shown.end]) {
                let done = self.edits.last().map_or(0, |edit| edit.end);
                let counts = self.counts.clone();
                let mut found = self.context(&shown, start..end)?;
                if found.first().is_some_and(|edit| edit.start + shown.start < done) {
                    self.counts = counts;
                    found = if done < end { self.context(&shown, done..end)? } else { Vec::new() };
                }
                for edit in found {
                    self.push(edit, shown.start as isize)?;
                }
            }
            start = end;
        }
        Ok(())
    }

    fn context(&mut self, shown: &Range<usize>, owned: Range<usize>) -> Result<Vec<Edit>, String> {
        let input = self.input;
        let window = Window::new(shown.start as u64, &input[shown.clone()])
            .owning(owned.start - shown.start..owned.end - shown.start)
            .last(shown.end == input.len());
        let reply = self.ask(&window)?;
        if matches!(reply.change, Change::Replaced(_)) {
            return Err("a window was replaced under an overlapping framing".into());
        }
        Ok(local(reply.change, window.bytes.len()))
    }

    /// Shows windows in order to one instance. Bytes that were not consumed are
    /// shown again, followed by more. An empty last window follows a skip to the
    /// very end, and nothing a skip of the whole rest.
    fn sequential(&mut self) -> Result<(), String> {
        let input = self.input;
        let length = input.len();
        let (mut start, mut left) = (0_usize, 0);
        let mut is_over = length == 0;
        for size in self.cut.windows.iter().cycle() {
            if is_over {
                break;
            }
            let end = (start + left).saturating_add(*size).min(length);
            let bytes = &input[start..end];
            let window = Window::new(start as u64, bytes).last(end == length);
            let reply = self.ask(&window)?;
            let consumed = usize::try_from(reply.consumed).unwrap_or(usize::MAX);
            let consumed_here = consumed.min(end - start);
            if end == length && consumed != end - start {
                return Err("the last window was not consumed whole".into());
            }
            for edit in local(reply.change, consumed_here) {
                if edit.end > consumed_here {
                    return Err("an edit outside the consumed bytes".into());
                }
                self.push(edit, start as isize)?;
            }
            left = end - start - consumed_here;
            is_over = end == length || consumed == usize::MAX;
            start = start.saturating_add(consumed);
            if start > length && !is_over {
                return Err(format!("a skip to {start}, beyond the end of the input"));
            }
        }
        Ok(())
    }

    fn ask(&mut self, window: &Window<'_>) -> Result<Reply, String> {
        if self.cut.fresh && self.job.framing != Framing::Sequential {
            let (plugin, job) = begin::<P>(&self.params, self.input)?;
            if job != self.job {
                return Err("`begin` returned two different jobs for the same input".into());
            }
            self.plugin = plugin;
        }
        let mut edits = Edits::new(window);
        self.plugin.transform(window, &mut edits).map_err(|failure| failure.message)?;
        let reply = edits.finish()?;
        for count in &reply.counts {
            let sum = self.counts.get_mut(count.name as usize);
            *sum.ok_or_else(|| format!("count {} has no name in the job", count.name))? += count.number;
        }
        Ok(reply)
    }

    /// Adds an edit of a window whose offsets differ from the input's by
    /// `shift`.
    fn push(&mut self, mut edit: Edit, shift: isize) -> Result<(), String> {
        edit.start = edit.start.wrapping_add_signed(shift);
        edit.end = edit.end.wrapping_add_signed(shift);
        if self.job.claims.length_preserving && edit.new.len() != edit.end - edit.start {
            return Err(format!("an edit at {} breaks the claim to keep the length", edit.start));
        }
        if let Some(previous) = self.edits.last()
            && (edit.start < previous.end || (edit.start == previous.start && edit.start == edit.end))
        {
            return Err(format!("an edit at {} overlaps the one at {}", edit.start, previous.start));
        }
        self.edits.push(edit);
        Ok(())
    }
}

fn offset_between(file: usize, window: usize) -> isize {
    file as isize - window as isize
}

/// The edits of a window as a list. `length` is the number of bytes that
/// [`Change::Replaced`] replaces.
fn local(change: Change, length: usize) -> Vec<Edit> {
    match change {
        Change::Unchanged => Vec::new(),
        Change::Replaced(new) => vec![Edit { start: 0, end: length, new, whole_window: true }],
        Change::Edits { spans, bytes } => {
            let mut rest = bytes.into_iter();
            let take = |span: &crate::Span| Edit {
                start: span.start as usize,
                end: span.end as usize,
                new: rest.by_ref().take(span.len as usize).collect(),
                whole_window: false,
            };
            spans.iter().map(take).collect()
        }
    }
}
