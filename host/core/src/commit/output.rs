//! Writes the result elsewhere: to a separate file, or to an open stream.

use std::path::Path;

use crate::commit::conditions::Conditions;
use crate::commit::verify::Level;
use crate::commit::write::{fill, output_stream};
use crate::commit::{CommitOptions, Provisional, check_new, check_room};
use crate::error::{Error, Kind, Result};
use crate::escape::{Raw as _, shown};
use crate::patch::{Direction, Patch};
use crate::profile::{self, Stage};
use crate::sidecar::Names;
use crate::storage::{Access, Entry, OpenFile, OsStorage, Storage, umask};
use crate::target::interrupted::check_mark;
use crate::target::{Target, check_not_a_patch};

/// Where a result goes that does not replace the file.
#[derive(Debug)]
pub enum Output {
    /// To a file, which is created or replaced in one step.
    File(Entry),
    /// To an open descriptor; errors use the name given here.
    Stream(std::fs::File, String),
}

/// Writes the result elsewhere. Returns how it was read back.
///
/// # Errors
/// Any I/O error. Then a stream may have received some of the output. An output
/// file is unchanged, unless only the sync of its directory failed.
pub(crate) fn write_out<S: Storage>(
    target: &Target<'_, S>,
    patch: &Patch<'_, S>,
    output: &Output,
    conditions: &Conditions,
    options: &CommitOptions<'_>,
) -> Result<Level> {
    match output {
        Output::File(out) => write_file(target, patch, out, conditions, options),
        Output::Stream(file, name) => {
            let reader = patch.reader(Direction::Forward);
            profile::time(Stage::Fill, || {
                output_stream::write(target.open_file(), file, name, reader, options.cancel)
            })?;
            check_streamed(target, name)?;
            Ok(Level::None)
        }
    }
}

/// Checks that the file did not change while its new content went to a stream.
///
/// # Errors
/// When it did: what was written cannot be taken back.
fn check_streamed<S: Storage>(target: &Target<'_, S>, name: &str) -> Result<()> {
    target.check_unchanged().map_err(|error| {
        let hint = format!(
            "the file itself was not written; what {name} has received may mix old and new content, so discard it"
        );
        error.with_hints([hint])
    })
}

/// Refuses a stream that leads to the file itself, such as standard output with
/// `>> FILE`: the result would be written into what is being read.
///
/// # Errors
/// [`Kind::Usage`] if it does; any I/O error.
pub(crate) fn check_separate<S: Storage>(
    target: &Target<'_, S>,
    stream: &std::fs::File,
    name: &str,
) -> Result<()> {
    let stat = OsStorage.stat(stream).map_err(Error::at("inspect", Path::new(name)))?;
    if !stat.identity.same_inode(target.identity()) {
        return Ok(());
    }
    let shown = target.path().shown();
    Err(Error::new(Kind::Usage, format!("{shown} is both input and output: {name} leads to it"))
        .hint("nothing was written; omit `-o` to change the file itself"))
}

fn write_file<S: Storage>(
    target: &Target<'_, S>,
    patch: &Patch<'_, S>,
    out: &Entry,
    conditions: &Conditions,
    options: &CommitOptions<'_>,
) -> Result<Level> {
    let storage = target.storage;
    let old = open_old(target, out, conditions)?;
    let new = target.temporary(out)?;
    let path = new.path();
    check_room(storage, &new, patch.seal().stats.post_size())?;
    let file = storage.create(&new).map_err(|e| {
        let exists = e.kind() == std::io::ErrorKind::AlreadyExists;
        let error = Error::io("create", path, e);
        if exists {
            error.hint("an earlier run left it, or another run is active; if none is, remove it")
        } else {
            error
        }
    })?;
    let mut provisional = Provisional { storage, entries: vec![new.clone()] };
    let to = OpenFile::new(storage, &file, path);
    profile::time(Stage::Fill, || {
        fill::fill(target.open_file(), to, patch.reader(Direction::Forward), options.context())
    })?;
    match &old {
        Some(old) => {
            storage.copy_attributes(old, &file).map_err(Error::at("keep the attributes of", out.path()))?
        }
        None => storage
            .set_mode(&file, target.stat.mode & 0o777 & !umask())
            .map_err(Error::at("set the mode of", path))?,
    }
    storage.sync_all(&file).map_err(Error::at("sync", path))?;
    let level = check_new(to, &new, patch, options)?;
    target.check_unchanged()?;
    options.cancel.check()?;
    storage.rename(&new, out).map_err(Error::at("create", out.path()))?;
    provisional.entries.clear();
    storage.sync_parent(out).map_err(|e| {
        Error::io("sync the directory of", out.path(), e)
            .hint("the result is complete, but a crash may bring back what was there before")
    })?;
    Ok(level)
}

/// The file to be replaced, if it exists.
fn open_old<S: Storage>(
    target: &Target<'_, S>,
    out: &Entry,
    conditions: &Conditions,
) -> Result<Option<S::File>> {
    let (storage, path) = (target.storage, out.path());
    let old = match storage.open(out, Access::Read) {
        Ok(old) => old,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("open", path, e)),
    };
    let stat = storage.stat(&old).map_err(Error::at("inspect", path))?;
    if stat.identity.same_inode(target.identity()) {
        return Err(Error::new(Kind::Usage, format!("{} is both input and output", path.shown()))
            .hint("omit `-o` to change the file itself"));
    }
    // As with `fs.protected_regular`: the user who put the file there would own
    // the result, and may have it open.
    if !storage.is_trusted(out, stat.owner).map_err(Error::at("inspect", path))? {
        let what = format!(
            "{} belongs to user {}, in a directory that other users may write to",
            path.shown(),
            stat.owner
        );
        return Err(
            Error::new(Kind::Refused, what).hint("choose another name for the result, or remove the file")
        );
    }
    let file = OpenFile::new(storage, &old, path);
    check_not_a_patch(file)?;
    if storage.is_mount_point(&old, out).map_err(Error::at("inspect", path))? {
        let what = format!("{} is a mount point, and cannot be replaced by a new file", shown(path));
        return Err(Error::new(Kind::Refused, what).hint("choose another name for the result"));
    }
    conditions.check_privileges(file, stat.mode)?;
    // The file may be partly changed, and is all that its journal can be used
    // on.
    let names = Names::new(out, stat.file_type, target.names.key.clone())?;
    names.check_journal(storage)?;
    check_mark(&names, file)?;
    Ok(Some(old))
}
