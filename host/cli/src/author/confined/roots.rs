//! Which folders of the user's own hold a tool: only they are opened to a build.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Folders and files beside a folder `bin` that belong to what is installed there: those
/// of Python, Go, LLVM and others.
const BESIDE_BIN: [&str; 10] =
    ["VERSION", "bin", "go.env", "include", "lib", "lib64", "libexec", "pkg", "pyvenv.cfg", "src"];
/// The folder of packages of Node.js.
const NODE_MODULES: &str = "node_modules";
/// The longest first line of a script, in bytes.
const LINE_BYTES: u64 = 256;
/// How many interpreters a script can have, one after the other.
const DEPTH: usize = 4;

/// The folders that a program of this name needs, which is looked for in `search_path`:
/// where it is, what is installed beside it, and the same of its interpreter. Nothing,
/// if there is no such program.
pub(super) fn of_program(name: &str, search_path: &[PathBuf]) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Some(path) = found(name, search_path) {
        follow(&path, search_path, DEPTH, &mut roots);
    }
    roots.sort();
    roots.dedup();
    roots.retain(|root| is_narrow(root));
    roots
}

fn found(name: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    search_path.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn follow(path: &Path, search_path: &[PathBuf], depth: usize, roots: &mut Vec<PathBuf>) {
    let Ok(real) = fs::canonicalize(path) else { return };
    roots.extend([path, &real].into_iter().flat_map(around));
    // A link may lead to a link.
    if let Ok(next) = fs::read_link(path)
        && let Some(folder) = path.parent()
        && depth > 0
    {
        follow(&folder.join(next), search_path, depth - 1, roots);
    }
    let interpreter = interpreter(&real, search_path);
    if let Some(interpreter) = interpreter.filter(|_| depth > 0) {
        follow(&interpreter, search_path, depth - 1, roots);
    }
}

/// What belongs to a program.
fn around(program: &Path) -> Vec<PathBuf> {
    let modules = program.ancestors().filter(|folder| folder.file_name() == Some(OsStr::new(NODE_MODULES)));
    if let Some(modules) = modules.last() {
        return vec![modules.to_owned()];
    }
    let Some(folder) = program.parent() else { return vec![] };
    match (folder.file_name(), folder.parent()) {
        // `~/bin` does not make `~/src` a part of it.
        (Some(name), Some(prefix)) if name == OsStr::new("bin") && is_narrow(prefix) => {
            BESIDE_BIN.iter().map(|name| prefix.join(name)).filter(|path| path.exists()).collect()
        }
        _ => vec![folder.to_owned()],
    }
}

/// The interpreter that the first line of a script names.
fn interpreter(script: &Path, search_path: &[PathBuf]) -> Option<PathBuf> {
    let mut start = Vec::new();
    fs::File::open(script).ok()?.take(LINE_BYTES).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = str::from_utf8(line).ok()?.split_whitespace();
    let first = Path::new(words.next()?);
    match first.file_name() {
        Some(name) if name == OsStr::new("env") => {
            found(words.find(|word| !word.starts_with('-'))?, search_path)
        }
        _ => Some(first.to_owned()),
    }
}

/// Whether a folder holds tools, rather than everything of a user.
fn is_narrow(root: &Path) -> bool {
    let home = std::env::home_dir().unwrap_or_default();
    let home = fs::canonicalize(&home).unwrap_or(home);
    let real = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    real.components().count() > 2 && (home.as_os_str().is_empty() || !home.starts_with(&real))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tool_brings_what_is_installed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        let make = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let python = make("python/bin/python3", "");
        make("python/lib/x.py", "");
        make("python/share/secret", "");
        make("venv/bin/zig", &format!("#!{}\n", folder.join("venv/bin/python").display()));
        symlink(&python, folder.join("venv/bin/python")).unwrap();
        make("venv/pyvenv.cfg", "");
        let found = of_program("zig", &[folder.join("venv/bin")]);
        let expected: Vec<_> = ["python/bin", "python/lib", "venv/bin", "venv/pyvenv.cfg"]
            .iter()
            .map(|name| folder.join(name))
            .collect();
        assert_eq!(found, expected);
        make("js/node_modules/asc/bin/asc.js", "#!/usr/bin/env node\n");
        fs::create_dir_all(folder.join("js/node_modules/.bin")).unwrap();
        symlink("../asc/bin/asc.js", folder.join("js/node_modules/.bin/asc")).unwrap();
        let found = of_program("asc", &[folder.join("js/node_modules/.bin")]);
        assert_eq!(found, [folder.join("js/node_modules")]);
        assert_eq!(of_program("nothing", std::slice::from_ref(&folder)), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn a_home_is_no_folder_of_tools() {
        let home = std::env::home_dir().unwrap();
        assert!(!is_narrow(Path::new("/")) && !is_narrow(Path::new("/usr")));
        assert!(home.ancestors().all(|folder| !is_narrow(folder)));
        assert!(is_narrow(&home.join("sdk/go/bin")));
    }
}
