//! By which way a plugin came.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a plugin was installed from. Addresses are shown, and never followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// A file that the user has named.
    #[default]
    File,
    /// A folder that the user has named.
    Folder,
    /// An OCI layout, in a folder or an archive.
    Layout,
    /// A registry; with the reference, digest included.
    Registry(String),
    /// A web server; with the address, digest included.
    Web(String),
}

impl Carrier {
    /// Whether it came over a network, from those who run a server.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Registry(_) | Self::Web(_))
    }

    /// Whether it is what an index says that says nothing.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("a file"),
            Self::Folder => f.write_str("a folder"),
            Self::Layout => f.write_str("an OCI layout"),
            Self::Registry(from) | Self::Web(from) => f.write_str(from),
        }
    }
}
