//! What stands around a block, as a plugin sees it that others precede.

use std::fmt;
use std::ops::Range;

use super::agree::IN_TURN;
use super::text::{Around, Start, Text};
use super::{Chain, Scene};
use crate::error::{Error, Kind, Result};

/// The least number of bytes of the file that are looked at for context.
const LEAST_BYTES: u64 = 4 << 10;

/// What stands around records for a plugin that looks at nothing else: only the
/// end of the record before them, by which the framing finds their start.
pub(super) fn of_records(scene: &Scene<'_>, records: &Range<u64>, start: Start) -> Around {
    let behind = scene.context.cutter.look_behind();
    let before = match start {
        Start::OfFile => Vec::new(),
        Start::Later => scene.view.slice(records.start.saturating_sub(behind)..records.start).to_vec(),
    };
    let ends_file = scene.view.end && records.end == scene.view.limit();
    Around { before, after: Vec::new(), starts_file: start.is_of_file(), ends_file }
}

impl Chain {
    /// What stands around some records, as plugin `index` sees it.
    pub(super) fn around(
        &mut self,
        scene: &Scene<'_>,
        records: &Range<u64>,
        index: usize,
        start: Start,
    ) -> Result<Around> {
        let stage = &self.stages[index];
        if !stage.overlaps() {
            let around = of_records(scene, records, start);
            let is_cut = scene.ends_for == Some(index);
            return Ok(Around { ends_file: around.ends_file || is_cut, ..around });
        }
        let (before, after) = stage.context_bytes();
        let behind = before.max(scene.context.cutter.look_behind());
        let (before, starts_file) = self.before(scene, records.start, (index, behind))?;
        // One byte shows that the file goes on.
        let (after, ends_file) = self.after(scene, records.end, (index, after.max(1)))?;
        Ok(Around { before, after, starts_file, ends_file })
    }

    /// Up to so many bytes before an offset at which a record starts, and
    /// whether nothing precedes them.
    fn before(&mut self, scene: &Scene<'_>, at: u64, (index, want): (usize, u64)) -> Result<(Vec<u8>, bool)> {
        let (whole, cutter) = (scene.whole, scene.context.cutter);
        let mut span = want.max(LEAST_BYTES);
        loop {
            let from = at.saturating_sub(span).max(whole.base);
            // Records end outside quotes, so at `at` the carry is 0.
            let carry = if cutter.needs_carry() { cutter.summarize(&whole, from..at) } else { 0 };
            let start = if from == 0 { 0 } else { cutter.first_start(&whole, from..at, carry).unwrap_or(at) };
            let mut bytes = self.made_of(scene, start..at, index)?;
            if bytes.len() as u64 >= want || start == whole.base {
                let excess = (bytes.len() as u64).saturating_sub(want) as usize;
                let starts_file = start == 0 && excess == 0;
                return Ok((bytes.split_off(excess), starts_file));
            }
            span = span.saturating_mul(4);
        }
    }

    /// Up to so many bytes from an offset on at which a record starts, and
    /// whether nothing follows them.
    fn after(&mut self, scene: &Scene<'_>, at: u64, (index, want): (usize, u64)) -> Result<(Vec<u8>, bool)> {
        let (whole, cutter) = (scene.whole, scene.context.cutter);
        let mut span = want.max(LEAST_BYTES);
        loop {
            let end = match at < whole.limit() {
                true => cutter.next_boundary(&whole, at, at.saturating_add(span))?.ok_or_else(too_little)?,
                false => at,
            };
            let mut bytes = self.made_of(scene, at..end, index)?;
            let is_end = whole.end && end == whole.limit();
            if bytes.len() as u64 >= want || is_end {
                let ends_file = is_end && bytes.len() as u64 <= want;
                bytes.truncate(want as usize);
                return Ok((bytes, ends_file));
            }
            span = span.saturating_mul(4);
        }
    }

    /// What the plugins before `index` make of some records.
    fn made_of(&mut self, scene: &Scene<'_>, records: Range<u64>, index: usize) -> Result<Vec<u8>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let scene = Scene { view: scene.whole, started: None, ends_for: None, asked: false, ..*scene };
        self.text_of(&scene, &records, index)
    }

    /// The text that the first `upto` plugins make of some records.
    pub(super) fn text_of(
        &mut self,
        scene: &Scene<'_>,
        records: &Range<u64>,
        upto: usize,
    ) -> Result<Vec<u8>> {
        let made = self.make(scene, records, upto)?;
        let budget = scene.context.budget;
        Ok(Text::new(&scene.view, records, &made.edits, &Around::default(), budget)?.made().to_vec())
    }
}

/// The cause of an error: there is too little to begin with.
#[derive(Debug)]
struct TooLittle;

impl fmt::Display for TooLittle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("they remove it, or its first record is too long")
    }
}

impl std::error::Error for TooLittle {}

/// The error where the head of a file does not show what follows.
pub(super) fn too_little() -> Error {
    let what = "the first plugins leave too little of the head of the file for the next one to begin";
    Error::new(Kind::Usage, what).because(TooLittle).hint(IN_TURN)
}

/// Whether several plugins may begin once there is more of a stream.
pub(crate) fn needs_more(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<TooLittle>())
}
