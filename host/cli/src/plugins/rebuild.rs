//! `runner plugin rebuild`: builds a plugin again from its source, and says whether that
//! gives the same bytes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ArgGroup;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, group_digits, shown};
use runner_trust::attestation::{Build, Statement, Subject};
use runner_trust::package::Recipe;
use runner_trust::sections::section_at;
use semver::Version;

use super::attest::{now, sign_beside};
use super::key_files::PasswordArgs;
use super::sign::packed;
use crate::Outcome;
use crate::args::seconds;
use crate::author::{self, Demand, Wish};
use crate::report::Reporter;
use crate::signals::cancel_on_signals;

/// Maximum number of characters shown of what a package says of its source.
const SOURCE_CHARS: usize = 400;

#[derive(Debug, ArgGroup)]
pub(crate) struct RebuildArgs {
    /// The path of a .wasm file that `plugin package` has written
    plugin: PathBuf,
    /// The folder with its source, which you have fetched. It is copied, and not changed
    source: PathBuf,
    /// If the bytes are the same, attest it with the secret key in this file, an Ed25519 key in the
    /// format of minisign or of OpenSSH. Policies count it only from others than the plugin's author
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordArgs,
    /// A further folder that tools may read, such as that of a library; repeat the option for several.
    /// Open are the folders of the system and those of the tools on the PATH
    #[arg(long, value_name = "FOLDER")]
    tools: Vec<PathBuf>,
    /// Time limit for all steps of the build
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = seconds)]
    timeout: Duration,
    /// Build also where the system cannot confine the tools fully: code of the source may then reach
    /// what the missing layers would keep from it. Nothing is attested then
    #[arg(long, conflicts_with = "key")]
    allow_less_confinement: bool,
}

/// Builds a plugin again, compares, and attests that it is the same.
///
/// # Errors
/// [`Kind::Verification`] if the bytes differ; if the plugin is not packed, or says
/// nothing of how it was built; if the build fails, or the key cannot be used.
pub(super) fn rebuild(args: &RebuildArgs, reporter: &Reporter) -> Result<Outcome> {
    let (original, package) = packed(&args.plugin)?;
    let recipe = package.recipe.as_ref().ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} does not say how it was built", args.plugin.shown()))
            .hint("`runner plugin package` writes it, if it is run on the folder of a project")
    })?;
    let demand = if args.allow_less_confinement { Demand::WhatThereIs } else { Demand::Full };
    let wish = Wish { demand, tools: args.tools.clone(), time: args.timeout };
    let built = author::rebuild(&args.source, &recipe.language, &wish, cancel_on_signals()?, reporter)?;
    if !built.lacking.is_empty() {
        reporter.note(&Page::of(format_args!(
            "warning: the build was confined without {}",
            built.lacking.join(", ")
        )))?;
    }
    let again = package.write(&built.module)?;
    let digest = blake3::hash(&original.bytes);
    let mut page = Page::of(format_args!("{}: {}, digest {digest}", args.plugin.shown(), package.id));
    let (files, bytes) = built.source_size;
    let (files, bytes) = (count(files, "file"), count(bytes, "byte"));
    page.line(format_args!("built again from source {} ({files}, {bytes})", built.source_blake3));
    named_source(recipe, &mut page);
    for (tool, version) in &built.tools {
        page.line(format_args!("{tool}: {version}"));
    }
    if again != *original.bytes {
        reporter.show(&page)?;
        return Err(different(&original.bytes, &again, &built.module));
    }
    page.line(format_args!("the same bytes: {}", group_digits(again.len() as u64)));
    reporter.show(&page)?;
    if let Some(key) = &args.key {
        let subject = Subject::new(&package.id, &original.bytes);
        let statement = Statement::Built(statement(recipe, built)?);
        sign_beside((&args.plugin, &subject), &[statement], (key, &args.password), reporter)?;
    }
    Ok(Outcome::Done)
}

/// What the package says of its source, which nobody has compared with the folder.
fn named_source(recipe: &Recipe, page: &mut Page) {
    for (name, value) in [("source", &recipe.source), ("revision", &recipe.revision)] {
        if let Some(value) = value {
            let value = shown(value).cut(SOURCE_CHARS);
            page.line(format_args!("the package names the {name} {value}: it is for you to fetch that one"));
        }
    }
}

fn statement(recipe: &Recipe, built: author::Rebuilt) -> Result<Build> {
    let runner = env!("CARGO_PKG_VERSION")
        .parse::<Version>()
        .map_err(|error| Error::new(Kind::Internal, "the version of this program is none").because(error))?;
    Ok(Build {
        language: recipe.language.clone(),
        runner,
        time: now(),
        source_blake3: built.source_blake3,
        revision: recipe.revision.clone(),
        tools: built.tools,
    })
}

/// The error for other bytes, with the first difference.
fn different(original: &[u8], again: &[u8], module: &[u8]) -> Error {
    let at = original.iter().zip(again).take_while(|(one, other)| one == other).count();
    let [own, other] = [original, again].map(|bytes| count(bytes.len() as u64, "byte"));
    let place = match at {
        at if at >= original.len() => "its end".to_owned(),
        at => section_at(original, at),
    };
    let error = Error::new(Kind::Verification, "the rebuilt plugin has other bytes").because(format!(
        "the first difference is at offset {}, in {place}; the plugin has {own}, and the rebuilt one {other}",
        group_digits(at as u64)
    ));
    if at >= module.len() {
        return error
            .hint("the code is the same: what `plugin package` wrote after it is not, perhaps of another version of runner");
    }
    error
        .hint("it may be another revision of the source")
        .hint("or other versions of the tools: ask the author which ones were used")
}
