//! Writes the file as it will be into a new one, and puts that in the old
//! one's place in one step.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::new_file::NewFileWriter;
use super::write_behind::write_behind;
use crate::context::RunContext;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::patch::{Reader, Segment, walk};
use crate::sidecar::Names;
use crate::storage::{Access, Entry, Identity, OpenFile, Stat, Storage};
use crate::target::interference::{changed, grown};

/// Ranges from this size on are copied on their own; shorter ones are read
/// together with those round them.
const COPY_BYTES: u64 = 64 * 1024;
const BUFFER_BYTES: usize = 1 << 20;
/// How long those are waited for who have the old file open.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

/// Fills a new, empty file with the source as the edits make it.
///
/// # Errors
/// Any I/O error on either file; when the run was interrupted.
pub fn fill<S: Storage>(
    source: OpenFile<'_, S>,
    to: OpenFile<'_, S>,
    reader: Reader<'_, '_, S>,
    context: RunContext<'_>,
) -> Result<()> {
    let mut cache = Cache { source: &source, start: 0, bytes: Vec::new() };
    let bytes = write_behind(to, context.threads, |behind| {
        let mut writer = NewFileWriter::new(behind, to, context.cancel);
        walk(reader, 0, |segment| match segment {
            Segment::New(bytes) => writer.push(bytes),
            Segment::Source(range) if range.end - range.start < COPY_BYTES => {
                writer.push(cache.read(&range)?)
            }
            Segment::Source(range) => writer.copy(&source, range),
        })?;
        writer.finish()
    })?;
    // The file may end in a hole.
    to.storage.set_len(to.file, bytes).map_err(Error::at("resize", to.path))
}

/// Copies the first `bytes` bytes of a file to a new, empty one.
///
/// # Errors
/// Any I/O error; when the run was interrupted.
pub fn copy<S: Storage>(
    source: OpenFile<'_, S>,
    to: OpenFile<'_, S>,
    bytes: u64,
    context: RunContext<'_>,
) -> Result<()> {
    write_behind(to, context.threads, |behind| {
        let mut writer = NewFileWriter::new(behind, to, context.cancel);
        writer.copy(&source, 0..bytes)?;
        writer.finish()
    })?;
    to.storage.set_len(to.file, bytes).map_err(Error::at("resize", to.path))
}

/// A window of the source, for short reads close to each other.
struct Cache<'a, S: Storage> {
    source: &'a OpenFile<'a, S>,
    start: u64,
    bytes: Vec<u8>,
}

impl<S: Storage> Cache<'_, S> {
    fn read(&mut self, range: &Range<u64>) -> Result<&[u8]> {
        let want = usize::try_from(range.end - range.start).expect("shorter than COPY_BYTES");
        if range.start < self.start || range.end > self.start + self.bytes.len() as u64 {
            self.bytes.resize(BUFFER_BYTES, 0);
            let count = self.source.read_full_at(&mut self.bytes, range.start)?;
            self.bytes.truncate(count);
            self.start = range.start;
            if count < want {
                return Err(Error::io("read", self.source.path, std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let skip = usize::try_from(range.start - self.start).expect("inside the window");
        Ok(&self.bytes[skip..skip + want])
    }
}

/// What others have done meanwhile, where a new file has taken the place of the
/// old one.
#[derive(Debug, Clone, Copy)]
pub struct Swapped {
    /// Bytes that they have appended, and that stand at the end of the new file.
    pub appended_bytes: u64,
    /// Whether they still have the old file open: what they append to it from
    /// now on is lost.
    pub old_in_use: bool,
}

/// Puts the new file, which must be durable and verified, in the place of the
/// target. What others append to the old one until it has no name any more is
/// appended to the new one.
///
/// # Errors
/// When the target is no longer the file that was read, or on any I/O error:
/// the target is the old file then, or, if the kind is
/// [`Kind::RecoveryNeeded`], the new one.
pub fn swap<S: Storage>(
    storage: &S,
    names: &Names,
    (old_file, old_stat): (&S::File, &Stat),
    (new_file, new_size): (&S::File, u64),
) -> Result<Swapped> {
    let old = &old_stat.identity;
    let (target, new) = (names.target.path(), names.new.path());
    let look_at = |entry: &Entry| storage.stat_entry(entry).map_err(Error::at("look at", entry.path()));
    let look = |entry: &Entry| -> Result<Identity> { Ok(look_at(entry)?.identity) };
    let written = storage.stat(new_file).map_err(Error::at("look at", new))?.identity;
    if !look(&names.new)?.same_inode(&written) {
        return Err(Error::new(Kind::Refused, format!("{} was replaced during the run", new.shown()))
            .hint(format!("others may write to its directory; {} is untouched", target.shown())));
    }
    let found = look(&names.target)?;
    if !found.same_content(old) {
        let appended = if found.same_inode(old) { found.size.saturating_sub(old.size) } else { 0 };
        return Err(match appended {
            0 => changed(target),
            bytes => grown(target, bytes).hint("nothing was written"),
        });
    }
    let mut carried = old.size;
    let mut old_in_use = false;
    if storage.exchange(&names.new, &names.target).map_err(Error::at("replace", target))? {
        // Who had opened the path before may be about to write to the old file.
        // Who keeps it open for long is not waited for.
        old_in_use = storage.in_use(old_file, PATIENCE).unwrap_or(false);
        // What we took out must be what we read, and what we put in what we
        // wrote; else somebody was faster.
        let out_stat = look_at(&names.new).map_err(|e| half_done(target).because(e))?;
        let out = &out_stat.identity;
        let put_in = look(&names.target).map_err(|e| half_done(target).because(e))?;
        let appended = out.same_inode(old) && out.size > old.size;
        if !put_in.same_inode(&written) || !appended && !out.same_content(old) {
            let back = storage.exchange(&names.new, &names.target);
            if !back.is_ok_and(|done| done) {
                return Err(half_done(target));
            }
            let file = storage.open(&names.target, Access::Write).map_err(Error::at("open", target))?;
            carry_over(storage, (new_file, new_size), &file).map_err(|e| lost(target, new, e))?;
            return Err(changed(target));
        }
        if (out_stat.mode, out_stat.owner) != (old_stat.mode, old_stat.owner) {
            // Somebody has changed them since they were copied. That was not
            // durable, and need not be here.
            storage.copy_attributes(old_file, new_file).map_err(|e| half_done(target).because(e))?;
        }
        carried += carry_over(storage, (old_file, carried), new_file).map_err(|e| lost(target, new, e))?;
        storage.remove(&names.new).map_err(|e| half_done(target).because(e))?;
    } else {
        storage.rename(&names.new, &names.target).map_err(Error::at("replace", target))?;
    }
    // The old file has no name any more: this is the last chance.
    carry_over(storage, (old_file, carried), new_file).map_err(|e| lost(target, new, e))?;
    let now = storage.stat(new_file).map_err(|e| half_done(target).because(e))?.identity.size;
    // One sync makes both durable, in this order. Should it fail, nothing is
    // taken back: which file has the name after a crash is open then.
    storage.sync_parent(&names.target).map_err(|e| half_done(target).because(e))?;
    Ok(Swapped { appended_bytes: now.saturating_sub(new_size), old_in_use })
}

/// Appends to one file what others have appended to another, from a size on.
/// Makes it durable. Ends when there is no more.
pub(crate) fn carry_over<S: Storage>(
    storage: &S,
    (from, size): (&S::File, u64),
    to: &S::File,
) -> std::io::Result<u64> {
    let mut at = size;
    // Where nothing was appended nothing is read, and no read can fail.
    while storage.stat(from)?.identity.size > at {
        let mut bytes = vec![0; COPY_BYTES as usize];
        let count = storage.read_full_at(from, &mut bytes, at)?;
        if count == 0 {
            break;
        }
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            match storage.append(to, rest) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        at += count as u64;
    }
    if at > size {
        storage.sync_data(to)?;
    }
    Ok(at - size)
}

/// The error for bytes that were appended to the old file and could not be
/// appended to the new one.
fn lost(target: &Path, other: &Path, error: std::io::Error) -> Error {
    Error::new(
        Kind::RecoveryNeeded,
        format!("{} is without some of what others have appended meanwhile", target.shown()),
    )
    .because(error)
    .hint(format!("where {} is still there, it ends with these bytes", other.shown()))
}

/// The error for a target that is the new file, while something is left to
/// be done.
fn half_done(target: &Path) -> Error {
    Error::new(Kind::RecoveryNeeded, format!("{} is the new file, but cannot be finished", target.shown()))
        .hint(format!("when that is mended: `runner recover {}`", target.word()))
}
