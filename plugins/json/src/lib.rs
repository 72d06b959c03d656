//! The plugin `json`: masks, pseudonymises, sets or deletes values of JSON by
//! path.

mod action;
mod automaton;
mod begin;
mod check;
mod escape;
mod fast;
mod fault;
mod lexer;
mod path;
mod plan;
mod removal;
mod scanner;
mod stops;
mod strings;
mod value;

use begin::Lines;
use lexer::Rest;
use plan::Plan;
use runner_plugin::{Edits, FileHead, Job, Manifest, Params, Plugin, Window};
use scanner::{Input, Kind, Output, Scanner, Walk};
use std::ops::Range;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The plugin, for one file.
#[derive(Debug)]
pub struct Json {
    plan: Plan,
    scanner: Scanner,
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

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), String> {
        begin::begin(params, file)
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
        let starts_with_mark = window.offset == 0 && window.bytes.starts_with(BYTE_ORDER_MARK);
        let start = if starts_with_mark { BYTE_ORDER_MARK.len() } else { 0 };
        match self.lines {
            Lines::No => self.document(window, start, edits),
            Lines::Asked | Lines::Guessed => self.lines(window, start, edits),
        }
    }
}

impl Json {
    /// Processes lines, each of which holds whole values.
    fn lines(&mut self, window: &Window<'_>, mut start: usize, edits: &mut Edits) -> Result<(), String> {
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
                return Err(format!("{}{hint}", fault.message(window.offset)));
            }
            start = end;
        }
        Ok(())
    }

    /// Processes the next part of a file in which values go over lines.
    fn document(&mut self, window: &Window<'_>, start: usize, edits: &mut Edits) -> Result<(), String> {
        // Too few bytes to tell whether this is a byte order mark.
        if window.offset == 0 && !window.last && BYTE_ORDER_MARK.starts_with(window.bytes) {
            edits.consumed(0);
            return Ok(());
        }
        let rest = if window.last { Rest::Nothing } else { Rest::Unknown };
        let input = Input { bytes: window.bytes, rest };
        let walk = Walk::new(&mut self.scanner, &self.plan, input, edits);
        let done = walk.run(start).map_err(|fault| fault.message(window.offset))?;
        edits.consumed(done as u64);
        Ok(())
    }
}

runner_plugin::export!(Json);
