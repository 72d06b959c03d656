//! Compares a patch with the file that it is about: with the bytes that it
//! replaces, and with those that it leads to.

use std::fs::File;
use std::path::Path;

use runner_pipeline::commit::verify::first_other_group;
use runner_pipeline::context::RunContext;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{count, shown};
use runner_pipeline::patch::{Direction, Edits, Patch, Roots};
use runner_pipeline::run::root_of;
use runner_pipeline::storage::{Access, Entry, FileType, OpenFile, OsStorage, Storage};
use runner_pipeline::target::check_type;

use crate::args::threads;

/// Number of bytes compared at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// Files of up to this size are hashed, which takes a moment.
const HASHED_BYTES: u64 = 1 << 30;

/// What the comparison of a patch with a file has shown.
pub(super) enum Compared {
    /// The file has the size and the bytes that the patch replaces.
    Before(File),
    /// The file has the content that the patch leads to.
    After(Checked),
    /// The file has the size, but not the bytes, that the patch replaces; it
    /// differs at this offset.
    Differs(File, u64),
    /// There is no such file, or it has changed since the patch was made.
    NotAtHand,
}

/// How much of a file was compared with the result of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// All of it: it has the root that the patch claims.
    Root,
    /// Its size, and the new bytes of every edit, as hashing it would take long.
    Edits,
    /// The groups that the patch lists, as it knows nothing else.
    Groups,
}

impl Checked {
    /// What the comparison has shown of the file.
    pub(super) fn has(self) -> &'static str {
        match self {
            Self::Root => "already has the resulting content",
            Self::Groups => "already has the resulting content in every group that the patch touches",
            Self::Edits => "already has the resulting size and the new bytes of every edit",
        }
    }
}

impl Compared {
    /// The first offset at which the file contradicts the patch.
    pub(super) fn mismatch(&self) -> Option<u64> {
        if let Self::Differs(_, at) = self { Some(*at) } else { None }
    }
}

/// Compares a patch with the file that it was made for.
///
/// # Errors
/// If the file or the patch cannot be read.
pub(super) fn with_own_file(patch: &Patch<'_, OsStorage>, path: &Path) -> Result<Compared> {
    let Some((file, is_unchanged)) = own_file(patch, path) else { return Ok(Compared::NotAtHand) };
    if is_unchanged {
        return Ok(match first_mismatch(patch, Direction::Forward, &file, path)? {
            None => Compared::Before(file),
            Some(at) => Compared::Differs(file, at),
        });
    }
    Ok(has_result(patch, &file, path)?.map_or(Compared::NotAtHand, Compared::After))
}

/// The file that a patch was made for, if it still exists under its name and
/// can be read, and whether it is unchanged.
fn own_file(patch: &Patch<'_, OsStorage>, path: &Path) -> Option<(File, bool)> {
    let header = patch.header();
    let file = open(path)?;
    let identity = OsStorage.stat(&file).ok()?.identity;
    Some((file, header.identity.is(&identity)))
}

/// The file that a patch was made for, if it still exists under its name and is
/// unchanged.
pub(super) fn source_of(patch: &Patch<'_, OsStorage>, path: &Path) -> Option<File> {
    own_file(patch, path).and_then(|(file, is_unchanged)| is_unchanged.then_some(file))
}

/// Compares a patch with the file that the user names.
///
/// # Errors
/// If the file cannot be opened, or has neither the size before nor the size
/// and the bytes after the patch; if the file or the patch cannot be read.
pub(super) fn with_given_file(patch: &Patch<'_, OsStorage>, path: &Path) -> Result<Compared> {
    let entry = Entry::resolve(path)?;
    // Check first: opening a device may have side effects, and a FIFO is not
    // a file.
    check_type(path, &OsStorage.stat_entry(&entry).map_err(Error::at("open", path))?)?;
    let file = OsStorage.open(&entry, Access::Read).map_err(Error::at("open", path))?;
    let size = size_of(&file, path)?;
    let wanted = patch.seal().stats.pre_size;
    // Without roots, a file that only grew may still be the right one.
    let stats = &patch.seal().stats;
    let may_grow = patch.roots() == Roots::Touched && stats.pre_size == stats.post_size();
    let mismatch = if size == wanted || may_grow && size > wanted {
        let Some(at) = first_mismatch(patch, Direction::Forward, &file, path)? else {
            return Ok(Compared::Before(file));
        };
        Some(at)
    } else {
        None
    };
    if let Some(checked) = has_result(patch, &file, path)? {
        return Ok(Compared::After(checked));
    }
    if let Some(at) = mismatch {
        return Ok(Compared::Differs(file, at));
    }
    let what = format!("{} is not the file that the patch was made for", shown(path));
    Err(Error::new(Kind::Verification, what).hint(format!(
        "it has {}, but the patch is for a file of {}",
        count(size, "byte"),
        count(wanted, "byte")
    )))
}

fn size_of(file: &File, path: &Path) -> Result<u64> {
    Ok(OsStorage.stat(file).map_err(Error::at("read the metadata of", path))?.identity.size)
}

/// Whether a file has the content after the patch, and how much was compared.
fn has_result(patch: &Patch<'_, OsStorage>, file: &File, path: &Path) -> Result<Option<Checked>> {
    let seal = patch.seal();
    let size = size_of(file, path)?;
    if patch.roots() == Roots::Touched {
        let view = patch.view(Direction::Reverse);
        let resizes = seal.stats.pre_size != seal.stats.post_size();
        let has_size = !resizes || size == seal.stats.post_size();
        let other = first_other_group(OpenFile::new(&OsStorage, file, path), view, size)?;
        return Ok((has_size && other.is_none() && seal.stats.edits > 0).then_some(Checked::Groups));
    }
    if size != seal.stats.post_size() || first_mismatch(patch, Direction::Reverse, file, path)?.is_some() {
        return Ok(None);
    }
    if size > HASHED_BYTES {
        // Bytes that are only removed leave nothing to compare.
        return Ok((seal.stats.new_bytes > 0).then_some(Checked::Edits));
    }
    // A file that must be recovered first, or that another run is working on,
    // is not hashed. Its patch can be shown all the same.
    let root = root_of(path, RunContext::unstoppable(threads(None)), &mut |_| {});
    Ok(root.is_ok_and(|root| Some(root) == seal.post_root).then_some(Checked::Root))
}

fn open(path: &Path) -> Option<File> {
    let entry = Entry::resolve(path).ok()?;
    // Check first: opening a device may have side effects.
    let stat = OsStorage.stat_entry(&entry).ok()?;
    let readable = matches!(stat.file_type, FileType::Regular | FileType::Block);
    readable.then(|| OsStorage.open(&entry, Access::Read).ok()).flatten()
}

/// The first offset at which the file differs from the bytes that the patch
/// replaces in this direction.
///
/// # Errors
/// If the file or the patch cannot be read.
fn first_mismatch(
    patch: &Patch<'_, OsStorage>,
    direction: Direction,
    source: &File,
    path: &Path,
) -> Result<Option<u64>> {
    let mut edits = Edits::new(patch.reader(direction));
    let mut buffer = vec![0; CHUNK_BYTES];
    while let Some(edit) = edits.peek()? {
        let mut at = edit.start;
        for claimed in edit.old.chunks(CHUNK_BYTES) {
            let found = &mut buffer[..claimed.len()];
            let count = OsStorage.read_full_at(source, found, at).map_err(Error::at("read", path))?;
            let same = found[..count].iter().zip(claimed).take_while(|(found, claimed)| found == claimed);
            let same = same.count();
            if same < claimed.len() {
                return Ok(Some(at + same as u64));
            }
            at += claimed.len() as u64;
        }
        edits.advance();
    }
    Ok(None)
}
