//! Who vouches for a plugin that was not read from a file: the signatures that came
//! with it.

use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_registry::signatures::Found;
use runner_store::index::Installed;
use runner_store::locked::NAME;
use runner_store::rules::MAX_SIGNATURES;
use runner_trust::format::Format;
use runner_trust::signer::Signer;

use super::candidate::{Candidate, Signatures};
use super::new_file::beside;
use crate::capabilities::{Shown, above_usual};
use crate::guard::{Guard, all_beside};
use crate::signature_files::{present, read};

/// The greatest size of a further signature that is kept, in bytes.
const KEPT_BYTES: usize = 4 << 10;

impl Candidate {
    /// The signature of this key among those that came with the plugin; `None` if
    /// there is none of its form, unless it is demanded.
    ///
    /// # Errors
    /// [`Kind::Refused`] if there are such, and none is of this key over this plugin.
    pub(super) fn given_signature(
        &self,
        signer: &Signer,
        found: &Found,
        demanded: Demanded,
    ) -> Result<Option<(Signer, String)>> {
        let mut refused = None;
        for signature in found.signatures.iter().filter(|one| one.format == signer.format()) {
            match signer.verify(&self.package.id, &self.source.bytes, &signature.text) {
                Ok(_) => return Ok(Some((signer.clone(), signature.text.clone()))),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match (refused, demanded) {
            (Some(error), _) => Err(error
                .within(format!("the signature does not vouch for {}", self.place))
                .hint(self.signature_hint())),
            (None, Demanded::Yes) => Err(self.unsigned(&absent(found, signer.format()))),
            (None, Demanded::No) => Ok(None),
        }
    }

    /// The signature of this key in the files beside that of the plugin; `None` if there is
    /// none of its form, unless it is demanded.
    ///
    /// # Errors
    /// As for [`Candidate::given_signature`]; if one cannot be read.
    pub(super) fn beside_signature(
        &self,
        signer: &Signer,
        path: &Path,
        demanded: Demanded,
    ) -> Result<Option<(Signer, String)>> {
        let mut refused = None;
        for file in present(path, signer.format().suffix()) {
            let signature = read(&file)?;
            match signer.verify(&self.package.id, &self.source.bytes, &signature) {
                Ok(_) => return Ok(Some((signer.clone(), signature))),
                Err(error) => refused = refused.or(Some((file, error))),
            }
        }
        match (refused, demanded) {
            (Some((file, error)), _) => {
                let what = format!("{} does not vouch for {}", file.shown(), self.place);
                Err(error.within(what).hint(self.signature_hint()))
            }
            (None, Demanded::Yes) => {
                let file = beside(path, signer.format());
                Err(self.unsigned(&format!("there is no file {}", file.shown())))
            }
            (None, Demanded::No) => Ok(None),
        }
    }

    /// All signatures that came with it.
    ///
    /// # Errors
    /// If one beside its file cannot be read.
    pub(super) fn all_signatures(&self) -> Result<Vec<(Format, String)>> {
        match &self.signatures {
            Signatures::Beside(path) => all_beside(path),
            Signatures::Given(found) => {
                Ok(found.signatures.iter().map(|one| (one.format, one.text.clone())).collect())
            }
        }
    }

    /// The trusted author who has signed it, with the signature.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    pub(super) fn trusted(&self, guard: &Guard) -> Result<Option<(Signer, String)>> {
        let id = &self.package.id;
        let signatures = match &self.signatures {
            Signatures::Beside(path) => guard.signatures_beside(id, path)?,
            Signatures::Given(_) => self.all_signatures()?,
        };
        Ok(guard.trusted(id, &self.source.bytes, &signatures))
    }

    /// The error for a plugin without the signature that is demanded.
    pub(super) fn unsigned(&self, why: &str) -> Error {
        let error =
            Error::new(Kind::Refused, format!("{} is not signed", self.place)).because(why.to_owned());
        if self.is_locked() {
            return error.hint(self.signature_hint()).hint("get the signature from the author");
        }
        error.hint("get it from the author; without --key, the plugin would be installed unsigned")
    }

    /// The error for a plugin from a network that nobody vouches for.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    pub(super) fn unvouched(&self, guard: &Guard) -> Result<Error> {
        let id = &self.package.id;
        let what = format!("nobody vouches for {id} from {}", self.place);
        let ended = guard.ended(id, &self.source.bytes, &self.all_signatures()?);
        let why = match ended.first() {
            Some(ended) => format!("it is not pinned, and {ended}"),
            // Its word would count, if nobody else could have written it.
            None if self.is_locked() => format!("{NAME} names it, and other users may write to that file"),
            None => "it is neither pinned nor signed by a key that was given, or that is trusted".to_owned(),
        };
        let mut error = Error::new(Kind::Refused, what).because(why);
        if self.is_locked() {
            error = error.hint(format!("if you trust what {NAME} says: `chmod go-w {NAME}`"));
        }
        if !ended.is_empty() {
            error = error
                .hint("get the author's new key: `runner trust rotate` takes one that the old key has named");
        }
        Ok(error
            .hint("get the author's public key, and give its file with --key")
            .hint(format!(
                "or trust it from now on: `runner trust add NAME KEY.pub --for '{}:*'`",
                id.namespace
            ))
            .hint(
                "or get the digest from the author, and append it: #blake3=DIGEST for the plugin, @sha256:DIGEST \
                 for its manifest",
            ))
    }

    /// Says of signatures that nobody has asked for that they were not looked at.
    pub(super) fn unchecked(&self, page: &mut Page) {
        let path = match &self.signatures {
            Signatures::Beside(path) => path,
            Signatures::Given(found) if found.signatures.is_empty() => return,
            Signatures::Given(found) => {
                let signatures = count(found.signatures.len() as u64, "signature");
                page.line(format_args!(
                    "{signatures} not checked: give the file of the author's public key with --key"
                ));
                return;
            }
        };
        for file in Format::ALL.into_iter().flat_map(|format| present(path, format.suffix())) {
            page.line(format_args!(
                "{} was not checked: give the file of the author's public key with --key",
                file.shown()
            ));
        }
    }
}

/// The signatures that are kept beside the one that counts: those that came with the
/// plugin, and those of the same bytes that are installed.
pub(super) fn further(came: Vec<(Format, String)>, own: &str, present: Option<&Installed>) -> Vec<String> {
    let there =
        present.iter().flat_map(|there| there.signature.iter().chain(&there.more_signatures)).cloned();
    let mut texts: Vec<String> = Vec::new();
    for text in came.into_iter().map(|(_, text)| text).chain(there) {
        let is_new = text != own && !texts.contains(&text);
        if is_new && text.len() <= KEPT_BYTES && texts.len() + 1 < MAX_SIGNATURES {
            texts.push(text);
        }
    }
    texts
}

/// Whether a signature must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demanded {
    Yes,
    No,
}

/// Why there is no signature of a format.
fn absent(found: &Found, format: Format) -> String {
    let skipped = match found.skipped {
        0 => String::new(),
        number => {
            format!("; {} listed for it, and not for this plugin", count(number as u64, "other artifact"))
        }
    };
    format!("no signature of a key of {format} is beside it{skipped}")
}

/// Says what a plugin wants beyond the usual, if it does, and whether that was granted.
pub(super) fn say_granted(plugin: &Installed, page: &mut Page) {
    let above = above_usual(&plugin.wants);
    if above.is_usual() {
        return;
    }
    let (id, wanted) = (&plugin.id, Shown(&above));
    if above.is_within(&plugin.granted) {
        page.line(format_args!("granted to {id}: {wanted}"));
    } else {
        page.line(format_args!("not granted: {id} wants {wanted}; `runner plugin grant {id}` grants it"));
    }
}
