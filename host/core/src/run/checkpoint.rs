//! Checkpoints: how far a scan has come, stored beside the target every few
//! seconds, so that `apply --resume` can go on there after the process or the
//! machine has died.
//!
//! A checkpoint is believed only if all it depends on is what it was: the
//! file's identity and the last block of it, the plugin, the parameters, the
//! window and this release. It and the patch that it continues are gone,
//! durably, before the target is written; so where one is found, the target
//! was not written by the run that has left it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Header, Writer, hex};
use crate::scan::{self, State};
use crate::sidecar::{Names, exists};
use crate::storage::mmap::Mapping;
use crate::storage::{Access, Entry, Storage, check_own};
use crate::target::Target;

/// No checkpoint is longer: it holds a batch, and the edits of one record.
const MAX_BYTES: u64 = 1 << 30;

/// What must be the same for a scan to go on, beside the patch's header.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// The hash of all parameters.
    pub params: blake3::Hash,
}

/// The content of the file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    runner: String,
    window_bytes: u64,
    /// The hash of the parameters, keyed with the salt: one of them may be a
    /// secret that can be guessed.
    #[serde(with = "hex")]
    params: blake3::Hash,
    salt: [u8; 32],
    state: State,
}

/// Stores a checkpoint durably, in the place of the one before.
///
/// # Errors
/// Any I/O error; the one before is still there then.
pub fn save<S: Storage>(storage: &S, names: &Names, key: &Key, state: &State) -> Result<()> {
    let Some(authentic) = &names.key else {
        return Err(Error::new(Kind::Refused, "there is no key to authenticate a checkpoint with"));
    };
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|e| {
        Error::new(Kind::Io, "the system has no random bytes").because(std::io::Error::from(e))
    })?;
    let checkpoint = Checkpoint {
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        window_bytes: key.window_bytes,
        params: blake3::keyed_hash(&salt, key.params.as_bytes()),
        salt,
        state: state.clone(),
    };
    let mut bytes = serde_json::to_vec(&checkpoint).expect("a checkpoint has only JSON types");
    let check = authentic.of_checkpoint(&bytes);
    bytes.push(b'\n');
    bytes.extend_from_slice(check.to_hex().as_bytes());
    bytes.push(b'\n');
    let new = &names.new;
    let file = storage.create(new).map_err(Error::at("create", new.path()))?;
    storage
        .write_all_at(&file, &bytes, 0)
        .and_then(|()| storage.sync_data(&file))
        .and_then(|()| storage.rename(new, &names.checkpoint))
        .and_then(|()| storage.sync_parent(&names.checkpoint))
        .map_err(|e| {
            // The error at hand is the one to report.
            let _ = storage.remove(new);
            Error::io("save how far the scan has come in", names.checkpoint.path(), e)
        })
}

/// The state that a checkpoint holds, if it was saved with this key.
///
/// # Errors
/// Any I/O error, and when it cannot be used; says why.
pub fn load<S: Storage>(storage: &S, names: &Names, key: &Key) -> Result<State> {
    let path = names.checkpoint.path();
    let unusable = |what: &str| Error::new(Kind::Verification, what);
    if !exists(storage, &names.checkpoint)? {
        return Err(unusable("it ended before its first checkpoint"));
    }
    let authentic = names.key.as_ref().ok_or_else(|| unusable("there is no key to check it with"))?;
    let file = storage.open(&names.checkpoint, Access::Read).map_err(Error::at("open", path))?;
    let stat = storage.stat(&file).map_err(Error::at("look at", path))?;
    check_own(&stat).map_err(|why| unusable(&format!("the checkpoint is not believed: {why}")))?;
    let size = stat.identity.size;
    if size > MAX_BYTES {
        return Err(unusable("the checkpoint is far too long"));
    }
    let mut bytes = vec![0; usize::try_from(size).expect("bounded")];
    storage.read_exact_at(&file, &mut bytes, 0).map_err(Error::at("read", path))?;
    let check = bytes.len().checked_sub(66).map(|at| bytes.split_off(at));
    let check = check.as_deref().and_then(|check| check.strip_prefix(b"\n")?.strip_suffix(b"\n"));
    let check = check.and_then(|hex| blake3::Hash::from_hex(hex).ok());
    // Compared in constant time, as `Hash` is.
    if check.is_none_or(|check| check != authentic.of_checkpoint(&bytes)) {
        return Err(unusable("the checkpoint is damaged, or was made with another key"));
    }
    let checkpoint: Checkpoint = serde_json::from_slice(&bytes)
        .map_err(|e| unusable("the checkpoint was made by another release").because(e))?;
    if checkpoint.runner != env!("CARGO_PKG_VERSION") {
        return Err(unusable("the checkpoint was made by another release"));
    }
    if checkpoint.params != blake3::keyed_hash(&checkpoint.salt, key.params.as_bytes()) {
        return Err(unusable("the parameters were others"));
    }
    if checkpoint.window_bytes != key.window_bytes {
        return Err(unusable("the window was another one"));
    }
    Ok(checkpoint.state)
}

/// What has come of the attempt to go on with an earlier scan.
pub enum TakeUp<'s, S: Storage> {
    /// None was asked for.
    Fresh,
    /// There is none that can be taken up; this is why.
    StartedOver(String),
    /// The writer that was taken up, and where its scan goes on.
    Resumed(Box<(Writer<'s, S>, State)>),
}

/// The files of one scan that outlive a process which is killed. Dropped, it
/// removes them.
pub struct Resumable<'t, S: Storage> {
    storage: &'t S,
    names: &'t Names,
    key: Key,
    resume: Resume,
    /// Whether files of this scan are to be removed.
    stored: bool,
}

/// Whether an earlier scan is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resume {
    /// It was not asked for.
    No,
    /// It was asked for, and there is none.
    NothingLeft,
    /// There is one.
    Found,
}

impl<'t, S: Storage> Resumable<'t, S> {
    /// Of a run on `target` that begins with a scan of its own.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`] where something stands beside the target.
    pub fn fresh(target: &'t Target<'_, S>, key: Key) -> Result<Self> {
        target.names.check_clean(target.storage)?;
        Ok(Self::with(target, key, Resume::No))
    }

    /// Of a run on `target` that goes on with what an earlier one has left.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`] where something stands beside the target that
    /// cannot be taken up.
    pub fn resume(target: &'t Target<'_, S>, key: Key) -> Result<Self> {
        let found = target.names.check_resumable(target.storage)?;
        Ok(Self::with(target, key, if found { Resume::Found } else { Resume::NothingLeft }))
    }

    fn with(target: &'t Target<'_, S>, key: Key, resume: Resume) -> Self {
        Self { storage: target.storage, names: &target.names, key, resume, stored: false }
    }

    /// Goes on with what was found. What cannot be used is removed.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn take_up<'s>(
        &mut self,
        storage: &'s S,
        mapping: &Mapping,
        header: &Header,
        options: &scan::Options<'_>,
    ) -> Result<TakeUp<'s, S>> {
        match self.resume {
            Resume::No => return Ok(TakeUp::Fresh),
            Resume::NothingLeft => {
                return Ok(TakeUp::StartedOver("no scan was left to go on with".to_owned()));
            }
            Resume::Found => {}
        }
        // Where there is a scan, `new` is not the old file of a rewrite.
        match self.try_take_up(storage, mapping, header, options) {
            Ok(taken_up) => {
                self.remove(&self.names.new)?;
                self.stored = true;
                Ok(TakeUp::Resumed(Box::new(taken_up)))
            }
            Err(why) => {
                let left = [&self.names.new, &self.names.checkpoint, &self.names.scan];
                // A refusal changes nothing.
                left.iter().try_for_each(|entry| self.check_removable(entry).map(drop))?;
                left.iter().try_for_each(|entry| self.remove(entry))?;
                Ok(TakeUp::StartedOver(why.to_string()))
            }
        }
    }

    fn try_take_up<'s>(
        &self,
        storage: &'s S,
        mapping: &Mapping,
        header: &Header,
        options: &scan::Options<'_>,
    ) -> Result<(Writer<'s, S>, State)> {
        let state = load(storage, self.names, &self.key)?;
        let writer = Writer::take_up(storage, self.names.scan.clone(), header.clone(), &state.partial)?;
        state.check(mapping.bytes(), options).map_err(|why| Error::new(Kind::Verification, why))?;
        Ok((writer, state))
    }

    /// Stores how far the scan has come.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn keep(&mut self, state: &State) -> Result<()> {
        self.stored = true;
        save(self.storage, self.names, &self.key, state)
    }

    /// Leaves the files where they are. Whether there are any.
    pub fn spare(&mut self) -> bool {
        std::mem::take(&mut self.stored) && exists(self.storage, &self.names.checkpoint).unwrap_or(false)
    }

    /// Removes what an earlier run of this user has left.
    fn remove(&self, entry: &Entry) -> Result<()> {
        if self.check_removable(entry)? {
            self.storage.remove(entry).map_err(Error::at("remove", entry.path()))?;
        }
        Ok(())
    }

    /// Whether there is something to remove; it must be this user's own.
    fn check_removable(&self, entry: &Entry) -> Result<bool> {
        if !exists(self.storage, entry)? {
            return Ok(false);
        }
        let path = entry.path();
        let stat = self.storage.stat_entry(entry).map_err(Error::at("look at", path))?;
        check_own(&stat).map_err(|why| {
            Error::new(Kind::Refused, format!("{} is not removed: {why}", path.shown())).hint(
                "only its owner can say whether it is still needed; if no run of theirs is at work, remove it",
            )
        })?;
        Ok(true)
    }
}

impl<S: Storage> Drop for Resumable<'_, S> {
    fn drop(&mut self) {
        if self.stored {
            for entry in [&self.names.checkpoint, &self.names.scan] {
                // An error is on its way out already, or they are gone; a
                // leftover is found by the next run.
                let _ = self.storage.remove(entry);
            }
        }
    }
}
