//! Builds the plugin of a project again, from a copy of its source and confined.

use std::path::Path;
use std::time::Duration;

use runner_pipeline::cancel::Cancel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};

use super::build::Builder;
use super::confined::{Confined, Wish};
use super::copy::copy;
use super::language::Language;
use super::project::Project;
use super::shell::Shell;
use crate::report::Reporter;

/// What a build has made.
pub(crate) struct Rebuilt {
    /// The module, of which nothing was checked.
    pub(crate) module: Vec<u8>,
    /// A digest of the names and contents of the source.
    pub(crate) source_blake3: blake3::Hash,
    /// Its files, and their size in bytes.
    pub(crate) source_size: (u64, u64),
    /// Each tool, with what it says of its version.
    pub(crate) tools: Vec<(String, String)>,
    /// The layers of confinement that the system lacks.
    pub(crate) lacking: Vec<String>,
}

/// Builds the project in a folder, which is not changed, with the steps that this
/// program has for a language. What the project says of its tools counts for nothing.
///
/// # Errors
/// [`Kind::Usage`] if there is no such language, its builds are not the same each time,
/// the project is in another one, or a tool is missing; [`Kind::Refused`] if the source
/// cannot be copied, or the build cannot be confined; if a step fails, or the run was
/// stopped.
pub(crate) fn rebuild(
    source: &Path,
    language: &str,
    wish: &Wish,
    cancel: Cancel<'_>,
    reporter: &Reporter,
) -> Result<Rebuilt> {
    let language = Language::named(language)
        .map_err(|error| error.within("the package says that it was built in another language"))?;
    if !language.recipe.reproducible {
        let what = format!("a build in {} cannot be repeated", language.recipe.language);
        return Err(Error::new(Kind::Usage, what)
            .because("its tools give other bytes each time, so that nothing follows from different ones")
            .hint("read the source, and `runner plugin attest --approve` says that you have"));
    }
    let project = Project::open(source)?;
    if project.language.id() != language.id() {
        let (found, said) = (project.language.id(), language.id());
        let what = format!("{} is not the source of this plugin", source.shown());
        return Err(Error::new(Kind::Usage, what)
            .because(format!("it is in the language {found}, and the package says {said}")));
    }
    let room = tempfile::tempdir().map_err(Error::at("create a folder in", &std::env::temp_dir()))?;
    let folder = room.path().join("project");
    let copied = copy(source, &folder)?;
    let programs = programs(&language);
    let confined = Confined::new(room.path(), source, programs.iter().map(String::as_str), wish)?;
    // A module in the text format is only translated.
    let lacking = if programs.is_empty() { Vec::new() } else { confined.lacking()? };
    let builder = Builder::with(Project::open(&folder)?, Duration::MAX, Shell::Confined(confined))?;
    let made = builder.module(cancel, reporter);
    let removed = super::room::remove(room.path());
    if removed.is_err() {
        let room = room.path().shown();
        reporter.note(&Page::of(format_args!("warning: {room} could not be removed")))?;
    }
    let (module, tools) = made?;
    Ok(Rebuilt {
        module,
        source_blake3: copied.blake3,
        source_size: (copied.files, copied.bytes),
        tools,
        lacking,
    })
}

/// All programs that a language may need.
fn programs(language: &Language) -> Vec<String> {
    let tools = language.recipe.ways().flat_map(|way| way.tools);
    let commands = tools.flat_map(|tool| &tool.programs);
    commands.filter_map(|command| command.split_whitespace().next()).map(str::to_owned).collect()
}
