//! `runner plugin keygen`, `sign`, `statement` and `verify`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_sandbox::plugin::Resolved;
use runner_trust::attestation::Subject;
use runner_trust::format::Format;
use runner_trust::package::Package;
use runner_trust::signer::{Signer, can_be_for};
use runner_trust::{minisign, statement};

use super::evidence::{demand, describe, read_beside};
use super::inspect::section;
use super::key_files::{PasswordArgs, public_key, read_text, secret_key, write_new_secret};
use super::new_file::{beside, is_missing, put};
use crate::Outcome;
use crate::report::Reporter;
use crate::signature_files::{for_key, present};

#[derive(Debug, ArgGroup)]
pub(crate) struct KeygenArgs {
    /// The file of the secret key. The public key is written beside it, with `.pub` at the end
    file: PathBuf,
    #[command(flatten)]
    password: PasswordArgs,
    /// Do not encrypt the secret key: whoever can read its file can sign
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct SignArgs {
    /// The path of a .wasm file that `plugin package` has written
    plugin: PathBuf,
    /// The file of the secret key, in the format of minisign or of OpenSSH
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct VerifyArgs {
    /// The path of a .wasm file
    plugin: PathBuf,
    /// The file of the public key, in the format of minisign or of OpenSSH
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The file of the signature [default: those of the plugin, with `.minisig`, `.2.minisig` and so on, or
    /// `.sshsig`, at the end]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The file of the public key of a person or a machine who must have attested something of the
    /// plugin, in the file `.intoto.jsonl` beside it; repeat the option for several
    #[arg(long, value_name = "FILE")]
    attester: Vec<PathBuf>,
}

/// Makes a pair of keys.
///
/// # Errors
/// If one of the two files exists, or there is no password; any I/O error.
pub(super) fn keygen(args: &KeygenArgs, reporter: &Reporter) -> Result<Outcome> {
    let mut public = OsString::from(&args.file);
    public.push(".pub");
    let public = PathBuf::from(public);
    for path in [&args.file, &public] {
        if !is_missing(path) {
            return Err(Error::new(Kind::Refused, format!("{} exists", path.shown()))
                .hint("a key is never replaced: what it has signed could not be checked any more"));
        }
    }
    let password = if args.no_password { None } else { Some(args.password.chosen()?) };
    let pair = minisign::generate(password.as_deref())?;
    write_new_secret(&args.file, &pair.secret)?;
    put(&public, pair.public.as_bytes())?;
    let (secret, public) = (args.file.shown(), public.shown());
    reporter.show(&Page::of(format_args!("{secret}: the secret key; keep it, and show it to nobody")))?;
    reporter
        .show(&Page::of(format_args!("{public}: the public key; give it to those who use your plugins")))?;
    Ok(Outcome::Done)
}

/// Signs a plugin.
///
/// # Errors
/// If it is not packed, or the key cannot be used; any I/O error.
pub(super) fn sign(args: &SignArgs, reporter: &Reporter) -> Result<Outcome> {
    let (source, package) = packed(&args.plugin)?;
    let key = secret_key(&args.key)?;
    let password = if key.is_encrypted() { Some(args.password.known()?) } else { None };
    let signature = key.sign(password.as_deref(), &package.id, &source.bytes)?;
    // Signatures by others over the same bytes stay.
    let can_be = |text: &str| can_be_for(&package.id, &source.bytes, text);
    let path = for_key((&args.plugin, key.format().suffix()), &key.public(password.as_deref())?, can_be)?;
    put(&path, signature.as_bytes())?;
    let mut page = Page::of(format_args!("{}: {} is signed", path.shown(), package.id));
    let all = Format::ALL.into_iter().flat_map(|format| present(&args.plugin, format.suffix())).count();
    if all > 1 {
        page.line(format_args!("it has {all} signatures now"));
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Prints what is signed, for other programs that sign.
///
/// # Errors
/// If the plugin is not packed.
pub(super) fn statement(plugin: &Path, reporter: &Reporter) -> Result<Outcome> {
    let (source, package) = packed(plugin)?;
    let line = statement::line(&package.id, &blake3::hash(&source.bytes));
    reporter.own(line.as_bytes())?;
    Ok(Outcome::Done)
}

/// Checks a signature, and attestations.
///
/// # Errors
/// If there is none, or it is not one of this key over this plugin; if one who must
/// have attested has not.
pub(super) fn verify(args: &VerifyArgs, reporter: &Reporter) -> Result<Outcome> {
    let (source, package) = packed(&args.plugin)?;
    let key = public_key(&args.key)?;
    let files = match &args.signature {
        Some(file) if is_missing(file) => return Err(unsigned(&args.plugin, file, key.format())),
        Some(file) => vec![file.clone()],
        None => present(&args.plugin, key.format().suffix()).collect(),
    };
    let said = said(&key, (&args.plugin, &source.bytes, &package), &files)?;
    let digest = blake3::hash(&source.bytes);
    let mut page = Page::of(format_args!("{}: {}, digest {digest}", args.plugin.shown(), package.id));
    page.line(format_args!("signed by {key}"));
    page.line(format_args!("it says: {said}"));
    let attesters = args.attester.iter().map(|path| public_key(path)).collect::<Result<Vec<_>>>()?;
    let subject = Subject::new(&package.id, &source.bytes);
    let attestations = read_beside(&args.plugin)?;
    let mut keys = attesters.clone();
    keys.extend((!attesters.contains(&key)).then_some(key));
    describe(&attestations, &keys, &subject, &mut page);
    reporter.show(&page)?;
    demand(&attestations, &attesters, &subject, &args.plugin)?;
    Ok(Outcome::Done)
}

/// What a key says of a plugin in one of these files.
///
/// # Errors
/// [`Kind::Refused`] if it has signed none of them; any I/O error.
fn said(key: &Signer, (path, bytes, package): (&Path, &[u8], &Package), files: &[PathBuf]) -> Result<String> {
    let mut refused = None;
    for file in files {
        match key.verify(&package.id, bytes, &read_text(file)?) {
            Ok(said) => return Ok(said),
            Err(error) => refused = refused.or(Some((file, error))),
        }
    }
    Err(match refused {
        Some((file, error)) => error.within(format!("{} does not vouch for {}", file.shown(), path.shown())),
        None => unsigned(path, &beside(path, key.format()), key.format()),
    })
}

fn unsigned(plugin: &Path, signature: &Path, format: Format) -> Error {
    let what = format!("{} has no signature of a key of {format}", plugin.shown());
    Error::new(Kind::Refused, what)
        .because(format!("there is no file {}", signature.shown()))
        .hint("get it from the author, or name its file with --signature")
}

/// A plugin, and what its section says.
pub(super) fn packed(path: &Path) -> Result<(Resolved, Package)> {
    let source = Resolved::file(path)?;
    let package = section(&source)?.ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("nothing is written in {} that says which plugin it is", path.shown()),
        )
        .hint("`runner plugin package` writes it, before the plugin is signed")
    })?;
    Ok((source, package))
}
