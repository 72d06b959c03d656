//! Checkpoints on the simulated disk: what was stored survives every crash,
//! and the scan that goes on from it comes to the same patch.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use runner_contract::{Change, Framing, Job, Prefilter, Reply, Span, Window};
use runner_pipeline::cancel::Cancel;
use runner_pipeline::engine::transform::Transform;
use runner_pipeline::error::Result;
use runner_pipeline::hash::GROUP_BYTES;
use runner_pipeline::patch::{Header, PluginId, Writer};
use runner_pipeline::run::checkpoint::{self, Key};
use runner_pipeline::scan::{self, Hooks, State, scan};
use runner_pipeline::storage::mmap::Mapping;
use runner_pipeline::storage::{Entry, Identity, Storage};

use crate::change::names;
use crate::choices::Choices;
use crate::common::seed;
use crate::disk::Disk;
use crate::storage::{Fate, Simulated};

const PATCH: &str = "/disk/patch";
const TEMPORARY: &str = "/disk/patch.new";
const WINDOW_BYTES: u64 = 1 << 20;
const KEY: [u8; 32] = [7; 32];

/// Makes every tab a blank.
struct Blanks;

impl Transform for Blanks {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let tabs = window.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\t');
        let spans: Vec<_> =
            tabs.map(|(at, _)| Span { start: at as u32, end: at as u32 + 1, len: 1 }).collect();
        let bytes = vec![b' '; spans.len()];
        Ok(Reply { consumed: 0, change: Change::Edits { spans, bytes } })
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

fn key() -> Key {
    Key { window_bytes: WINDOW_BYTES, params: blake3::Hash::from_bytes(KEY) }
}

fn options() -> scan::Options<'static> {
    let memory = runner_pipeline::memory::MemoryContext::NONE;
    scan::Options { threads: 1, window_bytes: WINDOW_BYTES, memory, cancel: Cancel::new(&NEVER) }
}

fn header(size: u64) -> Header {
    let identity = Identity { device: (0, 1), inode: 1, born_ns: None, changed_ns: 0, modified_ns: 0, size };
    let identity = (&identity).into();
    let plugin = PluginId { name: "blanks".into(), version: "0".into(), digest: String::new() };
    Header { plugin, params: vec![], target: String::new(), identity, group_bytes: GROUP_BYTES }
}

/// Scans to the end, with a checkpoint after each block, and saves the patch.
/// `stored` gets the offset of each checkpoint that is durable.
fn scan_to_end(
    storage: &Simulated,
    file: &Mapping,
    taken_up: Option<(Writer<'_, Simulated>, State)>,
    stored: &mut Vec<u64>,
) -> Result<()> {
    let job = Job { framing: Framing::Bytes, prefilter: Prefilter::None, length_preserving: true };
    let (writer, from) = match taken_up {
        Some((writer, state)) => (writer, Some(state)),
        None => (Writer::new(storage, names().scan, header(file.bytes().len() as u64))?, None),
    };
    let mut keep = |state: &State| {
        checkpoint::save(storage, &names(), &key(), state)?;
        stored.push(state.at);
        Ok(())
    };
    let hooks = Hooks { progress: &mut |_| {}, from, keep: Some((Duration::ZERO, &mut keep)) };
    let transforms = || -> Result<Box<dyn Transform>> { Ok(Box::new(Blanks)) };
    let scanned = scan(file, Path::new("file"), &job, writer, &transforms, &options(), hooks)?;
    let post_root = scanned.after.finish();
    scanned
        .draft
        .seal(scanned.pre_root, post_root)?
        .copy_to(&Entry::unpinned(PATCH), &Entry::unpinned(TEMPORARY))
}

fn patch(disk: &Disk) -> Option<Vec<u8>> {
    disk.read(Path::new(PATCH)).map(|node| node.cache.clone())
}

/// Goes on, as `apply --resume` does, or starts over; the offset it went on
/// at.
fn go_on(disk: Disk, file: &Mapping) -> (u64, Disk) {
    let storage = Simulated::new(disk, Fate::default());
    let taken_up = checkpoint::load(&storage, &names(), &key()).and_then(|state| {
        let header = header(file.bytes().len() as u64);
        let writer = Writer::take_up(&storage, names().scan, header, &state.partial)?;
        state.check(file.bytes(), &options()).unwrap();
        Ok((writer, state))
    });
    let at = taken_up.as_ref().map_or(0, |(_, state)| state.at);
    // What is left there is in the way, whatever it is.
    let mut left = vec![names().new, Entry::unpinned(PATCH), Entry::unpinned(TEMPORARY)];
    if taken_up.is_err() {
        left.extend([names().scan, names().checkpoint]);
    }
    for entry in left {
        let _ = storage.remove(&entry);
    }
    scan_to_end(&storage, file, taken_up.ok(), &mut Vec::new()).unwrap();
    (at, storage.into_disk())
}

#[test]
fn a_checkpoint_survives() {
    let mut temporary = tempfile::tempfile().unwrap();
    let content: Vec<u8> = (0..3_500_000_u32).map(|at| if at % 65_521 == 9 { b'\t' } else { b'x' }).collect();
    temporary.write_all(&content).unwrap();
    let file = Mapping::new(&temporary, content.len() as u64, Path::new("file")).unwrap();

    let run = |fate: Fate| {
        let mut stored = Vec::new();
        let storage = Simulated::new(Disk::default(), fate);
        let ended = scan_to_end(&storage, &file, None, &mut stored);
        let operations = storage.operations();
        (storage.into_disk(), stored, operations, ended.is_ok())
    };
    let (disk, stored, operations, ended) = run(Fate::default());
    assert!(ended && stored == [1 << 20, 2 << 20, 3 << 20, content.len() as u64], "{stored:?}");
    let whole = patch(&disk).unwrap();

    let (mut states, mut went_on) = (0, 0);
    for at in 0..=operations {
        let (disk, stored, ..) = run(Fate { dies_at: Some(at), seed: seed(), ..Fate::default() });
        let least = stored.last().copied().unwrap_or(0);
        Choices::each(seed().wrapping_add(at), 30, |choices| {
            let (from, after) = go_on(disk.crash(choices), &file);
            let again = format!("RUNNER_SEED={} cargo test -p runner-tests --test crash survives", seed());
            assert!(from >= least, "operation {at}: back at {from}, but {least} was stored\nagain: {again}");
            assert!(patch(&after).unwrap() == whole, "operation {at}: another patch\nagain: {again}");
            states += 1;
            went_on += u32::from(from > 0);
        });
    }
    eprintln!("counted: a_checkpoint_survives: {states} crash states, went on from {went_on}");
    assert!(went_on > states / 4, "it hardly ever went on");

    // Each of the first checkpoint's syncs is there for a reason: without it
    // something stored is lost. Later ones may have nothing to write.
    for skipped in 0..3 {
        let lost = (0..=operations).any(|at| {
            let fate = Fate { dies_at: Some(at), skipped_sync: Some(skipped), ..Fate::default() };
            let (disk, stored, ..) = run(fate);
            let least = stored.last().copied().unwrap_or(0);
            let mut lost = false;
            Choices::each(seed(), 30, |choices| lost |= go_on(disk.crash(choices), &file).0 < least);
            lost
        });
        assert!(lost, "nothing misses sync {skipped}");
    }
}
