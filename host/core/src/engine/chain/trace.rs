//! How far plugins got with blocks: what shows only when blocks are collected.
//!
//! A block does not know whether earlier plugins have removed all records before
//! it, or all after it. If there was nothing before it for a plugin, the block is
//! done again with `first` set for that plugin. If there is nothing after it, the
//! block is asked for a second time, and the edits must be the same.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::agree::IN_TURN;
use super::{Chain, Scene};
use crate::engine::framing::View;
use crate::engine::window::Context;
use crate::error::{Error, Kind, Result};

/// What several plugins did with the records of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) records: Range<u64>,
    /// How many plugins have seen a record.
    pub(crate) depth: usize,
    /// How many there are.
    pub(crate) plugins: usize,
}

/// What several plugins did so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Traces {
    /// For each plugin, the last block of which it has seen a record.
    last: Vec<Option<(u64, u64)>>,
}

impl Traces {
    /// How many plugins have seen a record.
    fn started(&self) -> usize {
        self.last.iter().filter(|last| last.is_some()).count()
    }

    /// If a plugin sees its first record in this block, but was not told: how
    /// many have seen records before it.
    pub(crate) fn restart(&self, trace: &Trace) -> Option<usize> {
        let started = self.started();
        (trace.records.start > 0 && trace.depth > started).then_some(started)
    }

    /// Takes the next block.
    pub(crate) fn add(&mut self, trace: &Trace) {
        self.last.resize(trace.plugins, None);
        let range = (trace.records.start, trace.records.end);
        self.last.iter_mut().take(trace.depth).for_each(|last| *last = Some(range));
    }

    /// Whether all ranges are those of a file of this size.
    pub(crate) fn is_sound(&self, file_bytes: u64) -> bool {
        self.last.iter().flatten().all(|(start, end)| start <= end && *end <= file_bytes)
    }

    /// Plugins that were not told of the end of the file, although they have
    /// seen records, and where: the first plugin of each block.
    pub(crate) fn open_ends(&self, file_bytes: u64) -> Vec<(usize, Range<u64>)> {
        let mut open: Vec<(usize, Range<u64>)> = Vec::new();
        for (index, last) in self.last.iter().enumerate() {
            let Some((start, end)) = *last else { continue };
            if end < file_bytes && open.last().is_none_or(|(_, known)| known.start != start) {
                open.push((index, start..end));
            }
        }
        open
    }
}

impl Chain {
    /// Checks that it makes no difference whether the file ends with these
    /// records for the plugins from `index` on.
    pub(crate) fn check_end(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        (index, records): (usize, Range<u64>),
    ) -> Result<()> {
        let scene = Scene { context, view: *view, whole: *view, started: None, ends_for: None, asked: false };
        for index in index..self.stages.len() {
            let open = self.make(&scene, &records, index + 1)?;
            let closed = self.make(&Scene { ends_for: Some(index), ..scene }, &records, index + 1)?;
            if !open.edits.is_same(&closed.edits) || open.counts != closed.counts {
                return Err(end_matters(&self.stages[index].name));
            }
        }
        Ok(())
    }
}

/// The error where a plugin would have to know of an end that others make.
pub(super) fn end_matters(name: &str) -> Error {
    let what = format!(
        "the plugins before `{name}` remove the last record of the file, and what `{name}` does depends on which record is the last one"
    );
    Error::new(Kind::Usage, what).hint(IN_TURN)
}
