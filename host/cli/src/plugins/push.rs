//! `runner plugin push` and `pull`.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_pipeline::storage::read_small;
use runner_registry::archive::NewArchive;
use runner_registry::digest::Digest;
use runner_registry::layout::{Folder, Layout};
use runner_registry::push::{New, Present, push as write, tag_of};
use runner_registry::reference::{Place, Reference};
use runner_registry::repository::Repository;
use runner_registry::signatures::Signature;
use runner_sandbox::MAX_PLUGIN_BYTES;

use super::attest::add_beside;
use super::carriers::{Carriers, NetworkArgs, not_packed};
use super::evidence::read_beside;
use super::new_file::{is_missing, put};
use super::sign::packed;
use crate::Outcome;
use crate::guard::all_beside;
use crate::report::Reporter;
use crate::signature_files::named;

#[derive(Debug, ArgGroup)]
pub(crate) struct PushArgs {
    /// The path of a .wasm file that `plugin package` has written. Signatures and attestations
    /// beside it, as `plugin sign` and `attest` write them, are brought along
    plugin: PathBuf,
    /// Where to: HOST[:PORT]/REPOSITORY[:TAG], oci:FOLDER[:TAG] for an OCI layout, or
    /// oci-archive:FILE[:TAG] [default tag: the plugin's version]
    reference: String,
    /// Replace what the tag names, if that is another plugin
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Debug, ArgGroup)]
pub(crate) struct PullArgs {
    /// Where from: HOST[:PORT]/REPOSITORY:TAG, or with @sha256:DIGEST of the manifest in place of the tag;
    /// oci:FOLDER[:TAG]; oci-archive:FILE[:TAG]; or https://HOST/PATH#blake3=DIGEST
    reference: String,
    /// The file to write; signatures and attestations are written beside it [default: NAMESPACE.NAME-VERSION.wasm]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// Brings a plugin to a carrier.
///
/// # Errors
/// If it is not packed, or the tag names another plugin; any failure of the carrier.
pub(super) fn push(args: &PushArgs, reporter: &Reporter) -> Result<Outcome> {
    let (source, package) = packed(&args.plugin)?;
    let reference: Reference = args.reference.parse()?;
    if reference.is_pinned() {
        return Err(Error::new(Kind::Usage, "a digest is found by pushing, and cannot be named for it"));
    }
    let beside = all_beside(&args.plugin)?;
    let signatures: Vec<_> = beside.into_iter().map(|(format, text)| Signature { format, text }).collect();
    let attestations = read_beside(&args.plugin)?;
    let new =
        New { package: &package, bytes: &source.bytes, signatures: &signatures, attestations: &attestations };
    let tag = reference.tag.clone().unwrap_or_else(|| tag_of(&package.id.version.to_string()));
    let present = if args.replace { Present::Replace } else { Present::Keep };
    let write = |repository: &mut dyn Repository| {
        write(repository, &tag, &new, present)
            .map_err(|error| error.within(format!("cannot push {} to {reference}", package.id)))
    };
    let digest = match &reference.place {
        Place::Registry { origin, repository } => {
            write(&mut Carriers::new(&args.network)?.registry(origin, repository)?)?
        }
        Place::Layout(path) => write(&mut Layout::open_or_create(Folder(path.clone()))?)?,
        Place::Archive(path) => {
            let mut archive = NewArchive::default();
            let digest = write(&mut Layout::open_or_create(&mut archive)?)?;
            archive.write_to(path)?;
            digest
        }
        Place::Web { .. } => {
            return Err(Error::new(Kind::Usage, "nothing can be pushed to an address by https")
                .hint("name a registry: HOST[:PORT]/REPOSITORY[:TAG]"));
        }
    };
    let place = Reference { tag: Some(tag.clone()), ..reference.clone() };
    let mut page = Page::of(format_args!("pushed {} to {place}", package.id));
    let fixed = Reference { tag: None, digest: Some(digest), ..reference };
    page.line(format_args!("manifest {fixed}"));
    page.line(format_args!("digest   {}", blake3::hash(&source.bytes)));
    page.line(format_args!("         {}", Digest::of(&source.bytes)));
    match signatures.len() as u64 {
        0 => page.line("unsigned: `runner plugin sign` signs it; then push it again"),
        number => page.line(format_args!("{} with it", count(number, "signature"))),
    }
    if !attestations.is_empty() {
        page.line(format_args!("{} with it", count(attestations.len() as u64, "attestation")));
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// Writes a plugin of a carrier into a file, and its signatures beside it.
///
/// # Errors
/// If it is not there or not packed, or the file has other content; any failure of
/// the carrier.
pub(super) fn pull(args: &PullArgs, reporter: &Reporter) -> Result<Outcome> {
    let reference: Reference = args.reference.parse()?;
    let fetched = Carriers::new(&args.network)?.fetch(&reference)?;
    let package = fetched.package.as_ref().ok_or_else(|| not_packed(&reference))?;
    let path = args.output.clone().unwrap_or_else(|| package.id.file_name().into());
    let bytes = &fetched.pulled.bytes;
    // The name may be one that the registry has chosen.
    if !is_missing(&path) && read_small(&path, MAX_PLUGIN_BYTES)? != *bytes {
        return Err(Error::new(Kind::Refused, format!("{} exists, and is another file", path.shown()))
            .hint("move it away, or name another file with --output"));
    }
    put(&path, bytes)?;
    let (size, digest) = (count(bytes.len() as u64, "byte"), blake3::hash(bytes));
    let mut page = Page::of(format_args!("{}: {}, {size}, digest {digest}", path.shown(), package.id));
    page.line(format_args!("from {}", fetched.from));
    let signatures: Vec<_> = fetched.pulled.found.signatures.iter().map(|one| one.text.as_str()).collect();
    let files = named(&path, signatures.iter().copied());
    for (file, text) in &files {
        put(file, text.as_bytes())?;
        let (file, plugin) = (file.shown(), path.word());
        page.line(format_args!("{file}: not checked; `runner plugin verify {plugin} --key FILE` does"));
    }
    let attestations = &fetched.pulled.found.attestations;
    if !attestations.is_empty() {
        let (file, number) = (add_beside(&path, attestations, reporter)?, attestations.len() as u64);
        let (file, plugin) = (file.shown(), path.word());
        page.line(format_args!(
            "{file}: {} not checked; `runner plugin verify {plugin} --attester FILE` does",
            count(number, "attestation")
        ));
    }
    if signatures.len() > files.len() {
        page.line(format_args!("there are further signatures, which `runner plugin install` looks at"));
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}
