//! Whatever the file, the framing, the cut and the views: records found block
//! by block are those of a reference that goes from front to back.

use std::ops::Range;

use runner_pipeline::engine::framing::{Cutter, View};
use runner_pipeline::error::Result;

use super::input::Input;
use super::records::{framing, records};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let framing = framing(&mut input);
    let limit = 1 + input.below(1 << 12) as u64;
    let cut = Cut {
        cutter: &Cutter::new(&framing, limit),
        block: 1 + input.below(600) as u64,
        // The window is never larger than the limit.
        window: (1 + input.below(600) as u64).min(limit),
        limit,
        seen: input.byte().into(),
    };
    let hit = input.below(1 << 12) as u64;
    let file = input.rest();

    let (records, impossible) = records(&framing, file);
    let long = records.iter().find(|record| record.end - record.start > limit);
    match cut.windows(file) {
        Ok(windows) => {
            assert_eq!((impossible, long), (None, None), "refused");
            assert_eq!(windows, cut.expected(&records), "the records of {framing:?}");
        }
        Err(error) => {
            let named = [impossible, long.map(|record| record.start)];
            let message = error.to_string();
            let right = |at: u64| message.starts_with(&format!("the record at offset {at} "));
            assert!(named.into_iter().flatten().any(right), "{error:?}, but {named:?}");
        }
    }
    let whole = View { base: 0, bytes: file, end: true };
    if let Some(record) = records.iter().find(|record| record.contains(&hit)) {
        let from = records[hit as usize % records.len()].start.min(record.start);
        assert_eq!(cut.cutter.record_at(&whole, from, hit).expect("it is there"), *record);
    }
}

struct Cut<'a> {
    cutter: &'a Cutter,
    block: u64,
    window: u64,
    limit: u64,
    /// Bytes seen at first.
    seen: u64,
}

impl Cut<'_> {
    /// The windows of all blocks, as a scan asks for them.
    fn windows(&self, file: &[u8]) -> Result<Vec<Range<u64>>> {
        let size = file.len() as u64;
        let whole = View { base: 0, bytes: file, end: true };
        let mut carry = self.cutter.initial_carry();
        let mut windows = Vec::new();
        for start in (0..size).step_by(self.block as usize) {
            let block = start..(start + self.block).min(size);
            let view = self.view(file, block.clone());
            let mut next = self.cutter.first_start(&view, block.clone(), carry);
            while let Some(from) = next {
                let end = self.end(file, from, (from + self.window).min(block.end))?;
                assert!(from < end && end <= size, "a window from {from} to {end}");
                windows.push(from..end);
                next = (end < block.end).then_some(end);
            }
            let summary = self.cutter.summarize(&view, block.clone());
            let advanced = self.cutter.advance(&view, block.clone(), carry, summary);
            let right = self.cutter.advance(&whole, block, carry, summary)?.expect("the end is in view");
            if let Some(early) = advanced? {
                assert_eq!(early, right, "what follows changes the carry");
            }
            carry = right;
        }
        Ok(windows)
    }

    /// A part of the file, with what the cutter needs before it.
    fn view<'v>(&self, file: &'v [u8], range: Range<u64>) -> View<'v> {
        let base = range.start.saturating_sub(self.cutter.look_behind());
        let bytes = &file[base as usize..range.end as usize];
        View { base, bytes, end: range.end == file.len() as u64 }
    }

    /// The window's end, from a view that grows until it can be told.
    fn end(&self, file: &[u8], from: u64, at_least: u64) -> Result<u64> {
        let size = file.len() as u64;
        let mut seen = self.seen;
        loop {
            let limit = from.saturating_add(seen).min(size);
            let view = self.view(file, from..limit);
            if let Some(end) = self.cutter.next_boundary(&view, from, at_least)? {
                return Ok(end);
            }
            assert!(limit < size && limit <= at_least.max(from + 1) + self.limit, "enough was seen");
            seen = 2 * seen + 1;
        }
    }

    /// The windows that these records make.
    fn expected(&self, records: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut windows: Vec<Range<u64>> = Vec::new();
        for record in records {
            match windows.last_mut() {
                // It is too short yet, and the record starts in its block.
                Some(last)
                    if record.start < last.start + self.window
                        && record.start / self.block == last.start / self.block =>
                {
                    last.end = record.end;
                }
                _ => windows.push(record.clone()),
            }
        }
        windows
    }
}
