//! Writes the file as it will be into a new one, and puts that in the old
//! one's place in one step.

use std::ops::Range;
use std::path::Path;

use super::behind::behind;
use super::forward::{Forward, Source};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::{Entry, Identity, Storage};
use crate::journal::Names;
use crate::patch::{Reader, Segment, walk};

/// Ranges from this size on are copied on their own; shorter ones are read
/// together with those round them.
const COPY_BYTES: u64 = 64 * 1024;
const BUFFER_BYTES: usize = 1 << 20;

/// Fills a new, empty file with the source as the edits make it.
///
/// # Errors
/// Any I/O error on either file; when somebody asked to stop.
pub fn fill<S: Storage>(
    storage: &S,
    (file, path): (&S::File, &Path),
    to: (&S::File, &Path),
    reader: Reader<'_, '_, S>,
    threads: usize,
    cancel: Cancel<'_>,
) -> Result<()> {
    let source = Source { storage, file, path };
    let mut cache = Cache { source: &source, start: 0, bytes: Vec::new() };
    let bytes = behind(storage, to, threads, |behind| {
        let mut forward = Forward::new(behind, to, cancel);
        walk(reader, 0, |segment| match segment {
            Segment::New(bytes) => forward.push(bytes),
            Segment::Source(range) if range.end - range.start < COPY_BYTES => {
                forward.push(cache.read(&range)?)
            }
            Segment::Source(range) => forward.copy(&source, range),
        })?;
        forward.finish()
    })?;
    // The file may end in a hole.
    storage.set_len(to.0, bytes).map_err(Error::at("resize", to.1))
}

/// Copies the first `bytes` bytes of a file to a new, empty one.
///
/// # Errors
/// Any I/O error; when somebody asked to stop.
pub fn copy<S: Storage>(
    storage: &S,
    (file, path): (&S::File, &Path),
    to: (&S::File, &Path),
    bytes: u64,
    threads: usize,
    cancel: Cancel<'_>,
) -> Result<()> {
    let source = Source { storage, file, path };
    behind(storage, to, threads, |behind| {
        let mut forward = Forward::new(behind, to, cancel);
        forward.copy(&source, 0..bytes)?;
        forward.finish()
    })?;
    storage.set_len(to.0, bytes).map_err(Error::at("resize", to.1))
}

/// A window of the source, for short reads close to each other.
struct Cache<'a, S: Storage> {
    source: &'a Source<'a, S>,
    start: u64,
    bytes: Vec<u8>,
}

impl<S: Storage> Cache<'_, S> {
    fn read(&mut self, range: &Range<u64>) -> Result<&[u8]> {
        let want = usize::try_from(range.end - range.start).expect("shorter than COPY_BYTES");
        if range.start < self.start || range.end > self.start + self.bytes.len() as u64 {
            let Source { storage, file, path } = *self.source;
            self.bytes.resize(BUFFER_BYTES, 0);
            let count = storage
                .read_full_at(file, &mut self.bytes, range.start)
                .map_err(|e| Error::io(&format!("read at byte {} of", range.start), path, e))?;
            self.bytes.truncate(count);
            self.start = range.start;
            if count < want {
                return Err(Error::io("read", path, std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let skip = usize::try_from(range.start - self.start).expect("inside the window");
        Ok(&self.bytes[skip..skip + want])
    }
}

/// Puts the new file, which must be durable and verified, in the place of the
/// target.
///
/// # Errors
/// When the target is no longer the file that was read, or on any I/O error:
/// the target is the old file then, or, if the kind is
/// [`Kind::RecoveryNeeded`], the new one.
pub fn swap<S: Storage>(storage: &S, names: &Names, old: &Identity, new: &S::File) -> Result<()> {
    let target = names.target.path();
    let identity = |entry: &Entry| -> Result<Identity> {
        Ok(storage.stat_entry(entry).map_err(Error::at("look at", entry.path()))?.identity)
    };
    let unchanged = |entry: &Entry| -> Result<bool> { Ok(identity(entry)?.same_content(old)) };
    let written = storage.stat(new).map_err(Error::at("look at", names.new.path()))?.identity;
    if !identity(&names.new)?.same_inode(&written) {
        return Err(Error::new(
            Kind::Refused,
            format!("{} was replaced during the run", names.new.path().display()),
        )
        .hint(format!("others may write to its directory; {} is untouched", target.display())));
    }
    if !unchanged(&names.target)? {
        return Err(changed(target));
    }
    if storage.exchange(&names.new, &names.target).map_err(Error::at("replace", target))? {
        // What we took out must be what we read, and what we put in what we
        // wrote; else somebody was faster.
        let right = unchanged(&names.new)
            .and_then(|right| Ok(right && identity(&names.target)?.same_inode(&written)))
            .map_err(|e| half_done(target).because(e))?;
        if !right {
            let back = storage.exchange(&names.new, &names.target);
            return Err(if back.is_ok_and(|done| done) { changed(target) } else { half_done(target) });
        }
        // One sync makes both durable, in this order. Should it fail, nothing
        // is taken back: which file has the name after a crash is open then.
        storage
            .remove(&names.new)
            .and_then(|()| storage.sync_parent(&names.target))
            .map_err(|e| half_done(target).because(e))
    } else {
        storage.rename(&names.new, &names.target).map_err(Error::at("replace", target))?;
        storage.sync_parent(&names.target).map_err(|e| half_done(target).because(e))
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
