//! `runner trust revoke`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_pipeline::storage::{OsStorage, read_small};
use runner_policy::revocation::{Accepted, List, names};
use runner_policy::signed::authority;
use runner_policy::state::{LISTS, lists, save};
use runner_policy::text::MAX_BYTES;
use runner_policy::trust::Role;
use runner_store::folder::{self, Folder};

use crate::Outcome;
use crate::guard::places;
use crate::plugins::{read_text, turn};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

/// The names of files with signatures end so, as minisign and ssh-keygen write them.
const SUFFIXES: [&str; 2] = [".minisig", ".sig"];

#[derive(Debug, ArgGroup)]
pub(crate) struct RevokeArgs {
    /// The list
    list: PathBuf,
    /// A signature of it; repeat the option for several [default: the files with `.minisig` and `.sig`
    /// added to its name]
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,
}

/// The signatures of a file: those that are given, or those beside it.
///
/// # Errors
/// If there is none; any I/O error.
pub(super) fn signatures(file: &Path, given: &[PathBuf]) -> Result<Vec<String>> {
    let beside = SUFFIXES.iter().map(|suffix| {
        let mut name = OsString::from(file);
        name.push(suffix);
        PathBuf::from(name)
    });
    let found: Vec<_> = match given {
        [] => beside.filter(|path| std::fs::symlink_metadata(path).is_ok()).collect(),
        given => given.to_vec(),
    };
    if found.is_empty() {
        let what = format!("{} is not signed: there is no {0}.minisig and no {0}.sig", file.shown());
        return Err(Error::new(Kind::Refused, what)
            .hint("get the signature from who has issued it, and name it with --signature"));
    }
    found.iter().map(|path| read_text(path)).collect()
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
    let (name, sequence) = (list.name.clone(), list.sequence);
    let said = format!("signed by {}, for {}", by.names.join(" and "), names(&by.plugins));
    let is_new = known.accept(Accepted { signed_by: by.names, plugins: by.plugins, list }, now)?;
    if is_new {
        save(&OsStorage, &entry, &known)?;
    }
    let done = if is_new { "counts from now on" } else { "was known already" };
    reporter.show(&Page::of(format_args!("the list {name} with number {sequence} {done}: {said}")))?;
    Ok(Outcome::Done)
}
