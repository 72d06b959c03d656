//! `cargo xtask languages`: how long it takes in each language from nothing to a
//! plugin that passes its tests, and what that plugin costs.
//!
//! All languages but one have the same template, so the plugins do the same job:
//! they shift the time stamp in each line. In WAT, a word is set in capitals.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use xtask::shell;

use crate::setup::{Scale, Setup};

const NAME: &str = "shift-times";
/// The file in which each line has an edit.
const DENSE_BYTES: u64 = 64 << 20;
/// The limits of memory that are tried, in MiB.
const LIMITS_MIB: [u64; 12] = [1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 192, 256];
/// Units of the times in `/proc/self/stat`, which are the same on all machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// Measures each language.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The languages; without any, all that `runner plugin new` has
    languages: Vec<String>,
}

/// Measures the languages, and prints a table in Markdown.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let setup = Setup::new(Scale::Full)?;
    let languages = match &options.languages[..] {
        [] => installed(&setup)?,
        some => some.to_vec(),
    };
    let dense = setup.work("dense");
    fs::write(&dense, lines(DENSE_BYTES)).map_err(|error| format!("{}: {error}", dense.display()))?;
    println!(
        "| language | from nothing to a passing test | `.wasm` | first run | next runs | least `--memory` | 64 MiB, each line edited |"
    );
    println!("|---|---|---|---|---|---|---|");
    for language in languages {
        match Bench::new(&setup, &language).measure(&dense) {
            Ok(row) => println!("{row}"),
            Err(error) => eprintln!("{language}: {error}"),
        }
    }
    setup.clear()
}

/// All languages with an SDK.
fn installed(setup: &Setup) -> Result<Vec<String>, String> {
    let help = shell::output(Command::new(setup.runner()).args(["plugin", "new", "--help"]))?;
    let (_, list) = help.split_once("[possible values: ").ok_or("`plugin new --help` lists no languages")?;
    let (list, _) = list.split_once(']').ok_or("`plugin new --help` lists no languages")?;
    Ok(list.split(',').map(|name| name.trim().to_owned()).collect())
}

/// Lines of 66 bytes, each with a stamp.
fn lines(bytes: u64) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut number = 0_u64;
    while (lines.len() as u64) < bytes {
        let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
        let line = format!(
            "ts=2026-11-26T{hour:02}:{minute:02}:{second:02}Z level=info request={number:010} path=/index\n"
        );
        lines.extend_from_slice(line.as_bytes());
        number += 1;
    }
    lines
}

struct Bench<'s> {
    setup: &'s Setup,
    language: &'s str,
    folder: PathBuf,
    cache: PathBuf,
}

impl<'s> Bench<'s> {
    fn new(setup: &'s Setup, language: &'s str) -> Self {
        let folder = setup.work(language);
        let cache = setup.work(&format!("{language}-cache"));
        Self { setup, language, folder, cache }
    }

    /// A row of the table.
    fn measure(&self, dense: &Path) -> Result<String, String> {
        let at = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        fs::create_dir_all(&self.folder).map_err(at)?;
        // Node.js looks for packages in the folders above a project, too.
        let packages = shell::root().join("target/languages/node_modules");
        symlink(packages, self.folder.join("node_modules")).map_err(at)?;
        let project = self.folder.join(NAME);
        let started = Instant::now();
        self.run(&["plugin", "new", NAME, "--lang", self.language], &self.folder)?;
        self.run(&["plugin", "build"], &project)?;
        self.run(&["plugin", "test"], &project)?;
        let all = started.elapsed().as_secs_f64();

        let plugin = format!("{NAME}.wasm");
        let bytes = fs::metadata(project.join(&plugin)).map_err(at)?.len();
        fs::write(project.join("small"), lines(1000)).map_err(at)?;
        fs::remove_dir_all(&self.cache).map_err(at)?;
        // The template of the text format does a simpler job.
        let set = if self.language == "wat" { "after=level=" } else { "seconds=1" };
        let small = ["apply", &plugin, "--set", set, "--dry-run", "small"];
        let first = self.run(&small, &project)?.0;
        let next = (0..5).map(|_| Ok(self.run(&small, &project)?.0)).collect::<Result<Vec<_>, String>>()?;
        let next = next.into_iter().fold(f64::INFINITY, f64::min);

        let dense = dense.to_str().ok_or("the path is not UTF-8")?;
        let run = ["apply", &plugin, "--set", set, "--dry-run", "-j1", dense];
        let (_, processor) = self.run(&run, &project)?;
        let fits = |limit: &u64| {
            let limit = format!("{limit}M");
            self.run(&[&run[..], &["--memory", &limit]].concat(), &project).is_ok()
        };
        let least =
            LIMITS_MIB.into_iter().find(fits).map_or("more".to_owned(), |limit| format!("{limit} MiB"));
        Ok(format!(
            "| {} | {all:.1} s | {} KB | {:.0} ms | {:.0} ms | {least} | {:.0} MB/s |",
            self.language,
            bytes.div_ceil(1000),
            first * 1000.0,
            next * 1000.0,
            DENSE_BYTES as f64 / 1e6 / processor,
        ))
    }

    /// Runs `runner`. Returns wall time and processor time in seconds.
    fn run(&self, arguments: &[&str], folder: &Path) -> Result<(f64, f64), String> {
        let languages = shell::root().join("target/languages");
        let own = [languages.join("venv/bin"), languages.join("node_modules/.bin")];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(self.setup.runner());
        command
            .args(arguments)
            .current_dir(folder)
            .env("RUNNER_CACHE_DIR", &self.cache)
            .stdout(Stdio::null());
        command.env("PATH", path.map_err(|error| error.to_string())?);
        let before = processor_seconds()?;
        let started = Instant::now();
        let output = command.stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
        let wall = started.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("{}: {}: {said}", shell::line(&command), output.status));
        }
        Ok((wall, processor_seconds()? - before))
    }
}

/// The processor time of all children that have ended, and of theirs.
fn processor_seconds() -> Result<f64, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    // The second field is a name in parentheses; the sixteenth and seventeenth are
    // the times (proc_pid_stat(5)).
    let (_, rest) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let fields: Vec<f64> =
        rest.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(fields.iter().sum::<f64>() / TICKS_PER_SECOND)
}
