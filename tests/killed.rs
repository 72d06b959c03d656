//! A run that dies at any of its operations on the filesystem: after
//! `recover`, the file is what it was or what it was to become, and nothing is
//! left beside it. What a dead process leaves is what the kernel has been
//! told; that a machine may lose part of it is not modelled here.

#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use runner::cancel::Cancel;
use runner::error::Kind;
use runner::fs::{Access, OsFile, OsStorage, Stat, Storage};
use runner::hash::{GROUP_BYTES, group_cv};
use runner::journal::Names;
use runner::patch::{Direction, Edit, Group, Header, Patch, PluginId, Writer};
use runner::plan::{Choice, Strategy, choose};
use runner::reach::{Extras, How, Place, reach};
use runner::recover::recover;
use runner::verify::{Level, Wanted};

/// The real filesystem, for so many operations; from then on nothing works.
/// The last write is cut in half.
struct Dying {
    left: AtomicU64,
}

impl Dying {
    fn after(operations: u64) -> Self {
        Self { left: AtomicU64::new(operations) }
    }

    fn is_dead(&self) -> bool {
        self.left.load(Relaxed) == 0
    }

    fn step<T>(&self, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => run(),
            Err(_) => Err(io::Error::other("the process is dead")),
        }
    }
}

impl Storage for Dying {
    type File = OsFile;

    fn open(&self, path: &Path, access: Access) -> io::Result<OsFile> {
        self.step(|| OsStorage.open(path, access))
    }
    fn create(&self, path: &Path) -> io::Result<OsFile> {
        self.step(|| OsStorage.create(path))
    }
    fn read_at(&self, file: &OsFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.step(|| OsStorage.read_at(file, buffer, offset))
    }
    fn write_at(&self, file: &OsFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.step(|| {
            let part = if self.is_dead() { &bytes[..bytes.len() / 2] } else { bytes };
            OsStorage.write_at(file, part, offset)
        })
    }
    fn set_len(&self, file: &OsFile, bytes: u64) -> io::Result<()> {
        self.step(|| OsStorage.set_len(file, bytes))
    }
    fn copy_range(&self, from: &OsFile, at: u64, to: &OsFile, to_at: u64, bytes: u64) -> io::Result<()> {
        self.step(|| OsStorage.copy_range(from, at, to, to_at, bytes))
    }
    fn sync_data(&self, file: &OsFile) -> io::Result<()> {
        self.step(|| OsStorage.sync_data(file))
    }
    fn sync_all(&self, file: &OsFile) -> io::Result<()> {
        self.step(|| OsStorage.sync_all(file))
    }
    fn sync_parent(&self, path: &Path) -> io::Result<()> {
        self.step(|| OsStorage.sync_parent(path))
    }
    fn evict(&self, file: &OsFile) -> io::Result<bool> {
        self.step(|| OsStorage.evict(file))
    }
    fn stat(&self, file: &OsFile) -> io::Result<Stat> {
        self.step(|| OsStorage.stat(file))
    }
    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        self.step(|| OsStorage.stat_path(path))
    }
    fn copy_attributes(&self, from: &OsFile, to: &OsFile) -> io::Result<()> {
        self.step(|| OsStorage.copy_attributes(from, to))
    }
    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.step(|| OsStorage.free_bytes(path))
    }
    fn exchange(&self, a: &Path, b: &Path) -> io::Result<bool> {
        self.step(|| OsStorage.exchange(a, b))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| OsStorage.rename(from, to))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| OsStorage.link(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| OsStorage.remove(path))
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

/// One change of one file.
struct Change {
    old: Vec<u8>,
    /// Start, bytes replaced, replacement.
    edits: Vec<(usize, usize, Vec<u8>)>,
    choice: Choice,
    strategy: Strategy,
}

impl Change {
    fn new_content(&self) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        for (start, bytes, new) in &self.edits {
            out.extend_from_slice(&self.old[at..*start]);
            out.extend_from_slice(new);
            at = start + bytes;
        }
        out.extend_from_slice(&self.old[at..]);
        out
    }

    /// The patch that a scan would make.
    fn patch<'s>(
        &self,
        storage: &'s Dying,
        spill: PathBuf,
        stat: &Stat,
    ) -> runner::error::Result<Patch<'s, Dying>> {
        let plugin = PluginId { name: "none".into(), version: "0".into(), digest: String::new() };
        let identity = stat.identity.clone();
        let header =
            Header { plugin, params: vec![], target: String::new(), identity, group_bytes: GROUP_BYTES };
        let mut writer = Writer::new(storage, spill, header)?;
        let new = self.new_content();
        let keeps_length = self.edits.iter().all(|(_, bytes, new)| *bytes == new.len());
        let group = GROUP_BYTES as usize;
        let mut edits = self.edits.iter().peekable();
        for index in 0..self.old.len().div_ceil(group) {
            while let Some((start, bytes, new)) = edits.next_if(|edit| edit.0 < (index + 1) * group) {
                let old = &self.old[*start..start + bytes];
                writer.edit(Edit { start: *start as u64, old, new })?;
            }
            let cv = |content: &[u8]| {
                let end = content.len().min((index + 1) * group);
                group_cv(&content[index * group..end], index as u64, content.len() as u64)
            };
            if keeps_length && cv(&self.old) != cv(&new) {
                let (before, after) = (Some(cv(&self.old)), Some(cv(&new)));
                writer.group(Group { index: index as u64, before, after })?;
            }
        }
        for (start, bytes, new) in edits {
            writer.edit(Edit { start: *start as u64, old: &self.old[*start..start + bytes], new })?;
        }
        writer.finish()?.seal(blake3::hash(&self.old), blake3::hash(&new))
    }

    /// Carries the change out in `file`, for so many operations; whether it
    /// came to its end.
    fn carry_out(&self, file: &Path, extras: &Extras, operations: u64) -> Result<bool, Kind> {
        let storage = Dying::after(operations);
        let target = OsStorage.open(file, Access::Write).unwrap();
        let stat = OsStorage.stat(&target).unwrap();
        let names = Names::new(file, stat.file_type).unwrap();
        let place = Place { storage: &storage, names: &names, file: &target, stat: &stat };
        let wanted = Wanted::Exactly(Level::Cached);
        let done = self.patch(&storage, names.scan.clone(), &stat).and_then(|patch| {
            let plan = choose(&patch.seal().stats, &stat, patch.bytes(), self.choice)?;
            assert_eq!(plan.strategy, self.strategy);
            {
                let how = How { extras, verify: wanted, cancel: Cancel::new(&NEVER) };
                reach(&place, patch, Direction::Forward, &plan, &how)
            }
        });
        match done {
            Ok(_) => Ok(true),
            Err(_) if storage.is_dead() => Ok(false),
            Err(e) => Err(e.kind()),
        }
    }

    fn recover(file: &Path, direction: Direction) {
        let target = OsStorage.open(file, Access::Write).unwrap();
        let names = Names::new(file, OsStorage.stat(&target).unwrap().file_type).unwrap();
        recover(&OsStorage, &names, &target, direction, Wanted::Exactly(Level::Cached)).unwrap();
        names.check_clean(&OsStorage).unwrap();
    }

    /// Dies at every operation there is, and recovers in every way.
    fn check(&self) {
        let (new, mut operations) = (self.new_content(), 0);
        loop {
            let mut done = false;
            for direction in [Direction::Forward, Direction::Reverse] {
                let directory = tempfile::tempdir().unwrap();
                let file = directory.path().join("file");
                let (undo, backup) = (directory.path().join("undo"), directory.path().join("backup"));
                std::fs::write(&file, &self.old).unwrap();
                let extras = Extras { undo: Some(undo.clone()), backup: Some(backup.clone()) };
                done = self.carry_out(&file, &extras, operations).unwrap();
                Self::recover(&file, direction);
                Self::recover(&file, direction);
                let found = std::fs::read(&file).unwrap();
                let what = format!("dead after {operations} operations, {direction:?}");
                assert!(found == self.old || found == new, "mixed: {what}");
                assert!(!done || found == new, "done, but old: {what}");
                if found == new && new != self.old {
                    assert!(std::fs::read(&backup).unwrap() == self.old, "no backup: {what}");
                    assert_eq!(
                        Patch::load(&OsStorage, &undo).unwrap().seal().pre_root,
                        blake3::hash(&self.old)
                    );
                }
            }
            if done {
                break;
            }
            operations += 1;
        }
        assert!(operations > 20, "the run was never cut");
    }
}

fn text(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| b'a' + (at * 7 % 23) as u8).collect()
}

#[test]
fn in_place() {
    let edits = [(0, 1), (5, 3), (65_530, 10), (65_545, 1), (199_999, 1)];
    let edits = edits.map(|(start, bytes)| (start, bytes, vec![b'#'; bytes]));
    Change { old: text(200_000), edits: edits.to_vec(), choice: Choice::Auto, strategy: Strategy::InPlace }
        .check();
}

#[test]
fn in_place_with_a_journal_that_outgrows_memory() {
    let edits = (0..20).map(|at| (at * 100_000, 90_000, vec![b'#'; 90_000])).collect();
    Change { old: text(2_000_000), edits, choice: Choice::Auto, strategy: Strategy::InPlace }.check();
}

#[test]
fn a_tail_that_grows_or_shrinks() {
    for new in [b"longer than it was".to_vec(), Vec::new()] {
        let edits = vec![(10, 2, b"##".to_vec()), (150_000, 7, new)];
        Change { old: text(200_000), edits, choice: Choice::InPlace, strategy: Strategy::Tail }.check();
    }
}

#[test]
fn an_append_and_a_cut() {
    let append = vec![(100_000, 0, text(150_000))];
    Change { old: text(100_000), edits: append, choice: Choice::InPlace, strategy: Strategy::Tail }.check();
    let cut = vec![(70_000, 130_000, Vec::new())];
    Change { old: text(200_000), edits: cut, choice: Choice::InPlace, strategy: Strategy::Tail }.check();
}

#[test]
fn a_rewrite() {
    let edits = vec![(10, 2, b"three".to_vec()), (150_000, 7, Vec::new())];
    Change { old: text(200_000), edits, choice: Choice::Rewrite, strategy: Strategy::Rewrite }.check();
}
