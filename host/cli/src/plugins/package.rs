//! `runner plugin package`: writes into a plugin what it is.

use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count};
use runner_pipeline::storage::read_small;
use runner_sandbox::plugin::Resolved;
use runner_sandbox::{Isolation, MAX_PLUGIN_BYTES, Plugin, contract_version};
use runner_trust::format::Format;
use runner_trust::id::{Id, is_word};
use runner_trust::package::{Package, Recipe, Wants};

use super::new_file::{is_missing, put};
use crate::Outcome;
use crate::author::{Packing, packable};
use crate::loaded_plugin::{limits, load_resolved};
use crate::report::Reporter;
use crate::signature_files::present;

#[derive(Debug, ArgGroup)]
pub(crate) struct PackageArgs {
    /// The folder of a project whose plugin is built, or the path of a .wasm file
    #[arg(default_value = ".")]
    plugin: PathBuf,
    /// Who publishes the plugin [default: `namespace` in the table `[package]` of the project's
    /// runner.toml]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    namespace: Option<String>,
    /// The revision of the source, for those who want to build it again [default: `revision` in that
    /// table]
    #[arg(long, value_name = "TEXT")]
    revision: Option<String>,
    /// The file to write [default: NAMESPACE.NAME-VERSION.wasm beside the plugin]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn namespace(text: &str) -> Result<String, String> {
    match is_word(text) {
        true => Ok(text.to_owned()),
        false => {
            Err("it must have lower-case letters, digits and hyphens, and begin with a letter".to_owned())
        }
    }
}

/// Packs a plugin, which is asked what it is.
///
/// # Errors
/// If there is no plugin, it has no namespace or version, or it is packed
/// already; any I/O error.
pub(super) fn package(args: &PackageArgs, reporter: &Reporter) -> Result<Outcome> {
    let (path, language, packing) = match args.plugin.is_dir() {
        true => packable(&args.plugin).map(|found| (found.plugin, Some(found.language), found.packing))?,
        false => (args.plugin.clone(), None, Packing::default()),
    };
    let source = Resolved::file(&path)?;
    if !source.bytes.starts_with(b"\0asm") {
        return Err(Error::new(Kind::Usage, format!("{} is not in the binary format", path.shown())).hint(
            "a plugin in the text format is packed when it is built: see `runner plugin new --lang wat`",
        ));
    }
    let plugin = load_resolved(&source, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
    let namespace = args.namespace.as_ref().or(packing.namespace.as_ref()).ok_or_else(|| {
        Error::new(Kind::Usage, "it is not said who publishes the plugin").hint(
            "give a name for you or your company with --namespace, or as `namespace` in the table `[package]` \
             of the project's runner.toml",
        )
    })?;
    let packed = Package {
        id: identity(namespace, &plugin)?,
        contract: contract_version().parse().map_err(|error: semver::Error| {
            Error::new(Kind::Internal, "the version of the contract is none").because(error)
        })?,
        manifest: plugin.manifest().clone(),
        wants: Wants {
            memory_bytes: packing.memory_bytes,
            timeout_ms: packing.timeout_ms,
            ..Wants::default()
        }
        .with_inputs(plugin.manifest()),
        recipe: language.map(|language| Recipe {
            language,
            source: packing.source.clone(),
            revision: args.revision.clone().or(packing.revision.clone()),
        }),
    };
    let bytes = packed.write(&source.bytes)?;
    let output = args.output.clone().unwrap_or_else(|| path.with_file_name(packed.id.file_name()));
    refuse_signed(&output, &bytes)?;
    put(&output, &bytes)?;
    let (size, digest) = (count(bytes.len() as u64, "byte"), blake3::hash(&bytes));
    reporter.show(&Page::of(format_args!("{}: {}, {size}, digest {digest}", output.shown(), packed.id)))?;
    Ok(Outcome::Done)
}

/// The identity of a plugin that describes itself.
fn identity(namespace: &str, plugin: &Plugin) -> Result<Id> {
    let manifest = plugin.manifest();
    if plugin.is_filter() {
        return Err(Error::new(Kind::Usage, "a WASI command says neither its name nor its version")
            .hint("only plugins can be packed; a command is run by the path of its file"));
    }
    let text = format!("{namespace}:{}@{}", manifest.name, manifest.version);
    text.parse().map_err(|error: Error| {
        error.hint("name and version are those that the plugin itself says: change them in its source")
    })
}

/// Refuses to replace a plugin that was signed: others may have it.
fn refuse_signed(path: &Path, bytes: &[u8]) -> Result<()> {
    if is_missing(path) || read_small(path, MAX_PLUGIN_BYTES)? == bytes {
        return Ok(());
    }
    let mut signatures = Format::ALL.into_iter().flat_map(|format| present(path, format.suffix()));
    let Some(signature) = signatures.next() else { return Ok(()) };
    let what = format!("{} is another plugin, and is signed", path.shown());
    Err(Error::new(Kind::Refused, what).hint(format!(
        "raise the version in the plugin's source; or if nobody has this one yet, remove {}",
        signature.shown()
    )))
}
