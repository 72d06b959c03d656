//! Patch files of any bytes: one that is accepted reads the same in both
//! directions, sorted and in bounds; one that was changed after it was sealed
//! is refused; one that was written reads as it was written.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::Kind;
use runner_pipeline::hash::GROUP_BYTES;
use runner_pipeline::patch::{Direction, Group, MAX_TRAILERS, Patch, Segment, Writer, walk};
use runner_pipeline::storage::{Entry, OsStorage, Storage};

use super::input::Input;
use super::scanning::{Edit, apply, edits, header, memory_file, overlay};
use runner_simulation::disk::Disk;
use runner_simulation::storage::{FaultPlan, Simulated};

const SAVED: &str = "/disk/patch";
const MAGIC: &[u8; 12] = b"RUNPATCH\x02\0\0\0";

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
    let storage = Simulated::new(Disk::with(Path::new(SAVED), bytes, 0), FaultPlan::default());
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
        let from = stats.tail_start();
        assert_eq!(walked(&patch, direction, 0), after);
        assert_eq!(walked(&patch, direction, from), after - from.min(after));
    }
    covered(&patch, &forward);
    assert!((0..0x80).all(|kind| patch.trailer(kind).is_none()), "a trailer of another kind");
    shown(bytes);
    true
}

/// Every byte of every edit lies in a listed group: before, and where it is
/// written in place, after. What is there has a value.
fn covered<S: Storage>(patch: &Patch<'_, S>, edits: &[Edit]) {
    let (stats, mut listed, mut reader) = (&patch.seal().stats, Vec::new(), patch.reader(Direction::Forward));
    while let Some(batch) = reader.next_batch().expect("it was checked") {
        listed.extend_from_slice(batch.groups());
    }
    let there = |size: u64, index: u64| index < size.div_ceil(GROUP_BYTES);
    for group in &listed {
        assert_eq!(group.before.is_some(), there(stats.pre_size, group.index), "{group:?}");
        let after = there(stats.post_size(), group.index);
        assert!(if stats.in_place_form {
            group.after.is_some() == after
        } else {
            after || group.after.is_none()
        });
    }
    let mut shift = 0_i128;
    for (start, old, new) in edits {
        let place = u64::try_from(i128::from(*start) + shift).expect("in bounds");
        shift += new.len() as i128 - old.len() as i128;
        let new_bytes = if stats.in_place_form { new.len() } else { 0 };
        for (start, bytes) in [(*start, old.len()), (place, new_bytes)] {
            for index in start / GROUP_BYTES..(start + bytes as u64).div_ceil(GROUP_BYTES) {
                let found = listed.binary_search_by_key(&index, |group| group.index);
                assert!(bytes == 0 || found.is_ok(), "group {index} is not listed");
            }
        }
    }
}

/// Groups are sorted, and lie in the file before or after, or are to come at
/// its end.
fn groups<S: Storage>(patch: &Patch<'_, S>, direction: Direction) {
    let stats = &patch.seal().stats;
    let end =
        stats.pre_size.max(stats.post_size()).div_ceil(GROUP_BYTES).max(stats.pre_size / GROUP_BYTES + 1);
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
    let text = runner_wasm::show_patch(&patch).expect("it can be shown");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

/// A patch of the fuzzer's edits reads as it was written, and is refused once
/// a byte of it has changed.
fn changed(input: &mut Input<'_>) {
    let (source, edits_in) = source_and_edits(input);
    let trailers: Vec<_> =
        (0..input.below(4)).map(|_| (input.byte() | 0x80, input.bytes(99).to_vec())).collect();
    assert!(trailers.len() <= MAX_TRAILERS);
    let bytes = written(&source, &edits_in, &trailers);
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
        let new = input.bytes(40).to_vec();
        if old + new.len() > 0 {
            edits.push((at as u64, bytes.to_vec(), new));
        }
        at += old;
    }
    (source, edits)
}

fn written(source: &[u8], model: &[Edit], trailers: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let storage = Simulated::new(Disk::default(), FaultPlan::default());
    let header = header(source.len() as u64);
    let mut writer = Writer::new(&storage, Entry::unpinned("/disk/spill"), header).expect("there is room");
    let group =
        |(start, old, _): &Edit| start / GROUP_BYTES..=(start + (old.len() as u64).max(1) - 1) / GROUP_BYTES;
    let touched: BTreeSet<_> = model.iter().flat_map(group).collect();
    let change = model.iter().find(|(_, old, new)| old.len() != new.len());
    let known = change.map_or(u64::MAX, |(start, ..)| start / GROUP_BYTES);
    let mut edits_left = model.iter().peekable();
    for index in touched {
        while let Some((start, old, new)) = edits_left.next_if(|edit| edit.0 < (index + 1) * GROUP_BYTES) {
            writer.edit(runner_pipeline::patch::Edit { start: *start, old, new }).expect("there is room");
        }
        let before = (index * GROUP_BYTES < source.len() as u64).then_some([1; 32]);
        let after = (index < known).then_some([2; 32]);
        writer.group(Group { index, before, after }).expect("there is room");
    }
    let after = apply(source, model);
    let (pre, post) = (blake3::hash(source), blake3::hash(&after));
    let mut patch =
        writer.finish().and_then(|draft| draft.seal(pre, post, Vec::new())).expect("there is room");
    let check = patch.seal_check();
    for (kind, payload) in trailers {
        patch.push_trailer(*kind, payload).expect("there is room");
    }
    patch.publish(&Entry::unpinned(SAVED), Cancel::new(&AtomicBool::new(false))).expect("there is room");
    drop(patch);
    let patch = Patch::load(&storage, &Entry::unpinned(SAVED)).expect("it was just written");
    assert_eq!(patch.seal_check(), check);
    for (kind, _) in trailers {
        let first = trailers.iter().find(|trailer| trailer.0 == *kind).map(|trailer| &trailer.1[..]);
        assert_eq!(patch.trailer(*kind), first);
    }
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
