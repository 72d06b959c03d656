//! The plugin `json`: masks, pseudonymises, sets or deletes values of JSON by
//! path.

mod action;
mod automaton;
mod begin;
mod check;
mod escape;
mod fast;
mod fault;
mod hits;
mod lexer;
mod path;
mod plan;
mod removal;
mod scanner;
mod stops;
mod strings;
mod value;

use begin::Lines;
use hits::Counts;
use lexer::Rest;
use plan::Plan;
use runner_plugin::{Edits, Failure, FileHead, Job, LogLevel, Manifest, Params, Plugin, Window};
use scanner::{Input, Kind, Output, Scanner, Walk};
use std::ops::Range;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Maximum number of warnings about paths at the end of a file.
const MAX_WARNINGS: usize = 20;

/// The plugin, for one file.
#[derive(Debug)]
pub struct Json {
    plan: Plan,
    scanner: Scanner,
    counts: Counts,
    /// Whether each line is looked at by itself.
    lines: Lines,
}

impl Output for Edits {
    fn replace(&mut self, range: Range<usize>, new: &[u8]) {
        Edits::replace(self, range, new);
    }

    fn fill(&mut self, range: Range<usize>, byte: u8) {
        let length = range.len();
        self.replace_with(range, |out| out.resize(out.len() + length, byte));
    }
}

impl Plugin for Json {
    fn describe() -> Manifest {
        begin::manifest()
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        Ok(begin::begin(params, file)?)
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let starts_with_mark = window.first && window.bytes.starts_with(BYTE_ORDER_MARK);
        let start = if starts_with_mark { BYTE_ORDER_MARK.len() } else { 0 };
        match self.lines {
            Lines::No => self.document(window, start, edits),
            Lines::Asked | Lines::Guessed => self.lines(window, start, edits),
        }
    }
}

impl Json {
    /// Processes lines, each of which holds whole values.
    fn lines(&mut self, window: &Window<'_>, mut start: usize, edits: &mut Edits) -> Result<(), Failure> {
        while start < window.bytes.len() {
            let rest = &window.bytes[start..];
            let end = start + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let input = Input { bytes: &window.bytes[..end], rest: Rest::Nothing };
            if let Err(fault) = Walk::new(&mut self.scanner, &self.plan, input, edits).run(start) {
                let is_cut = fault.is_syntax() && self.scanner.top.kind != Kind::Top;
                let hint = match self.lines {
                    Lines::Guessed if is_cut => {
                        "; the first line is a whole JSON text, so each line was taken for one: if values go over lines, set `lines=false`"
                    }
                    Lines::Asked if is_cut => "; if values go over lines, set `lines=false`",
                    _ => "",
                };
                return Err(fault.failure(hint));
            }
            start = end;
        }
        self.counts.take(&mut self.scanner.hits, start, &self.plan, edits);
        // No other window was shown to any instance.
        if window.first && window.last {
            self.warn();
        }
        Ok(())
    }

    /// Processes the next part of a file in which values go over lines.
    fn document(&mut self, window: &Window<'_>, start: usize, edits: &mut Edits) -> Result<(), Failure> {
        // Too few bytes to tell whether this is a byte order mark.
        if window.first && !window.last && BYTE_ORDER_MARK.starts_with(window.bytes) {
            edits.consumed(0);
            return Ok(());
        }
        let rest = if window.last { Rest::Nothing } else { Rest::Unknown };
        let input = Input { bytes: window.bytes, rest };
        let walk = Walk::new(&mut self.scanner, &self.plan, input, edits);
        let done = walk.run(start).map_err(|fault| fault.failure(""))?;
        self.counts.take(&mut self.scanner.hits, done, &self.plan, edits);
        edits.consumed(done as u64);
        if window.last {
            self.warn();
        }
        Ok(())
    }

    /// Warns at the end of a file about paths that matched nothing in it.
    fn warn(&self) {
        let mut unmatched = self.counts.unmatched(&self.plan);
        for rule in unmatched.by_ref().take(MAX_WARNINGS) {
            runner_plugin::log(LogLevel::Warn, &format!("`{}` leads to no value in this file", rule.text()));
        }
        let more = unmatched.count();
        if more > 0 {
            runner_plugin::log(LogLevel::Warn, &format!("{more} more paths lead to no value in this file"));
        }
    }
}

runner_plugin::export!(Json);
