//! Checks the test programs of `tests/` and their modules: no file is
//! forgotten, and all tests named in lists exist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell;

/// The programs; each is a folder of `tests/`.
const PROGRAMS: [&str; 7] = ["cli", "crash", "disk", "gallery", "hostile", "languages", "pipeline"];

/// The file of a module. `module` is its path below the program.
fn file(program: &Path, module: &[&str]) -> PathBuf {
    match module {
        [] => program.join("main.rs"),
        _ => program.join(module.join("/")).with_extension("rs"),
    }
}

/// All modules below a folder that have a file, each as a path of names.
fn modules(folder: &Path) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
        if entry.is_dir() {
            found.extend(modules(&entry).into_iter().map(|below| [vec![name.clone()], below].concat()));
        } else if entry.extension().is_some_and(|end| end == "rs") && name != "main" {
            found.push(vec![name]);
        }
    }
    found
}

/// Checks that a filter for tests, of a mutation or of `torture`, matches
/// something: its modules must exist, and its last part must be the beginning
/// of a function's name.
pub(crate) fn check_filter(program: &str, filter: &str) -> Result<(), String> {
    let folder = shell::root().join("tests").join(program);
    let mut module: Vec<&str> = filter.split("::").collect();
    let function = module.pop().unwrap_or_default();
    if module.is_empty() {
        return Err(format!("`{program} {filter}` names no module: write `{program} MODULE::{filter}`"));
    }
    let path = file(&folder, &module);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let is_module = !function.is_empty() && file(&folder, &[&module[..], &[function]].concat()).exists();
    if is_module || text.contains(&format!("fn {function}")) || text.contains(&format!("mod {function}")) {
        Ok(())
    } else {
        Err(format!("no name in {} begins with `{function}`", path.display()))
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let mut forgotten = Vec::new();
    for program in PROGRAMS {
        let folder = shell::root().join("tests").join(program);
        for module in modules(&folder) {
            let module: Vec<&str> = module.iter().map(String::as_str).collect();
            let (name, parent) = module.split_last().expect("a name");
            let parent = fs::read_to_string(file(&folder, parent)).unwrap_or_default();
            let named = parent.lines().any(|line| line.trim() == format!("mod {name};"));
            if !named {
                forgotten.push(format!("tests/{program}/{}.rs", module.join("/")));
            }
        }
    }
    assert!(forgotten.is_empty(), "no program runs these files:\n{}", forgotten.join("\n"));
}

#[test]
fn each_program_is_a_folder() {
    let manifest = fs::read_to_string(shell::root().join("tests/Cargo.toml")).expect("a manifest");
    for program in PROGRAMS {
        assert!(manifest.contains(&format!("path = \"{program}/main.rs\"")), "{program}");
    }
    assert_eq!(manifest.matches("[[test]]").count(), PROGRAMS.len());
}

#[test]
fn filters_are_looked_up() {
    assert_eq!(check_filter("crash", "simulated::a_crash_at_any"), Ok(()));
    assert_eq!(check_filter("crash", "simulated::appended"), Ok(()));
    assert_eq!(check_filter("hostile", "plugins::native::"), Ok(()));
    assert!(check_filter("crash", "a_crash_at_any").is_err());
    assert!(check_filter("crash", "simulated::no_such_test").is_err());
    assert!(check_filter("crash", "nowhere::a_test").is_err());
}

/// See `tests/pipeline/main.rs`.
#[test]
fn tests_of_the_pipeline_start_no_process() {
    let folder = shell::root().join("tests/pipeline");
    for module in modules(&folder) {
        let path = file(&folder, &module.iter().map(String::as_str).collect::<Vec<_>>());
        let text = fs::read_to_string(&path).expect("a module");
        let starts = ["process::Command", "runner(", "runner![", "runner_tests::command"];
        assert!(!starts.iter().any(|start| text.contains(start)), "{}", path.display());
    }
}
