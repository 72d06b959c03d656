//! `runner trust`.

mod draft;
mod given;
mod imports;
mod keys;
mod lists;
mod next_list;
mod ours;
mod own_audits;
mod shown;
mod signing;

use clap::Subcommand;
use runner_pipeline::error::Result;

use self::draft::{DraftCommand, draft};
use self::imports::{ImportArgs, forget, import};
use self::keys::{AddArgs, RotateArgs, add, remove, rotate};
use self::lists::{RevokeArgs, revoke};
use self::shown::list;
use self::signing::{SignArgs, sign};
use crate::Outcome;
use crate::report::Reporter;

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust a public key: for some plugins, in one role
    Add(AddArgs),
    /// Show the keys, groups, policies, lists of revoked plugins and imported audits that count here
    List,
    /// Trust the keys of a name no more, or believe imported audits no more
    Remove {
        /// The name of the keys
        name: String,
        /// The name is that of audits that `trust import` has taken
        #[arg(long)]
        import: bool,
    },
    /// Take a new key in place of an old one, by a statement that the old one has signed
    Rotate(RotateArgs),
    /// Take a signed list of revoked plugins: from now on, they are not run
    Revoke(RevokeArgs),
    /// Believe the audits of another company: a signed list of what it has vetted, and of what it warns
    /// of. What that company believes of others does not count
    Import(ImportArgs),
    /// Write a list of revoked plugins, a list of your audits, or the statement of a new key
    #[command(subcommand)]
    Draft(DraftCommand),
    /// Sign a list or a statement that `draft` has written. Where several must sign, each does so
    Sign(SignArgs),
}

pub(crate) fn run(command: &TrustCommand, reporter: &Reporter) -> Result<Outcome> {
    match command {
        TrustCommand::Add(args) => add(args, reporter),
        TrustCommand::List => list(reporter),
        TrustCommand::Remove { name, import: true } => forget(name, reporter),
        TrustCommand::Remove { name, import: false } => remove(name, reporter),
        TrustCommand::Rotate(args) => rotate(args, reporter),
        TrustCommand::Revoke(args) => revoke(args, reporter),
        TrustCommand::Import(args) => import(args, reporter),
        TrustCommand::Draft(command) => draft(command, reporter),
        TrustCommand::Sign(args) => sign(args, reporter),
    }
}
