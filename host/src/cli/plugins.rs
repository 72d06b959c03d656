//! `runner plugin`.

use std::fmt::Write as _;

use super::Outcome;
use super::args::PluginCommand;
use super::report::Reporter;
use super::session::load;
use crate::error::Result;
use crate::job::ParamKind;
use crate::plugin::bundled;
use crate::sandbox::{Compiler, Limits, Plugin};

pub(super) fn run(command: &PluginCommand, reporter: &Reporter) -> Result<Outcome> {
    let mut out = String::new();
    match command {
        PluginCommand::List => {
            for bundled in bundled::ALL {
                let plugin = load(bundled.name, Limits::default(), Compiler::DEADLINE, reporter)?;
                let manifest = plugin.manifest();
                // Writing to a `String` cannot fail.
                let _ = writeln!(out, "{:<10} {:<8} {}", bundled.name, manifest.version, manifest.summary);
            }
        }
        PluginCommand::Inspect { plugin } => {
            inspect(&load(plugin, Limits::default(), Compiler::DEADLINE, reporter)?, &mut out)
        }
    }
    reporter.data(out.as_bytes())?;
    Ok(Outcome::Done)
}

fn inspect(plugin: &Plugin, out: &mut String) {
    let manifest = plugin.manifest();
    let _ = writeln!(out, "{} {}\n{}\n", manifest.name, manifest.version, manifest.summary);
    let _ = writeln!(out, "license  {}\ndigest   {}", manifest.license, plugin.digest());
    if !manifest.params.is_empty() {
        out.push_str("\nparameters (`--set NAME=VALUE`):\n");
    }
    for spec in &manifest.params {
        let kind = match spec.kind {
            ParamKind::Text => "text",
            ParamKind::Integer => "integer",
            ParamKind::Boolean => "true or false",
            ParamKind::Secret => "secret text",
        };
        let need = match (&spec.default, spec.required) {
            (_, true) => ", required".to_owned(),
            (Some(default), false) => format!(", default {default:?}"),
            (None, false) => String::new(),
        };
        let _ = writeln!(out, "  {:<14} {} ({kind}{need})", spec.name, spec.doc);
    }
}
