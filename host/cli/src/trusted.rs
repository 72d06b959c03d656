//! `runner trust`.

mod keys;
mod lists;

use clap::Subcommand;
use runner_pipeline::error::Result;

use self::keys::{AddArgs, RotateArgs, add, list, remove, rotate};
use self::lists::{RevokeArgs, revoke};
use crate::Outcome;
use crate::report::Reporter;

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust a public key: for some plugins, in one role
    Add(AddArgs),
    /// Show the keys, groups, policies and lists of revoked plugins that count here
    List,
    /// Trust the keys of a name no more
    Remove {
        /// The name of the keys
        name: String,
    },
    /// Take a new key in place of an old one, by a statement that the old one has signed
    Rotate(RotateArgs),
    /// Take a signed list of revoked plugins: from now on, they are not run
    Revoke(RevokeArgs),
}

pub(crate) fn run(command: &TrustCommand, reporter: &Reporter) -> Result<Outcome> {
    match command {
        TrustCommand::Add(args) => add(args, reporter),
        TrustCommand::List => list(reporter),
        TrustCommand::Remove { name } => remove(name, reporter),
        TrustCommand::Rotate(args) => rotate(args, reporter),
        TrustCommand::Revoke(args) => revoke(args, reporter),
    }
}
