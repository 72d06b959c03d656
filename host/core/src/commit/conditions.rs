//! What must hold before a result is written. Looked at when the patch is
//! complete, before the first byte of anything else.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::storage::{OpenFile, Storage};

/// Runs with the rights of the file's owner.
const SET_USER_ID: u32 = 0o4000;
/// Runs with the rights of the file's group; without the right of the group to
/// run it, the first bit meant mandatory locking, which is gone.
const SET_GROUP_ID: u32 = 0o2010;

/// What must hold for a result to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// The BLAKE3 root that it must have.
    pub expect: Option<blake3::Hash>,
    /// Whether it may have privileges.
    pub privileges: Privileges,
}

/// Whether bytes that a plugin has chosen may get the privileges of the file
/// that they are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privileges {
    /// They may not.
    #[default]
    Refuse,
    /// They may.
    Keep,
}

impl Conditions {
    /// Makes sure that the result is the expected one.
    ///
    /// # Errors
    /// [`Kind::Verification`].
    pub fn check_root(&self, path: &Path, root: &blake3::Hash) -> Result<()> {
        match self.expect {
            Some(expected) if expected != *root => Err(Error::new(
                Kind::Verification,
                format!("the result for {} is not the expected one: its root would be {root}", shown(path)),
            )
            .hint(
                "nothing was written; the file has changed since, or the plugin answers otherwise each time",
            )),
            _ => Ok(()),
        }
    }

    /// Makes sure that what is written to a file of this mode gets no
    /// privileges, or may have them.
    ///
    /// # Errors
    /// [`Kind::Refused`], with what the file has; when that cannot be told.
    pub fn check_privileges<S: Storage>(&self, file: OpenFile<'_, S>, mode: u32) -> Result<()> {
        let path = file.path;
        if self.privileges == Privileges::Keep {
            return Ok(());
        }
        let mut has = Vec::new();
        if mode & SET_USER_ID != 0 {
            has.push("the set-user-id bit");
        }
        if mode & SET_GROUP_ID == SET_GROUP_ID {
            has.push("the set-group-id bit");
        }
        if has_capabilities(file)? {
            has.push("file capabilities");
        }
        if has.is_empty() {
            return Ok(());
        }
        let what = format!("{} has {}, which the new content would get", shown(path), has.join(" and "));
        Err(Error::new(Kind::Refused, what).hint(
            "nothing was written; `--keep-privileges` goes on, if the new content is to be trusted so far",
        ))
    }
}

/// Whether a write to a file of this mode takes privileges away that it has:
/// capabilities always, and set-id bits unless root writes.
///
/// # Errors
/// When it cannot be told what the file has.
pub(crate) fn loses_privileges<S: Storage>(file: OpenFile<'_, S>, mode: u32) -> Result<bool> {
    let has_bits = mode & SET_USER_ID != 0 || mode & SET_GROUP_ID == SET_GROUP_ID;
    Ok(has_bits && !rustix::process::geteuid().is_root() || has_capabilities(file)?)
}

fn has_capabilities<S: Storage>(file: OpenFile<'_, S>) -> Result<bool> {
    let has = file.storage.has_capabilities(file.file);
    has.map_err(Error::at("look at the capabilities of", file.path))
}
