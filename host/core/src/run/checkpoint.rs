//! Checkpoints: the progress of a scan, stored next to the target every few
//! seconds, so that `apply --resume` can continue after the process or the
//! machine has died.
//!
//! A checkpoint is trusted only if everything that it depends on is unchanged:
//! the file's identity and last scanned block, the plugin, the parameters, the
//! window and the release. The checkpoint and its patch are removed, durably,
//! before the target is written. So if one is found, the run that left it did
//! not write the target.

use serde::{Deserialize, Serialize};

use super::random;
use crate::error::{Error, Kind, Result};
use crate::patch::{Header, Writer, hex};
use crate::scan::{self, State};
use crate::sidecar::{Names, check_removable, exists};
use crate::storage::mmap::Mapping;
use crate::storage::{Access, Entry, Storage, check_own};
use crate::target::Target;

/// Maximum size of a checkpoint: it contains a batch, and the edits of one
/// record.
const MAX_BYTES: u64 = 1 << 30;

/// What must be unchanged to resume a scan, in addition to the patch's header.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Bytes shown to the plugin in one call.
    pub window_bytes: u64,
    /// The hash of all parameters.
    pub params: blake3::Hash,
}

/// The content of the checkpoint file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    runner: String,
    window_bytes: u64,
    /// The hash of the parameters, keyed with the salt: a secret parameter
    /// might be guessable.
    #[serde(with = "hex")]
    params: blake3::Hash,
    salt: [u8; 32],
    state: State,
}

/// Stores a checkpoint durably, replacing the previous one.
///
/// # Errors
/// Any I/O error; then the previous checkpoint still exists.
pub fn save<S: Storage>(storage: &S, names: &Names, key: &Key, state: &State) -> Result<()> {
    let Some(authentic) = &names.key else {
        return Err(Error::new(Kind::Refused, "there is no key to authenticate a checkpoint with"));
    };
    let salt = random()?;
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
            // The original error is the one to report.
            let _ = storage.remove(new);
            Error::io("save a checkpoint in", names.checkpoint.path(), e)
        })
}

/// The state in a checkpoint, if it was saved with this key.
///
/// # Errors
/// Any I/O error, and the reason when the checkpoint cannot be used.
pub fn load<S: Storage>(storage: &S, names: &Names, key: &Key) -> Result<State> {
    let path = names.checkpoint.path();
    let unusable = |what: &str| Error::new(Kind::Verification, what);
    if !exists(storage, &names.checkpoint)? {
        return Err(unusable("the earlier run ended before its first checkpoint"));
    }
    let authentic =
        names.key.as_ref().ok_or_else(|| unusable("there is no key to check the checkpoint with"))?;
    let file = storage.open(&names.checkpoint, Access::Read).map_err(Error::at("open", path))?;
    let stat = storage.stat(&file).map_err(Error::at("inspect", path))?;
    check_own(&stat).map_err(|why| unusable(&format!("the checkpoint is not trusted: {why}")))?;
    let size = stat.identity.size;
    if size > MAX_BYTES {
        return Err(unusable("the checkpoint is too large"));
    }
    let mut bytes = vec![0; usize::try_from(size).expect("bounded")];
    storage.read_exact_at(&file, &mut bytes, 0).map_err(Error::at("read", path))?;
    let check = bytes.len().checked_sub(66).map(|at| bytes.split_off(at));
    let check = check.as_deref().and_then(|check| check.strip_prefix(b"\n")?.strip_suffix(b"\n"));
    let check = check.and_then(|hex| blake3::Hash::from_hex(hex).ok());
    // `Hash` compares in constant time.
    if check.is_none_or(|check| check != authentic.of_checkpoint(&bytes)) {
        return Err(unusable("the checkpoint is damaged, or was made with a different key"));
    }
    let checkpoint: Checkpoint = serde_json::from_slice(&bytes)
        .map_err(|e| unusable("the checkpoint was made by a different release").because(e))?;
    if checkpoint.runner != env!("CARGO_PKG_VERSION") {
        return Err(unusable("the checkpoint was made by a different release"));
    }
    if checkpoint.params != blake3::keyed_hash(&checkpoint.salt, key.params.as_bytes()) {
        return Err(unusable("the parameters changed"));
    }
    if checkpoint.window_bytes != key.window_bytes {
        return Err(unusable("the window size changed"));
    }
    Ok(checkpoint.state)
}

/// The result of trying to resume an earlier scan.
pub enum Resumption<'s, S: Storage> {
    /// Resuming was not requested.
    Fresh,
    /// There is no scan that can be resumed, for this reason.
    StartedOver(String),
    /// The resumed writer, and the state of its scan.
    Resumed(Box<(Writer<'s, S>, State)>),
}

/// The files of a scan that survive when the process is killed. They are
/// removed when this value is dropped.
pub struct Resumable<'t, S: Storage> {
    storage: &'t S,
    names: &'t Names,
    key: Key,
    resume: Resume,
    /// Whether files of this scan must be removed.
    stored: bool,
}

/// Whether an earlier scan is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resume {
    /// Resuming was not requested.
    No,
    /// Resuming was requested, but there is no scan.
    NothingLeft,
    /// There is a scan to resume.
    Found,
}

impl<'t, S: Storage> Resumable<'t, S> {
    /// For a run on `target` that starts a new scan.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`] if files of an earlier run exist next to the
    /// target.
    pub fn fresh(target: &'t Target<'_, S>, key: Key) -> Result<Self> {
        target.names.check_clean(target.storage)?;
        Ok(Self::with(target, key, Resume::No))
    }

    /// For a run on `target` that resumes an earlier scan.
    ///
    /// # Errors
    /// [`Kind::RecoveryNeeded`] if files of an earlier run exist next to the
    /// target that do not belong to a resumable scan.
    pub fn resume(target: &'t Target<'_, S>, key: Key) -> Result<Self> {
        let found = target.names.check_resumable(target.storage)?;
        Ok(Self::with(target, key, if found { Resume::Found } else { Resume::NothingLeft }))
    }

    fn with(target: &'t Target<'_, S>, key: Key, resume: Resume) -> Self {
        Self { storage: target.storage, names: &target.names, key, resume, stored: false }
    }

    /// Resumes the scan that was found. Files that cannot be used are removed.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn resume_scan<'s>(
        &mut self,
        storage: &'s S,
        mapping: &Mapping,
        header: &Header,
        options: &scan::Options<'_>,
    ) -> Result<Resumption<'s, S>> {
        match self.resume {
            Resume::No => return Ok(Resumption::Fresh),
            Resume::NothingLeft => {
                return Ok(Resumption::StartedOver("there is no earlier scan to resume".to_owned()));
            }
            Resume::Found => {}
        }
        // If a scan exists, `new` is not the old file of a rewrite.
        match self.load_scan(storage, mapping, header, options) {
            Ok(resumption) => {
                self.remove(&self.names.new)?;
                self.stored = true;
                Ok(Resumption::Resumed(Box::new(resumption)))
            }
            Err(why) => {
                let left = [&self.names.new, &self.names.checkpoint, &self.names.scan];
                // All files are checked first, so that a refusal changes
                // nothing.
                left.iter().try_for_each(|entry| self.check_removable(entry).map(drop))?;
                left.iter().try_for_each(|entry| self.remove(entry))?;
                Ok(Resumption::StartedOver(why.to_string()))
            }
        }
    }

    fn load_scan<'s>(
        &self,
        storage: &'s S,
        mapping: &Mapping,
        header: &Header,
        options: &scan::Options<'_>,
    ) -> Result<(Writer<'s, S>, State)> {
        let state = load(storage, self.names, &self.key)?;
        let writer = Writer::resume(storage, self.names.scan.clone(), header.clone(), &state.partial)?;
        state.check(mapping.bytes(), options).map_err(|why| Error::new(Kind::Verification, why))?;
        Ok((writer, state))
    }

    /// Stores a checkpoint of the scan.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn keep(&mut self, state: &State) -> Result<()> {
        self.stored = true;
        save(self.storage, self.names, &self.key, state)
    }

    /// Keeps the files when this value is dropped. Returns whether there are
    /// any.
    pub fn spare(&mut self) -> bool {
        std::mem::take(&mut self.stored) && exists(self.storage, &self.names.checkpoint).unwrap_or(false)
    }

    /// Removes a file that an earlier run of this user left.
    fn remove(&self, entry: &Entry) -> Result<()> {
        if self.check_removable(entry)? {
            self.storage.remove(entry).map_err(Error::at("remove", entry.path()))?;
        }
        Ok(())
    }

    /// Whether a file exists and may be removed; it must belong to this user.
    fn check_removable(&self, entry: &Entry) -> Result<bool> {
        if !exists(self.storage, entry)? {
            return Ok(false);
        }
        check_removable(self.storage, entry).map(|()| true)
    }
}

impl<S: Storage> Drop for Resumable<'_, S> {
    fn drop(&mut self) {
        if self.stored {
            for entry in [&self.names.checkpoint, &self.names.scan] {
                // Either an error is already being reported, or the files are
                // gone. The next run finds a leftover.
                let _ = self.storage.remove(entry);
            }
        }
    }
}
