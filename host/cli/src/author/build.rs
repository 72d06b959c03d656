//! `runner plugin build`.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, escape_lines, shown};
use runner_sandbox::Isolation;

use super::language::Step;
use super::project::Project;
use super::tools;
use crate::Outcome;
use crate::loaded_plugin::{limits, load};
use crate::report::Reporter;

/// The folder of a project for intermediate files.
const SCRATCH: &str = ".build";

/// Maximum size of a module in the text format.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Maximum number of characters of an error in the text format.
const TEXT_ERROR_CHARS: usize = 1000;

/// Builds the plugin of the project in a folder.
///
/// # Errors
/// If a tool is missing, a step fails, or what was built is no plugin; any I/O
/// error.
pub(crate) fn build(folder: &Path, reporter: &Reporter) -> Result<Outcome> {
    let project = Project::open(folder)?;
    let scratch = absolute(&project.folder)?.join(SCRATCH);
    make_scratch(&scratch)?;
    let made = scratch.join(format!("{}.wasm", project.name));
    remove(&made)?;
    let mut places = Places::new(&project, &scratch, &made)?;
    for step in tools::choose(&project, &mut places.tools)? {
        places.run(step)?;
    }
    places.take(&project.language.recipe.module, &made)?;
    let text = made.to_str().ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} is not UTF-8", made.shown())).hint("move the project")
    })?;
    let plugin = load(text, limits()?, Isolation::COMPILE_DEADLINE, reporter)?;
    let path = project.plugin();
    let bytes = fs::metadata(&made).map_err(Error::at("read the metadata of", &made))?.len();
    fs::rename(&made, &path).map_err(Error::at("rename to", &path))?;
    let (name, version) = (shown(&plugin.manifest().name), shown(&plugin.manifest().version));
    let again = match project.language.recipe.reproducible {
        true => "the same in any folder",
        false => "not the same each time",
    };
    reporter.show(&Page::of(format_args!("{}: {name} {version}, {bytes} bytes, {again}", path.shown())))?;
    Ok(Outcome::Done)
}

/// What placeholders stand for.
struct Places {
    folder: PathBuf,
    paths: Vec<(&'static str, String)>,
    tools: Vec<(String, Vec<String>)>,
}

impl Places {
    fn new(project: &Project, scratch: &Path, made: &Path) -> Result<Self> {
        let folder = absolute(&project.folder)?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let paths = vec![
            ("name", project.name.clone()),
            ("out", text(made)),
            ("build", text(scratch)),
            ("sdk", text(&folder.join("runner"))),
            ("project", text(&folder)),
            ("cargo-home", text(&cargo_home())),
        ];
        Ok(Self { folder, paths, tools: Vec::new() })
    }

    /// Runs a step, and shows what it says.
    fn run(&self, step: &Step) -> Result<()> {
        let mut words = Vec::new();
        for word in &step.run {
            let tool = self.tools.iter().find(|(name, _)| *word == format!("{{{name}}}"));
            match tool {
                Some((_, command)) => words.extend(command.iter().cloned()),
                None => words.push(self.filled(word)),
            }
        }
        let shown_words = words.iter().map(|word| shown(word).to_string()).collect::<Vec<_>>().join(" ");
        let failed = |why: &str| {
            Error::new(Kind::Io, format!("a step of the build failed: {why}")).because(shown_words.clone())
        };
        let Some((program, arguments)) = words.split_first() else { return Err(failed("it has no program")) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        for (name, value) in &step.env {
            command.env(name, self.filled(value));
        }
        // Standard output is for what this program says.
        let output = std::io::stderr().as_fd().try_clone_to_owned();
        command.stdout(output.map_or_else(|_| Stdio::null(), Stdio::from));
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(&status.to_string())),
            Err(error) => Err(failed(&error.to_string())),
        }
    }

    /// A word with its placeholders filled in.
    fn filled(&self, word: &str) -> String {
        let mut text = word.to_owned();
        for (name, value) in &self.paths {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        for (name, command) in &self.tools {
            text = text.replace(&format!("{{{name}}}"), &command.join(" "));
        }
        text
    }

    /// Puts the module that the steps have made at `made`, in the binary format.
    ///
    /// # Errors
    /// If there is none, or it is wrong in the text format; any I/O error.
    fn take(&self, module: &str, made: &Path) -> Result<()> {
        let module = self.folder.join(self.filled(module));
        if !module.is_file() {
            return Err(Error::new(Kind::Io, format!("the build has not made {}", module.shown()))
                .hint("the steps ended without an error; is the project's source complete?"));
        }
        if module.extension().is_some_and(|extension| extension == OsStr::new("wat")) {
            let length = fs::metadata(&module).map_err(Error::at("read the metadata of", &module))?.len();
            if length > MAX_TEXT_BYTES {
                let what = format!("{} is larger than {MAX_TEXT_BYTES} bytes", module.shown());
                return Err(Error::new(Kind::Refused, what));
            }
            let bytes = wat::parse_file(&module).map_err(|error| {
                let what = format!("{} is not valid in the text format of WebAssembly", module.shown());
                Error::new(Kind::Plugin, what).because(escape_lines(&error.to_string(), TEXT_ERROR_CHARS))
            })?;
            return fs::write(made, bytes).map_err(Error::at("write", made));
        }
        if module != made {
            fs::copy(&module, made).map_err(Error::at("write", made))?;
        }
        Ok(())
    }
}

/// Where cargo keeps the sources of other crates.
fn cargo_home() -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty());
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    own.map_or_else(home, PathBuf::from)
}

/// Creates the folder for intermediate files, unless it is there. A symbolic link
/// in its place would make a compiler write outside of the project.
fn make_scratch(scratch: &Path) -> Result<()> {
    match fs::create_dir(scratch) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(Error::at("create the folder", scratch)),
    }
    let found = fs::symlink_metadata(scratch).map_err(Error::at("read the metadata of", scratch))?;
    if found.is_dir() {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, format!("{} is not a folder", scratch.shown()))
        .hint("remove it, and build again"))
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    fs::canonicalize(folder).map_err(Error::at("open the folder", folder))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Whether a path is that of a plugin, rather than a project's folder.
pub(super) fn is_plugin(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == OsStr::new("wasm") || extension == OsStr::new("wat"))
}
