//! The scan of `runner apply --check`, with a bundled plugin compiled natively
//! instead of the sandboxed one. The difference between their times is the cost
//! of the sandbox. Both print the number of edits, which must be the same.

mod native;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::context::cores;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::memory::{Budget, MemoryContext, Space, Watch};
use runner_pipeline::patch::PluginId;
use runner_pipeline::run::{self, Options, Program, Report};
use runner_pipeline::scan::DEFAULT_WINDOW_BYTES;
use runner_plugin::Plugin;
use runner_sandbox::plugin::params::{self, Given};

#[derive(Debug, Parser)]
#[command(about = "Shows what a bundled plugin, compiled natively, would change in a file")]
struct Args {
    /// One of replace, redact, csv, newline
    plugin: String,
    /// Set a parameter of the plugin; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<Given>,
    /// Number of worker threads [default: one per core]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Approximate size of the windows that the plugin sees
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_WINDOW_BYTES,
          value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    window: u64,
    /// The file, which is only read
    file: PathBuf,
}

fn key_value(text: &str) -> std::result::Result<Given, String> {
    let (name, value) = text.split_once('=').ok_or("it must have the form KEY=VALUE")?;
    Ok(Given::set(name, value))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let report = match args.plugin.as_str() {
        "replace" => check::<runner_replace::Replace>(&args),
        "redact" => check::<runner_redact::Redact>(&args),
        "csv" => check::<runner_csv::Csv>(&args),
        "newline" => check::<runner_newline::Newline>(&args),
        other => Err(Error::new(Kind::Usage, format!("there is no native plugin `{other}`"))),
    };
    match report {
        Ok(report) => {
            let root = report.post_root.map_or_else(String::new, |root| format!(", root {root}"));
            println!("{}: {} edits{root}", args.file.display(), report.stats.edits);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// Does the same as `runner apply --check` with the same options.
fn check<P: Plugin + Send + 'static>(args: &Args) -> Result<Report> {
    let manifest = P::describe();
    let params = params::check(&manifest, &args.set)?;
    let program = Program {
        id: PluginId {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: String::new(),
            evidence: Vec::new(),
        },
        params: params::storable(&params),
        head_bytes: runner_contract::HEAD_BYTES,
        params_digest: params::digest(&params),
        begin: &|head| native::begin::<P>(&params, head),
    };
    let watch = Watch::new();
    let cancel = AtomicBool::new(false);
    let options = Options {
        threads: args.jobs.map_or_else(cores, usize::from),
        window_bytes: args.window,
        memory: MemoryContext {
            budget: &Budget::UNLIMITED,
            look: Some(&|| watch.look()),
            space: Space::DEFAULT,
        },
        cancel: Cancel::new(&cancel),
        ..Options::default()
    };
    run::dry_run(&args.file, &program, &options, &mut |_| {}, &mut |_, _, _| Ok(()))
}
