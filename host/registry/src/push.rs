//! Writing a plugin.

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::attestation::Attestation;
use runner_trust::package::Package;

use crate::config::{CONFIG, config};
use crate::digest::Digest;
use crate::manifest::{Annotations, Descriptor, MANIFEST, Manifest, WASM};
use crate::repository::{Document, Name, Repository};
use crate::signatures::{Attached, Signature, annotate, attach};

/// What other programs show, and where the OCI specification has it
/// ("Pre-Defined Annotation Keys").
const STANDARD: &str = "org.opencontainers.image.";
/// The name of the annotation with the identity.
const ID: &str = "runner-plugin.id";
/// The name of the annotation with the BLAKE3 of the plugin.
const BLAKE3: &str = "runner-plugin.blake3";

/// A plugin to write.
#[derive(Debug)]
pub struct New<'a> {
    /// What is written in it.
    pub package: &'a Package,
    /// The plugin.
    pub bytes: &'a [u8],
    /// The signatures beside it.
    pub signatures: &'a [Signature],
    /// The attestations beside it.
    pub attestations: &'a [Attestation],
}

/// What may happen to a tag that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Present {
    /// It keeps what it names; only signatures may be added.
    Keep,
    /// It may name another plugin.
    Replace,
}

/// The tag of a version. Tags have no `+`, and `_` stands for it.
#[must_use]
pub fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

/// Writes a plugin under a tag, with its signatures and attestations. The same plugin
/// with the same signatures always gets the same digest, which is returned.
///
/// # Errors
/// [`Kind::Refused`] if the tag names something else; any failure of the carrier.
pub fn push(repository: &mut dyn Repository, tag: &str, new: &New<'_>, present: Present) -> Result<Digest> {
    let config = config(new.bytes)?;
    let layer = Descriptor::of(WASM, new.bytes);
    let mut manifest = Manifest::new(Descriptor::of(CONFIG, &config), layer);
    manifest.annotations = annotations(new);
    let bytes = manifest.to_bytes();
    if present == Present::Keep
        && let Some(there) = repository.manifest(Name::Tag(tag))?
        && there != bytes
    {
        check_only_adds(tag, &Manifest::parse(&there), &manifest)?;
    }
    repository.put_blob(&manifest.config.digest, &config)?;
    repository.put_blob(&manifest.layers[0].digest, new.bytes)?;
    repository.put_manifest(Some(tag), Document { media_type: MANIFEST, bytes: &bytes })?;
    let descriptor = Descriptor::of(MANIFEST, &bytes);
    let signatures = new.signatures.iter().cloned().map(Attached::Signature);
    let attestations = new.attestations.iter().cloned().map(Attached::Attestation);
    for attached in signatures.chain(attestations) {
        attach(repository, &descriptor, &attached)?;
    }
    Ok(descriptor.digest)
}

/// What is there may get more notes, such as a signature, and nothing else.
fn check_only_adds(tag: &str, there: &Result<Manifest>, new: &Manifest) -> Result<()> {
    let what = match there {
        Ok(there) if there.layers != new.layers => "another plugin",
        Ok(there) if there.annotations.iter().all(|(key, value)| new.annotations.get(key) == Some(value)) => {
            return Ok(());
        }
        Ok(_) => "the same plugin with other notes or signatures",
        Err(_) => "something else",
    };
    Err(Error::new(Kind::Refused, format!("the tag {tag} names {what}"))
        .hint("others may have it already: raise the version; or if nobody has, give the option --replace"))
}

fn annotations(new: &New<'_>) -> Annotations {
    let Package { id, manifest, recipe, .. } = new.package;
    let recipe = recipe.as_ref();
    let texts = [
        ("version", Some(id.version.to_string())),
        ("description", Some(manifest.summary.clone())),
        ("licenses", Some(manifest.license.clone())),
        ("source", recipe.and_then(|recipe| recipe.source.clone())),
        ("revision", recipe.and_then(|recipe| recipe.revision.clone())),
    ];
    let standard = texts.into_iter().filter_map(|(name, text)| Some((format!("{STANDARD}{name}"), text?)));
    let mut all: Annotations = standard.filter(|(_, text)| !text.is_empty()).collect();
    all.insert(ID.to_owned(), id.to_string());
    all.insert(BLAKE3.to_owned(), blake3::hash(new.bytes).to_string());
    annotate(&mut all, new.signatures);
    all
}
