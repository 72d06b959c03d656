//! [`Storage`](runner_pipeline::storage::Storage) on the simulated disk. It
//! counts operations, dies or fails at one of them, and can skip a sync.

mod calls;
pub mod fault_plan;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};

use crate::allocator::keep_freed_memory;
use crate::choices::Choices;
use crate::disk::{Disk, Inode, NameChange};
use crate::interference::{Interference, ORIGINAL};

pub use fault_plan::{Fault, FaultPlan};

pub struct Simulated {
    state: Mutex<State>,
    fault_plan: FaultPlan,
}

struct State {
    disk: Disk,
    operations: u64,
    syncs: u64,
    dead: bool,
    /// The first operation that renamed a file, except for checkpoints.
    renamed_at: Option<u64>,
    /// Number of syncs during the scan.
    scan_syncs: u64,
    /// Number of writes to the file that has a faulty write.
    writes: u64,
    /// A descriptor was used after its sync had failed.
    trusts_failed: bool,
    choices: Choices,
}

/// An open file.
pub struct SimulatedFile {
    inode: Inode,
    direct: bool,
    /// A sync of this descriptor has failed.
    failed: AtomicBool,
}

impl SimulatedFile {
    fn new(inode: Inode, direct: bool) -> Self {
        Self { inode, direct, failed: AtomicBool::new(false) }
    }
}

/// The kind of an operation, which determines what may go wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Look,
    Read,
    Write,
    /// Allocates space without writing.
    Grow,
    /// Changes names or attributes.
    Change,
    Sync,
}

/// What a sync makes durable.
#[derive(Clone, Copy)]
enum Synced<'a> {
    /// A file's content, and whether also its attributes.
    File(Inode, bool),
    /// The directory that contains a path.
    ParentOf(&'a Path),
}

/// How an operation proceeds.
enum Go {
    On,
    Half,
    /// The operation is done or started, and the process dies.
    Die,
}

impl Simulated {
    pub fn new(mut disk: Disk, fault_plan: FaultPlan) -> Self {
        keep_freed_memory();
        if fault_plan
            .interference
            .is_some_and(|(_, interference)| interference == Interference::AppendsToOpen)
        {
            disk.held = Some(ORIGINAL);
        }
        let choices = Choices::random(fault_plan.seed);
        let state = State {
            disk,
            operations: 0,
            syncs: 0,
            dead: false,
            renamed_at: None,
            scan_syncs: 0,
            writes: 0,
            trusts_failed: false,
            choices,
        };
        Self { state: Mutex::new(state), fault_plan }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no operation panics")
    }

    pub fn into_disk(self) -> Disk {
        self.state.into_inner().expect("no operation panics").disk
    }

    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Records that the scan has ended.
    pub(crate) fn end_scan(&self) {
        let mut state = self.state();
        state.scan_syncs = state.syncs;
    }

    /// Number of syncs before the end of the scan: those of checkpoints.
    pub fn scan_syncs(&self) -> u64 {
        self.state().scan_syncs
    }

    pub fn renamed_at(&self) -> Option<u64> {
        self.state().renamed_at
    }

    pub fn trusts_failed(&self) -> bool {
        self.state().trusts_failed
    }

    /// Counts an operation, and decides how it proceeds.
    fn step(&self, kind: Kind) -> io::Result<(MutexGuard<'_, State>, Go)> {
        let mut state = self.state();
        if state.dead {
            return Err(io::Error::other("the process is dead"));
        }
        let index = state.operations;
        state.operations += 1;
        if let Some((_, interference)) = self.fault_plan.interference.filter(|(at, _)| *at == index) {
            interference.done(&mut state.disk);
        }
        if self.fault_plan.dies_at == Some(index) {
            state.dead = true;
            return Ok((state, Go::Die));
        }
        let fault = match self.fault_plan.fault {
            Some((at, fault)) if at == index || self.fault_plan.stays_bad && at < index => fault,
            _ => return Ok((state, Go::On)),
        };
        let transfer = matches!(kind, Kind::Read | Kind::Write);
        match fault {
            Fault::Short if transfer => Ok((state, Go::Half)),
            // A permanent interruption would be retried for ever.
            Fault::Interrupted if transfer && !self.fault_plan.stays_bad => {
                Err(io::ErrorKind::Interrupted.into())
            }
            Fault::Full if matches!(kind, Kind::Write | Kind::Grow | Kind::Sync) => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Fault::Broken if kind != Kind::Look => Err(io::Error::other("the medium has failed")),
            _ => Ok((state, Go::On)),
        }
    }

    fn dead() -> io::Error {
        io::Error::other("the process died")
    }

    /// A change that a crash may keep or lose.
    fn change<T>(&self, kind: Kind, run: impl FnOnce(&mut Disk, bool) -> io::Result<T>) -> io::Result<T> {
        let (mut state, go) = self.step(kind)?;
        let done = run(&mut state.disk, matches!(go, Go::Half));
        if matches!(go, Go::Die) { Err(Self::dead()) } else { done }
    }

    fn look<T>(&self, run: impl FnOnce(&Disk) -> io::Result<T>) -> io::Result<T> {
        let (state, go) = self.step(Kind::Look)?;
        if matches!(go, Go::Die) { Err(Self::dead()) } else { run(&state.disk) }
    }

    /// Records the use of a descriptor whose state is unknown.
    fn trust(&self, file: &SimulatedFile) {
        self.state().trusts_failed |= file.failed.load(Relaxed);
    }

    /// The bytes that reach the medium.
    fn written(&self, inode: Inode, offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let mut state = self.state();
        if let Some((path, nth)) = &self.fault_plan.wrong
            && state.disk.directory.now.get(path) == Some(&inode)
        {
            // The fault is in a byte that changes: a journal contains changed
            // bytes, but not old bytes that are written again.
            let old = &state.disk.files[&inode].cache;
            let changes = |(at, byte): (usize, &u8)| old.get(offset + at) != Some(byte);
            if let Some(last) = bytes.iter().enumerate().rposition(changes) {
                state.writes += 1;
                if state.writes == *nth + 1 {
                    bytes[last] ^= 4;
                }
            }
        }
        bytes
    }

    /// Whether the faulty write has happened.
    pub fn went_wrong(&self) -> bool {
        self.fault_plan.wrong.as_ref().is_some_and(|(_, nth)| self.state().writes > *nth)
    }

    /// Renames a file, as an operation of its own.
    fn change_name(&self, entry: NameChange) -> io::Result<()> {
        let checkpoint = crate::change::names().checkpoint;
        let is_checkpoint = matches!(&entry, NameChange::Rename(_, to) if to == checkpoint.path());
        let done = self.change(Kind::Change, |disk, _| disk.directory.change(entry));
        let mut state = self.state();
        let last = state.operations - 1;
        if !is_checkpoint {
            state.renamed_at.get_or_insert(last);
        }
        done
    }

    fn sync_file(&self, file: &SimulatedFile, attributes: bool) -> io::Result<()> {
        self.trust(file);
        let done = self.sync(Synced::File(file.inode, attributes));
        file.failed.fetch_or(done.is_err(), Relaxed);
        done
    }

    /// Performs a sync, unless it must be skipped.
    fn sync(&self, what: Synced<'_>) -> io::Result<()> {
        let stepped = self.step(Kind::Sync);
        let (mut state, go) = match stepped {
            Ok(stepped) => stepped,
            Err(error) => {
                let state = &mut *self.state();
                if let (Synced::File(inode, _), false) = (what, state.dead) {
                    let node = state.disk.files.get_mut(&inode).expect("an open file");
                    node.lose(&mut state.choices);
                }
                return Err(error);
            }
        };
        if matches!(go, Go::Die) {
            return Err(Self::dead());
        }
        state.syncs += 1;
        if self.fault_plan.skipped_sync == Some(state.syncs - 1) {
            return Ok(());
        }
        match what {
            Synced::File(inode, attributes) => {
                state.disk.files.get_mut(&inode).expect("an open file").sync(attributes);
            }
            Synced::ParentOf(path) => state.disk.directory.sync(path.parent()),
        }
        Ok(())
    }
}

/// The names in a disk's directories.
pub fn names(disk: &Disk) -> BTreeSet<&str> {
    disk.directory.now.keys().filter_map(|path| path.file_name()?.to_str()).collect()
}
