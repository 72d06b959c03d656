//! The receipt of a change by `apply`.
//!
//! Everything that can fail is tried before the file is changed: the key is opened, the
//! receipt's file is created, and salts are durable. What is left is to write it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::commit::output::Output;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, shown, with_name};
use runner_pipeline::hash::proof::Content;
use runner_pipeline::run::{Program, Report};
use runner_pipeline::sidecar::check_not_reserved;
use runner_pipeline::storage::Entry;
use runner_trust::receipt::{Edits, Key, MAX_PARAM_BYTES, Param, Receipt, Value, commitment, salt};
use serde_json::json;

use super::ApplyOptions;
use crate::beside::is_missing;
use crate::history::now;
use crate::plugins::{PasswordArgs, Pending, secret_key, write_new_secret};
use crate::report::Reporter;

/// The name of the file with the salts is that of the receipt, and this.
const SALTS: &str = ".salts";

#[derive(Debug, Clone, ArgGroup)]
pub(crate) struct ReceiptArgs {
    /// Write a receipt of the change: a signed statement of what was changed by which plugin, with a
    /// proof that the rest is the same, which `runner receipt verify` checks without the file
    #[arg(long, value_name = "FILE", requires = "receipt_key", conflicts_with_all = ["dry_run", "check", "resume"])]
    pub(super) receipt: Option<PathBuf>,
    /// The file of the secret key that signs the receipt: an Ed25519 key, in the format of minisign or
    /// of OpenSSH
    #[arg(long, value_name = "KEY", requires = "receipt")]
    receipt_key: Option<PathBuf>,
    /// Put no value of a parameter into the receipt, but salted hashes, as for secret parameters
    #[arg(long, requires = "receipt")]
    receipt_hide: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A receipt that can be written as soon as the file is changed.
pub(super) struct Ready {
    path: PathBuf,
    key: Key,
    pending: Pending,
    params: Shows,
}

/// Which values of parameters are in a receipt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Public,
    Nothing,
}

/// The same with the parameters, and the salts for the owner.
pub(super) struct Begun {
    ready: Ready,
    params: Vec<Param>,
    salts: Option<Salts>,
}

/// The file with the salts, which is removed unless the receipt is written.
struct Salts {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Salts {
    fn drop(&mut self) {
        if !self.is_kept {
            // The error that ended the run is the one to report.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Ready {
    /// Opens the key and creates the file, if a receipt is wanted.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is such a file, another one is to get the name, or the key
    /// cannot sign; any I/O error.
    pub(super) fn new(options: &ApplyOptions) -> Result<Option<Self>> {
        let args = &options.receipt;
        let (Some(path), Some(key)) = (&args.receipt, &args.receipt_key) else { return Ok(None) };
        let entry = Entry::resolve(path)?;
        check_not_reserved(&entry)?;
        let salts = salts_of(path);
        for file in [path, &salts] {
            if !is_missing(file) {
                return Err(Error::new(Kind::Usage, format!("{} already exists", file.shown()))
                    .hint("choose another name, or remove it"));
            }
        }
        for (option, other) in [("-o", &options.output), ("--undo", &options.undo)] {
            let Some(other) = other.as_ref().filter(|other| *other != Path::new("-")) else { continue };
            if Entry::resolve(other)?.path() == entry.path() {
                return Err(Error::new(Kind::Usage, format!("--receipt and {option} name the same file")));
            }
        }
        let secret = secret_key(key)?;
        let password = if secret.is_encrypted() { Some(args.password.known()?) } else { None };
        let key = Key::open(&secret, password.as_deref()).map_err(|error| {
            error.within(format!("cannot sign a receipt with the key in {}", key.shown()))
        })?;
        let params = if args.receipt_hide { Shows::Nothing } else { Shows::Public };
        Ok(Some(Self { path: path.clone(), key, pending: Pending::create(path)?, params }))
    }

    /// Takes the parameters, and makes the salts durable.
    ///
    /// # Errors
    /// [`Kind::Usage`] for what is no file that a receipt can be about, and for parameters
    /// that are too long; any I/O error.
    pub(super) fn begin(
        self,
        program: &Program<'_>,
        hidden: Vec<Vec<u8>>,
        output: Option<&Output>,
    ) -> Result<Begun> {
        if matches!(output, Some(Output::Stream(..))) {
            return Err(Error::new(Kind::Usage, "a receipt is for a file, which a stream is not")
                .hint("write to a file with -o, or leave out --receipt"));
        }
        let (mut params, mut salts) = (Vec::new(), Vec::new());
        let mut hidden = hidden.into_iter();
        for (name, shown) in &program.params {
            let value = match shown {
                Some(value) if self.params == Shows::Public => Value::Shown(value.clone()),
                _ => {
                    let value = shown.clone().map_or_else(|| hidden.next(), |value| Some(value.into_bytes()));
                    let value = value.ok_or_else(|| {
                        Error::new(Kind::Internal, "a secret parameter has no value for the receipt")
                    })?;
                    let salt = salt()?;
                    let hex: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
                    salts.push(json!({ "name": name, "salt": hex }));
                    Value::Hidden(commitment(&salt, name, &value))
                }
            };
            params.push(Param { name: name.clone(), value });
        }
        check_length(&params)?;
        let mut kept = None;
        if !salts.is_empty() {
            let path = salts_of(&self.path);
            write_new_secret(&path, &(json!({ "salts": salts }).to_string() + "\n"))?;
            kept = Some(Salts { path, is_kept: false });
        }
        Ok(Begun { ready: self, params, salts: kept })
    }
}

fn check_length(params: &[Param]) -> Result<()> {
    let bytes = |param: &Param| {
        param.name.len()
            + match &param.value {
                Value::Shown(value) => value.len(),
                Value::Hidden(hash) => hash.len(),
            }
    };
    if params.iter().map(bytes).sum::<usize>() > MAX_PARAM_BYTES {
        return Err(Error::new(Kind::Usage, "the parameters are too long for a receipt").hint(
            "--receipt-hide puts only hashes of their values into it; a value that begins with @ is read from a file",
        ));
    }
    Ok(())
}

fn salts_of(receipt: &Path) -> PathBuf {
    let mut name = OsString::from(receipt);
    name.push(SALTS);
    name.into()
}

impl Begun {
    /// Signs and writes the receipt of a change that is complete.
    ///
    /// # Errors
    /// Any error; it says that the file was changed.
    pub(super) fn write(self, changed: &Path, program: &Program<'_>, report: &Report) -> Result<Written> {
        let path = self.ready.path.clone();
        self.publish(changed, program, report).map_err(|error| {
            let what = format!(
                "{} was changed, completely and durably, but the receipt {} could not be written",
                changed.shown(),
                path.shown()
            );
            error.within(what).hint(
                "no receipt can be made of it any more: `runner log` and an undo file say what was changed",
            )
        })
    }

    fn publish(mut self, changed: &Path, program: &Program<'_>, report: &Report) -> Result<Written> {
        let receipt = self.receipt(changed, program, report)?;
        let line = receipt.sign(&self.ready.key)?;
        let Ready { path, pending, .. } = self.ready;
        pending.publish(line.as_bytes())?;
        if let Some(salts) = &mut self.salts {
            salts.is_kept = true;
        }
        Ok(Written { path, salts: self.salts.as_ref().map(|salts| salts.path.clone()) })
    }

    fn receipt(&mut self, changed: &Path, program: &Program<'_>, report: &Report) -> Result<Receipt> {
        let missing = || Error::new(Kind::Internal, "the run has proven nothing");
        let (Some(proven), Some(old), Some(new)) = (&report.proven, report.pre_root, report.post_root) else {
            return Err(missing());
        };
        let stats = &report.stats;
        let strategy = serde_json::to_value(report.plan.strategy).unwrap_or_default();
        let file = changed.file_name().unwrap_or(changed.as_os_str());
        Ok(Receipt {
            runner: env!("CARGO_PKG_VERSION").parse().map_err(|_| missing())?,
            time: now(),
            file: shown(Path::new(file)).to_string(),
            plugin: program.id.clone(),
            params: std::mem::take(&mut self.params),
            conversion: proven.conversion.clone(),
            old: Content { size: stats.pre_size, root: old },
            new: Content { size: stats.post_size(), root: new },
            written: strategy.as_str().unwrap_or_default().to_owned(),
            verified: report.level.to_string(),
            appended_bytes: report.appended_bytes,
            edits: Edits {
                count: stats.edits,
                old_bytes: stats.old_bytes,
                new_bytes: stats.new_bytes,
                places: proven.edited.clone(),
            },
            proof: proven.proof.clone(),
        })
    }
}

/// A receipt that was written.
pub(super) struct Written {
    path: PathBuf,
    salts: Option<PathBuf>,
}

impl Written {
    /// Says where it is.
    ///
    /// # Errors
    /// If that cannot be printed.
    pub(super) fn report(&self, file: &Path, reporter: &Reporter) -> Result<()> {
        let event = || {
            with_name(with_name(json!({ "event": "receipt-written" }), "file", file), "receipt", &self.path)
        };
        reporter.tell(event, || {
            let mut page = Page::of(format_args!("{}: the receipt is {}", file.shown(), self.path.shown()));
            if let Some(salts) = &self.salts {
                page.line(format_args!(
                    "{}: keep it, and show it to nobody; it shows which values the receipt has only hashes of",
                    salts.shown()
                ));
            }
            page
        })
    }
}
