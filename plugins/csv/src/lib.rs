//! The plugin `csv`: masks, pseudonymises, changes or drops columns of
//! delimited text, and deletes rows.
//!
//! Each record is processed independently. Only the header is different, and it
//! is recognised by its offset. So the result does not depend on how the file
//! is cut. Where a record ends can be found in the middle of a file only for
//! strict dialects; the others are read in order, see
//! `Dialect::parallel_framing`.

mod begin;
mod change;
mod columns;
mod condition;
mod dialect;
mod field;
mod guess;
mod manifest;
mod open;
mod params;
mod plan;
mod reader;
mod record;
mod scan;
mod settings;
mod shown;
mod steps;

use begin::Wishes;
use change::Changer;
use open::{Opened, open};
use plan::{Plan, Row, Scratch};
use reader::{Reader, Stop, Text};
use record::{Fault, Faults, Field};
use runner_plugin::{Edits, Failure, FileHead, Job, Manifest, Params, Plugin, Window};

/// The plugin, for one file.
#[derive(Debug)]
pub struct Csv {
    changer: Changer,
    plan: State,
    /// Where the first record may begin.
    body: usize,
    is_sequential: bool,
    /// Whether windows hold single fields.
    is_projected: bool,
    scratch: Scratch,
    /// Buffer for the fields of a record, reused to save allocations.
    fields: Vec<Field>,
}

/// Whether the first record has been seen.
#[derive(Debug)]
enum State {
    /// It is longer than the head of the file.
    Waiting(Option<Box<Wishes>>),
    Ready(Box<Plan>),
}

impl Plugin for Csv {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        begin::begin(params, file)
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        if self.is_projected {
            return self.shown(window, edits);
        }
        let text = Text { bytes: window.bytes, is_complete: !self.is_sequential || window.last };
        if let State::Waiting(wishes) = &self.plan {
            let preamble = wishes.as_ref().map_or((0, 0), |wishes| wishes.preamble);
            match open(text, &self.changer.dialect, preamble) {
                Ok(opened) => self.resolve(&opened, window.bytes)?,
                Err(Stop::Fault(fault)) => return Err(self.failure(fault, window.bytes)),
                Err(Stop::Incomplete) => {
                    edits.consumed(0);
                    return Ok(());
                }
            }
        }
        let consumed = self.records(text, window.offset, edits)?;
        edits.consumed(consumed as u64);
        Ok(())
    }
}

impl Csv {
    fn new(wishes: Wishes, changer: Changer) -> Self {
        Self {
            changer,
            plan: State::Waiting(Some(Box::new(wishes))),
            body: 0,
            is_sequential: false,
            is_projected: false,
            scratch: Scratch::default(),
            fields: Vec::new(),
        }
    }

    /// Finds the columns in the first record.
    fn resolve(&mut self, opened: &Opened, bytes: &[u8]) -> Result<(), String> {
        if let State::Waiting(wishes) = &mut self.plan
            && let Some(wishes) = wishes.take()
        {
            self.body = opened.body;
            self.plan = State::Ready(Box::new(wishes.plan(opened, bytes, &self.changer.dialect)?));
        }
        Ok(())
    }

    /// Adds the edits of the records of a window at `offset`. Returns the end of the last
    /// whole one.
    fn records(&mut self, text: Text<'_>, offset: u64, edits: &mut Edits) -> Result<usize, Failure> {
        let Self { changer, plan: State::Ready(plan), scratch, fields, .. } = self else { return Ok(0) };
        let bytes = text.bytes;
        let body = (self.body as u64).saturating_sub(offset);
        let mut at = usize::try_from(body).unwrap_or(usize::MAX).min(bytes.len());
        let mut reader = Reader::new(text, &changer.dialect);
        let limit = plan.limit();
        let mut faults = Faults::default();
        while at < bytes.len() {
            let (fault, next) = match reader.read(at, limit, fields) {
                Ok(record) => {
                    let is_header = plan.is_header(offset + at as u64);
                    let row = Row { bytes, record: &record, fields, is_header };
                    (plan.apply(changer, row, scratch, edits).err(), record.end)
                }
                Err(Stop::Fault(fault)) => (Some((fault, None)), reader.next_line(fault.at)),
                Err(Stop::Incomplete) => break,
            };
            at = next;
            if let Some((fault, why)) = fault
                && !faults.add(fault, why)
            {
                break;
            }
        }
        if faults.is_empty() { Ok(at) } else { Err(faults.failure(bytes, offset, &changer.dialect)) }
    }

    /// The failure because of a fault in the first record.
    fn failure(&self, fault: Fault, bytes: &[u8]) -> Failure {
        let mut faults = Faults::default();
        faults.add(fault, None);
        faults.failure(bytes, 0, &self.changer.dialect)
    }
}

runner_plugin::export!(Csv);
