//! A run that died in place, with its journal damaged, exchanged or left
//! alone, and its target half written, restored or replaced: `recover` brings
//! it to old or new, or says why not and changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::error::Kind;
use runner_pipeline::hash::{GROUP_BYTES, group_cv};
use runner_pipeline::patch::{Direction, Patch, Roots};

use super::input::Input;
use runner_simulation::change::{Change, FILE, names, recover_on};
use runner_simulation::choices::Choices;
use runner_simulation::disk::{Disk, NameChange};
use runner_simulation::storage::{FaultPlan, Simulated};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let change = change(&mut input);
    let direction = if input.flag() { Direction::Forward } else { Direction::Reverse };
    let dies_at = Some(input.below(60) as u64);
    let mut disk = died(&change, dies_at);
    if input.flag() {
        disk = disk.crash(&mut Choices::random(input.number()));
    }
    let whole = disk.read(names().journal.path()).map(|node| node.cache.clone());
    let journal = match input.below(4) {
        0 => damaged(&mut input, whole.clone()),
        1 => other_journal(&mut input),
        _ => whole.clone(),
    };
    if journal != whole {
        put(&mut disk, names().journal.path(), journal.as_deref());
    }
    let target = Target::new(&mut input, &change);
    match &target {
        Target::AsItIs => {}
        Target::Rewritten(content) => write(&mut disk, content),
        Target::Replaced(content) => put(&mut disk, Path::new(FILE), Some(content)),
    }
    let case =
        Case { change: &change, new: change.new_content(), direction, untouched: journal == whole, target };
    case.recover(&disk);
}

/// What became of the target after the run died.
#[derive(Debug)]
enum Target {
    AsItIs,
    /// The same inode with another content.
    Rewritten(Vec<u8>),
    /// Another inode.
    Replaced(Vec<u8>),
}

impl Target {
    fn new(input: &mut Input<'_>, change: &Change) -> Self {
        let how = input.below(8);
        let mut content = if input.flag() { change.new_content() } else { change.old.clone() };
        // Where old and new differ, and anywhere.
        for _ in 0..input.below(4) {
            let (at, part) = (input.below(1 << 18), input.bytes(9));
            if let Some(place) = content.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
        }
        match input.below(4) {
            0 => content.truncate(input.below(1 << 18)),
            1 => content.extend(input.bytes(99)),
            _ => {}
        }
        match how {
            0 => Self::Rewritten(content),
            1 | 2 => Self::Replaced(content),
            _ => Self::AsItIs,
        }
    }
}

/// Edits of a file, in place or as a new tail.
fn change(input: &mut Input<'_>) -> Change {
    let group = GROUP_BYTES as usize;
    let size = input.pick(&[0, 1, 700, 5000, group - 1, group, group + 1, 2 * group, 2 * group + 99]);
    let size = size + input.below(3);
    let keeps_length = input.flag();
    let (mut edits, mut at) = (Vec::new(), 0);
    for _ in 0..1 + input.below(5) {
        at += if input.flag() { input.below(1 << 17) } else { input.below(99) };
        let old = input.pick(&[0, 1, 2, 9, 600, 5000]).min(size.saturating_sub(at));
        if at + old > size {
            break;
        }
        let new = if keeps_length { old } else { input.pick(&[0, 1, 2, 9, 700, 66_000]) };
        if old + new > 0 {
            edits.push((at, old, vec![b'#'; new]));
        }
        at += old;
    }
    let old = (0..size).map(|at| b'a' + (at * 7 % 23) as u8).collect();
    let change = Change {
        old,
        edits,
        choice: Choice::InPlace,
        verify: VerifyChoice::Deepest,
        extras: false,
        no_direct: input.flag(),
        no_exchange: false,
        checkpoint: false,
        roots: Roots::Whole,
    };
    let touched = input.flag() && change.moves_nothing();
    Change { roots: if touched { Roots::Touched } else { Roots::Whole }, ..change }
}

/// The disk after a run that died at an operation, if it came so far.
fn died(change: &Change, dies_at: Option<u64>) -> Disk {
    let storage = Simulated::new(
        change.disk(),
        FaultPlan { dies_at, no_direct: change.no_direct, ..FaultPlan::default() },
    );
    let done = change.carry_out(&storage);
    assert!(done.is_ok() || storage.is_dead(), "{change:?}: {:?}", done.err());
    storage.into_disk()
}

fn damaged(input: &mut Input<'_>, journal: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut journal = journal?;
    for _ in 0..1 + input.below(3) {
        let at = input.below(1 << 16) % journal.len().max(1);
        match input.below(4) {
            0 => journal.truncate(at),
            1 => journal.extend(input.bytes(99)),
            2 => drop(journal.splice(at..at, input.bytes(99).to_vec())),
            _ => {
                if let Some(byte) = journal.get_mut(at) {
                    *byte ^= input.byte();
                }
            }
        }
    }
    Some(journal)
}

/// The journal of another change, made for another file of the same inode.
fn other_journal(input: &mut Input<'_>) -> Option<Vec<u8>> {
    let other = change(input);
    (10..40).find_map(|at| died(&other, Some(at)).read(names().journal.path()).map(|node| node.cache.clone()))
}

/// A durable file under a name; a new inode.
fn put(disk: &mut Disk, path: &Path, content: Option<&[u8]>) {
    if disk.read(path).is_some() {
        disk.directory.change(NameChange::Remove(path.to_owned())).expect("it is there");
    }
    if let Some(content) = content {
        let inode = disk.create(path).expect("there is none");
        disk.write(inode, 0, content);
        disk.files.get_mut(&inode).expect("just made").sync(true);
    }
    disk.directory.sync(path.parent());
}

/// The same inode with another content.
fn write(disk: &mut Disk, content: &[u8]) {
    let inode = disk.directory.now[Path::new(FILE)];
    disk.resize(inode, content.len());
    disk.write(inode, 0, content);
    disk.files.get_mut(&inode).expect("it is open to nobody").sync(true);
}

struct Case<'a> {
    change: &'a Change,
    new: Vec<u8>,
    direction: Direction,
    /// The journal is the run's own, whole.
    untouched: bool,
    target: Target,
}

impl Case<'_> {
    fn recover(&self, before: &Disk) {
        let storage = Simulated::new(
            before.clone(),
            FaultPlan { no_direct: self.change.no_direct, ..FaultPlan::default() },
        );
        let recovered = recover_on(&storage, self.direction);
        let after = storage.into_disk();
        let was = content(before, FILE);
        let is = content(&after, FILE);
        let Ok(recovered) = recovered.map_err(|error| {
            assert_eq!(error.kind(), Kind::RecoveryNeeded, "{error:?}");
            assert!(
                files(before) == files(&after),
                "{:?}: {error:?}, and something has changed",
                self.change
            );
            let own = self.untouched && matches!(self.target, Target::AsItIs);
            assert!(!own, "{:?}: refused what it made itself: {error:?}", self.change);
        }) else {
            return;
        };
        match &recovered.state {
            None => {
                assert!(was == is, "{:?}: written without a journal", self.change);
                if matches!(self.target, Target::AsItIs) && self.untouched {
                    assert!(
                        is == self.change.old || is == self.new,
                        "{:?}: mixed, and no journal",
                        self.change
                    );
                }
            }
            Some(state) => {
                let own = self.untouched && matches!(self.target, Target::AsItIs);
                let exact = own || matches!(self.target, Target::Replaced(_));
                // What was appended since stays, and the root is that of the rest.
                assert_eq!(is.len() as u64, state.size + state.appended_bytes, "{:?}", self.change);
                let (ours, appended) = is.split_at(state.size as usize);
                assert!(was.ends_with(appended), "{:?}: what was appended is lost", self.change);
                // Of the same inode, groups that no edit touches are taken on
                // trust.
                let root = Some(blake3::hash(ours));
                if exact && state.root.is_some() || root == state.root {
                    assert_eq!(root, state.root, "{:?}: neither old nor new", self.change);
                } else {
                    self.touched_alone(before, &was, ours);
                }
                if own {
                    let right =
                        if self.direction == Direction::Forward { &self.new } else { &self.change.old };
                    assert!(is == *right, "{:?}: not what was asked for", self.change);
                }
            }
        }
        let left: Vec<_> = after.directory.now.keys().collect();
        assert_eq!(left, [Path::new(FILE)], "{:?}", self.change);
        // Again: nothing to do.
        let storage = Simulated::new(after, FaultPlan::default());
        let again = recover_on(&storage, self.direction).expect("there is nothing to do");
        assert_eq!((again.state, again.removed), (None, vec![]));
        assert!(content(&storage.into_disk(), FILE) == is);
    }

    /// What no edit touches is as it was, and the rest as the journal wants it.
    fn touched_alone(&self, disk: &Disk, was: &[u8], is: &[u8]) {
        let storage = Simulated::new(disk.clone(), FaultPlan::default());
        let journal = Patch::load(&storage, &names().journal).expect("it was used");
        let mut reader = journal.reader(self.direction);
        let stats = &journal.seal().stats;
        let size = if self.direction == Direction::Forward { stats.post_size() } else { stats.pre_size };
        assert_eq!(is.len() as u64, size, "{:?}: of a size that is neither", self.change);
        let mut rest = [was.to_vec(), is.to_vec()];
        while let Some(batch) = reader.next_batch().expect("it was used") {
            for group in batch.groups() {
                let start = (group.index * GROUP_BYTES) as usize;
                let end = (start + GROUP_BYTES as usize).min(is.len());
                if start < end {
                    let after = group.after.expect("a group that is written has a value");
                    assert_eq!(group_cv(&is[start..end], group.index, size), after, "group {}", group.index);
                }
                for content in &mut rest {
                    let end = (start + GROUP_BYTES as usize).min(content.len());
                    content[start.min(end)..end].fill(0);
                }
            }
        }
        let [was, is] = rest;
        let common = was.len().min(is.len());
        assert!(was[..common] == is[..common], "{:?}: written where no edit is", self.change);
    }
}

fn content(disk: &Disk, path: &str) -> Vec<u8> {
    disk.read(Path::new(path)).expect("it is there").cache.clone()
}

/// All names and what stands under them.
fn files(disk: &Disk) -> BTreeMap<&Path, &[u8]> {
    let names = disk.directory.now.iter();
    names.map(|(name, inode)| (name.as_path(), &disk.files[inode].cache[..])).collect()
}
