//! Signatures of a plugin's author, which stand beside it in two ways: as an
//! annotation of its manifest, which every mirror copies, and as an artifact of their
//! own that refers to it, which can be added later. Attestations, which others make
//! later, are such artifacts only.
//!
//! Nothing here checks one. The lists of a registry are hints: what they name is
//! fetched, and counts if it says itself which manifest it is for.

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::attestation::{Attestation, MAX_LINE_BYTES, add};
use runner_trust::format::Format;

use crate::digest::Digest;
use crate::manifest::{Annotations, Descriptor, INDEX, Index, MANIFEST, Manifest};
use crate::repository::{Document, Name, Repository, checked_blob};

/// The greatest size of a signature, in bytes.
pub const SIGNATURE_BYTES: u64 = 16 << 10;
/// The greatest number of signatures of one format in the notes on an artifact.
const MAX_SIGNATURES: usize = 8;
/// The greatest size of a manifest of a signature, in bytes.
const REFERRER_BYTES: u64 = 64 << 10;
/// The most manifests that are fetched of a list.
const MAX_REFERRERS: usize = 64;
/// How often a list is written again that another writer has replaced.
const TRIES: usize = 3;
/// What kind of artifact a signature is.
const ARTIFACT: &str = "application/vnd.runner-plugin.signature.v1";
/// What kind of artifact an attestation is, and the type of its layer (DSSE,
/// `envelope.md`).
const ATTESTATION: &str = "application/vnd.dsse.envelope.v1+json";
/// The type of a configuration that says nothing, and its content (OCI image
/// specification 1.1, "Guidance for an empty descriptor").
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");
/// The number of digits in the tag of a single referrer.
const SHORT_DIGITS: usize = 8;

/// A signature, as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its format.
    pub format: Format,
    /// Its text.
    pub text: String,
}

/// What stands beside a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attached {
    Signature(Signature),
    Attestation(Attestation),
}

impl Attached {
    /// The kind of artifact, the type of its layer, and the layer.
    fn parts(&self) -> (&'static str, String, &[u8]) {
        match self {
            Self::Signature(one) => (ARTIFACT, media_type(one.format), one.text.as_bytes()),
            Self::Attestation(one) => (ATTESTATION, ATTESTATION.to_owned(), one.line().as_bytes()),
        }
    }
}

/// The signatures and attestations that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The signatures, each once.
    pub signatures: Vec<Signature>,
    /// The attestations, each once. At least their form is that of one.
    pub attestations: Vec<Attestation>,
    /// The number of listed artifacts that were none for this plugin, or of another
    /// form than they should be.
    pub skipped: usize,
}

/// The name of the annotation with a signature: the first of its format, or a further one.
fn annotation(format: Format, number: usize) -> String {
    let number = if number == 1 { String::new() } else { format!(".{number}") };
    format!("runner-plugin{number}{}", format.suffix())
}

/// The type of the layer with a signature.
fn media_type(format: Format) -> String {
    format!("application/vnd.runner-plugin{}", format.suffix())
}

/// The tag of the list of what refers to a manifest, for registries without such a
/// list (OCI distribution specification 1.1, "Referrers tag schema").
fn list_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// Whether a tag is one that this program, or another, makes for lists of referrers.
#[must_use]
pub fn is_list_tag(tag: &str) -> bool {
    tag.starts_with("sha256-")
}

/// Writes signatures into the notes on an artifact.
pub(crate) fn annotate(annotations: &mut Annotations, signatures: &[Signature]) {
    for format in Format::ALL {
        let own = signatures.iter().filter(|signature| signature.format == format);
        for (signature, number) in own.zip(1..=MAX_SIGNATURES) {
            annotations.insert(annotation(format, number), signature.text.clone());
        }
    }
}

/// All signatures of a manifest.
///
/// # Errors
/// If one cannot be read, or the list of referrers is not of its form.
pub(crate) fn find(repository: &mut dyn Repository, subject: &Digest, manifest: &Manifest) -> Result<Found> {
    let mut found = Found::default();
    let numbers = |format| (1..=MAX_SIGNATURES).map(move |number| (format, number));
    for (format, number) in Format::ALL.into_iter().flat_map(numbers) {
        match manifest.annotations.get(&annotation(format, number)) {
            Some(text) if found.signatures.iter().any(|one| one.text == *text) => {}
            Some(text) if text.len() as u64 <= SIGNATURE_BYTES => {
                found.signatures.push(Signature { format, text: text.clone() });
            }
            Some(_) => found.skipped += 1,
            None => {}
        }
    }
    let listed = listed(repository, subject)?;
    let is_ours =
        |kind: &Option<String>| kind.as_deref().is_none_or(|kind| kind == ARTIFACT || kind == ATTESTATION);
    let ours: Vec<_> = listed.iter().filter(|listed| is_ours(&listed.artifact_type)).collect();
    found.skipped += ours.len().saturating_sub(MAX_REFERRERS);
    for descriptor in ours.into_iter().take(MAX_REFERRERS) {
        match referrer(repository, subject, descriptor)? {
            Some(Attached::Signature(signature)) if found.signatures.contains(&signature) => {}
            Some(Attached::Signature(signature)) => found.signatures.push(signature),
            Some(Attached::Attestation(one)) => {
                found.skipped += usize::from(add(&mut found.attestations, one).is_err());
            }
            None => found.skipped += 1,
        }
    }
    Ok(found)
}

/// What is listed as referring to a manifest: by the carrier, or else under a tag.
fn listed(repository: &mut dyn Repository, subject: &Digest) -> Result<Vec<Descriptor>> {
    let listed = match repository.referrers(subject)? {
        Some(bytes) => Some(bytes),
        None => by_tag(repository, subject)?,
    };
    let Some(bytes) = listed else { return Ok(Vec::new()) };
    let index = Index::parse(&bytes).map_err(|error| error.within("cannot read the list of signatures"))?;
    Ok(index.manifests)
}

/// The list under a tag. Some registries answer with the subject itself.
fn by_tag(repository: &mut dyn Repository, subject: &Digest) -> Result<Option<Vec<u8>>> {
    let bytes = repository.manifest(Name::Tag(&list_tag(subject)))?;
    Ok(bytes.filter(|bytes| Digest::of(bytes) != *subject))
}

/// What a listed manifest attaches; `None` if it is nothing of ours for this subject.
fn referrer(
    repository: &mut dyn Repository,
    subject: &Digest,
    listed: &Descriptor,
) -> Result<Option<Attached>> {
    if listed.size > REFERRER_BYTES || listed.media_type != MANIFEST {
        return Ok(None);
    }
    let Some(bytes) = repository.manifest(Name::Digest(&listed.digest))? else { return Ok(None) };
    if Digest::of(&bytes) != listed.digest {
        return Ok(None);
    }
    let Ok(manifest) = Manifest::parse(&bytes) else { return Ok(None) };
    let is_for = manifest.subject.as_ref().is_some_and(|found| found.digest == *subject);
    let [layer] = &manifest.layers[..] else { return Ok(None) };
    let kind = manifest.artifact_type.as_deref().filter(|_| is_for);
    let text = |repository, layer| Ok::<_, Error>(String::from_utf8(checked_blob(repository, layer)?).ok());
    match kind {
        Some(ARTIFACT) if layer.size <= SIGNATURE_BYTES => {
            let format = Format::ALL.into_iter().find(|format| layer.media_type == media_type(*format));
            let Some(format) = format else { return Ok(None) };
            let signature = |text| Attached::Signature(Signature { format, text });
            Ok(text(repository, layer)?.map(signature))
        }
        Some(ATTESTATION) if layer.media_type == ATTESTATION && layer.size <= MAX_LINE_BYTES as u64 => {
            let one = text(repository, layer)?.and_then(|text| Attestation::parse(text.as_bytes()).ok());
            Ok(one.map(Attached::Attestation))
        }
        _ => Ok(None),
    }
}

/// Writes a signature or an attestation as an artifact that refers to `subject`, and sees to it that
/// it is listed. Where the carrier keeps no lists, it also gets a tag of its own:
/// otherwise the registry's cleaning would remove it.
///
/// # Errors
/// If it cannot be written; [`Kind::ChangedByOthers`] if others keep replacing the
/// list.
pub(crate) fn attach(
    repository: &mut dyn Repository,
    subject: &Descriptor,
    attached: &Attached,
) -> Result<()> {
    let (kind, media_type, blob) = attached.parts();
    let layer = Descriptor::of(&media_type, blob);
    let config = Descriptor::of(EMPTY.0, EMPTY.1);
    repository.put_blob(&config.digest, EMPTY.1)?;
    repository.put_blob(&layer.digest, blob)?;
    let mut manifest = Manifest::new(config, layer);
    manifest.artifact_type = Some(kind.to_owned());
    manifest.subject = Some(Descriptor { annotations: Annotations::new(), ..subject.clone() });
    let bytes = manifest.to_bytes();
    repository.put_manifest(None, Document { media_type: MANIFEST, bytes: &bytes })?;
    if repository.referrers(&subject.digest)?.is_some() {
        return Ok(());
    }
    let mut listed = Descriptor::of(MANIFEST, &bytes);
    listed.artifact_type = Some(kind.to_owned());
    let tag = list_tag(&subject.digest);
    let own = format!("{tag}.{}", &listed.digest.hex()[..SHORT_DIGITS]);
    repository.put_manifest(Some(&own), Document { media_type: MANIFEST, bytes: &bytes })?;
    for _ in 0..TRIES {
        let there = by_tag(repository, &subject.digest)?;
        let mut index = there.map_or_else(|| Ok(Index::new(Vec::new())), |bytes| Index::parse(&bytes))?;
        if index.manifests.iter().any(|other| other.digest == listed.digest) {
            return Ok(());
        }
        index.manifests.push(listed.clone());
        let bytes = index.to_bytes();
        repository.put_manifest(Some(&tag), Document { media_type: INDEX, bytes: &bytes })?;
    }
    let there = by_tag(repository, &subject.digest)?.unwrap_or_default();
    match Index::parse(&there) {
        Ok(index) if index.manifests.iter().any(|other| other.digest == listed.digest) => Ok(()),
        _ => Err(Error::new(Kind::ChangedByOthers, "others keep replacing the list of signatures")
            .hint("push again; the plugin itself, with its signature, is there")),
    }
}
