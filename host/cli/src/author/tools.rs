//! The programs that a build needs.

use std::path::Path;
use std::process::{Command, Stdio};

use runner_pipeline::error::{Error, Kind, Result};

use super::language::{Step, Tool};
use super::project::Project;

/// Chooses the first way to build a project whose tools are all here, and returns
/// its steps. Adds the name and the command of each tool to `found`.
///
/// # Errors
/// If every way lacks a tool. The message names what is missing, and how to get
/// it, for each way.
pub(super) fn choose<'p>(project: &'p Project, found: &mut Vec<(String, Vec<String>)>) -> Result<&'p [Step]> {
    let mut missing = Vec::new();
    for (tools, steps) in project.language.recipe.ways() {
        let lacks = |tool: &&Tool| find(tool, &project.folder).is_none();
        let lacking: Vec<_> = tools.iter().filter(lacks).collect();
        if lacking.is_empty() {
            let commands =
                tools.iter().filter_map(|tool| Some((tool.name.clone(), find(tool, &project.folder)?)));
            found.extend(commands);
            return Ok(steps);
        }
        missing.push(lacking);
    }
    Err(error(&missing))
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
        text.push_str(&format!(", and {} is missing", file.display()));
    }
    text
}

/// The first command of a tool that works in a folder.
fn find(tool: &Tool, folder: &Path) -> Option<Vec<String>> {
    if !tool.files.iter().all(|file| file.exists()) {
        return None;
    }
    for command in &tool.programs {
        let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        let Some((program, arguments)) = words.split_first() else { continue };
        let works = Command::new(program)
            .args(arguments)
            .args(&tool.version)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if works {
            return Some(words);
        }
    }
    None
}
