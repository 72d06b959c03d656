//! Who vouches for a plugin that was not read from a file: the signatures that came
//! with it.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_registry::signatures::Found;
use runner_store::index::Installed;
use runner_trust::format::Format;
use runner_trust::signer::Signer;

use super::admission::{Candidate, Signatures};
use super::new_file::{beside, is_missing};
use crate::capabilities::{Shown, above_usual};
use crate::guard::Guard;

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

    /// The trusted author who has signed it, with the signature.
    ///
    /// # Errors
    /// If a signature beside its file cannot be read.
    pub(super) fn trusted(&self, guard: &Guard) -> Result<Option<(Signer, String)>> {
        let id = &self.package.id;
        let signatures = match &self.signatures {
            Signatures::Beside(path) => guard.signatures_beside(id, path)?,
            Signatures::Given(found) => {
                found.signatures.iter().map(|one| (one.format, one.text.clone())).collect()
            }
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
    pub(super) fn unvouched(&self) -> Error {
        let what = format!("nobody vouches for {} from {}", self.package.id, self.place);
        Error::new(Kind::Refused, what)
            .because("it is neither pinned nor signed by a key that was given, or that is trusted")
            .hint("get the author's public key, and give its file with --key")
            .hint(
                "or get the digest from the author, and append it: #blake3=DIGEST for the plugin, @sha256:DIGEST \
                 for its manifest",
            )
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
        for format in Format::ALL {
            let file = beside(path, format);
            if !is_missing(&file) {
                page.line(format_args!(
                    "{} was not checked: give the file of the author's public key with --key",
                    file.shown()
                ));
            }
        }
    }
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
