//! Who has written a file of this kind.

use std::fmt;

/// Who has written something; the first is trusted most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The administrator of the machine, in `/etc/runner`.
    Machine,
    /// The user, in their configuration folder.
    User,
    /// The authors of the project, in the current folder.
    Project,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "the machine",
            Self::User => "the user",
            Self::Project => "the project",
        })
    }
}
