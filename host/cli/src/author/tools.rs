//! Finding the tools of a build: in the project's own folders first, then on the
//! search path.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use runner_pipeline::error::{Error, Kind, Result};

use super::language::Tool;

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

/// The first command of a tool that works.
///
/// # Errors
/// [`Kind::Usage`], with what must be installed and how.
pub(super) fn find(tool: &Tool, search_path: &OsString) -> Result<Vec<String>> {
    for command in &tool.programs {
        let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        let Some((program, arguments)) = words.split_first() else { continue };
        let works = Command::new(program)
            .args(arguments)
            .args(&tool.version)
            .env("PATH", search_path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if works {
            return Ok(words);
        }
    }
    let programs: Vec<_> = tool.programs.iter().map(|program| format!("`{program}`")).collect();
    Err(Error::new(Kind::Usage, format!("the build needs {}", tool.needs))
        .because(format!("none of these works here: {}", programs.join(", ")))
        .hint(format!("to install it: {}", tool.get))
        .hint(format!("it is looked for on the PATH, and in {} of the project", FOLDERS.join(", "))))
}
