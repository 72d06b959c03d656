//! A scan that reads only the groups that a job names.
//!
//! The result is the patch that a scan of the whole file makes, without the
//! roots: edits and groups are the same.

use std::ops::Range;

use super::block::{self, Block};
use super::merge::Collector;
use super::{BLOCK_BYTES, Options, Scan, Scanned, Transforms};
use crate::engine::framing::View;
use crate::engine::transform::Instance;
use crate::error::{Error, Kind, Result};
use crate::hash::GROUP_BYTES;
use crate::patch::{Roots, Writer};
use crate::storage::Storage;
use crate::storage::mmap::{Copier, Mapping};

/// Scans the groups of a mapped file that hold a byte of the job's ranges, one
/// after the other. The writer must be that of a patch without roots.
/// `progress` is called with the number of bytes done, and that of all bytes to
/// be read.
///
/// # Errors
/// When the job names no ranges; the first failure in file order.
pub fn scan_touched<'s, S: Storage>(
    mapping: &Mapping,
    transforms: &Transforms<'_>,
    writer: Writer<'s, S>,
    options: &Options<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Scanned<'s, S>> {
    let job = transforms.job;
    let Some(ranges) = &job.ranges else {
        return Err(Error::new(Kind::Internal, "the job does not name the ranges that it needs"));
    };
    let cutter = options.cutter(job);
    let context = options.context(transforms, &cutter);
    let scan = Scan { context, mapping, make: transforms.make, options, roots: Roots::Touched };
    let mut collector = Collector::new(&scan, writer);
    if scan.file().is_empty() && job.show_empty {
        collector.take(scan.empty_file()?)?;
        return collector.finish();
    }
    let pieces = pieces(ranges, scan.view().limit());
    let (mut done, of) = (0, pieces.iter().map(|piece| piece.end - piece.start).sum());
    let mut reader = None;
    for piece in pieces {
        options.cancel.check()?;
        let reader = match &mut reader {
            Some(reader) => reader,
            none => none.insert(PieceReader::new(&scan)?),
        };
        done += piece.end - piece.start;
        let block = reader.block(&scan, piece);
        // What was read may be zeros that the file never contained, and so may
        // be the cause of a failure.
        mapping.check()?;
        collector.take(block?)?;
        progress(done, of);
    }
    collector.finish()
}

/// The groups that hold a byte of the ranges, in order: those next to each
/// other together, as far as one block goes.
fn pieces(ranges: &[Range<u64>], size: u64) -> Vec<Range<u64>> {
    let mut pieces: Vec<Range<u64>> = Vec::new();
    for range in ranges.iter().filter(|range| range.start < size) {
        let mut start = range.start / GROUP_BYTES * GROUP_BYTES;
        let end = range.end.min(size).next_multiple_of(GROUP_BYTES).min(size);
        if let Some(last) = pieces.last_mut().filter(|last| start <= last.end) {
            let until = end.min(last.start + BLOCK_BYTES).max(last.end);
            (last.end, start) = (until, until);
        }
        while start < end {
            let until = end.min(start + BLOCK_BYTES);
            pieces.push(start..until);
            start = until;
        }
    }
    pieces
}

/// Reads pieces and asks for their edits.
struct PieceReader<'m> {
    instance: Instance,
    copier: Copier<'m>,
}

impl<'m> PieceReader<'m> {
    fn new(scan: &Scan<'m>) -> Result<Self> {
        let mut instance = (scan.make)()?;
        let most = usize::try_from(BLOCK_BYTES.min(scan.view().limit())).expect("a block fits");
        let memory = instance.take_memory().filter(|memory| memory.bytes().len() >= most);
        let copier = match memory {
            Some(memory) => Copier::with_memory(scan.mapping, memory),
            None => Copier::new(scan.mapping, most),
        };
        Ok(Self { instance, copier })
    }

    fn block(&mut self, scan: &Scan<'_>, range: Range<u64>) -> Result<Block> {
        let whole = scan.view();
        let size = whole.limit();
        let copy = self.copier.read(range.clone());
        let copy = copy.map(|bytes| View { base: range.start, bytes, end: range.end == size });
        // If it cannot be copied, reading the mapping shows the reason.
        let view = copy.as_ref().unwrap_or(&whole);
        self.instance.ask_records(&scan.context, view, &range)?;
        let before = block::hash_before(view, &range, size);
        let found = self.instance.records(&scan.context, view, &range)?;
        let after = block::hash_after(view, &range, size, &found.edits);
        Ok(Block { range, found, before, after, carry: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GROUP: u64 = GROUP_BYTES;

    #[test]
    fn pieces_are_the_groups_of_the_ranges() {
        let size = 100 * GROUP + 5;
        let of = |ranges: &[(u64, u64)]| {
            let ranges: Vec<_> = ranges.iter().map(|&(start, end)| start..end).collect();
            pieces(&ranges, size).into_iter().map(|piece| (piece.start, piece.end)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[(3, 4)]), [(0, GROUP)]);
        assert_eq!(of(&[(GROUP - 1, GROUP + 1)]), [(0, 2 * GROUP)]);
        assert_eq!(of(&[(0, 1), (5, 6), (GROUP, GROUP + 1)]), [(0, 2 * GROUP)]);
        assert_eq!(of(&[(0, 1), (2 * GROUP, 2 * GROUP + 1)]), [(0, GROUP), (2 * GROUP, 3 * GROUP)]);
        assert_eq!(of(&[(size - 1, size)]), [(100 * GROUP, size)]);
        assert_eq!(of(&[(size, size + 9)]), []);
        let long = [(0, BLOCK_BYTES), (BLOCK_BYTES, BLOCK_BYTES + GROUP)];
        assert_eq!(of(&[(1, BLOCK_BYTES + 1)]), long);
    }

    /// A file that is shorter than its mapping reads as zeros there.
    #[test]
    fn what_cannot_be_read_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, vec![b'x'; GROUP as usize]).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let mapping = Mapping::new(&file, 3 * GROUP, &path).unwrap();
        for (range, is_there) in [(5..9, true), (2 * GROUP..2 * GROUP + 1, false)] {
            let identity = crate::storage::Identity {
                device: (0, 0),
                inode: 1,
                born_ns: None,
                changed_ns: 0,
                modified_ns: 0,
                size: 3 * GROUP,
            };
            let header = crate::patch::Header {
                plugin: crate::patch::PluginId {
                    name: "p".into(),
                    version: "1".into(),
                    digest: "d".into(),
                    evidence: Vec::new(),
                },
                params: Vec::new(),
                conversion: Vec::new(),
                target: "t".into(),
                identity: (&identity).into(),
                group_bytes: GROUP,
            };
            let spill = crate::storage::Entry::unpinned(directory.path().join("spill"));
            let storage = &crate::storage::OsStorage;
            let writer = Writer::with_roots(storage, spill, header, Roots::Touched).unwrap();
            let job =
                runner_contract::Job::new(runner_contract::Framing::Bytes).ranges(std::iter::once(range));
            let mark = |window: &runner_contract::Window<'_>, edits: &mut runner_contract::Edits| {
                edits.replace(0..window.bytes.len(), vec![b'#'; window.bytes.len()].as_slice());
                Ok::<(), String>(())
            };
            let make = || Ok(Instance::local(mark));
            let transforms = Transforms { job: &job, finder: None, make: &make };
            let options = Options {
                threads: 1,
                window_bytes: 1 << 20,
                memory: crate::memory::MemoryContext::NONE,
                cancel: crate::cancel::Cancel::NEVER,
                prove: false,
            };
            let scanned = scan_touched(&mapping, &transforms, writer, &options, &mut |_, _| {});
            let kind = scanned.map(|scanned| scanned.draft.stats().edits).map_err(|error| error.kind());
            assert_eq!(kind, if is_there { Ok(1) } else { Err(Kind::Io) });
        }
    }

    proptest! {
        /// Whole groups, sorted and disjoint, that hold every byte of the
        /// ranges and no other group.
        #[test]
        fn every_byte_is_in_a_piece(
            size in 1_u64..60 * GROUP,
            lengths in prop::collection::vec((0..9 * GROUP, 1..20 * GROUP), 0..9),
        ) {
            let (mut ranges, mut at) = (Vec::new(), 0);
            for (gap, bytes) in lengths {
                ranges.push(at + gap..at + gap + bytes);
                at += gap + bytes;
            }
            let pieces = pieces(&ranges, size);
            prop_assert!(pieces.is_sorted_by(|one, next| one.end <= next.start));
            for piece in &pieces {
                prop_assert!(piece.start < piece.end && piece.end - piece.start <= BLOCK_BYTES);
                prop_assert!(piece.start % GROUP == 0 && (piece.end % GROUP == 0 || piece.end == size));
            }
            for group in 0..size.div_ceil(GROUP) {
                let bytes = group * GROUP..((group + 1) * GROUP).min(size);
                let meets = |range: &Range<u64>| range.start < bytes.end && bytes.start < range.end;
                prop_assert_eq!(ranges.iter().any(meets), pieces.iter().any(meets), "group {}", group);
            }
        }
    }
}
