//! Identifies files: an identity is checked before and after a scan, but never
//! trusted on its own.

use std::fmt;

/// Distinguishes the states of a file. Files with equal identities may still
/// differ in content (clocks are coarse, and writes through a mapping may not
/// change the times), so the identity is never the only check before a write.
/// It is valid for one run; a patch stores the part that outlives a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Device number, major and minor.
    pub device: (u32, u32),
    /// Inode number.
    pub inode: u64,
    /// Time of birth in nanoseconds since 1970, if the filesystem records it.
    pub born_ns: Option<i128>,
    /// Time of the last change of content or metadata, in the same unit.
    pub changed_ns: i128,
    /// Time of the last change of content, in the same unit.
    pub modified_ns: i128,
    /// Size in bytes.
    pub size: u64,
}

impl Identity {
    /// Whether both are states of the same inode, whatever happened in between.
    #[must_use]
    pub fn same_inode(&self, other: &Self) -> bool {
        self.device == other.device && self.inode == other.inode && self.born_ns == other.born_ns
    }

    /// Whether both are the same inode with unchanged content, as far as size
    /// and time show. A new name or mode is not a change of content.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.same_inode(other) && self.modified_ns == other.modified_ns && self.size == other.size
    }
}

/// The kinds of files that are distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A block device.
    Block,
    /// A directory.
    Directory,
    /// Any other kind, described in words.
    Other(&'static str),
}

impl fmt::Display for FileType {
    /// The kind with an article, such as `a directory`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "a regular file",
            Self::Block => "a block device",
            Self::Directory => "a directory",
            Self::Other(what) => what,
        })
    }
}

/// The metadata of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The identity of the file and its state.
    pub identity: Identity,
    /// The kind of file.
    pub file_type: FileType,
    /// Permission bits.
    pub mode: u32,
    /// User id of the owner.
    pub owner: u32,
    /// Number of names of the inode.
    pub links: u64,
    /// Bytes allocated on the medium.
    pub allocated_bytes: u64,
}

/// Checks that a file next to a target can only be this user's own.
///
/// # Errors
/// The reason why it may not be, in words.
pub fn check_own(stat: &Stat) -> Result<(), String> {
    let me = rustix::process::geteuid().as_raw();
    if stat.file_type != FileType::Regular {
        Err("it is not a regular file".to_owned())
    } else if stat.owner != me {
        Err(format!("it belongs to user {}, but this is user {me}", stat.owner))
    } else if stat.links != 1 {
        Err(format!("it has {} names", stat.links))
    } else if stat.mode & 0o077 != 0 {
        Err(format!("other users may read or write it (mode {:o})", stat.mode))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes one field of an identity.
    type Change = fn(&mut Identity);

    #[test]
    fn each_field_tells() {
        let one =
            Identity { device: (1, 2), inode: 3, born_ns: Some(4), changed_ns: 5, modified_ns: 6, size: 7 };
        // Whether the inode is still the same, and whether the content is.
        let changes: [(Change, bool, bool); 9] = [
            (|_| {}, true, true),
            (|id| id.device.0 += 1, false, false),
            (|id| id.device.1 += 1, false, false),
            (|id| id.inode += 1, false, false),
            (|id| id.born_ns = Some(0), false, false),
            (|id| id.born_ns = None, false, false),
            (|id| id.changed_ns += 1, true, true),
            (|id| id.modified_ns += 1, true, false),
            (|id| id.size += 1, true, false),
        ];
        for (index, (change, same_inode, same_content)) in changes.into_iter().enumerate() {
            let mut other = one.clone();
            change(&mut other);
            assert_eq!(one.same_inode(&other), same_inode, "change {index}");
            assert_eq!(one.same_content(&other), same_content, "change {index}");
            assert_eq!(one == other, index == 0, "change {index}");
        }
    }

    #[test]
    fn only_what_nobody_else_can_have_made_is_own() {
        let me = rustix::process::geteuid().as_raw();
        let identity =
            Identity { device: (0, 0), inode: 1, born_ns: None, changed_ns: 0, modified_ns: 0, size: 0 };
        let own = Stat {
            identity,
            file_type: FileType::Regular,
            mode: 0o600,
            owner: me,
            links: 1,
            allocated_bytes: 0,
        };
        assert_eq!(check_own(&own), Ok(()));
        let changes: [fn(&mut Stat); 5] = [
            |stat| stat.file_type = FileType::Other("a symbolic link"),
            |stat| stat.owner += 1,
            |stat| stat.links = 2,
            |stat| stat.mode = 0o640,
            |stat| stat.mode = 0o602,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = own.clone();
            change(&mut other);
            assert!(check_own(&other).is_err(), "change {index}");
        }
    }
}
