//! `runner plugin attest`: says in a signed statement that a plugin was vetted, or that
//! a person approves of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, escape};
use runner_pipeline::storage::{read_small, wait_for_lock};
use runner_trust::attestation::{
    Approval, Attestation, Statement, Subject, Vetting, add, check_criteria, file_text,
};
use semver::Version;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::evidence::read_beside;
use super::key_files::{PasswordArgs, secret_key};
use super::new_file::{attestations_beside, put};
use super::sign::packed;
use crate::Outcome;
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

/// The greatest size of a report, in bytes.
const REPORT_BYTES: u64 = 8 << 20;
/// The form of reports that is read.
const REPORT_FORMAT: u32 = 1;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 200;

#[derive(Debug, ArgGroup)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["vet", "approve"])))]
pub(crate) struct AttestArgs {
    /// The path of a .wasm file that `plugin package` has written
    plugin: PathBuf,
    /// The file of the secret key, an Ed25519 key in the format of minisign or of OpenSSH
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: PasswordArgs,
    /// Attest that the plugin was vetted: the file with a report that `plugin vet --json` has written of
    /// this plugin
    #[arg(long, value_name = "REPORT")]
    vet: Option<PathBuf>,
    /// Attest that you approve of the plugin: a criterion that it fulfils, such as safe-to-run, or
    /// several with commas between. You and those who believe you agree on what they mean
    #[arg(long, value_name = "CRITERION", value_delimiter = ',')]
    approve: Vec<String>,
}

/// What is read of a report.
#[derive(Debug, Deserialize)]
struct Report {
    event: String,
    format: u32,
    runner: Version,
    time: Timestamp,
    plugin: Reported,
    passed: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Reported {
    digest: String,
}

#[derive(Debug, Deserialize)]
struct Check {
    id: String,
    status: String,
}

/// Signs what is said of a plugin, and adds it to the file beside it.
///
/// # Errors
/// If the plugin is not packed, the report is not one of this plugin or says that it
/// has failed, or the key cannot be used; any I/O error.
pub(super) fn attest(args: &AttestArgs, reporter: &Reporter) -> Result<Outcome> {
    let (source, package) = packed(&args.plugin)?;
    let subject = Subject::new(&package.id, &source.bytes);
    let mut statements = Vec::new();
    if let Some(path) = &args.vet {
        statements.push(Statement::Vetted(vetted(path, &subject)?));
    }
    if !args.approve.is_empty() {
        check_criteria(&args.approve)?;
        let approval = Approval { criteria: args.approve.clone(), time: now() };
        statements.push(Statement::Approved(approval));
    }
    sign_beside((&args.plugin, &subject), &statements, (&args.key, &args.password), reporter)?;
    Ok(Outcome::Done)
}

/// Signs statements about a plugin, and adds them to the file beside its file.
///
/// # Errors
/// If the key cannot be used, or the file beside it is not of its form; any I/O
/// error.
pub(super) fn sign_beside(
    (plugin, subject): (&Path, &Subject),
    statements: &[Statement],
    (key, password): (&Path, &PasswordArgs),
    reporter: &Reporter,
) -> Result<()> {
    let key = secret_key(key)?;
    let password = if key.is_encrypted() { Some(password.known()?) } else { None };
    let made = statements.iter().map(|one| Attestation::sign(one, subject, &key, password.as_deref()));
    let made = made.collect::<Result<Vec<_>>>()?;
    let path = add_beside(plugin, &made, reporter)?;
    let mut page = Page::default();
    for statement in statements {
        page.line(format_args!("{}: {} is {statement}", path.shown(), subject.id));
    }
    reporter.show(&page)
}

/// Adds attestations to the file beside a plugin's file, and returns its path.
///
/// # Errors
/// If it is not of its form, or would have too many; any I/O error.
pub(super) fn add_beside(plugin: &Path, more: &[Attestation], reporter: &Reporter) -> Result<PathBuf> {
    // Two who attest at once must not lose what the other one writes.
    let lock = File::open(plugin).map_err(Error::at("open", plugin))?;
    wait_for_lock(&lock, plugin, cancel_on_signals()?, || {
        reporter.note(&Page::of("another process attests this plugin; this one waits"))
    })?;
    let mut all = read_beside(plugin)?;
    more.iter().try_for_each(|one| add(&mut all, one.clone()))?;
    let path = attestations_beside(plugin);
    put(&path, file_text(&all).as_bytes())?;
    Ok(path)
}

/// Now, in whole seconds.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// What a report says, if it is one of this plugin, which has passed.
fn vetted(path: &Path, subject: &Subject) -> Result<Vetting> {
    let bytes = read_small(path, REPORT_BYTES)?;
    let wrong = |kind, why: String| {
        Error::new(kind, format!("{} is not a report that can be attested", path.shown()))
            .because(escape(&why, WHY_CHARS))
            .hint("`runner plugin vet FILE.wasm --json > REPORT` writes one")
    };
    let report: Report =
        serde_json::from_slice(&bytes).map_err(|error| wrong(Kind::Usage, error.to_string()))?;
    if report.event != "vet" || report.format != REPORT_FORMAT {
        return Err(wrong(Kind::Usage, "it is not a report of `plugin vet`".to_owned()));
    }
    let own = subject.blake3.to_string();
    if report.plugin.digest != own {
        let found = report.plugin.digest;
        return Err(wrong(
            Kind::Refused,
            format!("it is about the digest {found}, and this plugin has {own}"),
        ));
    }
    if report.time > Timestamp::now() {
        return Err(wrong(Kind::Refused, format!("its time {} has not come yet", report.time)));
    }
    let with = |status: &str| {
        let checks = report.checks.iter().filter(|check| check.status == status);
        checks.map(|check| check.id.clone()).collect::<Vec<_>>()
    };
    let (passed, failed) = (with("pass"), with("fail"));
    if !report.passed || !failed.is_empty() {
        return Err(wrong(Kind::Refused, format!("the plugin has failed: {}", failed.join(", "))));
    }
    Ok(Vetting {
        is_passed: true,
        runner: report.runner,
        time: report.time,
        report_sha256: Sha256::digest(&bytes).into(),
        passed,
        failed,
    })
}
