//! The exchange of the old file for the new one, and the bytes that other
//! processes append meanwhile.

use std::path::Path;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::escape::Raw as _;
use crate::sidecar::Names;
use crate::storage::{Access, Entry, Identity, Stat, Storage};
use crate::target::interference::{changed, grown};

/// How long to wait for processes that have the old file open.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// Appended bytes are carried over in pieces of this size.
const CARRY_BYTES: u64 = 64 * 1024;

/// What other processes did while a new file replaced the old one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swapped {
    /// Bytes that they appended, and that are at the end of the new file.
    pub appended_bytes: u64,
    /// Whether they still have the old file open: anything they append to it
    /// from now on is lost.
    pub old_in_use: bool,
}

/// Replaces the target with the new file, which must be durable and verified.
/// Bytes that other processes append to the old file while it has a name are
/// appended to the new one.
///
/// # Errors
/// When the target is no longer the file that was read; any I/O error. Then the
/// target is still the old file, or, if the kind is [`Kind::RecoveryNeeded`],
/// the new one.
pub(crate) fn swap<S: Storage>(
    storage: &S,
    names: &Names,
    (old_file, old_stat): (&S::File, &Stat),
    (new_file, new_size): (&S::File, u64),
    cancel: Cancel<'_>,
) -> Result<Swapped> {
    let old = &old_stat.identity;
    let (target, new) = (names.target.path(), names.new.path());
    let look_at = |entry: &Entry| storage.stat_entry(entry).map_err(Error::at("inspect", entry.path()));
    let look = |entry: &Entry| -> Result<Identity> { Ok(look_at(entry)?.identity) };
    let written = storage.stat(new_file).map_err(Error::at("inspect", new))?.identity;
    if !look(&names.new)?.same_inode(&written) {
        return Err(Error::new(Kind::Refused, format!("{} was replaced during the run", new.shown())).hint(
            format!("other users may be able to write to its directory; {} is untouched", target.shown()),
        ));
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
    // Nothing comes between this and the commit point.
    cancel.check()?;
    if storage.exchange(&names.new, &names.target).map_err(Error::at("replace", target))? {
        // A process that opened the path earlier may be about to write to the
        // old file. A process that keeps it open for longer is not waited for.
        old_in_use = storage.in_use(old_file, PATIENCE).unwrap_or(false);
        // The file taken out must be the one that was read, and the file put in
        // the one that was written. Otherwise another process was faster.
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
            // Another process changed them since they were copied. That change
            // was not durable, and need not be durable here.
            storage.copy_attributes(old_file, new_file).map_err(|e| half_done(target).because(e))?;
        }
        carried += carry_over(storage, (old_file, carried), new_file).map_err(|e| lost(target, new, e))?;
        storage.remove(&names.new).map_err(|e| half_done(target).because(e))?;
    } else {
        storage.rename(&names.new, &names.target).map_err(Error::at("replace", target))?;
    }
    // The old file has no name now: this is the last chance.
    carry_over(storage, (old_file, carried), new_file).map_err(|e| lost(target, new, e))?;
    let now = storage.stat(new_file).map_err(|e| half_done(target).because(e))?.identity.size;
    // One sync makes both durable, in this order. If it fails, nothing is
    // undone: after a crash either file may have the name.
    storage.sync_parent(&names.target).map_err(|e| half_done(target).because(e))?;
    Ok(Swapped { appended_bytes: now.saturating_sub(new_size), old_in_use })
}

/// Appends to one file the bytes that other processes appended to the other
/// from offset `size` on, and makes them durable. Ends when there are no more.
pub(crate) fn carry_over<S: Storage>(
    storage: &S,
    (from, size): (&S::File, u64),
    to: &S::File,
) -> std::io::Result<u64> {
    let mut at = size;
    // If nothing was appended, nothing is read, and no read can fail.
    while storage.stat(from)?.identity.size > at {
        let mut bytes = vec![0; CARRY_BYTES as usize];
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

/// The error for bytes that were appended to the old file, and could not be
/// appended to the new one.
fn lost(target: &Path, other: &Path, error: std::io::Error) -> Error {
    Error::new(
        Kind::RecoveryNeeded,
        format!("{} lacks some of the bytes that other processes appended during the run", target.shown()),
    )
    .because(error)
    .hint(format!(
        "if {} still exists, it ends with these bytes: append them to {} by hand, and then remove it",
        other.shown(),
        target.shown()
    ))
}

/// The error for a target that is already the new file, while some work
/// remains.
fn half_done(target: &Path) -> Error {
    Error::new(
        Kind::RecoveryNeeded,
        format!("{} is the new file, but the run could not be finished", target.shown()),
    )
    .hint(format!("once that is fixed, run `runner recover {}`", target.word()))
}
