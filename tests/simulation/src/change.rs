//! A change of one file, without a scan: the patch that a scan would make,
//! and the way to the disk from there.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::recover::{Recovered, open_journal, recover};
use runner_pipeline::commit::strategy::{Choice, Strategy, choose};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::commit::{Backup, CommitOptions, Keep, reach};
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::hash::{GROUP_BYTES, group_cv};
use runner_pipeline::patch::{Direction, Edit, Group, Header, Patch, PluginId, Writer};
use runner_pipeline::sidecar::{Names, Trust};
use runner_pipeline::storage::{Access, Entry, FileType, Stat, Storage};
use runner_pipeline::target::Target;
use runner_pipeline::user_state::Key;

use crate::disk::Disk;
use crate::storage::{FaultPlan, Simulated};

/// Where everything stands on the simulated disk: in directories of their
/// own, so that a sync of one makes nothing durable in another.
pub const FILE: &str = "/disk/file";
pub const UNDO: &str = "/undo/undo";
pub const BACKUP: &str = "/backup/backup";
/// Owner, mode and so on of the file.
pub const ATTRIBUTES: u32 = 0o640;

static NEVER: AtomicBool = AtomicBool::new(false);

/// What is to be done, and how.
#[derive(Clone)]
pub struct Change {
    pub old: Vec<u8>,
    /// Start, bytes replaced, replacement.
    pub edits: Vec<(usize, usize, Vec<u8>)>,
    pub choice: Choice,
    pub verify: VerifyChoice,
    /// With an undo file and a backup.
    pub extras: bool,
    pub no_direct: bool,
    /// With a scan that has stored how far it has come.
    pub checkpoint: bool,
    pub no_exchange: bool,
}

/// Without the content, which a seed gives again.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edits: Vec<_> = self.edits.iter().map(|(at, old, new)| (at, old, new.len())).collect();
        let Self { choice, verify, extras, no_direct, no_exchange, checkpoint, .. } = self;
        write!(f, "{} bytes, edits {edits:?}, {choice:?}, {verify:?}, ", self.old.len())?;
        write!(f, "extras {extras}, no direct reads {no_direct}, no exchange {no_exchange}, ")?;
        write!(f, "checkpoint {checkpoint}")
    }
}

impl Change {
    pub fn new_content(&self) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        for (start, bytes, new) in &self.edits {
            out.extend_from_slice(&self.old[at..*start]);
            out.extend_from_slice(new);
            at = start + bytes;
        }
        out.extend_from_slice(&self.old[at..]);
        out
    }

    pub fn disk(&self) -> Disk {
        let mut disk = Disk::with(Path::new(FILE), &self.old, ATTRIBUTES);
        if self.checkpoint {
            disk.add(names().checkpoint.path(), b"how far it has come", 0o600);
        }
        disk
    }

    /// Carries the change out; the strategy that was taken, if it came so far.
    pub fn carry_out(&self, storage: &Simulated) -> Result<Strategy> {
        let names = names();
        let file = storage.open(&names.target, Access::Write).map_err(io)?;
        let stat = storage.stat(&file).map_err(io)?;
        let extras = Keep {
            undo: self.extras.then(|| Entry::unpinned(UNDO)),
            backup: self.extras.then(|| Backup::At(Entry::unpinned(BACKUP))),
        };
        assert_eq!(names.check_resumable(storage)?, self.checkpoint);
        let patch = self.patch(storage, names.scan.clone(), &stat)?;
        let plan = choose(&patch.seal().stats, &stat, patch.bytes(), self.choice)?;
        let target = Target { storage, names, file, stat };
        let how =
            CommitOptions { extras: &extras, verify: self.verify, threads: 1, cancel: Cancel::new(&NEVER) };
        reach(&target, patch, &plan, &how)?;
        Ok(plan.strategy)
    }

    fn patch<'s>(&self, storage: &'s Simulated, spill: Entry, stat: &Stat) -> Result<Patch<'s, Simulated>> {
        let plugin = PluginId { name: "none".into(), version: "0".into(), digest: String::new() };
        let identity = (&stat.identity).into();
        let header =
            Header { plugin, params: vec![], target: String::new(), identity, group_bytes: GROUP_BYTES };
        let mut writer = Writer::new(storage, spill, header)?;
        let new = self.new_content();
        let group = GROUP_BYTES as usize;
        let mut edits = self.edits.iter().peekable();
        // Of these, the values after the change are known.
        let first = self.edits.iter().find(|(_, bytes, new)| *bytes != new.len());
        let known = first.map_or(usize::MAX, |(start, ..)| start / group);
        for index in self.touched() {
            while let Some((start, bytes, new)) = edits.next_if(|edit| edit.0 < (index + 1) * group) {
                writer.edit(Edit { start: *start as u64, old: &self.old[*start..start + bytes], new })?;
            }
            let cv = |content: &[u8]| {
                let end = content.len().min((index + 1) * group);
                group_cv(&content[index * group..end], index as u64, content.len() as u64)
            };
            let before = (index * group < self.old.len()).then(|| cv(&self.old));
            let after = (index < known).then(|| cv(&new));
            writer.group(Group { index: index as u64, before, after })?;
        }
        writer.finish()?.seal(blake3::hash(&self.old), blake3::hash(&new))
    }

    /// The groups that edits touch.
    fn touched(&self) -> BTreeSet<usize> {
        let group = GROUP_BYTES as usize;
        let groups =
            |(start, bytes, _): &(usize, usize, Vec<u8>)| start / group..=(start + bytes.max(&1) - 1) / group;
        self.edits.iter().flat_map(groups).collect()
    }
}

pub fn names() -> Names {
    let key = Key::from_bytes([9; 32]);
    Names::new(&Entry::unpinned(FILE), FileType::Regular, Some(key)).expect("it has a name")
}

/// What `runner recover` does.
pub fn recover_on(storage: &Simulated, direction: Direction) -> Result<Recovered> {
    recover_trusting(storage, Trust::Own, direction)
}

/// The same, and whose journals are believed.
pub fn recover_trusting(storage: &Simulated, trust: Trust, direction: Direction) -> Result<Recovered> {
    let names = names();
    let target = storage.open(&names.target, Access::Write).map_err(io)?;
    let journal = open_journal(storage, &names, trust)?;
    recover(storage, &names, &target, journal.as_ref(), direction, VerifyChoice::Deepest, 1)
}

/// Whether the patch in a file can be used, and the root it leads back to.
pub fn pre_root(disk: &Disk, path: &str) -> Option<blake3::Hash> {
    let storage = Simulated::new(disk.clone(), FaultPlan::default());
    Patch::load(&storage, &Entry::unpinned(path)).ok().map(|patch| patch.seal().pre_root)
}

fn io(error: std::io::Error) -> runner_pipeline::error::Error {
    runner_pipeline::error::Error::new(Kind::Usage, "the test's own").because(error)
}
