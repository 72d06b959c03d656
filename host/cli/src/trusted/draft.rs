//! `runner trust draft`: writes lists and statements, which `runner trust sign` signs.

use std::path::PathBuf;

use clap::{Args as ArgGroup, Subcommand};
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_pipeline::storage::{OsStorage, read_small};
use runner_policy::pattern::NamePattern;
use runner_policy::revocation::List;
use runner_policy::rotation::Statement;
use runner_policy::state::{LISTS, lists};
use runner_policy::text::MAX_BYTES;
use runner_store::digest::Digest;
use runner_store::folder::{self, Folder};

use super::given::{Named, day, digest, pattern, span};
use super::next_list::{name, next, to_sign, write};
use super::own_audits::{AuditsArgs, audits};
use crate::Outcome;
use crate::beside::is_missing;
use crate::plugins::public_key;
use crate::report::Reporter;

#[derive(Debug, Subcommand)]
pub(crate) enum DraftCommand {
    /// Write a list of revoked plugins, or the next one: with more entries, or only a later end. Comments
    /// in the file are not kept
    Revocations(RevocationsArgs),
    /// Write the statement that a new key follows an old one
    Rotation(RotationArgs),
    /// Write the list of what your own keys have attested, and of plugins that you warn of (--plugin,
    /// --digest), for other companies to import; or the next list
    Audits(AuditsArgs),
}

#[derive(Debug, ArgGroup)]
pub(crate) struct RevocationsArgs {
    /// The file of the list. If it is there, the next list is written: its number is counted up
    file: PathBuf,
    /// The name of a new list, under which later ones replace it
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    named: Named,
    /// All that a key has signed: the file of the public key; repeat the option for several
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// A content that no range and no key of the list revokes; repeat the option for several
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    keep: Vec<Digest>,
    /// The last day before there must be a later list, as in 2027-01-31, or a time [default: as long as
    /// the list before it; 90 days for a new one]
    #[arg(long, value_name = "DATE", value_parser = day)]
    expires: Option<Timestamp>,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct RotationArgs {
    /// The file of the statement
    file: PathBuf,
    /// The file of the old public key
    #[arg(long, value_name = "FILE")]
    old: PathBuf,
    /// The file of the new public key
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    /// For which plugins: NAMESPACE:NAME, NAMESPACE:* or *; repeat the option for several
    #[arg(long = "for", required = true, value_name = "PLUGINS", value_parser = pattern)]
    plugins: Vec<NamePattern>,
}

pub(super) fn draft(command: &DraftCommand, reporter: &Reporter) -> Result<Outcome> {
    match command {
        DraftCommand::Revocations(args) => revocations(args, reporter),
        DraftCommand::Rotation(args) => rotation(args, reporter),
        DraftCommand::Audits(args) => audits(args, reporter),
    }
}

/// Writes a list of revoked plugins.
///
/// # Errors
/// If what is there is no such list, or the new one would be none; any I/O error.
fn revocations(args: &RevocationsArgs, reporter: &Reporter) -> Result<Outcome> {
    let before = match is_missing(&args.file) {
        true => known_list(args.name.as_deref())?,
        false => Some(List::parse(&read_small(&args.file, MAX_BYTES)?, &args.file)?),
    };
    let name = name(args.name.as_deref(), before.as_ref().map(|list| list.name.as_str()))?;
    let span = span(args.expires, before.as_ref().map(|list| (list.issued, list.expires)))?;
    let mut list = List::new(&name, span);
    if let Some(before) = before {
        (list.sequence, list.keep, list.revoked) = (next(before.sequence)?, before.keep, before.revoked);
    }
    args.named.change(&mut list.revoked, &args.key)?;
    let more: Vec<_> = args.keep.iter().filter(|digest| !list.keep.contains(digest)).copied().collect();
    list.keep.extend(more);
    List::parse(list.to_text().as_bytes(), &args.file)?;
    write(&args.file, &list.to_text())?;
    let mut page = Page::of(format_args!(
        "{}: the list {} with number {}, which expires at {}",
        args.file.shown(),
        list.name,
        list.sequence,
        list.expires
    ));
    list.revoked.iter().for_each(|entry| page.line(format_args!("revokes {entry}")));
    list.keep.iter().for_each(|digest| page.line(format_args!("keeps digest {digest}")));
    to_sign(&args.file, &mut page);
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// The list of this name that was accepted here, which a new file continues.
fn known_list(name: Option<&str>) -> Result<Option<List>> {
    let Some(name) = name else { return Ok(None) };
    let Some(folder) = Folder::open(&folder::path()?)? else { return Ok(None) };
    let known = lists(&OsStorage, &folder.entry(LISTS))?;
    Ok(known.get(name).map(|accepted| accepted.list.clone()))
}

/// Writes the statement of a new key.
///
/// # Errors
/// If the file is there, or the keys are the same; any I/O error.
fn rotation(args: &RotationArgs, reporter: &Reporter) -> Result<Outcome> {
    if !is_missing(&args.file) {
        return Err(Error::new(Kind::Refused, format!("{} exists", args.file.shown()))
            .hint("name another file: a statement is made once"));
    }
    let (now, _) = span(None, None)?;
    let keys = (public_key(&args.old)?, public_key(&args.new)?);
    let statement = Statement::new(keys, args.plugins.clone(), now);
    Statement::parse(statement.to_text().as_bytes(), &args.file)?;
    write(&args.file, &statement.to_text())?;
    let mut page =
        Page::of(format_args!("{}: {} follows {}", args.file.shown(), statement.new, statement.old));
    page.line(format_args!("`runner trust sign {} --key OLD` signs it, with the old key", args.file.word()));
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
