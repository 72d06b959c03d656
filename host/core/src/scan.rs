//! The single pass over the file: hash, framing, prefilter, transform, and the
//! resulting patch.
//!
//! The file is cut into blocks. Workers take them in order; each worker owns
//! the records that start in its block. If a framing depends on what came
//! before, a baton is passed from block to block (with the parity of quotes,
//! the next record, or the only instance of a sequential plugin). The collector
//! takes the results in order. The patch is the same for every block and window
//! size and every number of threads.

mod baton;
mod block;
mod block_buffer;
mod collect;
mod merge;
mod result_root;
mod revalidate;
mod scheduler;
mod snapshot;
mod touched;
mod workers;

use std::ops::Range;
use std::time::{Duration, Instant};

pub(crate) use collect::{Put, collect};
pub use revalidate::{Revalidated, revalidate};
pub use scheduler::{Workers, waiting_bytes};
pub use snapshot::State;
pub use touched::scan_touched;

use self::block::Block;
use crate::cancel::Cancel;
use crate::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES, View};
use crate::engine::prefilter::Finder;
use crate::engine::transform::Instance;
pub use crate::engine::window::BLOCK_BYTES;
use crate::engine::window::{Context, Shows, block_bytes};
use crate::error::Result;
use crate::hash::Tree;
use crate::hash::proof::Builder;
use crate::memory::MemoryContext;
use crate::patch::{Draft, Roots, Writer};
use crate::storage::Storage;
use crate::storage::mmap::Mapping;
use runner_contract::{Framing, Job};

/// Memory of a worker in addition to its instance and its reply: the stack, of
/// which a guest may use 1 MiB, a copy of a block, and a group that is being
/// hashed.
pub const WORKER_BYTES: u64 = 3 << 20;
/// The default window.
pub const DEFAULT_WINDOW_BYTES: u64 = 1 << 20;

/// The options of a scan; none of them changes the patch.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Approximate number of bytes shown to the plugin in one call, at least 1:
    /// a window ends where a record does.
    pub window_bytes: u64,
    /// Limits the memory of the scan.
    pub memory: MemoryContext<'a>,
    /// The request to stop the scan.
    pub cancel: Cancel<'a>,
    /// Whether to prove what has not changed. A scan that is resumed cannot.
    pub prove: bool,
}

/// The progress of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The file is done up to this offset.
    To(u64),
    /// The number of running workers changed because of memory pressure.
    Workers(Workers),
}

impl Options<'_> {
    /// The window, of at least one byte.
    pub(crate) fn window(&self) -> u64 {
        self.window_bytes.max(1)
    }

    /// Cuts files into the records of a job.
    fn cutter(&self, job: &Job) -> Cutter {
        Cutter::new(&job.framing, self.record_limit())
    }

    fn record_limit(&self) -> u64 {
        MIN_RECORD_LIMIT_BYTES.max(self.window())
    }

    /// What windows are made with, without the whole file.
    fn context<'c>(&'c self, transforms: &Transforms<'c>, cutter: &'c Cutter) -> Context<'c> {
        Context {
            job: transforms.job,
            cutter,
            finder: transforms.finder,
            window_bytes: self.window(),
            record_limit: self.record_limit(),
            shows: Shows::Candidates,
            budget: self.memory.budget,
            cancel: self.cancel,
            whole: None,
        }
    }

    /// The unit of parallel work, in whole groups.
    pub(crate) fn block_bytes(&self) -> u64 {
        block_bytes(self.window_bytes)
    }
}

/// The result of a scan.
pub struct Scanned<'s, S: Storage> {
    /// All edits.
    pub draft: Draft<'s, S>,
    /// BLAKE3 of the file; `None` if only the touched groups were read.
    pub pre_root: Option<blake3::Hash>,
    /// The hash tree of the new file, up to `after_groups` groups. Without
    /// meaning if only the touched groups were read.
    pub after: Tree,
    /// The group of the first change of length, or the number of groups.
    pub after_groups: u64,
    /// What the plugin has counted: name and number.
    pub counts: Vec<(String, u64)>,
    /// For the proof of what has not changed, if that is wanted.
    pub proof: Option<Builder>,
}

/// Callbacks and the starting point of a scan.
pub struct Hooks<'a> {
    /// Called with the progress of the scan.
    pub progress: &'a mut dyn FnMut(Progress),
    /// The state to resume from. It must have passed [`State::check`], and the
    /// writer must have been resumed from its [`State::partial`].
    pub from: Option<State>,
    /// How often the scan stores its state, and the callback for that. Ignored
    /// under a sequential framing, because the memory of the plugin's only
    /// instance cannot be stored.
    pub keep: Option<(Duration, Keep<'a>)>,
}

/// The transforms for a file.
pub struct Transforms<'a> {
    /// The job.
    pub job: &'a Job,
    /// For the job's prefilter. `None` if it has none, or if instances search
    /// with it themselves.
    pub finder: Option<&'a Finder>,
    /// Creates an instance for the job. Called once per worker, and once more
    /// if edits of neighbouring blocks collide; all instances must give the
    /// same answers.
    pub make: &'a (dyn Fn() -> Result<Instance> + Sync),
}

/// Stores a state of the scan.
pub type Keep<'a> = &'a mut dyn FnMut(&State) -> Result<()>;

/// Scans a mapped file.
///
/// # Errors
/// The first failure in file order; then the patch is dropped. Any error of
/// [`Hooks::keep`].
pub fn scan<'s, S: Storage>(
    mapping: &Mapping,
    transforms: &Transforms<'_>,
    writer: Writer<'s, S>,
    options: &Options<'_>,
    mut hooks: Hooks<'_>,
) -> Result<Scanned<'s, S>> {
    let job = transforms.job;
    let cutter = options.cutter(job);
    let whole = Some(View { base: 0, bytes: mapping.bytes(), end: true });
    let context = Context { whole, ..options.context(transforms, &cutter) };
    let scan = Scan { context, mapping, make: transforms.make, options, roots: Roots::Whole };
    let mut start = scheduler::Start { block: 0, carry: cutter.initial_carry() };
    let mut collector = merge::Collector::new(&scan, writer);
    if let Some(state) = hooks.from {
        start = scheduler::Start { block: state.at.div_ceil(scan.block_bytes()), carry: state.carry };
        collector.resume(state)?;
    }
    if scan.is_sequential() {
        hooks.keep = None;
    }
    let mut kept = Instant::now();
    workers::run(&scan, &start, |block, workers| {
        // Workers checked this when they took the block; by now it may be the
        // last block.
        options.cancel.check()?;
        if let Some(workers) = workers {
            (hooks.progress)(Progress::Workers(workers));
        }
        (hooks.progress)(Progress::To(block.range.end));
        let carry = block.carry;
        collector.take(block)?;
        if let Some((every, keep)) = &mut hooks.keep
            && kept.elapsed() >= *every
        {
            keep(&collector.state(carry)?)?;
            kept = Instant::now();
        }
        Ok(())
    })?;
    if scan.file().is_empty() && job.show_empty {
        collector.take(scan.empty_file()?)?;
    }
    mapping.check()?;
    collector.finish()
}

/// One scan, shared by all threads.
struct Scan<'a> {
    context: Context<'a>,
    mapping: &'a Mapping,
    make: &'a (dyn Fn() -> Result<Instance> + Sync),
    options: &'a Options<'a>,
    /// Whether all of the file is read, for its roots.
    roots: Roots,
}

impl Scan<'_> {
    fn file(&self) -> &[u8] {
        self.mapping.bytes()
    }

    /// The whole mapped file.
    fn view(&self) -> View<'_> {
        View { base: 0, bytes: self.file(), end: true }
    }

    fn block_count(&self) -> u64 {
        (self.file().len() as u64).div_ceil(self.block_bytes())
    }

    fn block_bytes(&self) -> u64 {
        self.options.block_bytes()
    }

    fn block(&self, index: u64) -> Range<u64> {
        let start = index * self.block_bytes();
        start..(start + self.block_bytes()).min(self.file().len() as u64)
    }

    /// The only block of an empty file.
    fn empty_file(&self) -> Result<Block> {
        let found = (self.make)()?.edits(&self.context, &self.view(), 0..0)?;
        Ok(Block { range: 0..0, found, before: Vec::new(), after: Vec::new(), carry: 0 })
    }

    fn is_sequential(&self) -> bool {
        self.context.job.framing == Framing::Sequential
    }
}
