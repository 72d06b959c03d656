//! For tests that build plugins: the compilers, and the commands of their authors.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::{Ran, command, repository, skip};

/// The folders in which compilers are looked for.
pub fn search_path() -> String {
    let folder = repository().join("target/languages");
    let own = ["venv/bin", "node_modules/.bin"].map(|place| folder.join(place).display().to_string());
    format!("{}:{}", own.join(":"), env::var("PATH").unwrap_or_default())
}

/// Whether the compilers of all languages are there. `cargo xtask test` installs
/// them.
pub fn has_compilers() -> bool {
    has_programs(&["asc", "clang-19", "clang++-19", "go", "ldc2", "python-zig"])
}

/// Whether programs are there, on that path. `cargo xtask test` installs them.
pub fn has_programs(names: &[&str]) -> bool {
    let has = |program: &str| search_path().split(':').any(|folder| Path::new(folder).join(program).exists());
    let missing: Vec<_> = names.iter().copied().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return true;
    }
    skip(&format!("{} missing; `cargo xtask test` installs them", missing.join(", ")));
    false
}

/// Whether this system lets a build be confined. Many containers do not.
pub fn has_namespaces() -> bool {
    let options = ["--user", "--mount", "--pid", "--net", "--ipc", "--fork", "true"];
    let has = Command::new("unshare").args(options).stderr(Stdio::null()).status();
    if has.is_ok_and(|status| status.success()) {
        return true;
    }
    skip("there are no namespaces to be had");
    false
}

/// Whether Python and JavaScript are tried. They take minutes, and their tools a
/// download of 200 MB. `cargo xtask guests` sets this variable.
pub fn has_slow_compilers() -> bool {
    env::var_os("RUNNER_SLOW_LANGUAGES").is_some()
}

/// Runs `runner plugin` in a folder, with the compilers on its search path.
pub fn plugin(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command();
    command.arg("plugin").args(arguments).current_dir(folder).env("PATH", search_path());
    // Where packages of Node.js are, which are no programs.
    command.env("NODE_PATH", repository().join("target/languages/node_modules"));
    if let Some(home) = env::var_os("HOME") {
        command.env("HOME", home);
    }
    Ran::of(command.output().unwrap())
}

/// Copies a folder with all that is in it, and what symbolic links lead to.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let place = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &place);
        } else {
            fs::copy(&entry, &place).unwrap();
        }
    }
}
