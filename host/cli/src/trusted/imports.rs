//! `runner trust import`: believes the audits of another company, in one's own words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args as ArgGroup;
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown};
use runner_pipeline::storage::read_small;
use runner_policy::audits::{Audits, LONGEST};
use runner_policy::imports::{self, Import, Pin};
use runner_policy::pattern::NamePattern;
use runner_policy::revocation::names;
use runner_policy::signed::{Authority, authority};
use runner_policy::text::MAX_BYTES;
use runner_policy::trust::Role;
use runner_policy::when::SKEW;
use runner_store::digest::Digest;
use runner_trust::attestation::check_criteria;

use super::given::{day, pattern};
use super::ours::Ours;
use super::signing::signatures;
use crate::Outcome;
use crate::guard::lists;
use crate::report::Reporter;

#[derive(Debug, ArgGroup)]
pub(crate) struct ImportArgs {
    /// The list of audits, which a company has signed
    list: PathBuf,
    /// A signature of it; repeat the option for several [default: the files with `.minisig`, `.2.minisig`
    /// and so on, and `.sig`, added to its name]
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,
    /// What a word of theirs means in your policies, such as deployable=safe-to-run; repeat the option for
    /// several. Other words count for nothing, but those of `runner` itself, such as runner:vetted, mean
    /// the same for all [default: as for the list before it]
    #[arg(long, value_name = "THEIRS=OURS", value_parser = word)]
    criteria: Vec<(String, String)>,
    /// Only for these plugins: NAMESPACE:NAME, NAMESPACE:* or *; repeat the option for several [default:
    /// as for the list before it, or all for which their key is trusted]
    #[arg(long = "for", value_name = "PLUGINS", value_parser = pattern)]
    plugins: Vec<NamePattern>,
    /// The last day on which it counts, as in 2027-01-31, or a time, at most a year from now [default:
    /// when the list expires]
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Timestamp>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

fn word(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.split_once('=').ok_or("write THEIRS=OURS, such as deployable=safe-to-run")?;
    let both = [theirs.to_owned(), ours.to_owned()];
    for word in &both {
        check_criteria(std::slice::from_ref(word)).map_err(|error| error.to_string())?;
    }
    let [theirs, ours] = both;
    Ok((theirs, ours))
}

/// Imports a list of audits, in place of an earlier one of its name, and shows what changes.
///
/// # Errors
/// [`Kind::Refused`] if none of those who may has signed it, or a newer one is imported already; any
/// I/O error.
pub(super) fn import(args: &ImportArgs, reporter: &Reporter) -> Result<Outcome> {
    let bytes = read_small(&args.list, MAX_BYTES)?;
    let audits = Audits::parse(&bytes, &args.list)?;
    // It was parsed, so it is UTF-8.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let signatures = signatures(&args.list, &args.signatures)?;
    let ours = Ours::open(reporter)?;
    let (mut trust, lists) = (ours.places.trust()?, lists()?);
    let now = lists.newest().map_or_else(Timestamp::now, |newest| newest.max(Timestamp::now()));
    trust.keys.retain(|key| key.level <= ours.level && !lists.revokes_key_for(&key.plugins, &key.signer));
    let by = authority(&trust, Role::Audit, (&text, &signatures), now);
    let mut pins = ours.places.pins(&ours.folder, ours.level)?;
    let old = pins.iter().find(|pin| pin.name == audits.name);
    let blake3 = Digest::of(&bytes);
    check((&audits, blake3), &by, old, now)?;
    // One that is damaged is replaced.
    let before = ours.places.imports().unwrap_or_default();
    let before = before.iter().find(|other| other.pin.name == audits.name && other.level == ours.level);
    let pin = Pin {
        name: audits.name.clone(),
        sequence: audits.sequence,
        blake3,
        plugins: within(args, old, &by)?,
        signed_by: by.names,
        keys: by.signers,
        until: until(args, &audits, now)?,
        criteria: words(args, old),
    };
    let new = Import::new(pin.clone(), &bytes, &args.list, ours.level)?;
    let page = changes(&new, before, now);
    if !args.dry_run {
        // The list first: once it is named, it is there.
        ours.write(&pin.file_name(), &text)?;
        let gone: Vec<_> = pins.iter().filter(|old| old.name == pin.name && **old != pin).cloned().collect();
        pins.retain(|old| old.name != pin.name);
        pins.push(pin);
        ours.write(imports::NAME, &imports::to_text(&pins))?;
        sweep(&ours, &gone, &pins);
    }
    reporter.show(&page)?;
    if args.dry_run {
        reporter.show(&Page::of("nothing was imported: this was only a look"))?;
    }
    Ok(Outcome::Done)
}

/// Whether a list may be imported.
fn check(
    (audits, blake3): (&Audits, Digest),
    by: &Authority,
    old: Option<&Pin>,
    now: Timestamp,
) -> Result<()> {
    let refused = |why: String| {
        let what = format!("the audits {} with number {} are not imported", audits.name, audits.sequence);
        Error::new(Kind::Refused, what).because(why)
    };
    if by.plugins.is_empty() {
        let why = match by.names.as_slice() {
            [] => "no key that is trusted with the role `audit`, and is neither expired nor revoked, has signed them"
                .to_owned(),
            names => format!("{} has signed them, and its group demands more", names.join(" and ")),
        };
        return Err(refused(why).hint(
            "get the public key of the company, and trust it: `runner trust add NAME KEY.pub --role audit --for PLUGINS`",
        ));
    }
    if audits.issued > now.checked_add(SKEW).unwrap_or(now) {
        return Err(refused(format!("they were issued at {}, and now it is {now}", audits.issued))
            .hint("set the clock, or ask who has issued them"));
    }
    if audits.expires <= now {
        return Err(refused(format!("they have expired at {}", audits.expires))
            .hint("get the newest from who issues them"));
    }
    // A name is that of those who had it first.
    if let Some(old) = old.filter(|old| !old.signed_by.iter().any(|name| by.names.contains(name))) {
        let (before, now) = (old.signed_by.join(" and "), by.names.join(" and "));
        return Err(refused(format!("those that are imported are signed by {before}, and these by {now}"))
            .hint(format!(
                "if that is right, `runner trust remove --import {}` removes the others first",
                old.name
            )));
    }
    let is_older = |old: &&Pin| {
        old.sequence > audits.sequence || old.sequence == audits.sequence && old.blake3 != blake3
    };
    match old.filter(is_older) {
        Some(old) => Err(refused(format!("those with number {} are imported already", old.sequence))
            .hint("they may have been put in place of newer ones: get the newest from who issues them")),
        None => Ok(()),
    }
}

/// The plugins of which they may speak: no others than their keys are trusted for.
fn within(args: &ImportArgs, old: Option<&Pin>, by: &Authority) -> Result<Vec<NamePattern>> {
    let wanted = match (args.plugins.as_slice(), old) {
        ([], Some(old)) => &old.plugins,
        ([], None) => &by.plugins,
        (given, _) => given,
    };
    let is_within = |wanted: &&NamePattern| by.plugins.iter().any(|own| wanted.is_within(own));
    match wanted.iter().find(|wanted| !is_within(wanted)) {
        None => Ok(wanted.to_vec()),
        Some(_) => {
            let what = format!("the audits are not imported for {}", names(wanted));
            let why = format!("the keys that have signed them are trusted for {}", names(&by.plugins));
            Err(Error::new(Kind::Refused, what).because(why).hint("limit the import with --for"))
        }
    }
}

/// From when on they do not count any more.
fn until(args: &ImportArgs, audits: &Audits, now: Timestamp) -> Result<Timestamp> {
    let latest = now.checked_add(LONGEST).unwrap_or(now);
    match args.until {
        Some(until) if until <= now || until > latest => {
            Err(Error::new(Kind::Usage, "audits of others count for a year at most, from now on")
                .hint("give an earlier day, and import the newest audits then"))
        }
        Some(until) => Ok(until),
        None => Ok(audits.expires.min(latest)),
    }
}

fn words(args: &ImportArgs, old: Option<&Pin>) -> BTreeMap<String, String> {
    match (args.criteria.as_slice(), old) {
        ([], Some(old)) => old.criteria.clone(),
        (given, _) => given.iter().cloned().collect(),
    }
}

/// What changes, for people.
fn changes(new: &Import, before: Option<&Import>, now: Timestamp) -> Page {
    let mut page = Page::of(format_args!(
        "the audits {new}, signed by {}, for {}, until {}",
        new.pin.signed_by.join(" and "),
        names(&new.pin.plugins),
        new.end()
    ));
    let none = (Vec::new(), Vec::new());
    let (audits, warnings) =
        before.map_or(none, |before| (before.audits.audit.clone(), before.audits.violation.clone()));
    let mut lines = 0;
    let mut line = |sign: &str, text: String| {
        lines += 1;
        page.line(format_args!("{sign} {text}"));
    };
    for audit in audits.iter().filter(|old| !new.audits.audit.contains(old)) {
        line("-", format!("{} is {}", audit.plugin, audit.criteria.join(", ")));
    }
    for audit in new.audits.audit.iter().filter(|audit| !audits.contains(audit)) {
        line("+", format!("{} is {}, as of {}", audit.plugin, audit.criteria.join(", "), audit.time));
    }
    for entry in warnings.iter().filter(|old| !new.audits.violation.contains(old)) {
        line("-", format!("warns of {entry}"));
    }
    for entry in new.audits.violation.iter().filter(|entry| !warnings.contains(entry)) {
        line("+", format!("warns of {entry}; it is refused from now on"));
    }
    if lines == 0 {
        page.line("nothing of what they say has changed");
    }
    for (theirs, ours) in &new.pin.criteria {
        page.line(format_args!("their {theirs} is {ours} here"));
    }
    let silent = new.words_without_meaning();
    if !silent.is_empty() {
        let words = silent.iter().map(|word| shown(word).to_string()).collect::<Vec<_>>().join(", ");
        page.line(format_args!(
            "these words of theirs mean nothing here: {words}; `--criteria THEIRS=OURS` maps them"
        ));
    }
    if new.end() <= now {
        page.line("they count for nothing any more");
    }
    page
}

/// Removes lists that nothing names any more. What cannot be removed is only left over.
fn sweep(ours: &Ours, gone: &[Pin], pins: &[Pin]) {
    for old in gone.iter().filter(|old| !pins.iter().any(|pin| pin.blake3 == old.blake3)) {
        let _ = std::fs::remove_file(ours.folder.join(old.file_name()));
    }
}

/// Believes the audits of a name no more.
///
/// # Errors
/// If there are none; any I/O error.
pub(super) fn forget(name: &str, reporter: &Reporter) -> Result<Outcome> {
    let ours = Ours::open(reporter)?;
    let mut pins = ours.places.pins(&ours.folder, ours.level)?;
    let gone: Vec<_> = pins.iter().filter(|pin| pin.name == name).cloned().collect();
    if gone.is_empty() {
        let what = format!("no audits of the name {} are imported by {}", shown(name), ours.level);
        return Err(Error::new(Kind::Usage, what).hint("`runner trust list` shows which are"));
    }
    pins.retain(|pin| pin.name != name);
    ours.write(imports::NAME, &imports::to_text(&pins))?;
    sweep(&ours, &gone, &pins);
    let path = ours.folder.join(imports::NAME);
    let removed = count(gone.len() as u64, "import");
    reporter.show(&Page::of(format_args!("{}: {removed} removed", path.shown())))?;
    Ok(Outcome::Done)
}
