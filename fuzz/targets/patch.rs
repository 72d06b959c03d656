//! Patch files of any bytes: one that is accepted reads the same in both
//! directions, sorted and in bounds; one that was changed after it was sealed
//! is refused; one that was written reads as it was written.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use runner::apply::flatten::tail_start;
use runner::cancel::Cancel;
use runner::cli;
use runner::error::Kind;
use runner::fs::{Entry, OsStorage, Storage};
use runner::hash::GROUP_BYTES;
use runner::patch::{Direction, Group, Patch, Segment, Writer, walk};

use super::disk::Disk;
use super::input::Input;
use super::scanning::{Edit, apply, edits, header, memory_file, overlay};
use super::storage::{Fate, Simulated};

const SAVED: &str = "/disk/patch";
const MAGIC: &[u8; 12] = b"RUNPATCH\x01\0\0\0";

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(4) {
        0 => drop(accepted(input.rest())),
        1 => changed(&mut input),
        // As by somebody who knows the format.
        _ => drop(accepted(&sealed(input.rest()))),
    }
}

/// Loads a patch file; if it is accepted, everything of it makes sense.
fn accepted(bytes: &[u8]) -> bool {
    let storage = Simulated::new(Disk::with(Path::new(SAVED), bytes, 0), Fate::default());
    let patch = match Patch::load(&storage, &Entry::unpinned(SAVED)) {
        Ok(patch) => patch,
        Err(error) => {
            assert_eq!(error.kind(), Kind::Verification, "{error:?}");
            return false;
        }
    };
    let stats = &patch.seal().stats;
    let (forward, reverse) = (edits(&patch, Direction::Forward), edits(&patch, Direction::Reverse));
    assert_eq!(forward.len() as u64, stats.edits);
    assert_eq!(forward.iter().map(|(_, old, _)| old.len() as u64).sum::<u64>(), stats.old_bytes);
    assert_eq!(forward.iter().map(|(.., new)| new.len() as u64).sum::<u64>(), stats.new_bytes);
    let mut shift = 0_i128;
    for ((start, old, new), back) in forward.iter().zip(&reverse) {
        let place = u64::try_from(i128::from(*start) + shift).expect("in bounds");
        assert_eq!((place, new, old), (back.0, &back.1, &back.2));
        shift += new.len() as i128 - old.len() as i128;
    }
    assert_eq!(forward.len(), reverse.len());
    for direction in [Direction::Forward, Direction::Reverse] {
        groups(&patch, direction);
        let after = if direction == Direction::Forward { stats.post_size() } else { stats.pre_size };
        let from = tail_start(stats);
        assert_eq!(walked(&patch, direction, 0), after);
        assert_eq!(walked(&patch, direction, from), after - from.min(after));
    }
    shown(bytes);
    true
}

/// Groups are sorted, and lie in the file before or after.
fn groups<S: Storage>(patch: &Patch<'_, S>, direction: Direction) {
    let stats = &patch.seal().stats;
    let end = stats.pre_size.max(stats.post_size()).div_ceil(GROUP_BYTES);
    let (mut reader, mut next, mut count) = (patch.reader(direction), 0, 0);
    while let Some(batch) = reader.next_batch().expect("it was checked") {
        for group in batch.groups() {
            assert!(next <= group.index && group.index < end, "{group:?} behind {next}, of {end}");
            next = group.index + 1;
            count += 1;
        }
    }
    assert_eq!(count, stats.groups);
}

/// The bytes that the overlay visits, in order.
fn walked<S: Storage>(patch: &Patch<'_, S>, direction: Direction, from: u64) -> u64 {
    let (mut bytes, mut reach) = (0, from);
    let done = walk(patch.reader(direction), from, |segment| {
        bytes += match segment {
            Segment::Source(range) => {
                assert!(reach <= range.start && range.start < range.end, "{range:?} behind {reach}");
                reach = range.end;
                range.end - range.start
            }
            Segment::New(new) => {
                assert!(!new.is_empty(), "an empty piece");
                new.len() as u64
            }
        };
        Ok(())
    });
    done.expect("it was checked");
    bytes
}

/// What `runner show` prints is fit for a terminal.
fn shown(bytes: &[u8]) {
    let file = memory_file(bytes);
    let patch = Patch::read(&OsStorage, Entry::unpinned("patch"), file).expect("it was accepted before");
    let text = cli::show_patch(&patch).expect("it can be shown");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

/// A patch of the fuzzer's edits reads as it was written, and is refused once
/// a byte of it has changed.
fn changed(input: &mut Input<'_>) {
    let (source, edits_in) = source_and_edits(input);
    let bytes = written(&source, &edits_in);
    assert!(accepted(&bytes));
    let mut bad = bytes.clone();
    for _ in 0..1 + input.below(4) {
        let at = input.below(1 << 17) % bad.len().max(1);
        match input.below(4) {
            0 => bad.truncate(at),
            1 => bad.extend(input.bytes(99)),
            2 => drop(bad.splice(at..at, input.bytes(99).to_vec())),
            _ => {
                if let Some(byte) = bad.get_mut(at) {
                    *byte ^= input.byte();
                }
            }
        }
    }
    assert_eq!(accepted(&bad), bad == bytes, "damage is noticed");
}

fn source_and_edits(input: &mut Input<'_>) -> (Vec<u8>, Vec<Edit>) {
    let size = input.pick(&[0, 9, 300, 70_000]);
    let source: Vec<u8> = (0..size).map(|at| b'a' + (at * 7 % 23) as u8).collect();
    let (mut edits, mut at) = (Vec::new(), 0);
    for _ in 0..input.below(20) {
        at += input.below(300);
        let old = input.below(40);
        let Some(bytes) = source.get(at..at + old) else { break };
        edits.push((at as u64, bytes.to_vec(), input.bytes(40).to_vec()));
        at += old;
    }
    (source, edits)
}

fn written(source: &[u8], model: &[Edit]) -> Vec<u8> {
    let storage = Simulated::new(Disk::default(), Fate::default());
    let header = header(source.len() as u64);
    let mut writer = Writer::new(&storage, Entry::unpinned("/disk/spill"), header).expect("there is room");
    for (start, old, new) in model {
        writer.edit(runner::patch::Edit { start: *start, old, new }).expect("there is room");
    }
    if !source.is_empty() {
        writer.group(Group { index: 0, before: Some([1; 32]), after: None }).expect("there is room");
    }
    let after = apply(source, model);
    let (pre, post) = (blake3::hash(source), blake3::hash(&after));
    let mut patch = writer.finish().and_then(|draft| draft.seal(pre, post)).expect("there is room");
    patch.publish(&Entry::unpinned(SAVED), Cancel::new(&AtomicBool::new(false))).expect("there is room");
    drop(patch);
    let patch = Patch::load(&storage, &Entry::unpinned(SAVED)).expect("it was just written");
    assert_eq!(edits(&patch, Direction::Forward), model);
    assert!(overlay(&patch, source) == after, "the overlay");
    drop(patch);
    storage.into_disk().read(Path::new(SAVED)).expect("it was published").cache.clone()
}

/// A patch file of frames without checks (kind, 16-bit length, payload), with
/// all checks as they must be.
fn sealed(mut frames: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut check = *blake3::hash(MAGIC).as_bytes();
    while let Some((&[kind, low, high], rest)) = frames.split_first_chunk::<3>() {
        let (payload, rest) = rest.split_at(usize::from(u16::from_le_bytes([low, high])).min(rest.len()));
        let start = out.len();
        out.push(kind);
        out.extend((payload.len() as u32).to_le_bytes());
        out.extend(payload);
        check = *blake3::hash(&[&check[..], &out[start..]].concat()).as_bytes();
        out.extend(check);
        frames = rest;
    }
    out
}
