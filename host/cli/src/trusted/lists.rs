//! `runner trust revoke`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use runner_pipeline::storage::{OsStorage, read_small};
use runner_policy::revocation::{Accepted, List, names};
use runner_policy::signed::authority;
use runner_policy::state::{LISTS, lists, save};
use runner_policy::text::MAX_BYTES;
use runner_policy::trust::Role;
use runner_store::folder::{self, Folder};

use super::signing::signatures;
use crate::Outcome;
use crate::guard::places;
use crate::plugins::turn;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

#[derive(Debug, ArgGroup)]
pub(crate) struct RevokeArgs {
    /// The list
    list: PathBuf,
    /// A signature of it; repeat the option for several [default: the files with `.minisig`, `.2.minisig`
    /// and so on, and `.sig`, added to its name]
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,
}

/// Takes a list of revoked plugins.
///
/// # Errors
/// [`Kind::Refused`] if too few of those who may revoke have signed it, or a newer one is
/// known; any I/O error.
pub(super) fn revoke(args: &RevokeArgs, reporter: &Reporter) -> Result<Outcome> {
    let bytes = read_small(&args.list, MAX_BYTES)?;
    let list = List::parse(&bytes, &args.list)?;
    // It was parsed, so it is UTF-8.
    let text = String::from_utf8_lossy(&bytes);
    let signatures = signatures(&args.list, &args.signatures)?;
    let store = Folder::open_or_create(&folder::path()?)?;
    let _turn = turn(&store, cancel_on_signals()?, reporter)?;
    let entry = store.entry(LISTS);
    let mut known = lists(&OsStorage, &entry)?;
    let (mut trust, now) = (places().trust()?, Timestamp::now());
    trust.keys.retain(|key| !known.revokes_key_for(&key.plugins, &key.signer));
    let by = authority(&trust, Role::Revoke, (&text, &signatures), now);
    if by.plugins.is_empty() {
        let why = match by.names.as_slice() {
            [] => "no key that is trusted to revoke, and is neither expired nor revoked, has signed it"
                .to_owned(),
            names => format!("{} has signed it, and its group demands more", names.join(" and ")),
        };
        return Err(Error::new(Kind::Refused, format!("the list {} is not accepted", list.name))
            .because(why)
            .hint("`runner trust list` shows the keys; `runner trust add NAME KEY.pub --role revoke --for PLUGINS` adds one"));
    }
    let (name, sequence, expires) = (list.name.clone(), list.sequence, list.expires);
    let said = format!("signed by {}, for {}", by.names.join(" and "), names(&by.plugins));
    let is_new = known.accept(Accepted { signed_by: by.names, plugins: by.plugins, list }, now)?;
    if is_new {
        save(&OsStorage, &entry, &known)?;
    }
    let done = if is_new { "counts from now on" } else { "was known already" };
    reporter.show(&Page::of(format_args!("the list {name} with number {sequence} {done}: {said}")))?;
    if expires <= now {
        let why = format!("the list {name} of revoked plugins has expired at {expires}: get a newer one");
        reporter.stale_list(&why);
    }
    Ok(Outcome::Done)
}
