//! The file that a patch was made for, as stored in the patch.

use serde::{Deserialize, Serialize};

use crate::storage::Identity;

/// The origin of a patch. At present only files; objects of a store, or content
/// independent of its location, would be further variants.
///
/// A file's device number is not stored, because it may change after a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A file or block device.
    File {
        /// Size in bytes.
        size: u64,
        /// Inode number.
        inode: u64,
        /// Time of birth in nanoseconds since 1970, if the filesystem records
        /// it.
        born_ns: Option<i128>,
        /// Time of the last change of content or metadata, in the same unit.
        changed_ns: i128,
        /// Time of the last change of content, in the same unit.
        modified_ns: i128,
    },
}

impl Origin {
    /// Size in bytes of the content that the edits apply to.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
        }
    }

    /// Whether a file is the same inode as this origin, whatever has happened
    /// to it since. The device is not compared.
    #[must_use]
    pub fn same_inode(&self, file: &Identity) -> bool {
        match self {
            Self::File { inode, born_ns, .. } => *inode == file.inode && *born_ns == file.born_ns,
        }
    }

    /// Whether a file is the same inode as this origin, and unchanged since, as
    /// far as its size and times show.
    #[must_use]
    pub fn is(&self, file: &Identity) -> bool {
        *self == Self::from(file)
    }
}

impl From<&Identity> for Origin {
    fn from(file: &Identity) -> Self {
        let Identity { device: _, inode, born_ns, changed_ns, modified_ns, size } = *file;
        Self::File { size, inode, born_ns, changed_ns, modified_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes one field of an identity.
    type Change = fn(&mut Identity);

    #[test]
    fn each_field_but_the_device_tells() {
        let one =
            Identity { device: (1, 2), inode: 3, born_ns: Some(4), changed_ns: 5, modified_ns: 6, size: 7 };
        let origin = Origin::from(&one);
        // Whether the inode is still the same, and whether it is unchanged.
        let changes: [(Change, bool, bool); 9] = [
            (|_| {}, true, true),
            (|id| id.device.0 += 1, true, true),
            (|id| id.device.1 += 1, true, true),
            (|id| id.inode += 1, false, false),
            (|id| id.born_ns = Some(0), false, false),
            (|id| id.born_ns = None, false, false),
            (|id| id.changed_ns += 1, true, false),
            (|id| id.modified_ns += 1, true, false),
            (|id| id.size += 1, true, false),
        ];
        for (index, (change, same_inode, same)) in changes.into_iter().enumerate() {
            let mut other = one.clone();
            change(&mut other);
            assert_eq!(origin.same_inode(&other), same_inode, "change {index}");
            assert_eq!(origin.is(&other), same, "change {index}");
        }
        assert_eq!(origin.size(), 7);
    }

    #[test]
    fn it_is_stored_under_the_name_of_its_kind() {
        let id = Identity { device: (1, 2), inode: 3, born_ns: None, changed_ns: 5, modified_ns: 6, size: 7 };
        let json = serde_json::to_value(Origin::from(&id)).expect("JSON");
        let file = serde_json::json!({ "file":
            { "size": 7, "inode": 3, "born_ns": null, "changed_ns": 5, "modified_ns": 6 } });
        assert_eq!(json, file);
        assert_eq!(serde_json::from_value::<Origin>(json).expect("an origin"), Origin::from(&id));
    }
}
