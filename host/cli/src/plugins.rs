//! `runner plugin`.

mod admission;
mod allowed;
mod attest;
mod candidate;
mod carriers;
mod carry;
mod evidence;
mod inspect;
mod install;
mod key_files;
mod list;
mod lock;
mod new_file;
mod new_signer;
mod package;
mod push;
mod rebuild;
mod sign;
mod sources;
mod vouching;

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use runner_pipeline::error::Result;

use self::attest::{AttestArgs, attest};
use self::carry::{ExportArgs, ImportArgs, export, import};
use self::inspect::{InspectArgs, inspect};
use self::install::{InstallArgs, UpdateArgs, grant, install, remove, update};
pub(crate) use self::key_files::{PasswordArgs, public_key, read_text, secret_key, write_new_secret};
use self::list::list;
use self::lock::lock;
pub(crate) use self::new_file::{Pending, put};
use self::package::{PackageArgs, package};
use self::push::{PullArgs, PushArgs, pull, push};
use self::rebuild::{RebuildArgs, rebuild};
use self::sign::{KeygenArgs, SignArgs, VerifyArgs, keygen, sign, statement, verify};
use crate::Outcome;
use crate::args::CompileArgs;
use crate::author::{DevArgs, Update, VetArgs, build, dev, languages, new_project, test, vet};
use crate::report::Reporter;
pub(crate) use crate::turn::turn;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the bundled plugins, and those that are installed
    List,
    /// Show what a plugin says of itself: version, digest and parameters
    Inspect(InspectArgs),
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
    /// Write into a built plugin what it is, so that others can read it without running it
    Package(PackageArgs),
    /// Make a pair of keys, in the format of minisign: a secret one that signs plugins, and a public one
    /// that checks what it has signed
    Keygen(KeygenArgs),
    /// Sign a plugin: say that these bytes are the plugin that they say they are
    Sign(SignArgs),
    /// Print the line that is signed, for `ssh-keygen -Y sign -n runner-plugin`, and for minisign as the
    /// trusted comment
    Statement {
        /// The path of a .wasm file that `plugin package` has written
        plugin: PathBuf,
    },
    /// Say in a signed statement that a plugin was vetted, or that you approve of it. The statement is
    /// added to the file `.intoto.jsonl` beside the plugin
    Attest(AttestArgs),
    /// Build a plugin again from its source, confined, and compare the bytes: with the steps that this
    /// program has for the language, and nothing that package or source say. The exit code is 5 if they
    /// differ
    Rebuild(RebuildArgs),
    /// Check the signature of a plugin, and what others attest of it
    Verify(VerifyArgs),
    /// Bring a plugin, with its signatures, to a registry, or into an OCI layout
    Push(PushArgs),
    /// Fetch a plugin, with its signatures, into a file
    Pull(PullArgs),
    /// Install plugins from files, registries or OCI layouts. They are run by their names then: `runner
    /// apply NAMESPACE:NAME`
    Install(InstallArgs),
    /// Install newer versions of what is installed, from a folder or from registries
    Update(UpdateArgs),
    /// Grant installed plugins what they want beyond the usual, as `plugin inspect` shows: memory of an
    /// instance, time for a block, tables to read, and a seed
    Grant {
        /// NAMESPACE:NAME, the highest version, or NAMESPACE:NAME@VERSION
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Remove installed plugins
    Remove {
        /// NAMESPACE:NAME, all versions, or NAMESPACE:NAME@VERSION
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Write into the file runner.lock of the current folder which versions of plugins are used here
    Lock {
        /// NAMESPACE:NAME, the highest version, or NAMESPACE:NAME@VERSION
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Write installed plugins into a folder, for another machine
    Export(ExportArgs),
    /// Install the plugins of a folder that `export` has written
    Import(ImportArgs),
}

impl PluginCommand {
    /// Whether the report is for programs.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Self::Vet(args) if args.json)
    }
}

pub(crate) fn run(command: &PluginCommand, reporter: &Reporter) -> Result<Outcome> {
    match command {
        PluginCommand::New { name, language } => new_project(name, language, reporter),
        PluginCommand::Build { folder, compile } => build(folder, compile.compile_timeout, reporter),
        PluginCommand::Test { plugin, cases, update_budget, compile } => {
            let update = if *update_budget { Update::Budget } else { Update::Nothing };
            let places = (plugin.as_path(), cases.as_deref());
            test(places, update, compile.compile_timeout, reporter)
        }
        PluginCommand::Dev(args) => dev(args, reporter),
        PluginCommand::Vet(args) => vet(args, reporter),
        PluginCommand::List => list(reporter),
        PluginCommand::Inspect(args) => inspect(args, reporter),
        PluginCommand::Package(args) => package(args, reporter),
        PluginCommand::Keygen(args) => keygen(args, reporter),
        PluginCommand::Sign(args) => sign(args, reporter),
        PluginCommand::Statement { plugin } => statement(plugin, reporter),
        PluginCommand::Attest(args) => attest(args, reporter),
        PluginCommand::Rebuild(args) => rebuild(args, reporter),
        PluginCommand::Verify(args) => verify(args, reporter),
        PluginCommand::Push(args) => push(args, reporter),
        PluginCommand::Pull(args) => pull(args, reporter),
        PluginCommand::Install(args) => install(args, reporter),
        PluginCommand::Update(args) => update(args, reporter),
        PluginCommand::Grant { names } => grant(names, reporter),
        PluginCommand::Remove { names } => remove(names, reporter),
        PluginCommand::Lock { names } => lock(names, reporter),
        PluginCommand::Export(args) => export(args, reporter),
        PluginCommand::Import(args) => import(args, reporter),
    }
}
