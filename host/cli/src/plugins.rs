//! `runner plugin`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use runner_contract::ParamKind;
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, shown};
use runner_sandbox::plugin::{bundled, names};
use runner_sandbox::{Confinement, Isolation, Limits, Plugin};

use crate::Outcome;
use crate::args::{CompileArgs, seconds};
use crate::author::{DevArgs, Update, VetArgs, build, dev, languages, new_project, test, vet};
use crate::loaded_plugin::{limits, load};
use crate::report::Reporter;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the bundled plugins
    List,
    /// Show a plugin's manifest: version, digest and parameters
    Inspect {
        /// Name of a bundled plugin, or path of a .wasm file; or several with commas between
        plugin: String,
        /// Time limit for starting the plugin, and for its answer
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
        #[command(flatten)]
        compile: CompileArgs,
        /// Refuse to run the plugin unless the kernel can confine it fully
        #[arg(long)]
        require_confinement: bool,
    },
    /// Begin a new plugin: write a project that builds and passes its tests
    New {
        /// The plugin's name, and that of the folder
        name: String,
        /// The language to write it in
        #[arg(long = "lang", value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(languages()))]
        language: String,
    },
    /// Build the plugin of a project. This runs a compiler on its files: build only what you would run
    Build {
        /// The project's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        #[command(flatten)]
        compile: CompileArgs,
    },
    /// Run the test cases of a plugin, with windows of several sizes
    Test {
        /// The path of a .wasm or .wat file, or a project's folder
        #[arg(default_value = ".")]
        plugin: PathBuf,
        /// The folder of the cases, each a folder with `input`, `output` or `error`, and `params.toml`
        /// [default: `cases` beside the plugin]
        cases: Option<PathBuf>,
        /// Write what the plugin costs now into `budget.toml` in the folder of the cases. From then on,
        /// the test fails if it costs a tenth more
        #[arg(long)]
        update_budget: bool,
        #[command(flatten)]
        compile: CompileArgs,
    },
    /// Watch a plugin: whenever a source is saved, build it, run it on the start of a file, and show
    /// what it changes there. This runs a compiler as `build` does
    Dev(DevArgs),
    /// Try whether a plugin keeps its claims and the contract, on samples, odd inputs, and many that are
    /// made. The exit code is 1 if a check fails
    Vet(Box<VetArgs>),
}

impl PluginCommand {
    /// Whether the report is for programs.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Self::Vet(args) if args.json)
    }
}

/// Maximum number of characters shown of a default value.
const DEFAULT_CHARS: usize = 400;

pub(crate) fn run(command: &PluginCommand, reporter: &Reporter) -> Result<Outcome> {
    let mut page = Page::default();
    match command {
        PluginCommand::New { name, language } => return new_project(name, language, reporter),
        PluginCommand::Build { folder, compile } => {
            return build(folder, compile.compile_timeout, reporter);
        }
        PluginCommand::Test { plugin, cases, update_budget, compile } => {
            let update = if *update_budget { Update::Budget } else { Update::Nothing };
            let places = (plugin.as_path(), cases.as_deref());
            return test(places, update, compile.compile_timeout, reporter);
        }
        PluginCommand::Dev(args) => return dev(args, reporter),
        PluginCommand::Vet(args) => return vet(args, reporter),
        PluginCommand::List => {
            for bundled in bundled::ALL {
                let plugin = load(bundled.name, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
                let manifest = plugin.manifest();
                page.line(format_args!("{:<10} {:<8} {}", bundled.name, manifest.version, manifest.summary));
            }
        }
        PluginCommand::Inspect { plugin, timeout, compile, require_confinement } => {
            let mut limits = Limits { deadline: *timeout, ..limits()? };
            if *require_confinement {
                limits.confinement = Confinement::Full;
            }
            for (index, name) in names(plugin)?.into_iter().enumerate() {
                if index > 0 {
                    page.line("");
                }
                inspect(&load(name, limits.clone(), compile.compile_timeout, reporter)?, &mut page);
            }
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
