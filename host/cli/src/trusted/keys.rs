//! `runner trust add`, `list`, `remove` and `rotate`.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::{Args as ArgGroup, ValueEnum};
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_pipeline::storage::{Entry, OsStorage};
use runner_policy::decide::Situation;
use runner_policy::edit::{with, without};
use runner_policy::level::Level;
use runner_policy::pattern::NamePattern;
use runner_policy::places::Places;
use runner_policy::revocation::names;
use runner_policy::rotation::Statement;
use runner_policy::trust::{self, Key, Role, Trust};
use runner_policy::when;
use runner_store::folder::{self, Folder, Turn};
use runner_store::own_file;

use super::lists::signatures;
use crate::Outcome;
use crate::guard::{Guard, places};
use crate::plugins::{public_key, read_text, turn};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

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
    /// (vet), these plugins are not to be run any more (revoke), this plugin has made this change
    /// (receipt)
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
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Author => Self::Author,
            RoleArg::Vet => Self::Vet,
            RoleArg::Revoke => Self::Revoke,
            RoleArg::Receipt => Self::Receipt,
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

fn pattern(text: &str) -> Result<NamePattern, String> {
    text.parse()
}

/// The file of this user, or of the machine for root, while no other process changes it.
struct Ours {
    places: Places,
    folder: PathBuf,
    level: Level,
    text: String,
    _turn: (Folder, Turn),
}

impl Ours {
    fn open(reporter: &Reporter) -> Result<Self> {
        let places = places();
        let Some(folder) = places.user.clone() else {
            return Err(Error::new(Kind::Usage, "there is no folder for what this user trusts")
                .hint("set HOME, XDG_CONFIG_HOME or RUNNER_CONFIG_DIR to an absolute path"));
        };
        let level = if folder == places.machine { Level::Machine } else { Level::User };
        let store = Folder::open_or_create(&folder::path()?)?;
        let turn = turn(&store, cancel_on_signals()?, reporter)?;
        let bytes = places.read(&folder, trust::NAME, level)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let ours = Self { places, folder, level, text, _turn: (store, turn) };
        ours.parse(&bytes)?;
        Ok(ours)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(trust::NAME)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Trust> {
        Trust::parse(bytes, &self.path(), self.level)
    }

    /// Replaces the file, if what is to be there is right.
    fn replace(&self, text: &str) -> Result<()> {
        self.parse(text.as_bytes()).map_err(|error| {
            error
                .within("the file would not be right any more, so it was not changed")
                .hint("change it by hand")
        })?;
        let failed = || Error::at("create the folder", &self.folder);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed())?;
        let entry = Entry::resolve(&self.path())?;
        own_file::replace(&OsStorage, &entry, text.as_bytes())?;
        if self.level == Level::Machine {
            // All users must be able to read it.
            readable(&self.path()).map_err(Error::at("change the mode of", &self.path()))?;
            readable_folder(&self.folder).map_err(Error::at("change the mode of", &self.folder))?;
        }
        self.places.read(&self.folder, trust::NAME, self.level).map(drop)
    }
}

fn readable(path: &Path) -> std::io::Result<()> {
    let file = File::open(path)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}

fn readable_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.set_permissions(Permissions::from_mode(0o755))
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

/// A key for people.
fn line(key: &Key, now: Timestamp) -> String {
    let may = match key.role {
        Role::Author => "signs",
        Role::Vet => "vets",
        Role::Revoke => "revokes",
        Role::Receipt => "signs receipts of",
    };
    let until = match key.until {
        Some(until) if key.is_expired(now) => format!(", expired {until}"),
        Some(until) => format!(", until {until}"),
        None => String::new(),
    };
    format!("{} {may} {}{until}  {}", key.name, names(&key.plugins), key.signer)
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

/// Shows what counts here.
///
/// # Errors
/// If something cannot be read.
pub(super) fn list(reporter: &Reporter) -> Result<Outcome> {
    let Situation { trust, policies, lists, now } = Guard::load()?.situation;
    let mut page = Page::default();
    for key in &trust.keys {
        page.line(format_args!("key    {} ({} trusts it)", line(key, now), key.level));
    }
    for group in &trust.groups {
        let (min, of) = (group.min, group.keys.join(", "));
        page.line(format_args!("group  {}: {min} of {of} ({} says so)", group.name, group.level));
    }
    for policy in &policies {
        page.line(format_args!("policy {} (of {})", policy.path.shown(), policy.level));
    }
    for accepted in lists.all() {
        let list = &accepted.list;
        let revoked = count(list.revoked.len() as u64, "entry").replace("entrys", "entries");
        let old = if list.expires <= now { "expired" } else { "expires" };
        page.line(format_args!(
            "list   {}: number {}, {revoked}, {old} {}, signed by {}, for {}",
            list.name,
            list.sequence,
            list.expires,
            accepted.signed_by.join(" and "),
            names(&accepted.plugins)
        ));
    }
    if page.as_str().is_empty() {
        page.line("no key is trusted, and there is no policy and no list of revoked plugins");
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
