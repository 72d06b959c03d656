//! The two formats of keys and signatures.

use std::fmt;

use crate::{minisign, sshsig};

/// A format of keys and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// That of minisign.
    Minisign,
    /// That of OpenSSH.
    Ssh,
}

impl Format {
    /// Both formats.
    pub const ALL: [Self; 2] = [Self::Minisign, Self::Ssh];

    /// The format of a signature, valid or not.
    #[must_use]
    pub fn of_signature(text: &str) -> Self {
        if text.trim_start().starts_with("-----BEGIN SSH SIGNATURE-----") {
            Self::Ssh
        } else {
            Self::Minisign
        }
    }

    /// The name of the file with a signature is that of the plugin's file, and
    /// this.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Minisign => minisign::SUFFIX,
            Self::Ssh => sshsig::SUFFIX,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minisign => "minisign",
            Self::Ssh => "OpenSSH",
        })
    }
}
