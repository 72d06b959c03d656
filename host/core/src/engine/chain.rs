//! Several plugins in one pass: each sees what those before it make of the file.
//!
//! The plugins work on one block after the other, each in its own process. What
//! the first one makes of the block's records is put together here, the second
//! one is asked about that, and so on; then all edits are joined into edits of
//! the file. So everything after that is the same as with one plugin.
//!
//! The result is that of one run after the other, however the file is cut:
//!
//! | what could differ | what is done |
//! |---|---|
//! | an edit that makes two records one | is refused wherever it is (`whole_records`) |
//! | what stands around a block, for a plugin that looks there | is made of the records there (`around`) |
//! | the start of the file, where earlier plugins remove the first records | is noticed when the blocks are collected, and the block is done again (`trace`) |
//! | its end, where they remove the last ones | if it makes a difference to a plugin, the run fails (`trace`) |
//! | the head of the file | is what earlier plugins make of it (`head`) |

mod agree;
mod around;
mod compose;
mod head;
mod refusal;
mod stage;
mod text;
mod trace;
mod whole_records;

use std::ops::Range;

use runner_contract::Framing;

pub(crate) use self::around::needs_more;
use self::compose::compose;
pub use self::head::{CHAIN_HEAD_BYTES, Member, begin};
use self::refusal::looks_ahead;
use self::stage::Stage;
use self::text::{Start, Text, made_bytes, place_in_file, removed_from};
pub(crate) use self::trace::{Trace, Traces};
use self::whole_records::{Shown, across, joined};
use crate::engine::counts::Counts;
use crate::engine::edits::EditList;
use crate::engine::framing::View;
use crate::engine::validate::Found;
use crate::engine::window::Context;
use crate::error::Result;

/// Several plugins that have begun on one file.
pub struct Chain {
    stages: Vec<Stage>,
    /// How many of them have seen records before those that come next; `None`
    /// if the offset of the records shows it.
    started: Option<usize>,
    /// Whether records come in order.
    in_order: bool,
}

/// What the plugins see, and where.
#[derive(Clone, Copy)]
struct Scene<'a> {
    context: &'a Context<'a>,
    /// The records that are worked on.
    view: View<'a>,
    /// The file, as far as it can be seen.
    whole: View<'a>,
    started: Option<usize>,
    /// The plugin for which the file ends with the records.
    ends_for: Option<usize>,
    /// Whether the first plugin was asked for the records already.
    asked: bool,
}

/// What plugins make of some records.
struct Made {
    /// As edits of the file.
    edits: EditList,
    counts: Counts,
    /// The text, unless nothing was changed.
    text: Option<Text>,
    /// How many plugins have seen a record.
    depth: usize,
}

impl Chain {
    fn new(stages: Vec<Stage>) -> Self {
        Self { stages, started: None, in_order: false }
    }

    /// From now on, records come in the order of a stream.
    ///
    /// # Errors
    /// If a plugin looks ahead: the records that follow may not be there yet.
    pub(crate) fn in_order(&mut self) -> Result<()> {
        if let Some(stage) = self.stages.iter().find(|stage| stage.overlaps()) {
            return Err(looks_ahead(&stage.name));
        }
        (self.started, self.in_order) = (Some(0), true);
        Ok(())
    }

    /// So many plugins have seen records that precede the next ones.
    pub(crate) fn restart(&mut self, started: usize) {
        self.started = Some(started);
    }

    /// The memory of the first plugin's blocks.
    pub(super) fn take_memory(&mut self) -> Option<Box<dyn crate::storage::CopyMemory>> {
        self.stages.first_mut().and_then(|stage| stage.instance.take_memory())
    }

    /// As `Instance::ask_records`: asks the first plugin.
    pub(super) fn ask_records(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        records: &Range<u64>,
    ) -> Result<()> {
        let Some(stage) = self.stages.first_mut() else { return Ok(()) };
        if records.is_empty() && !stage.job.show_empty {
            return Ok(());
        }
        let view = seen_by(stage, context, view, records);
        let (context, instance) = stage.split(context);
        let asked = instance.ask_records(&context, &view, records);
        asked.map_err(|error| error.of_plugin(&stage.name))
    }

    /// As `Instance::records`: what all plugins make of the records.
    pub(super) fn records(
        &mut self,
        context: &Context<'_>,
        view: &View<'_>,
        records: &Range<u64>,
    ) -> Result<Found> {
        let started = self.started.filter(|_| self.in_order || records.start > 0);
        let whole = context.whole.unwrap_or(*view);
        let scene = Scene { context, view: *view, whole, started, ends_for: None, asked: true };
        let made = self.make(&scene, records, self.stages.len())?;
        if self.in_order {
            self.started = self.started.max(Some(made.depth));
        } else {
            self.started = None;
        }
        let mut found = Found::new(context.budget, records.start);
        if let (Some(first), Some(last)) = (made.edits.get(0), made.edits.last()) {
            (found.first, found.reach) = (Some(first.start), last.end());
        }
        (found.edits, found.counts) = (made.edits, made.counts);
        found.trace = Some(Trace { records: records.clone(), depth: made.depth, plugins: self.stages.len() });
        Ok(found)
    }

    /// What the first `upto` plugins make of some records. The first one has
    /// been asked if these are the records of a block.
    fn make(&mut self, scene: &Scene<'_>, records: &Range<u64>, upto: usize) -> Result<Made> {
        let budget = scene.context.budget;
        let is_empty_file = records.is_empty();
        let mut made = Made { edits: EditList::new(budget), counts: Counts::default(), text: None, depth: 0 };
        let mut count_at = 0;
        for index in 0..upto {
            let names = self.stages[index].job.counts.len();
            let is_empty = made_bytes(records, &made.edits) == 0;
            if is_empty && !is_empty_file {
                break;
            }
            if !is_empty || self.stages[index].job.show_empty {
                made.depth = index + 1;
                let found = self.one(scene, records, index, &mut made)?;
                for (name, number) in found.counts.iter() {
                    made.counts.add(count_at + name, number);
                }
                self.join(scene, records, index, (&mut made, found.edits))?;
            }
            count_at += names;
        }
        Ok(made)
    }

    /// The edits of one plugin, of the text that it sees. That is left in
    /// `made`.
    fn one(
        &mut self,
        scene: &Scene<'_>,
        records: &Range<u64>,
        index: usize,
        made: &mut Made,
    ) -> Result<Found> {
        if index == 0 {
            let stage = &mut self.stages[0];
            let view = seen_by(stage, scene.context, &scene.view, records);
            if scene.asked {
                let (context, instance) = stage.split(scene.context);
                let found = instance.records(&context, &view, records);
                return found.map_err(|error| error.of_plugin(&stage.name));
            }
            return stage.edits(scene.context, &view, records.clone());
        }
        made.text = None;
        let is_first = scene.started.map_or(records.start == 0, |started| index >= started);
        let start = if is_first { Start::OfFile } else { Start::Later };
        let is_as_in_file = made.edits.is_empty() && !self.stages[index].overlaps();
        if !is_as_in_file || is_first && records.start > 0 || scene.ends_for.is_some() {
            let around = self.around(scene, records, index, start)?;
            made.text = Some(Text::new(&scene.view, records, &made.edits, &around, scene.context.budget)?);
        }
        let asked = self.asked(scene, records, index, made);
        asked.map_err(|error| self.mapped(error, records, index, made))
    }

    /// Asks a plugin that sees what others have made. If they have removed the
    /// end of the file, its edits must be the same with `last` and without: a
    /// block that ends earlier cannot know which is right.
    fn asked(&mut self, scene: &Scene<'_>, records: &Range<u64>, index: usize, made: &Made) -> Result<Found> {
        let stage = &mut self.stages[index];
        let Some(text) = &made.text else {
            return stage.edits(scene.context, &scene.view, records.clone());
        };
        let view = text.view();
        let found = stage.edits(scene.context, &view, text.records.clone())?;
        if text.ends_file && scene.ends_for.is_none() && !self.in_order && !stage.overlaps() {
            let from = removed_from(records, &made.edits);
            let is_removed = from < records.end && {
                let last = scene.context.cutter.record_at(&scene.view, records.start, records.end - 1)?;
                from <= last.start
            };
            if is_removed {
                let open = View { end: false, ..view };
                let other = stage.edits(scene.context, &open, text.records.clone())?;
                if !other.is_same(&found) {
                    return Err(trace::end_matters(&stage.name));
                }
            }
        }
        Ok(found)
    }

    /// Checks the edits of a plugin, and joins them with those before.
    fn join(
        &mut self,
        scene: &Scene<'_>,
        records: &Range<u64>,
        index: usize,
        (made, edits): (&mut Made, EditList),
    ) -> Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let context = scene.context;
        let is_last = index + 1 == self.stages.len();
        let (view, range) = match &made.text {
            Some(text) => (text.view(), text.records.clone()),
            None => (scene.view, records.clone()),
        };
        let ends_file = records.end == scene.view.limit() && scene.view.end;
        let shown = Shown { cutter: context.cutter, view, records: range, ends_file };
        let has_records = context.job.framing != Framing::Bytes;
        let mut broken = match self.stages[index].overlaps() {
            true => across(&shown, &edits)?,
            false => None,
        };
        let shift = shown.records.start as i64 - records.start as i64;
        // What the first plugin edits is the file.
        let composed = match made.edits.is_empty() && made.text.is_none() {
            true => None,
            false => Some(compose(&scene.view, &made.edits, (&edits, shift), context.budget)?),
        };
        let all = composed.as_ref().unwrap_or(&edits);
        self.check_growth(records, index, all)?;
        if has_records && !is_last && broken.is_none() {
            let start = if shown.records.start == 0 { Start::OfFile } else { Start::Later };
            let around = around::of_records(scene, records, start);
            let text = Text::new(&scene.view, records, all, &around, context.budget)?;
            broken = joined(&shown, &edits, &text)?;
        }
        if let Some(broken) = broken {
            return Err(self.refused(broken, index, |at| {
                place_in_file(records, &made.edits, at.saturating_sub(shown.records.start))
            }));
        }
        made.edits = composed.unwrap_or(edits);
        made.text = None;
        Ok(())
    }
}

/// The bytes that the first plugin sees: those at hand, if they are all that it
/// looks at.
fn seen_by<'v>(stage: &Stage, context: &Context<'v>, view: &View<'v>, records: &Range<u64>) -> View<'v> {
    let (before, after) = stage.context_bytes();
    let starts = view.base == 0 || view.base.saturating_add(before) <= records.start;
    let ends = view.end || records.end.saturating_add(after) <= view.limit();
    if starts && ends { *view } else { context.whole.unwrap_or(*view) }
}
