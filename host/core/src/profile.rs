//! Measures the time of a run, stage by stage.
//!
//! There is one profile for the process, which is off unless [`start`] was
//! called. While it is off, a `span` costs one relaxed load. Spans measure
//! blocks, calls and whole steps, never single edits, so that measuring does
//! not distort the result.
//!
//! Spans do not nest, except inside [`Stage::Scan`], which contains the stages
//! that [`Stage::place`] assigns to workers or the collector. The time of all
//! workers is added up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // `about` describes each one
pub enum Stage {
    Load,
    Begin,
    Scan,
    Wait,
    PageIn,
    Hash,
    Ask,
    Cut,
    Prefilter,
    Pack,
    CopyIn,
    Guest,
    CopyOut,
    Accept,
    HashNew,
    Merge,
    Collect,
    NewRoot,
    Keep,
    Flatten,
    JournalSync,
    JournalCheck,
    Commit,
    Write,
    Fill,
    Sync,
    ReadBack,
    CleanUp,
}

/// The thread on which a stage runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The thread that drives the run: these stages add up to the run's time.
    Driver,
    /// The workers of a scan, added up.
    Worker,
    /// The driver, while it collects the workers' results.
    Collector,
}

impl Stage {
    /// All stages, in the order of a run.
    pub const ALL: [Self; 28] = [
        Self::Load,
        Self::Begin,
        Self::Scan,
        Self::Wait,
        Self::PageIn,
        Self::Hash,
        Self::Ask,
        Self::Cut,
        Self::Prefilter,
        Self::Pack,
        Self::CopyIn,
        Self::Guest,
        Self::CopyOut,
        Self::Accept,
        Self::HashNew,
        Self::Merge,
        Self::Collect,
        Self::NewRoot,
        Self::Keep,
        Self::Flatten,
        Self::JournalSync,
        Self::JournalCheck,
        Self::Commit,
        Self::Write,
        Self::Fill,
        Self::Sync,
        Self::ReadBack,
        Self::CleanUp,
    ];

    /// The thread on which the stage runs.
    #[must_use]
    pub fn place(self) -> Place {
        match self {
            Self::Wait
            | Self::PageIn
            | Self::Hash
            | Self::Ask
            | Self::Cut
            | Self::Prefilter
            | Self::Pack
            | Self::CopyIn
            | Self::Guest
            | Self::CopyOut
            | Self::Accept
            | Self::HashNew => Place::Worker,
            Self::Merge | Self::Collect => Place::Collector,
            _ => Place::Driver,
        }
    }

    /// The stage's name in its serialized form.
    #[must_use]
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).expect("a stage is a string");
        name.as_str().unwrap_or_default().to_owned()
    }

    /// A description of the stage.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Load => "the plugin is loaded from the cache, or compiled, and returns its manifest",
            Self::Begin => "the file is opened and mapped, and the plugin begins",
            Self::Scan => "the whole pass over the file, including the workers and the collector",
            Self::Wait => "waiting for the collector, or for the baton of a framing",
            Self::PageIn => "the block is copied from the page cache, or mapped; uncached pages are read",
            Self::Hash => "BLAKE3 of the old file",
            Self::Ask => "blocks and edits pass between this process and the worker",
            Self::Cut => "the ends of windows and records are found",
            Self::Prefilter => "candidates are searched for",
            Self::Pack => "candidates are packed into windows",
            Self::CopyIn => "windows are copied into the plugin's memory",
            Self::Guest => "the plugin's own code runs",
            Self::CopyOut => "replies are copied from the plugin's memory",
            Self::Accept => "replies are checked and mapped to the file",
            Self::HashNew => "BLAKE3 of the changed groups",
            Self::Merge => "the edits of all blocks are put in order and written to the patch",
            Self::Collect => "waiting for the next block",
            Self::NewRoot => "the new file is hashed, from the first change of length on",
            Self::Keep => "free space is checked; the undo file and the backup are written",
            Self::Flatten => "the patch is converted to in-place form",
            Self::JournalSync => "the journal is made durable",
            Self::JournalCheck => "the journal is read back",
            Self::Commit => "the journal, or the new file, gets its name",
            Self::Write => "the edits are written in place",
            Self::Fill => "the new file is written",
            Self::Sync => "what was written is made durable",
            Self::ReadBack => "what was written is read back and compared",
            Self::CleanUp => "the journal is removed",
        }
    }
}

/// The time spent in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spent {
    /// The stage.
    pub stage: Stage,
    /// The thread on which it ran.
    pub place: Place,
    /// Milliseconds, added up over all threads.
    pub ms: f64,
    /// The number of spans.
    pub spans: u64,
}

#[derive(Debug)]
struct Counter {
    ns: AtomicU64,
    spans: AtomicU64,
}

static ON: AtomicBool = AtomicBool::new(false);
static COUNTERS: [Counter; Stage::ALL.len()] =
    [const { Counter { ns: AtomicU64::new(0), spans: AtomicU64::new(0) } }; Stage::ALL.len()];

/// Starts measuring, for the whole process.
pub fn start() {
    ON.store(true, Relaxed);
}

/// Whether time is measured.
#[must_use]
pub fn is_on() -> bool {
    ON.load(Relaxed)
}

/// Adds time to a stage.
pub fn add(stage: Stage, time: Duration) {
    let counter = &COUNTERS[stage as usize];
    counter.ns.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    counter.spans.fetch_add(1, Relaxed);
}

/// Moves time from a stage, which has measured it as a whole, to one of its
/// parts, which was measured elsewhere: in so many spans.
pub fn pass(whole: Stage, part: Stage, time: Duration, spans: u64) {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // What is moved may come before the whole is known, so this may wrap.
    COUNTERS[whole as usize].ns.fetch_sub(ns, Relaxed);
    COUNTERS[part as usize].ns.fetch_add(ns, Relaxed);
    COUNTERS[part as usize].spans.fetch_add(spans, Relaxed);
}

/// Measures a piece of work.
pub(crate) fn time<T>(stage: Stage, work: impl FnOnce() -> T) -> T {
    let _span = span(stage);
    work()
}

/// Measures until the returned value is dropped.
#[must_use]
pub fn span(stage: Stage) -> Span {
    Span { stage, started: is_on().then(Instant::now) }
}

/// Time that passes in a stage.
pub struct Span {
    stage: Stage,
    started: Option<Instant>,
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(started) = self.started {
            add(self.stage, started.elapsed());
        }
    }
}

/// The time spent since the last call, for all stages that ran.
#[must_use]
pub fn take() -> Vec<Spent> {
    let all = Stage::ALL.into_iter().map(|stage| {
        let counter = &COUNTERS[stage as usize];
        // Less than nothing is left if more was moved than was measured.
        let ns = u64::try_from(counter.ns.swap(0, Relaxed).cast_signed()).unwrap_or(0);
        let ms = Duration::from_nanos(ns).as_secs_f64() * 1e3;
        Spent { stage, place: stage.place(), ms, spans: counter.spans.swap(0, Relaxed) }
    });
    all.filter(|spent| spent.spans > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_a_counter_of_its_own() {
        for (index, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, index, "{stage:?}");
        }
    }
}
