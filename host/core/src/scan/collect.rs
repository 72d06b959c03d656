//! Collects edits that something else than a scan finds, in the order of the
//! file.

use std::ops::Range;

use runner_contract::{Framing, Job};

use super::block::{self, Block};
use super::merge::Collector;
use super::{Options, Scan, Scanned};
use crate::engine::framing::{Cutter, MIN_RECORD_LIMIT_BYTES};
use crate::engine::transform::Instance;
use crate::engine::validate::Found;
use crate::engine::window::{Context, Shows};
use crate::error::{Error, Kind, Result};
use crate::patch::{Roots, Writer};
use crate::storage::Storage;
use crate::storage::mmap::Mapping;

/// Takes the edits that start in a block: [`Options::block_bytes`] bytes, fewer
/// at the end of the file. An insertion at the end belongs to the last block.
pub(crate) type Put<'a> = &'a mut dyn FnMut(Range<u64>, Found) -> Result<()>;

/// What was counted: name and number.
pub(crate) type Counted = Vec<(String, u64)>;

/// Makes a patch of the edits that `find` finds. It must put all blocks of the
/// file, in order. It returns what was counted. Whether all of the mapping could
/// be read is for the caller to check.
///
/// # Errors
/// Those of `find`; when the patch cannot be written.
pub(crate) fn collect<'s, S: Storage>(
    mapping: &Mapping,
    writer: Writer<'s, S>,
    options: &Options<'_>,
    find: &mut dyn FnMut(Put<'_>) -> Result<Counted>,
) -> Result<Scanned<'s, S>> {
    // The edits do not come from records, so no block is asked for again.
    let job = Job::new(Framing::Bytes);
    let cutter = Cutter::new(&job.framing, MIN_RECORD_LIMIT_BYTES);
    let context = Context {
        job: &job,
        cutter: &cutter,
        finder: None,
        window_bytes: options.window(),
        record_limit: MIN_RECORD_LIMIT_BYTES,
        shows: Shows::Candidates,
        budget: options.memory.budget,
        cancel: options.cancel,
        whole: None,
    };
    let make = || -> Result<Instance> { Err(Error::new(Kind::Internal, "edits of two blocks overlap")) };
    let scan = Scan { context, mapping, make: &make, options, roots: Roots::Whole };
    let mut collector = Collector::new(&scan, writer);
    let counts = find(&mut |range: Range<u64>, found: Found| {
        options.cancel.check()?;
        let whole = scan.view();
        let before = block::hash_before(&whole, &range, whole.limit());
        let after = block::hash_after(&whole, &range, whole.limit(), &found.edits);
        collector.take(Block { range, found, before, after, carry: 0 })
    })?;
    Ok(Scanned { counts, ..collector.finish()? })
}
