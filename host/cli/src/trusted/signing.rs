//! `runner trust sign`, and the files with signatures of lists and statements.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};
use runner_pipeline::storage::read_small;
use runner_policy::audits::Audits;
use runner_policy::kinds;
use runner_policy::revocation::List;
use runner_policy::rotation::Statement;
use runner_policy::text::{self, MAX_BYTES};
use runner_trust::format::Format;
use runner_trust::signer::{Signer, can_be_for_text};
use serde::Deserialize;

use crate::Outcome;
use crate::plugins::{PasswordArgs, put, secret_key};
use crate::report::Reporter;
use crate::signature_files::{for_key, present, read};

#[derive(Debug, ArgGroup)]
pub(crate) struct SignArgs {
    /// A list of revoked plugins, a list of audits, or the statement of a new key, as `trust draft` writes
    /// it
    file: PathBuf,
    /// The file of the secret key, in the format of minisign or of OpenSSH
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: PasswordArgs,
}

/// The names of files with signatures end so, as minisign and ssh-keygen write them.
fn suffix(format: Format) -> &'static str {
    match format {
        Format::Minisign => ".minisig",
        Format::Ssh => ".sig",
    }
}

/// The files with signatures beside a file.
pub(super) fn signatures_beside(file: &Path) -> impl Iterator<Item = PathBuf> {
    Format::ALL.into_iter().flat_map(move |format| present(file, suffix(format)).collect::<Vec<_>>())
}

/// The signatures of a file: those that are given, or those beside it.
///
/// # Errors
/// If there is none; any I/O error.
pub(super) fn signatures(file: &Path, given: &[PathBuf]) -> Result<Vec<String>> {
    let found = match given {
        [] => signatures_beside(file).collect(),
        given => given.to_vec(),
    };
    if found.is_empty() {
        let what = format!("{} is not signed: there is no {0}.minisig and no {0}.sig", file.shown());
        return Err(Error::new(Kind::Refused, what)
            .hint("get the signature from who has issued it, and name it with --signature"));
    }
    found.iter().map(|path| read(path)).collect()
}

/// What any of the files says first.
#[derive(Deserialize)]
struct Head {
    kind: String,
}

/// Signs a list or a statement. Signatures by others over it stay.
///
/// # Errors
/// If it is none, the key cannot be used, or is not the old one of a statement; any I/O
/// error.
pub(super) fn sign(args: &SignArgs, reporter: &Reporter) -> Result<Outcome> {
    let file = &args.file;
    let bytes = read_small(file, MAX_BYTES)?;
    let key = secret_key(&args.key)?;
    let password = if key.is_encrypted() { Some(args.password.known()?) } else { None };
    let signer = key.public(password.as_deref())?;
    let what = named(&bytes, file, &signer)?;
    // It was parsed, so it is UTF-8.
    let text = String::from_utf8_lossy(&bytes);
    let signature = key.sign_text(password.as_deref(), &text)?;
    signer.verify_text(&text, &signature)?;
    let can_be = |other: &str| can_be_for_text(&text, other);
    let path = for_key((file, suffix(key.format())), &signer, can_be)?;
    put(&path, signature.as_bytes())?;
    let mut page = Page::of(format_args!("{}: {what} is signed by {signer}", path.shown()));
    let all = signatures_beside(file).count();
    if all > 1 {
        page.line(format_args!("it has {all} signatures now"));
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// What is signed, for people. Nothing else is: a signature says that a list counts.
fn named(bytes: &[u8], file: &Path, signer: &Signer) -> Result<String> {
    let Head { kind } = toml_head(bytes, file)?;
    match kind.as_str() {
        kinds::REVOCATIONS => {
            let list = List::parse(bytes, file)?;
            Ok(format!("the list {} with number {}", list.name, list.sequence))
        }
        kinds::AUDITS => {
            let list = Audits::parse(bytes, file)?;
            Ok(format!("the audits {} with number {}", list.name, list.sequence))
        }
        kinds::ROTATION => {
            let statement = Statement::parse(bytes, file)?;
            if statement.old != *signer {
                let what = "the key is not the old one of the statement, which must sign it";
                return Err(
                    Error::new(Kind::Usage, what).because(format!("the old one is {}", statement.old))
                );
            }
            Ok(format!("the statement of the new key {}", statement.new))
        }
        _ => Err(Error::new(Kind::Usage, format!("{} is no list and no statement", file.shown()))
            .hint("`runner trust draft` writes them; `runner plugin sign` signs a plugin")),
    }
}

fn toml_head(bytes: &[u8], file: &Path) -> Result<Head> {
    text::parse(bytes, file).map_err(|error| {
        error.hint("`runner trust draft` writes lists and statements; `runner plugin sign` signs a plugin")
    })
}
