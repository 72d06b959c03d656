//! Checkpoints on the simulated disk: what was stored survives every crash,
//! and the scan that goes on from it comes to the same patch.

use std::path::Path;
use std::time::Duration;

use runner_contract::{Change, Framing, Job, Reply, Span, Window};
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::Result;
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::checkpoint::{Key, Resumable};
use runner_pipeline::run::{Collect, Event, Options, Program, make_patch};
use runner_pipeline::storage::{Access, Entry, Storage};
use runner_pipeline::target::Target;
use runner_simulation::change::{ATTRIBUTES, FILE, names};
use runner_simulation::choices::Choices;
use runner_simulation::disk::Disk;
use runner_simulation::storage::{FaultPlan, Simulated};
use runner_tests::seed;

const PATCH: &str = "/undo/patch";
const TEMPORARY: &str = "/undo/patch.new";
const WINDOW_BYTES: u64 = 1 << 20;
const KEY: Key = Key { window_bytes: WINDOW_BYTES, params: blake3::Hash::from_bytes([7; 32]) };
const JOB: Job = Job::new(Framing::Bytes).length_preserving();

/// Makes every tab a blank.
struct Blanks;

impl Transform for Blanks {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let tabs = window.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\t');
        let spans: Vec<_> =
            tabs.map(|(at, _)| Span { start: at as u32, end: at as u32 + 1, len: 1 }).collect();
        let bytes = vec![b' '; spans.len()];
        Ok(Reply::new(0, Change::Edits { spans, bytes }))
    }
}

/// Scans to the end, with a checkpoint after each block, and saves the patch;
/// the offset at which the scan went on. `stored` gets the offset of each
/// checkpoint that is durable.
fn scan_to_end(storage: &Simulated, resume: bool, stored: &mut Vec<u64>) -> Result<u64> {
    let failed = runner_pipeline::error::Error::at("inspect", Path::new(FILE));
    let names = names();
    let opened = storage.open(&names.target, Access::Write).and_then(|file| Ok((storage.stat(&file)?, file)));
    let (stat, file) = opened.map_err(failed)?;
    let target = Target { storage, names, file, stat };
    let program = Program {
        id: PluginId {
            name: "blanks".into(),
            version: "0".into(),
            digest: String::new(),
            evidence: Vec::new(),
        },
        params: Vec::new(),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest: KEY.params,
        begin: &|_| Ok((JOB, Instance::local(Blanks))),
    };
    let options = Options {
        threads: 1,
        window_bytes: WINDOW_BYTES,
        checkpoint_every: Duration::ZERO,
        ..Options::default()
    };
    let mut resumable =
        if resume { Resumable::resume(&target, KEY)? } else { Resumable::fresh(&target, KEY)? };
    let (mut from, mut scanned) = (0, None);
    let patch = make_patch(&target, &program, Collect::Resumable(&mut resumable), &options, &mut |event| {
        match event {
            Event::Resumed { bytes, .. } => from = bytes,
            // What is scanned is stored before the next block is.
            Event::Scanned { bytes, .. } => stored.extend(scanned.replace(bytes)),
            _ => {}
        }
    })?;
    stored.extend(scanned);
    // What comes after a scan removes them.
    resumable.spare();
    patch.copy_to(&Entry::unpinned(PATCH), &Entry::unpinned(TEMPORARY))?;
    Ok(from)
}

fn patch(disk: &Disk) -> Option<Vec<u8>> {
    disk.read(Path::new(PATCH)).map(|node| node.cache.clone())
}

/// Goes on, as `apply --resume` does, or starts over; the offset it went on
/// at.
fn go_on(disk: Disk) -> (u64, Disk) {
    let storage = Simulated::new(disk, FaultPlan::default());
    // What is left there is in the way, whatever it is.
    for left in [PATCH, TEMPORARY].map(Entry::unpinned) {
        let _ = storage.remove(&left);
    }
    let from = scan_to_end(&storage, true, &mut Vec::new()).or_else(|_| {
        // A checkpoint that was not complete; `recover` would remove it.
        storage.remove(&names().new).unwrap();
        scan_to_end(&storage, true, &mut Vec::new())
    });
    (from.unwrap(), storage.into_disk())
}

#[test]
fn a_checkpoint_survives() {
    let content: Vec<u8> = (0..3_500_000_u32).map(|at| if at % 65_521 == 9 { b'\t' } else { b'x' }).collect();
    let before = Disk::with(Path::new(FILE), &content, ATTRIBUTES);

    let run = |fault_plan: FaultPlan| {
        let mut stored = Vec::new();
        let storage = Simulated::new(before.clone(), fault_plan);
        let ended = scan_to_end(&storage, false, &mut stored);
        let operations = storage.operations();
        (storage.into_disk(), stored, operations, ended.is_ok())
    };
    let (disk, stored, operations, ended) = run(FaultPlan::default());
    assert!(ended && stored == [1 << 20, 2 << 20, 3 << 20, content.len() as u64], "{stored:?}");
    let whole = patch(&disk).unwrap();

    let (mut states, mut went_on) = (0, 0);
    for at in 0..=operations {
        let (disk, stored, ..) = run(FaultPlan { dies_at: Some(at), seed: seed(), ..FaultPlan::default() });
        let least = stored.last().copied().unwrap_or(0);
        Choices::each(seed().wrapping_add(at), 30, |choices| {
            let (from, after) = go_on(disk.crash(choices));
            let again = format!(
                "RUNNER_SEED={} cargo test -p runner-tests --test crash simulated::checkpoints",
                seed()
            );
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
            let fault_plan =
                FaultPlan { dies_at: Some(at), skipped_sync: Some(skipped), ..FaultPlan::default() };
            let (disk, stored, ..) = run(fault_plan);
            let least = stored.last().copied().unwrap_or(0);
            let mut lost = false;
            Choices::each(seed(), 30, |choices| lost |= go_on(disk.crash(choices)).0 < least);
            lost
        });
        assert!(lost, "nothing misses sync {skipped}");
    }
}
