//! `runner receipt`.

mod page;

use std::path::{Path, PathBuf};

use clap::{Args as ArgGroup, Subcommand};
use runner_pipeline::context::RunContext;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, count, shown};
use runner_pipeline::hash::proof::Content;
use runner_pipeline::run::root_of;
use runner_pipeline::storage::read_small;
use runner_policy::decide::Situation;
use runner_policy::trust::{Key, Role};
use runner_trust::id::Id;
use runner_trust::receipt::{MAX_BYTES, Receipt, Signed};
use runner_trust::signer::Signer;

use crate::Outcome;
use crate::args::threads;
use crate::explain::reason;
use crate::guard::Guard;
use crate::plugins::public_key;
use crate::report::Reporter;

/// Maximum number of characters of a key that a receipt names.
const KEY_CHARS: usize = 120;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Check a receipt, and show what it says: exit code 4 if no trusted key has signed it, 5 if it
    /// does not hold
    Verify(VerifyArgs),
}

#[derive(Debug, ArgGroup)]
pub(crate) struct VerifyArgs {
    /// The receipt
    receipt: PathBuf,
    /// The file, to see whether it is the one after the change, or the one before it. Without it, the
    /// receipt is checked alone
    file: Option<PathBuf>,
    /// The file of the public key that must have signed it; repeat the option for several, of which one
    /// is enough [default: the keys that are trusted for receipts]
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Number of worker threads that read the file [default: one per core]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print all that it says as JSON on standard output
    #[arg(long)]
    json: bool,
}

impl ReceiptCommand {
    pub(crate) fn is_json(&self) -> bool {
        let Self::Verify(args) = self;
        args.json
    }
}

/// Whose receipt it is.
struct SignedBy {
    signer: Signer,
    /// The name under which the key is trusted; `None` if it was given.
    name: Option<String>,
}

/// Which content a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// That after the change.
    New,
    /// That before it.
    Old,
    /// The one that it had before and after.
    Same,
    NotAtHand,
}

/// Checks a receipt.
///
/// # Errors
/// [`Kind::Verification`] if it does not hold, or a file is neither of its contents;
/// [`Kind::Refused`] if no trusted key has signed it; any I/O error.
pub(crate) fn run(command: &ReceiptCommand, reporter: &Reporter) -> Result<Outcome> {
    let ReceiptCommand::Verify(args) = command;
    let path = &args.receipt;
    let bytes = read_small(path, MAX_BYTES as u64)?;
    let signed =
        Signed::parse(&bytes).map_err(|error| error.within(format!("cannot use {}", path.shown())))?;
    let by = signed_by(&signed, args)?;
    let compared = match &args.file {
        Some(file) => compare(&signed.receipt, file, args, reporter)?,
        None => Compared::NotAtHand,
    };
    let said = page::Said { receipt: &signed.receipt, by: &by, compared, file: args.file.as_deref() };
    if args.json {
        reporter.event(&said.event())?;
    } else {
        reporter.show(&said.page(path))?;
    }
    Ok(Outcome::Done)
}

/// The key that has signed it, among those that count.
fn signed_by(signed: &Signed, args: &VerifyArgs) -> Result<SignedBy> {
    let path = &args.receipt;
    let given = args.key.iter().map(|key| public_key(key)).collect::<Result<Vec<_>>>()?;
    let mut keys: Vec<_> = given.into_iter().map(|signer| SignedBy { signer, name: None }).collect();
    if args.key.is_empty() {
        let situation = Guard::load()?.situation;
        let trusted = receipt_keys(&situation, &ids(&signed.receipt)).into_iter();
        keys = trusted
            .map(|key| SignedBy { signer: key.signer.clone(), name: Some(key.name.clone()) })
            .collect();
    }
    let named: Vec<_> = signed.named_keys().map(|key| shown(key).cut(KEY_CHARS).to_string()).collect();
    // The name of a key is no proof, but whose it is must have signed it.
    let is_broken = keys.iter().any(|key| signed.named_keys().any(|name| name == key.signer.to_string()));
    if let Some(by) = keys.into_iter().find(|key| signed.is_signed_by(&key.signer)) {
        return Ok(by);
    }
    if is_broken {
        let what = format!("the signature of {} is not valid", path.shown());
        return Err(Error::new(Kind::Verification, what).hint("it was altered after it was signed"));
    }
    let why = format!("it names the key {}", named.join(", "));
    let error = Error::new(Kind::Refused, format!("no trusted key has signed {}", path.shown())).because(why);
    Err(match args.key.is_empty() {
        true => error
            .hint("give the file of the signer's public key with --key, if you have it from the signer")
            .hint("`runner trust add NAME KEY --for '*' --role receipt` trusts a key for all receipts"),
        false => error.hint("none of the keys given with --key has signed it"),
    })
}

/// The keys whose receipts of changes by these plugins count: trusted for all of them,
/// neither expired nor revoked. A plugin without an identity is one that only a key for
/// all plugins is trusted for.
fn receipt_keys<'s>(situation: &'s Situation, ids: &[Option<Id>]) -> Vec<&'s Key> {
    let (lists, now) = (&situation.lists, situation.time());
    let counts = |key: &&Key| {
        let may = |id: &Option<Id>| {
            key.is_for(Role::Receipt, id.as_ref()) && !lists.revokes_key(id.as_ref(), &key.signer)
        };
        !key.is_expired(now) && !ids.is_empty() && ids.iter().all(may)
    };
    situation.trust.keys.iter().filter(counts).collect()
}

/// The identities of the plugins, as the receipt has them.
fn ids(receipt: &Receipt) -> Vec<Option<Id>> {
    let plugins = receipt.plugin.each().len();
    let id = |number| receipt.plugin.evidence_of(number)?.id.as_ref()?.parse().ok();
    (0..plugins).map(id).collect()
}

/// Which of the two contents a file has.
fn compare(receipt: &Receipt, file: &Path, args: &VerifyArgs, reporter: &Reporter) -> Result<Compared> {
    let context = RunContext::unstoppable(threads(args.jobs));
    let found = root_of(file, context, &mut |event| reporter.progress(file, event))
        .map_err(|error| reason(file, error))?;
    reporter.clear();
    let has_size = |content: &Content| has_size(file, content);
    match (found == receipt.old.root, found == receipt.new.root) {
        (true, true) => has_size(&receipt.new).map(|()| Compared::Same),
        (_, true) => has_size(&receipt.new).map(|()| Compared::New),
        (true, _) => has_size(&receipt.old).map(|()| Compared::Old),
        _ => {
            let what = format!("{} is neither the file before the change nor the one after it", file.shown());
            let sizes = match receipt.appended_bytes {
                0 => String::new(),
                bytes => format!("; {} appended by others belong to neither", count(bytes, "byte")),
            };
            Err(Error::new(Kind::Verification, what).hint(format!(
                "its root is {found}; before it was {}, and after it {}{sizes}",
                receipt.old.root, receipt.new.root
            )))
        }
    }
}

/// Holds the size of a file with the right root against what the receipt says: where the
/// ranges of the proof lie depends on it.
///
/// # Errors
/// [`Kind::Verification`] if it is another one; any I/O error.
fn has_size(file: &Path, content: &Content) -> Result<()> {
    let metadata = std::fs::metadata(file).map_err(Error::at("inspect", file))?;
    // A block device has none here.
    if metadata.is_file() && metadata.len() != content.size {
        let (found, said) = (count(metadata.len(), "byte"), count(content.size, "byte"));
        let what = format!("{} has {found}, and the receipt says that it has {said}", file.shown());
        return Err(Error::new(Kind::Verification, what)
            .because("its root is the right one, so whoever signed the receipt has written a wrong size")
            .hint("believe nothing of it: the places of the changes depend on the size"));
    }
    Ok(())
}
