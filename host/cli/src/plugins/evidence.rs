//! The attestations beside a plugin's file.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown};
use runner_pipeline::storage::read_small;
use runner_trust::attestation::{self, Attestation, MAX_FILE_BYTES, Subject, parse_file};
use runner_trust::signer::Signer;

use super::new_file::{attestations_beside, is_missing};

/// Maximum number of characters of a key that an attestation names.
const KEY_CHARS: usize = 120;

/// Reads the attestations beside a plugin's file; none if there is no such file.
///
/// # Errors
/// If it is too long, or not of its form; any I/O error.
pub(super) fn read_beside(plugin: &Path) -> Result<Vec<Attestation>> {
    let path = attestations_beside(plugin);
    if is_missing(&path) {
        return Ok(Vec::new());
    }
    let bytes = read_small(&path, MAX_FILE_BYTES as u64)?;
    parse_file(&bytes).map_err(|error| error.within(format!("cannot use {}", path.shown())))
}

/// Says of each attestation which of the keys says what in it, and which keys it
/// names if none of them has signed it.
pub(super) fn describe(found: &[Attestation], keys: &[Signer], subject: &Subject, page: &mut Page) {
    for one in found {
        let mut signers = keys.iter().filter(|key| one.is_signed_by(key)).peekable();
        if signers.peek().is_none() {
            let named: Vec<_> = one.named_keys().map(|key| shown(key).cut(KEY_CHARS).to_string()).collect();
            page.line(format_args!(
                "an attestation was not checked; it names the key {}: give its file with --attester",
                named.join(", ")
            ));
        }
        for signer in signers {
            match one.claim(signer, subject) {
                Ok(claim) => page.line(format_args!("{signer} attests: {}", claim.statement)),
                Err(error) => {
                    let why = error.causes().fold(error.to_string(), |text, why| format!("{text}: {why}"));
                    page.line(format_args!("{signer} has signed an attestation that does not count: {why}"));
                }
            }
        }
    }
}

/// Demands that each of these keys says something of the plugin.
///
/// # Errors
/// [`Kind::Refused`] if one does not.
pub(super) fn demand(found: &[Attestation], keys: &[Signer], subject: &Subject, plugin: &Path) -> Result<()> {
    let says = |key: &Signer| !attestation::claims(found, std::slice::from_ref(key), subject).is_empty();
    let Some(silent) = keys.iter().find(|key| !says(key)) else { return Ok(()) };
    let what = format!("{} has no attestation of the key {silent}", plugin.shown());
    let file = attestations_beside(plugin);
    let there = if is_missing(&file) {
        format!("there is no file {}", file.shown())
    } else {
        format!("{} has {} in all", file.shown(), count(found.len() as u64, "attestation"))
    };
    Err(Error::new(Kind::Refused, what).because(there).hint(
        "get the file from the one who has attested, and put it beside the plugin; `runner plugin attest` makes one",
    ))
}
