//! Makes a copy of the tree under `target/mutate/` that contains all mutations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::list::{List, locate};
use super::sites::sources;
use crate::shell;

/// Copies the compiled dependencies of the product for the copy of the tree,
/// unless that was done before. They are the same.
pub(super) fn copy_built(root: &Path) -> Result<(), String> {
    let (old, built) = (root.join("target/debug"), root.join("target/mutate/target"));
    if built.exists() || !old.exists() {
        return Ok(());
    }
    fs::create_dir_all(&built).map_err(|error| format!("{}: {error}", built.display()))?;
    // Cargo only considers them built if the copies keep their modification
    // times.
    shell::run(Command::new("cp").args(["--archive", "--reflink=auto"]).args([&old, &built]))
}

/// Copies the tree and adds the mutations.
pub(super) fn make(root: &Path, list: &List, variable: &str) -> Result<PathBuf, String> {
    let tree = root.join("target/mutate/tree");
    let sources = switched(root, list, variable)?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| format!("{}: {error}", path.display())
    };
    fs::create_dir_all(&tree).map_err(at(&tree))?;
    let mut keep = Vec::new();
    for name in files(root)? {
        let path = tree.join(&name);
        let from = root.join(&name);
        if from.is_symlink() {
            if !path.is_symlink() {
                make_parent(&path)?;
                let link = fs::read_link(&from).map_err(at(&from))?;
                std::os::unix::fs::symlink(link, &path).map_err(at(&path))?;
            }
        } else {
            let content = match sources.get(Path::new(&name)) {
                Some(content) => content.clone().into_bytes(),
                None => fs::read(&from).map_err(at(&from))?,
            };
            // An unchanged file keeps its modification time, so it is not built
            // again.
            if fs::read(&path).ok().as_ref() != Some(&content) {
                make_parent(&path)?;
                fs::write(&path, content).map_err(at(&path))?;
            }
        }
        keep.push(path);
    }
    remove_others(&tree, &keep)?;
    Ok(tree)
}

fn make_parent(path: &Path) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))
}

/// All files of the repository, including those not committed yet.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = shell::output(git.stderr(Stdio::inherit()))?;
    let exists = |name: &&str| !name.is_empty() && fs::symlink_metadata(root.join(name)).is_ok();
    Ok(names.split('\0').filter(exists).map(str::to_owned).collect())
}

/// Removes files that are no longer part of the repository.
fn remove_others(tree: &Path, keep: &[PathBuf]) -> Result<(), String> {
    let entries = fs::read_dir(tree).map_err(|error| format!("{}: {error}", tree.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", tree.display()))?.path();
        if path.is_dir() && !path.is_symlink() {
            remove_others(&path, keep)?;
        } else if !keep.contains(&path) {
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// The root of the crate of a source file. It gets the function that checks for
/// a mutation.
fn crate_root(file: &str) -> String {
    let (name, _) = file.split_once('/').unwrap_or((file, ""));
    format!("{name}/src/lib.rs")
}

/// The sources with mutations, by their paths in the repository.
fn switched(root: &Path, list: &List, variable: &str) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut sources = BTreeMap::new();
    let roots: BTreeSet<String> = list.mutants.iter().map(|mutant| crate_root(&mutant.file)).collect();
    let starts = starts_of_processes(root)?;
    let files: BTreeSet<&str> = list
        .mutants
        .iter()
        .map(|mutant| &mutant.file)
        .chain(&roots)
        .chain(&starts)
        .map(String::as_str)
        .collect();
    for file in files {
        let name = Path::new("host").join(file);
        let text =
            fs::read_to_string(root.join(&name)).map_err(|error| format!("{}: {error}", name.display()))?;
        let mut pieces = Vec::new();
        for mutant in list.mutants.iter().filter(|mutant| mutant.file == file) {
            let range = locate(&text, &mutant.item, &mutant.find)
                .map_err(|what| format!("{}, {} {}: {what}", mutant.name, file, mutant.item))?;
            pieces.push(Piece { range, name: &mutant.name, with: &mutant.with });
        }
        let mut text = switch(&text, pieces)?;
        // A process without an environment has its mutation nevertheless.
        let kept = format!(".env_clear().envs(std::env::vars_os().filter(|(name, _)| name == {variable:?}))");
        text = text.replace(CLEARED, &kept);
        if roots.contains(file) {
            text = format!("#![allow(warnings)]\n{text}{}", switch_function(variable));
        }
        sources.insert(name, text);
    }
    Ok(sources)
}

/// How a process is started without an environment.
const CLEARED: &str = ".env_clear()";

/// The files, below `host/`, that start processes without an environment.
fn starts_of_processes(root: &Path) -> Result<Vec<String>, String> {
    let (folder, mut files) = (root.join("host"), Vec::new());
    sources(&folder, &mut files)?;
    let is_start = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains(CLEARED));
    let below = |path: PathBuf| Some(path.strip_prefix(&folder).ok()?.to_string_lossy().into_owned());
    Ok(files.into_iter().filter(is_start).filter_map(below).collect())
}

struct Piece<'a> {
    range: Range<usize>,
    name: &'a str,
    with: &'a str,
}

/// Wraps each piece in a condition. Pieces may be nested.
fn switch(text: &str, mut pieces: Vec<Piece<'_>>) -> Result<String, String> {
    // Pieces with the same start are sorted from the outermost to the
    // innermost.
    pieces.sort_by_key(|piece| (piece.range.start, std::cmp::Reverse(piece.range.end)));
    let mut out = String::with_capacity(text.len() * 2);
    let (mut at, mut open) = (0, Vec::<&Piece<'_>>::new());
    let close = |out: &mut String, at: &mut usize, piece: &Piece<'_>| {
        out.push_str(&text[*at..piece.range.end]);
        *at = piece.range.end;
        let paren = if is_statement(&text[piece.range.clone()]) { "" } else { ")" };
        out.push_str(&format!(" }} else {{ {} }}{paren}", piece.with));
    };
    for piece in &pieces {
        while let Some(last) = open.pop_if(|last| last.range.end <= piece.range.start) {
            close(&mut out, &mut at, last);
        }
        if let Some(last) = open.last().filter(|last| last.range.end < piece.range.end) {
            return Err(format!("{} and {} overlap", last.name, piece.name));
        }
        out.push_str(&text[at..piece.range.start]);
        at = piece.range.start;
        let paren = if is_statement(&text[piece.range.clone()]) { "" } else { "(" };
        out.push_str(&format!("{paren}if !crate::is_mutant({:?}) {{ ", piece.name));
        open.push(piece);
    }
    while let Some(last) = open.pop() {
        close(&mut out, &mut at, last);
    }
    out.push_str(&text[at..]);
    Ok(out)
}

fn is_statement(piece: &str) -> bool {
    piece.ends_with([';', '}'])
}

fn switch_function(variable: &str) -> String {
    format!(
        "
pub fn is_mutant(name: &str) -> bool {{
    static NAME: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::var_os({variable:?})).as_ref().is_some_and(|mutant| mutant == name)
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_can_be_parsed() {
        let root = shell::root();
        let list = List::read(root).expect("the list");
        for (name, text) in switched(root, &list, "ANY").expect("the sources with mutations") {
            let parsed = syn::parse_file(&text);
            assert!(parsed.is_ok(), "{}: {}", name.display(), parsed.err().expect("an error"));
        }
    }

    /// A mutation that does not reach a process survives whatever the tests do.
    #[test]
    fn every_process_has_its_mutation() {
        let root = shell::root();
        let list = List::read(root).expect("the list");
        let sources = switched(root, &list, "ANY").expect("the sources with mutations");
        let starts = starts_of_processes(root).expect("the sources");
        assert!(starts.len() >= 3, "{starts:?}");
        for start in starts {
            let text = &sources[&Path::new("host").join(&start)];
            assert!(text.contains(".env_clear().envs("), "{start}");
        }
    }

    #[test]
    fn pieces_may_nest_and_never_overlap() {
        let text = "a(b + c) d;";
        let piece = |range, name| Piece { range, name, with: "x" };
        let nested = switch(text, vec![piece(2..3, "in"), piece(0..8, "out"), piece(9..11, "st")]);
        let expected = "(if !crate::is_mutant(\"out\") { a(\
            (if !crate::is_mutant(\"in\") { b } else { x }) + c) } else { x }) \
            if !crate::is_mutant(\"st\") { d; } else { x }";
        assert_eq!(nested.as_deref(), Ok(expected));
        let twice = switch("a", vec![piece(0..1, "first"), piece(0..1, "second")]);
        assert_eq!(twice.map(|text| text.matches("is_mutant").count()), Ok(2));
        assert!(switch(text, vec![piece(0..3, "a"), piece(2..8, "b")]).is_err());
    }
}
