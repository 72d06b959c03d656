//! Conditions that must hold before a result is written. They are checked when
//! the patch is complete, before anything else is written.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::storage::{OpenFile, Storage};

/// The program runs with the rights of the file's owner.
const SET_USER_ID: u32 = 0o4000;
/// The program runs with the rights of the file's group. Without the group's
/// execute bit, the set-group-id bit meant mandatory locking, which Linux no
/// longer has.
const SET_GROUP_ID: u32 = 0o2010;

/// Conditions that must hold for a result to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// The BLAKE3 root that the result must have.
    pub expect: Option<blake3::Hash>,
    /// Whether the result may have privileges.
    pub privileges: Privileges,
}

/// Whether bytes chosen by a plugin may get the privileges of the file that
/// they are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privileges {
    /// They may not.
    #[default]
    Refuse,
    /// They may.
    Keep,
}

impl Conditions {
    /// Checks that the result has the expected root, if there is one.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it has a different root, or its root is not
    /// known.
    pub fn check_root(&self, path: &Path, root: Option<&blake3::Hash>) -> Result<()> {
        match self.expect {
            Some(expected) if root != Some(&expected) => Err(Error::new(
                Kind::Verification,
                format!(
                    "the result for {} is not the expected one: its root {}",
                    shown(path),
                    root.map_or_else(|| "is not known".to_owned(), |root| format!("would be {root}"))
                ),
            )
            .hint(
                "nothing was written; the file has changed since, or the plugin gives different answers each time",
            )),
            _ => Ok(()),
        }
    }

    /// Checks that a file of this mode has no privileges, or may keep them.
    ///
    /// # Errors
    /// [`Kind::Refused`], with the file's privileges; when they cannot be
    /// determined.
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
        let what = format!("{} has {}, which the new content would inherit", shown(path), has.join(" and "));
        Err(Error::new(Kind::Refused, what).hint(
            "nothing was written; if you trust the new content with these privileges, use `--keep-privileges`",
        ))
    }
}

/// Whether a write to a file of this mode removes privileges that the file has:
/// capabilities always, set-id bits unless root writes.
///
/// # Errors
/// When the file's privileges cannot be determined.
pub(crate) fn loses_privileges<S: Storage>(file: OpenFile<'_, S>, mode: u32) -> Result<bool> {
    let has_bits = mode & SET_USER_ID != 0 || mode & SET_GROUP_ID == SET_GROUP_ID;
    Ok(has_bits && !rustix::process::geteuid().is_root() || has_capabilities(file)?)
}

fn has_capabilities<S: Storage>(file: OpenFile<'_, S>) -> Result<bool> {
    let has = file.storage.has_capabilities(file.file);
    has.map_err(Error::at("read the capabilities of", file.path))
}
