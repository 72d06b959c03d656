//! Finding the tools of a build: in the project's own folders first, then on the
//! search path.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;

use super::language::{Recipe, Step, Tool};
use super::shell::Shell;

/// Where the package managers of Python and Node.js put programs.
const FOLDERS: [&str; 3] = ["venv/bin", ".venv/bin", "node_modules/.bin"];

/// The search path of a build in a folder.
pub(super) fn search_path(folder: &Path) -> OsString {
    let own = FOLDERS.iter().map(|place| folder.join(place)).filter(|place| place.is_dir());
    let usual = env::var_os("PATH").unwrap_or_default();
    let all = own.chain(env::split_paths(&usual));
    // A folder with a colon in its name cannot be on the path.
    env::join_paths(all).unwrap_or(usual)
}

/// A way to build whose tools are all here.
pub(super) struct Chosen {
    /// The name and the command of each tool.
    pub(super) tools: Vec<(String, Vec<String>)>,
    pub(super) steps: Vec<Step>,
    /// What is run in place of the steps while an author watches, if not empty.
    pub(super) quick: Vec<Step>,
}

/// Chooses the first way to build in a folder whose tools are all here.
///
/// # Errors
/// [`Kind::Usage`] if every way lacks a tool. The message names what is missing, and
/// how to get it, for each way.
pub(super) fn choose(recipe: &Recipe, folder: &Path, shell: &Shell) -> Result<Chosen> {
    let mut missing = Vec::new();
    for way in recipe.ways() {
        let (mut found, mut lacking) = (Vec::new(), Vec::new());
        for tool in way.tools {
            match find(tool, folder, shell) {
                Some(command) => found.push((tool.name.clone(), command)),
                None => lacking.push(tool),
            }
        }
        if lacking.is_empty() {
            return Ok(Chosen { tools: found, steps: way.steps.to_vec(), quick: way.quick.to_vec() });
        }
        missing.push(lacking);
    }
    Err(error(&missing).hint(shell.places(&FOLDERS)))
}

/// The error for what each way lacks.
fn error(missing: &[Vec<&Tool>]) -> Error {
    let needs =
        |tools: &[&Tool]| tools.iter().map(|tool| tool.needs.as_str()).collect::<Vec<_>>().join("; and ");
    let get = |tools: &[&Tool]| {
        let mut ways: Vec<_> = tools.iter().map(|tool| tool.get.as_str()).collect();
        ways.dedup();
        ways.join("; ")
    };
    let (first, others) =
        missing.split_first().map_or((&[][..], &[][..]), |(first, others)| (first.as_slice(), others));
    let what = format!("the build needs {}", needs(first));
    let mut error = Error::new(Kind::Usage, what)
        .because(first.iter().map(|tool| tried(tool)).collect::<Vec<_>>().join("; "))
        .hint(format!("to install it: {}", get(first)));
    for other in others {
        error = error.hint(format!("or use {}: {}", needs(other), get(other)));
    }
    error
}

/// What was tried of a tool.
fn tried(tool: &Tool) -> String {
    let programs: Vec<_> = tool.programs.iter().map(|program| format!("`{program}`")).collect();
    let mut text = format!("none of these works here: {}", programs.join(", "));
    for file in tool.files.iter().filter(|file| !file.exists()) {
        text.push_str(&format!(", and {} is missing", file.shown()));
    }
    text
}

/// The first command of a tool that works in a folder.
fn find(tool: &Tool, folder: &Path, shell: &Shell) -> Option<Vec<String>> {
    if !tool.files.iter().all(|file| file.exists()) {
        return None;
    }
    let commands =
        tool.programs.iter().map(|command| command.split_whitespace().map(str::to_owned).collect());
    commands.into_iter().find(|words: &Vec<String>| {
        let all = [words.as_slice(), &tool.version].concat();
        !words.is_empty() && shell.works(&all, folder)
    })
}
