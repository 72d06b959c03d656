//! Files with keys and passwords. Secrets come from files that nobody else may
//! read, or from the terminal; never from an argument.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::{Entry, OsStorage, Storage as _, open_small, read_small};
use runner_trust::secret::SecretKey;
use runner_trust::signer::Signer;

/// The greatest size of a file with a key, a signature or a password, in bytes.
pub(super) const KEY_BYTES: u64 = 16 << 10;

/// Where a password comes from.
#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct PasswordArgs {
    /// Read the password of the secret key from the first line of a file, which only you may read
    /// [default: ask on the terminal]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// The password of a key that is there.
    ///
    /// # Errors
    /// If there is neither a file nor a terminal, or the file cannot be trusted.
    pub(crate) fn known(&self) -> Result<String> {
        match &self.password_file {
            Some(path) => of_file(path),
            None => ask("Password of the secret key: "),
        }
    }

    /// The password of a new key.
    ///
    /// # Errors
    /// As for [`PasswordArgs::known`]; if it is typed in two ways.
    pub(super) fn chosen(&self) -> Result<String> {
        let Some(path) = &self.password_file else {
            let password = ask("Password for the secret key: ")?;
            if ask("The same once more: ")? != password {
                return Err(Error::new(Kind::Usage, "the two passwords are not the same"));
            }
            return Ok(password);
        };
        of_file(path)
    }
}

fn ask(prompt: &str) -> Result<String> {
    let password = rpassword::prompt_password(prompt).map_err(|error| {
        Error::new(Kind::Usage, "there is no terminal to ask for the password").because(error).hint(
            "--password-file FILE reads it from a file; `plugin keygen --no-password` makes a key without one",
        )
    })?;
    not_empty(password, "the password is empty")
}

fn of_file(path: &Path) -> Result<String> {
    let text = read_secret(path)?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    not_empty(line, &format!("the first line of {} is empty", path.shown()))
}

fn not_empty(password: String, why: &str) -> Result<String> {
    if password.is_empty() { Err(Error::new(Kind::Usage, why)) } else { Ok(password) }
}

/// Reads a file with a secret.
///
/// # Errors
/// [`Kind::Refused`] if another user may read it. No error holds anything of its
/// content.
fn read_secret(path: &Path) -> Result<String> {
    let file = open_small(path, KEY_BYTES)?;
    check_private(&file, path)?;
    let mut text = String::new();
    file.take(KEY_BYTES).read_to_string(&mut text).map_err(Error::at("read", path))?;
    Ok(text)
}

fn check_private(file: &File, path: &Path) -> Result<()> {
    let metadata = file.metadata().map_err(Error::at("read the metadata of", path))?;
    let refused = |why: &str| {
        Error::new(Kind::Refused, format!("{} is not secret", path.shown())).because(why.to_owned())
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused("it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o7777;
        return Err(refused(&format!("other users may read or write it (mode {mode:o})"))
            .hint(format!("if nobody has read it, `chmod 600 {}`; otherwise make a new key", path.word())));
    }
    Ok(())
}

/// Reads a secret key.
///
/// # Errors
/// If it is no secret key, or another user may read it.
pub(crate) fn secret_key(path: &Path) -> Result<SecretKey> {
    SecretKey::new(read_secret(path)?).map_err(|error| in_file(error, path))
}

/// Reads a public key.
///
/// # Errors
/// If it is none.
pub(crate) fn public_key(path: &Path) -> Result<Signer> {
    read_text(path)?.parse().map_err(|error| in_file(error, path))
}

/// Reads a file with a key that is no secret, or a signature.
///
/// # Errors
/// If it is too long or no text; any I/O error.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_small(path, KEY_BYTES)?)
        .map_err(|_| Error::new(Kind::Usage, format!("{} is not UTF-8", path.shown())))
}

fn in_file(error: Error, path: &Path) -> Error {
    error.within(format!("cannot use the key in {}", path.shown()))
}

/// Writes a new file that only this user may read, and makes it durable.
///
/// # Errors
/// If there is such a file; any I/O error. Then there is no new one.
pub(crate) fn write_new_secret(path: &Path, content: &str) -> Result<()> {
    let entry = Entry::resolve(path)?;
    let file = OsStorage.create(&entry).map_err(Error::at("create", path))?;
    let written = OsStorage
        .write_all_at(&file, content.as_bytes(), 0)
        .and_then(|()| OsStorage.sync_all(&file))
        .and_then(|()| OsStorage.sync_parent(&entry));
    written.map_err(|error| {
        let _ = OsStorage.remove(&entry);
        Error::io("write", path, error)
    })
}
