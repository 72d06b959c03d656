//! `runner plugin`.

use clap::Subcommand;
use runner_contract::ParamKind;
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, shown};
use runner_sandbox::plugin::bundled;
use runner_sandbox::{Isolation, Limits, Plugin};

use crate::Outcome;
use crate::loaded_plugin::load;
use crate::report::Reporter;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the bundled plugins
    List,
    /// Show a plugin's manifest: version, digest and parameters
    Inspect {
        /// Name of a bundled plugin, or path of a .wasm file
        plugin: String,
    },
}

/// Maximum number of characters shown of a default value.
const DEFAULT_CHARS: usize = 400;

pub(crate) fn run(command: &PluginCommand, reporter: &Reporter) -> Result<Outcome> {
    let mut page = Page::default();
    match command {
        PluginCommand::List => {
            for bundled in bundled::ALL {
                let plugin = load(bundled.name, Limits::default(), Isolation::COMPILE_DEADLINE, reporter)?;
                let manifest = plugin.manifest();
                page.line(format_args!("{:<10} {:<8} {}", bundled.name, manifest.version, manifest.summary));
            }
        }
        PluginCommand::Inspect { plugin } => {
            inspect(&load(plugin, Limits::default(), Isolation::COMPILE_DEADLINE, reporter)?, &mut page)
        }
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

fn inspect(plugin: &Plugin, page: &mut Page) {
    let manifest = plugin.manifest();
    page.line(format_args!("{} {}", manifest.name, manifest.version));
    page.line(&manifest.summary);
    page.line("");
    page.line(format_args!("license  {}", manifest.license));
    page.line(format_args!("digest   {}", plugin.digest()));
    if !manifest.params.is_empty() {
        page.line("");
        page.line("parameters (`--set NAME=VALUE`):");
    }
    for spec in &manifest.params {
        let kind = match spec.kind {
            ParamKind::Text => "text",
            ParamKind::Integer => "integer",
            ParamKind::Boolean => "true or false",
            ParamKind::Secret => "secret text",
        };
        let presence = match (&spec.default, spec.required) {
            (_, true) => ", required".to_owned(),
            (Some(default), false) => format!(", default \"{}\"", shown(default).cut(DEFAULT_CHARS)),
            (None, false) => String::new(),
        };
        page.line(format_args!("  {:<14} {} ({kind}{presence})", spec.name, spec.doc));
    }
}
