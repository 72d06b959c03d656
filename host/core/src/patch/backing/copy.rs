//! Copies of a patch: finds out whether a file is one, and writes one.

use super::{Backing, Retention};
use crate::error::{Error, Result};
use crate::storage::{Access, Entry, FileType, Storage};

impl<S: Storage> Backing<'_, S> {
    /// Whether a file has exactly the same content.
    pub(in crate::patch) fn is_at(&self, entry: &Entry) -> Result<bool> {
        let path = entry.path();
        let file = self.storage.open(entry, Access::Read).map_err(Error::at("open", path))?;
        let stat = self.storage.stat(&file).map_err(Error::at("inspect", path))?;
        if stat.file_type != FileType::Regular || stat.identity.size != self.bytes {
            return Ok(false);
        }
        let (mut theirs, mut ours, mut at) = (vec![0; 1 << 16], vec![0; 1 << 16], 0);
        while at < self.bytes {
            let left = usize::try_from(self.bytes - at).unwrap_or(usize::MAX);
            let want = left.min(theirs.len());
            self.storage.read_exact_at(&file, &mut theirs[..want], at).map_err(Error::at("read", path))?;
            self.read_exact_at(&mut ours[..want], at)?;
            if theirs[..want] != ours[..want] {
                return Ok(false);
            }
            at += want as u64;
        }
        self.storage.sync_all(&file).map_err(Error::at("sync", path))?;
        self.storage.sync_parent(entry).map_err(Error::at("sync the directory of", path))?;
        Ok(true)
    }

    /// Writes the content to a new durable file, and leaves this backing
    /// unchanged. The name appears in one step, after the content is durable;
    /// until then the file is called `temporary`, in the same directory.
    pub(in crate::patch) fn copy_to(&self, entry: &Entry, temporary: &Entry) -> Result<()> {
        let mut copy = Backing::new(self.storage, temporary.clone());
        copy.spill()?;
        let mut buffer = vec![0; 1 << 20];
        while copy.bytes < self.bytes {
            let want = usize::try_from(self.bytes - copy.bytes).unwrap_or(usize::MAX).min(buffer.len());
            self.read_exact_at(&mut buffer[..want], copy.bytes)?;
            copy.append(&buffer[..want])?;
        }
        copy.sync()?;
        self.storage.rename_new(temporary, entry).map_err(Error::at("create", entry.path()))?;
        copy.entry = entry.clone();
        self.storage.sync_parent(entry).map_err(Error::at("sync the directory of", entry.path()))?;
        copy.retention = Retention::Kept;
        Ok(())
    }
}
