//! Changes a file using the product's own driver, with a transform that returns
//! given edits.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use runner_contract::Change::Edits;
use runner_contract::{Framing, Job, Reply, Span, Window};
use runner_pipeline::commit::output::Output;
use runner_pipeline::commit::recover::{self, OtherChanges, Recovered, open_journal, recover};
use runner_pipeline::commit::strategy::{Choice, Strategy};
use runner_pipeline::commit::verify::VerifyChoice;
use runner_pipeline::commit::{Backup, Keep};
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::patch::{Direction, Edits as PatchEdits, Patch, PluginId, Roots};
use runner_pipeline::run::{Event, Options, Program, Report, apply_target, write_target};
use runner_pipeline::sidecar::{Names, Trust};
use runner_pipeline::storage::{Access, Entry, FileType, Storage};
use runner_pipeline::target::Target;
use runner_pipeline::user_state::Key;

use crate::disk::Disk;
use crate::storage::{FaultPlan, Simulated};

/// The places of all files on the simulated disk. Each is in a separate
/// directory, so that a sync of one directory makes nothing durable in another.
pub const FILE: &str = "/disk/file";
pub const UNDO: &str = "/undo/undo";
pub const BACKUP: &str = "/backup/backup";
pub const OUT: &str = "/out/out";
const SCRATCH: &str = "/scratch/scan";
/// Represents owner, mode and so on of the file.
pub const ATTRIBUTES: u32 = 0o640;

/// A change, and how to make it.
#[derive(Clone)]
pub struct Change {
    pub old: Vec<u8>,
    /// Start, bytes replaced, replacement.
    pub edits: Vec<(usize, usize, Vec<u8>)>,
    pub choice: Choice,
    pub verify: VerifyChoice,
    /// Whether to keep an undo file and a backup.
    pub extras: bool,
    pub no_direct: bool,
    /// Whether the scan stores checkpoints.
    pub checkpoint: bool,
    pub no_exchange: bool,
    /// With [`Roots::Touched`], the groups of the edits alone are read. Then no
    /// byte may move, and no backup is kept.
    pub roots: Roots,
}

/// Omits the content, which can be recreated from a seed.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edits: Vec<_> = self.edits.iter().map(|(at, old, new)| (at, old, new.len())).collect();
        let Self { choice, verify, extras, no_direct, no_exchange, checkpoint, roots, .. } = self;
        write!(f, "{} bytes, edits {edits:?}, {choice:?}, {verify:?}, ", self.old.len())?;
        write!(f, "extras {extras}, no direct reads {no_direct}, no exchange {no_exchange}, ")?;
        write!(f, "checkpoint {checkpoint}, roots {roots:?}")
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

    /// Whether no byte moves that stays: if the length changes, edits cover the
    /// rest of the file.
    pub fn moves_nothing(&self) -> bool {
        let mut edits = self.edits.iter().skip_while(|(_, bytes, new)| *bytes == new.len()).peekable();
        let Some(&&(mut reach, ..)) = edits.peek() else { return true };
        edits.all(|(start, bytes, _)| std::mem::replace(&mut reach, start + bytes) == *start)
            && reach == self.old.len()
    }

    /// What all edits need of the file: an insertion at the end needs the last
    /// byte.
    fn ranges(&self) -> Vec<Range<u64>> {
        let size = self.old.len();
        let needed = |(start, bytes, _): &(usize, usize, Vec<u8>)| match bytes {
            0 if *start == size => size.saturating_sub(1)..size,
            0 => *start..start + 1,
            bytes => *start..start + bytes,
        };
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for range in self.edits.iter().map(needed).filter(|range| !range.is_empty()) {
            let range = range.start as u64..range.end as u64;
            match ranges.last_mut().filter(|last| range.start <= last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => ranges.push(range),
            }
        }
        ranges
    }

    fn job(&self) -> Job {
        match self.roots {
            Roots::Whole => JOB,
            Roots::Touched => Job::new(Framing::Bytes).ranges(self.ranges()).show_empty(),
        }
    }

    /// Whether a patch leads from the new content back to the old one.
    pub fn is_undone_by(&self, disk: &Disk, path: &str) -> bool {
        let storage = Simulated::new(disk.clone(), FaultPlan::default());
        let Ok(patch) = Patch::load(&storage, &Entry::unpinned(path)) else { return false };
        let (new, mut old, mut at) = (self.new_content(), Vec::new(), 0);
        let mut edits = PatchEdits::new(patch.reader(Direction::Reverse));
        while let Some(edit) = edits.peek().expect("a patch that was loaded") {
            let start = edit.start as usize;
            if new.get(start..start + edit.old.len()) != Some(edit.old) {
                return false;
            }
            old.extend_from_slice(&new[at..start]);
            old.extend_from_slice(edit.new);
            at = start + edit.old.len();
            edits.advance();
        }
        old.extend_from_slice(&new[at..]);
        let root = (self.roots == Roots::Whole).then(|| blake3::hash(&self.old));
        old == self.old && patch.seal().pre_root == root
    }

    pub fn disk(&self) -> Disk {
        Disk::with(Path::new(FILE), &self.old, ATTRIBUTES)
    }

    /// Carries out the change. Returns the strategy that was chosen.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn carry_out(&self, storage: &Simulated) -> Result<Strategy> {
        Ok(self.drive(storage, apply_target)?.plan.strategy)
    }

    /// Writes the result to [`OUT`], and leaves the file as it is.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn write_out(&self, storage: &Simulated) -> Result<()> {
        let output = Output::File(Entry::unpinned(OUT));
        self.drive(storage, |target, program, options, events| {
            // A new file is checked by its root.
            let options = Options { roots: Roots::Whole, ..options.clone() };
            write_target(target, &output, program, &options, events)
        })?;
        Ok(())
    }

    fn drive(
        &self,
        storage: &Simulated,
        driver: impl FnOnce(
            &Target<'_, Simulated>,
            &Program<'_>,
            &Options<'_>,
            &mut dyn FnMut(Event),
        ) -> Result<Report>,
    ) -> Result<Report> {
        let names = names();
        let file = storage.open(&names.target, Access::Write).map_err(io)?;
        let stat = storage.stat(&file).map_err(io)?;
        let target = Target { storage, names, file, stat };
        let program = Program {
            id: PluginId {
                name: "none".into(),
                version: "0".into(),
                digest: String::new(),
                evidence: Vec::new(),
            },
            params: Vec::new(),
            head_bytes: runner_contract::HEAD_BYTES,
            params_digest: blake3::hash(b""),
            begin: &|_| Ok((self.job(), Instance::local(self.clone()))),
        };
        let options = Options {
            threads: 1,
            // A single window, so that no edit is cut.
            window_bytes: self.old.len() as u64,
            choice: self.choice,
            verify: self.verify,
            keep: Keep {
                undo: self.extras.then(|| Entry::unpinned(UNDO)),
                backup: (self.extras && self.roots == Roots::Whole)
                    .then(|| Backup::At(Entry::unpinned(BACKUP))),
            },
            roots: self.roots,
            scratch: Some(Entry::unpinned(SCRATCH)),
            checkpoint_every: if self.checkpoint { Duration::ZERO } else { Duration::MAX },
            ..Options::default()
        };
        let events = &mut |event| {
            if matches!(event, Event::Applying(_)) {
                storage.end_scan();
            }
        };
        driver(&target, &program, &options, events)
    }
}

const JOB: Job = Job::new(Framing::Bytes);

impl Transform for Change {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let base = window.offset as usize;
        let shown = base..base + window.bytes.len();
        assert_eq!(window.bytes, &self.old[shown.clone()]);
        assert!(
            self.roots == Roots::Touched || shown == (0..self.old.len()),
            "one window shows the whole file"
        );
        let is_here = |(start, ..): &&(usize, usize, Vec<u8>)| {
            shown.contains(start) || window.last && *start == shown.end
        };
        let span = |(start, bytes, new): &(usize, usize, Vec<u8>)| Span {
            start: (start - base) as u32,
            end: (start - base + bytes) as u32,
            len: new.len() as u32,
        };
        let spans = self.edits.iter().filter(is_here).map(span).collect();
        let bytes = self.edits.iter().filter(is_here).flat_map(|(.., new)| new.clone()).collect();
        Ok(Reply::new(0, Edits { spans, bytes }))
    }
}

pub fn names() -> Names {
    let key = Key::from_bytes([9; 32]);
    Names::new(&Entry::unpinned(FILE), FileType::Regular, Some(key)).expect("it has a name")
}

/// Does what `runner recover` does.
pub fn recover_on(storage: &Simulated, direction: Direction) -> Result<Recovered> {
    recover_with(storage, Trust::Own, OtherChanges::Refuse, direction)
}

/// Does what `runner recover --keep-other-changes` does.
pub fn recover_keeping_other_changes(storage: &Simulated, direction: Direction) -> Result<Recovered> {
    recover_with(storage, Trust::Own, OtherChanges::Keep, direction)
}

/// Like [`recover_on`], with a choice of the trusted journals.
pub fn recover_trusting(storage: &Simulated, trust: Trust, direction: Direction) -> Result<Recovered> {
    recover_with(storage, trust, OtherChanges::Refuse, direction)
}

fn recover_with(
    storage: &Simulated,
    trust: Trust,
    other_changes: OtherChanges,
    direction: Direction,
) -> Result<Recovered> {
    let names = names();
    let file = storage.open(&names.target, Access::Write).map_err(io)?;
    let stat = storage.stat(&file).map_err(io)?;
    let journal = open_journal(storage, &names, trust)?;
    let options = recover::Options { direction, verify: VerifyChoice::Deepest, threads: 1, other_changes };
    recover(&Target { storage, names, file, stat }, journal.as_ref(), &options)
}

fn io(error: std::io::Error) -> runner_pipeline::error::Error {
    runner_pipeline::error::Error::new(Kind::Usage, "the test's own").because(error)
}
