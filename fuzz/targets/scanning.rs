//! Scans of made-up files by native transforms, and what they come to.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use runner_contract::Job;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::context::RunContext;
use runner_pipeline::engine::prefilter::Finder;
use runner_pipeline::engine::transform::Instance;
use runner_pipeline::error::Result;
use runner_pipeline::hash::GROUP_BYTES;
use runner_pipeline::memory::MemoryContext;
use runner_pipeline::patch::{Direction, Header, Patch, PluginId, Segment, Writer, walk};
use runner_pipeline::scan::{Hooks, Options, Transforms, scan};
use runner_pipeline::storage::mmap::Mapping;
use runner_pipeline::storage::{Entry, Identity, Storage};

use super::input::Input;
use runner_simulation::disk::Disk;
use runner_simulation::storage::{FaultPlan, Simulated};

/// Where the old bytes stand, what they are, and what replaces them.
pub(super) type Edit = (u64, Vec<u8>, Vec<u8>);

/// What a scan comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The patch file.
    pub(super) patch: Vec<u8>,
    pub(super) edits: Vec<Edit>,
    /// The file as it is to become.
    pub(super) content: Vec<u8>,
}

/// How a scan is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommitOptions {
    pub(super) threads: usize,
    pub(super) window_bytes: u64,
}

pub(super) const PLAIN: CommitOptions = CommitOptions { threads: 1, window_bytes: GROUP_BYTES };

type Make<'a> = &'a (dyn Fn() -> Result<Instance> + Sync);

/// A file with some text at places where scans are cut: at its start, across
/// the end of the first window, across the end of the first block, at its end.
pub(super) fn file(input: &mut Input<'_>, largest: usize) -> Vec<u8> {
    let bytes = match input.byte() {
        0..192 => 0,
        192..224 => 70_000,
        224..250 => 140_000,
        _ => 1_100_000,
    };
    let before = input.below(300);
    let filler = input.byte();
    let text = input.rest();
    let mut file = vec![filler; bytes.min(largest).max(text.len())];
    let end = file.len() - text.len();
    for at in [0, (1 << 16) - before, (1 << 20) - before, end] {
        if let Some(place) = file.get_mut(at..at + text.len()) {
            place.copy_from_slice(text);
        }
    }
    file
}

/// Maps a file that is nowhere on a disk.
pub(super) fn map(content: &[u8]) -> Mapping {
    let file = memory_file(content);
    Mapping::new(&file, content.len() as u64, Path::new("memory")).expect("memory can be mapped")
}

pub(super) fn memory_file(content: &[u8]) -> File {
    let descriptor = rustix::fs::memfd_create("fuzz", rustix::fs::MemfdFlags::CLOEXEC);
    let file = File::from(descriptor.expect("there is memory"));
    std::os::unix::fs::FileExt::write_all_at(&file, content, 0).expect("memory takes all");
    file
}

pub(super) fn header(size: u64) -> Header {
    let identity = Identity { device: (0, 1), inode: 1, born_ns: None, changed_ns: 1, modified_ns: 1, size };
    Header {
        plugin: PluginId {
            name: "none".into(),
            version: "0".into(),
            digest: String::new(),
            evidence: Vec::new(),
        },
        params: vec![],
        conversion: vec![],
        target: "file".into(),
        identity: (&identity).into(),
        group_bytes: GROUP_BYTES,
    }
}

/// Scans a file, and checks what must hold for whatever transform.
pub(super) fn found(job: &Job, content: &[u8], make: Make<'_>, how: CommitOptions) -> Result<Found> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let cancel = Cancel::new(&NEVER);
    let storage = Simulated::new(Disk::default(), FaultPlan::default());
    let [spill, saved, temporary] = ["/disk/scan", "/disk/patch", "/disk/temporary"].map(Entry::unpinned);
    let mapping = map(content);
    let memory = MemoryContext::NONE;
    let options =
        Options { threads: how.threads, window_bytes: how.window_bytes, memory, cancel, prove: false };
    let hooks = Hooks { progress: &mut |_| {}, from: None, keep: None };
    let writer = Writer::new(&storage, spill, header(content.len() as u64))?;
    let finder = Finder::within(job, memory.budget)?;
    let transforms = Transforms { job, finder: finder.as_ref(), make };
    let scanned = scan(&mapping, &transforms, writer, &options, hooks)?;
    let patch = scanned.seal(&mapping, RunContext { threads: 1, cancel })?;
    patch.copy_to(&saved, &temporary)?;
    drop(patch);

    // As whoever uses it reads it.
    let patch = Patch::load(&storage, &saved)?;
    let edits = edits(&patch, Direction::Forward);
    for (start, old, new) in &edits {
        assert_eq!(old, &content[*start as usize..][..old.len()], "the old bytes at {start}");
        assert_ne!(old, new, "an edit at {start} changes nothing");
    }
    let after = overlay(&patch, content);
    assert_eq!(after, apply(content, &edits), "the overlay");
    assert_eq!(patch.seal().pre_root, Some(blake3::hash(content)), "the root before");
    assert_eq!(patch.seal().post_root, Some(blake3::hash(&after)), "the root after");
    drop(patch);
    let patch = storage.into_disk().read(saved.path()).expect("it was saved").cache.clone();
    Ok(Found { patch, edits, content: after })
}

/// All edits of a patch, which are sorted, disjoint and in bounds.
pub(super) fn edits<S: Storage>(patch: &Patch<'_, S>, direction: Direction) -> Vec<Edit> {
    let mut reader = patch.reader(direction);
    let (size, mut reach, mut edits) = (reader.source_size(), 0, Vec::new());
    while let Some(batch) = reader.next_batch().expect("it was checked") {
        for edit in batch.edits() {
            assert!(reach <= edit.start && edit.end() <= size, "{edit:?} behind {reach}, in {size}");
            reach = edit.end();
            edits.push((edit.start, edit.old.to_vec(), edit.new.to_vec()));
        }
    }
    edits
}

/// The file as a patch makes it, by the patch's own overlay.
pub(super) fn overlay<S: Storage>(patch: &Patch<'_, S>, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let walked = walk(patch.reader(Direction::Forward), 0, |segment| {
        match segment {
            Segment::Source(range) => out.extend(&source[range.start as usize..range.end as usize]),
            Segment::New(bytes) => out.extend(bytes),
        }
        Ok(())
    });
    walked.expect("it was checked");
    out
}

/// The same, by the simplest means.
pub(super) fn apply(source: &[u8], edits: &[Edit]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for (start, old, new) in edits {
        out.extend(&source[at..*start as usize]);
        out.extend(new);
        at = *start as usize + old.len();
    }
    out.extend(&source[at..]);
    out
}
