//! `runner trust add`, `remove` and `rotate`.

use std::path::PathBuf;

use clap::{Args as ArgGroup, ValueEnum};
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_policy::edit::{with, without};
use runner_policy::pattern::NamePattern;
use runner_policy::rotation::Statement;
use runner_policy::trust::{self, Key, Role};
use runner_policy::when;

use super::given::pattern;
use super::ours::Ours;
use super::shown::line;
use super::signing::signatures;
use crate::Outcome;
use crate::guard::Guard;
use crate::plugins::{public_key, read_text};
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct AddArgs {
    /// A name for whose key it is, as policies name it; several keys may have the same
    name: String,
    /// The file of the public key, of minisign or OpenSSH
    key: PathBuf,
    /// For which plugins: NAMESPACE:NAME, NAMESPACE:* or *; repeat the option for several
    #[arg(long = "for", required = true, value_name = "PLUGINS", value_parser = pattern)]
    plugins: Vec<NamePattern>,
    /// What the key may say: these bytes are this plugin (author), this plugin was tried or looked at
    /// (vet), these plugins are not to be run any more (revoke), these are the audits of a company, which
    /// `trust import` takes (audit), or this plugin has made this change (receipt)
    #[arg(long, value_enum, default_value_t = RoleArg::Author)]
    role: RoleArg,
    /// The last day on which it counts, as in 2027-01-31, or a time [default: no end]
    #[arg(long, value_name = "DATE", value_parser = when::end)]
    until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    Author,
    Vet,
    Revoke,
    Receipt,
    Audit,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Author => Self::Author,
            RoleArg::Vet => Self::Vet,
            RoleArg::Revoke => Self::Revoke,
            RoleArg::Receipt => Self::Receipt,
            RoleArg::Audit => Self::Audit,
        }
    }
}

#[derive(Debug, ArgGroup)]
pub(crate) struct RotateArgs {
    /// The statement, which names both keys
    statement: PathBuf,
    /// The signature of the old key [default: the file with `.minisig` or `.sig` added to its name]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

/// Trusts a key.
///
/// # Errors
/// If it is none, or is trusted already in this role; any I/O error.
pub(super) fn add(args: &AddArgs, reporter: &Reporter) -> Result<Outcome> {
    let signer = public_key(&args.key)?;
    if !trust::is_name(&args.name) {
        return Err(Error::new(Kind::Usage, "a name has 1 to 64 letters, digits, `-`, `_`, `.` and `@`"));
    }
    let ours = Ours::open(reporter)?;
    let (name, plugins, role) = (args.name.clone(), args.plugins.clone(), args.role.into());
    let key = Key { name, signer, plugins, role, until: args.until, level: ours.level };
    let is_same = |other: &Key| other.signer == key.signer && other.role == key.role;
    if let Some(other) = ours.parse(ours.text.as_bytes())?.keys.iter().find(|other| is_same(other)) {
        let what = format!("this key is trusted already, as that of {}", other.name);
        return Err(
            Error::new(Kind::Usage, what).hint(format!("`runner trust remove {}` removes it", other.name))
        );
    }
    ours.replace(&with(&ours.text, &key))?;
    let page = Page::of(format_args!("{}: {}", ours.path().shown(), line(&key, Timestamp::now())));
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Removes the keys of a name.
///
/// # Errors
/// If there is none; any I/O error.
pub(super) fn remove(name: &str, reporter: &Reporter) -> Result<Outcome> {
    let ours = Ours::open(reporter)?;
    let gone: Vec<_> =
        ours.parse(ours.text.as_bytes())?.keys.into_iter().filter(|key| key.name == name).collect();
    if gone.is_empty() {
        let what = format!("{} has no key of the name {}", ours.path().shown(), name.shown());
        return Err(Error::new(Kind::Usage, what).hint("`runner trust list` shows which there are"));
    }
    ours.replace(&without(&ours.text, |other, _| other == name))?;
    let removed = count(gone.len() as u64, "key");
    reporter.show(&Page::of(format_args!(
        "{}: {removed} of {} removed",
        ours.path().shown(),
        name.shown()
    )))?;
    Ok(Outcome::Done)
}

/// Takes a new key in place of an old one.
///
/// # Errors
/// [`Kind::Refused`] if the old key does not say so; any I/O error.
pub(super) fn rotate(args: &RotateArgs, reporter: &Reporter) -> Result<Outcome> {
    let text = read_text(&args.statement)?;
    let statement = Statement::parse(text.as_bytes(), &args.statement)?;
    let given: Vec<_> = args.signature.iter().cloned().collect();
    let signatures = signatures(&args.statement, &given)?;
    let ours = Ours::open(reporter)?;
    let trust = ours.parse(ours.text.as_bytes())?;
    let now = Timestamp::now();
    let lists = Guard::load()?.situation.lists;
    for key in [&statement.old, &statement.new] {
        if lists.revokes_key_for(&statement.plugins, key) {
            return Err(Error::new(Kind::Refused, "the new key is not taken")
                .because(format!("the key {key} is revoked"))
                .hint("get a new key from its owner in another way, and add it with `runner trust add`"));
        }
    }
    // The first signature is that of the old key, or none is.
    let mut found = Err(Error::new(Kind::Refused, "the statement is not signed"));
    for signature in &signatures {
        found = statement.follow(&trust, &text, signature, now);
        if found.is_ok() {
            break;
        }
    }
    let pairs = found?;
    let old = statement.old.to_string();
    let mut changed = without(&ours.text, |_, line| line == old);
    pairs.iter().flatten().for_each(|key| changed = with(&changed, key));
    ours.replace(&changed)?;
    let mut page = Page::default();
    pairs
        .iter()
        .flatten()
        .for_each(|key| page.line(format_args!("{}: {}", ours.path().shown(), line(key, now))));
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
