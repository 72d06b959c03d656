//! Writes the file as it will be into a new one, and puts that in the old
//! one's place in one step.

use std::ops::Range;
use std::path::Path;

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Identity, Storage};
use crate::journal::Names;
use crate::patch::{Reader, Segment, walk};

/// Ranges from this size on are copied by the filesystem; shorter ones go
/// through a buffer with the edits round them.
const COPY_BYTES: u64 = 64 * 1024;
const BUFFER_BYTES: usize = 1 << 20;
/// Copied between two looks at whether to stop.
const COPY_STEP_BYTES: u64 = 256 << 20;

/// Fills a new, empty file with the source as the edits make it.
///
/// # Errors
/// Any I/O error on either file; when somebody asked to stop.
pub fn fill<S: Storage>(
    storage: &S,
    (source, source_path): (&S::File, &Path),
    (target, target_path): (&S::File, &Path),
    reader: Reader<'_, '_, S>,
    cancel: Cancel<'_>,
) -> Result<()> {
    let mut cache = Cache { storage, source, path: source_path, start: 0, bytes: Vec::new() };
    let mut sink = Sink { storage, target, path: target_path, at: 0, pending: Vec::new() };
    walk(reader, 0, |segment| {
        cancel.check()?;
        match segment {
            Segment::New(bytes) => sink.push(bytes),
            Segment::Source(range) if range.end - range.start < COPY_BYTES => sink.push(cache.read(&range)?),
            Segment::Source(range) => {
                sink.flush()?;
                let bytes = range.end - range.start;
                let to = (target, target_path, sink.at);
                copy(storage, (source, source_path, range.start), to, bytes, cancel)?;
                sink.at += bytes;
                Ok(())
            }
        }
    })?;
    sink.flush()?;
    // The file may end in a hole.
    storage.set_len(target, sink.at).map_err(Error::at("resize", target_path))
}

/// Copies a range from a place in one file to a place in another.
///
/// # Errors
/// Any I/O error; when somebody asked to stop.
pub fn copy<S: Storage>(
    storage: &S,
    (from, from_path, mut from_at): (&S::File, &Path, u64),
    (to, to_path, mut to_at): (&S::File, &Path, u64),
    bytes: u64,
    cancel: Cancel<'_>,
) -> Result<()> {
    let end = from_at + bytes;
    while from_at < end {
        cancel.check()?;
        // Steps end where extents can be shared on both sides.
        let step = (COPY_STEP_BYTES - from_at % COPY_STEP_BYTES).min(end - from_at);
        storage.copy_range(from, from_at, to, to_at, step).map_err(|e| {
            Error::io(&format!("copy from byte {from_at} of {} to", from_path.display()), to_path, e)
        })?;
        (from_at, to_at) = (from_at + step, to_at + step);
    }
    Ok(())
}

/// A window of the source, for short reads close to each other.
struct Cache<'a, S: Storage> {
    storage: &'a S,
    source: &'a S::File,
    path: &'a Path,
    start: u64,
    bytes: Vec<u8>,
}

impl<S: Storage> Cache<'_, S> {
    fn read(&mut self, range: &Range<u64>) -> Result<&[u8]> {
        let want = usize::try_from(range.end - range.start).expect("shorter than COPY_BYTES");
        if range.start < self.start || range.end > self.start + self.bytes.len() as u64 {
            self.bytes.resize(BUFFER_BYTES, 0);
            let count = self
                .storage
                .read_full_at(self.source, &mut self.bytes, range.start)
                .map_err(|e| Error::io(&format!("read at byte {} of", range.start), self.path, e))?;
            self.bytes.truncate(count);
            self.start = range.start;
            if count < want {
                return Err(Error::io("read", self.path, std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let skip = usize::try_from(range.start - self.start).expect("inside the window");
        Ok(&self.bytes[skip..skip + want])
    }
}

/// Gathers short writes.
struct Sink<'a, S: Storage> {
    storage: &'a S,
    target: &'a S::File,
    path: &'a Path,
    /// Where `pending` belongs.
    at: u64,
    pending: Vec<u8>,
}

impl<S: Storage> Sink<'_, S> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.storage
            .write_all_at(self.target, &self.pending, self.at)
            .map_err(|e| Error::io(&format!("write at byte {} of", self.at), self.path, e))?;
        self.at += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

/// Puts the new file, which must be durable and verified, in the place of the
/// target.
///
/// # Errors
/// When the target is no longer the file that was read, or on any I/O error:
/// the target is the old file then, or, if the kind is
/// [`Kind::RecoveryNeeded`], the new one.
pub fn swap<S: Storage>(storage: &S, names: &Names, old: &Identity) -> Result<()> {
    let target = &names.target;
    let unchanged = |path: &Path| -> Result<bool> {
        Ok(storage.stat_path(path).map_err(Error::at("look at", path))?.identity.same_content(old))
    };
    if !unchanged(target)? {
        return Err(changed(target));
    }
    if storage.exchange(&names.new, target).map_err(Error::at("replace", target))? {
        // What we took out must be what we read; else somebody was faster.
        if !unchanged(&names.new).map_err(|e| half_done(target).because(e))? {
            let back = storage.exchange(&names.new, target);
            return Err(if back.is_ok_and(|done| done) { changed(target) } else { half_done(target) });
        }
        // One sync makes both durable, in this order. Should it fail, nothing
        // is taken back: which file has the name after a crash is open then.
        storage
            .remove(&names.new)
            .and_then(|()| storage.sync_parent(target))
            .map_err(|e| half_done(target).because(e))
    } else {
        storage.rename(&names.new, target).map_err(Error::at("replace", target))?;
        storage.sync_parent(target).map_err(|e| half_done(target).because(e))
    }
}

/// The error for a target that is the new file, while something is left to
/// be done.
fn half_done(target: &Path) -> Error {
    Error::new(Kind::RecoveryNeeded, format!("{} is the new file, but cannot be finished", target.display()))
        .hint(format!("when the disk is well again: `runner recover {}`", target.display()))
}

/// The error for a target that is not what it was.
#[must_use]
pub fn changed(target: &Path) -> Error {
    Error::new(Kind::Usage, format!("{} was changed by somebody else during the run", target.display()))
        .hint("nothing was written; run the command again when the file is at rest")
}
