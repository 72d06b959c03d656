//! `runner plugin inspect`: what a plugin is, from its section if it has one, so
//! that nothing of it is run.

use std::time::Duration;

use clap::Args as ArgGroup;
use runner_contract::{Manifest, ParamKind, ParamSpec};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, count, shown};
use runner_pipeline::memory::Bytes;
use runner_sandbox::plugin::{Resolved, names};
use runner_sandbox::{Confinement, Limits};
use runner_store::resolve::Locking;
use runner_trust::package::{Package, Wants};

use crate::Outcome;
use crate::args::{CompileArgs, seconds};
use crate::capabilities::Shown;
use crate::installed::resolve;
use crate::loaded_plugin::{limits, load_resolved};
use crate::report::Reporter;

/// Maximum number of characters shown of a default value.
const DEFAULT_CHARS: usize = 400;

#[derive(Debug, ArgGroup)]
pub(crate) struct InspectArgs {
    /// Name of a bundled plugin, NAMESPACE:NAME of an installed one, or path of a .wasm file; or several
    /// with commas between. An installed plugin, and a file that `plugin package` has written, is read,
    /// and not run
    plugin: String,
    /// Never run a plugin: fail if nothing is written in it that describes it
    #[arg(long)]
    no_run: bool,
    /// Time limit for starting the plugin, and for its answer
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    #[command(flatten)]
    compile: CompileArgs,
    /// Refuse to run the plugin unless the kernel can confine it fully
    #[arg(long)]
    require_confinement: bool,
}

/// Shows plugins.
///
/// # Errors
/// If one cannot be read, or says nothing of itself.
pub(super) fn inspect(args: &InspectArgs, reporter: &Reporter) -> Result<Outcome> {
    let mut page = Page::default();
    for (index, name) in names(&args.plugin)?.into_iter().enumerate() {
        if index > 0 {
            page.line("");
        }
        one(&resolve(name, Locking::Usual)?, args, &mut page, reporter)?;
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

fn one(source: &Resolved, args: &InspectArgs, page: &mut Page, reporter: &Reporter) -> Result<()> {
    if let Some(package) = section(source)? {
        packaged(&package, source, page);
        return Ok(());
    }
    if args.no_run {
        let what = format!("nothing is written in the plugin {} that describes it", shown(&source.name));
        return Err(Error::new(Kind::Refused, what)
            .hint("without --no-run, the plugin is asked, in the sandbox; its author can pack it with `runner plugin package`"));
    }
    let mut limits = Limits { deadline: args.timeout, ..limits()? };
    if args.require_confinement {
        limits.confinement = Confinement::Full;
    }
    let plugin = load_resolved(source, limits, args.compile.compile_timeout, reporter)?;
    let manifest = plugin.manifest();
    page.line(format_args!("{} {}", manifest.name, manifest.version));
    head(manifest, &plugin.digest(), page);
    takes(manifest, page);
    Ok(())
}

/// What is written in a plugin, if there is something.
pub(super) fn section(source: &Resolved) -> Result<Option<Package>> {
    // What is in the text format has no sections.
    if !source.bytes.starts_with(b"\0asm") {
        return Ok(None);
    }
    Package::read(&source.bytes).map_err(|error| match &source.path {
        Some(path) => error.within(format!("cannot read the plugin {}", shown(path))),
        None => error,
    })
}

/// A plugin that is known from its section alone.
fn packaged(package: &Package, source: &Resolved, page: &mut Page) {
    page.line(&package.id);
    head(&package.manifest, &blake3::hash(&source.bytes), page);
    page.line(format_args!("contract {}", package.contract));
    if let Some(recipe) = &package.recipe {
        page.line(format_args!("language {}", recipe.language));
        for (name, value) in [("source  ", &recipe.source), ("revision", &recipe.revision)] {
            if let Some(value) = value {
                page.line(format_args!("{name} {value}"));
            }
        }
    }
    if let Some(bytes) = package.wants.memory_bytes {
        page.line(format_args!("wants    {} of memory for an instance (`--memory {bytes}`)", Bytes(bytes)));
    }
    if let Some(milliseconds) = package.wants.timeout_ms {
        let time = count(milliseconds, "millisecond");
        page.line(format_args!("wants    {time} for a block (`--timeout {}`)", milliseconds as f64 / 1000.0));
    }
    let inputs = Wants::default().with_inputs(&package.manifest);
    if !inputs.is_usual() {
        page.line(format_args!("wants    {}, once it is installed and granted it", Shown(&inputs)));
    }
    takes(&package.manifest, page);
    page.line("");
    page.line("this is what its file says; the plugin was not run");
}

fn head(manifest: &Manifest, digest: &blake3::Hash, page: &mut Page) {
    page.line(&manifest.summary);
    page.line("");
    page.line(format_args!("license  {}", manifest.license));
    page.line(format_args!("digest   {digest}"));
}

/// Parameters, tables and a seed.
fn takes(manifest: &Manifest, page: &mut Page) {
    if !manifest.params.is_empty() {
        page.line("");
        page.line("parameters (`--set NAME=VALUE`):");
    }
    manifest.params.iter().for_each(|spec| parameter(spec, page));
    if !manifest.tables.is_empty() {
        page.line("");
        page.line("tables (`--table NAME=FILE`):");
    }
    for table in &manifest.tables {
        let presence = if table.required { " (required)" } else { "" };
        page.line(format_args!("  {:<14} {}{presence}", table.name, table.doc));
    }
    if manifest.seed {
        page.line("");
        page.line("takes a seed (`--seed N`)");
    }
}

fn parameter(spec: &ParamSpec, page: &mut Page) {
    let kind = match spec.kind {
        ParamKind::Text => "text".to_owned(),
        ParamKind::Integer => "integer".to_owned(),
        ParamKind::Boolean => "true or false".to_owned(),
        ParamKind::Secret => "secret text".to_owned(),
        ParamKind::Bytes => "text with escapes".to_owned(),
        ParamKind::Choice => spec.choices.join(" or "),
    };
    let repeats = if spec.repeats { ", repeats" } else { "" };
    let file = if spec.from_file { ", or @FILE" } else { "" };
    let presence = match (&spec.default, spec.required) {
        (_, true) => ", required".to_owned(),
        (Some(default), false) => format!(", default \"{}\"", shown(default).cut(DEFAULT_CHARS)),
        (None, false) => String::new(),
    };
    page.line(format_args!("  {:<14} {} ({kind}{file}{repeats}{presence})", spec.name, spec.doc));
}
