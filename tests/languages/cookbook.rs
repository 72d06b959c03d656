//! The recipes of `docs/cookbook.md`: each one is built in a project of its own,
//! and its example gives what the page shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use runner_tests::authoring::{has_compilers, has_slow_compilers, plugin};
use runner_tests::{Ran, Scratch, binary, program, repository};

/// Languages by the info strings of their blocks, where these differ from the
/// names for `--lang`.
const INFO_STRINGS: [(&str, &str); 2] = [("ts", "assemblyscript"), ("js", "javascript")];
/// Languages whose tools are not installed each time.
const SLOW: [&str; 2] = ["python", "javascript"];

/// A recipe.
struct Recipe {
    title: String,
    /// The info string of its source, and the source.
    source: (String, String),
    /// The commands of its example.
    console: String,
}

/// All recipes of a page, in order.
fn recipes(page: &str) -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default().to_owned();
        let blocks: Vec<(&str, &str)> = section
            .split("\n```")
            .skip(1)
            .step_by(2)
            .map(|block| block.split_once('\n').unwrap_or((block, "")))
            .collect();
        let [(language, source), ("console", console)] = blocks[..] else {
            assert!(!title.starts_with(|c: char| c.is_ascii_digit()), "{title}: not a source and an example");
            continue;
        };
        let source = (language.to_owned(), format!("{source}\n"));
        recipes.push(Recipe { title, source, console: console.to_owned() });
    }
    recipes
}

/// A command of an example with what follows it.
fn steps(console: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in console.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => {
                output.push_str(line);
                output.push('\n');
            }
            (None, None) => panic!("an example begins with a command, not with {line}"),
        }
    }
    steps
}

/// Builds a recipe, and runs its example: files as it shows them first, and the
/// same files as it shows them afterwards.
fn try_recipe(recipe: &Recipe) {
    let title = &recipe.title;
    let (info, source) = &recipe.source;
    let language = INFO_STRINGS.iter().find(|(from, _)| from == info).map_or(info.as_str(), |(_, to)| to);
    if SLOW.contains(&language) && !has_slow_compilers() {
        return;
    }
    let scratch = Scratch::new();
    let steps = steps(&recipe.console);
    let runs = |step: &&(String, String)| step.0.starts_with("runner ");
    let run = &steps.iter().find(runs).expect(title).0;
    let words: Vec<_> = run.split_whitespace().collect();
    let path = words.iter().find_map(|word| word.strip_prefix("./")?.strip_suffix(".wasm")).expect(title);
    plugin(scratch.dir(), &["new", path, "--lang", language]).ok();
    let folder = scratch.path(path);
    fs::write(folder.join(source_name(language)), source).unwrap();
    plugin(&folder, &["build"]).ok();

    let mut has_run = false;
    let mut shown = BTreeMap::new();
    for (line, output) in &steps {
        if line.starts_with("runner ") {
            Ran::of(shell(line, &folder).output().expect(title)).ok();
            has_run = true;
        } else if has_run {
            let ran = Ran::of(shell(line, &folder).output().unwrap());
            assert_eq!(String::from_utf8_lossy(&ran.stdout), *output, "{title}: `{line}`");
            shown.insert(line, output);
        } else {
            make(line, output, &folder);
        }
    }
    assert!(!shown.is_empty(), "{title}: the example does not show what has come out");
}

/// The file of a project that an author edits.
fn source_name(language: &str) -> String {
    let recipe = repository().join("guest-sdk").join(language).join("build.toml");
    let recipe: toml::Table = fs::read_to_string(recipe).unwrap().parse().unwrap();
    recipe["source"].as_str().unwrap().to_owned()
}

/// Makes the file that a command shows: `cat FILE` or `xxd -p FILE`.
fn make(line: &str, output: &str, folder: &Path) {
    let (bytes, file) = match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["cat", file] => (output.as_bytes().to_vec(), file),
        ["xxd", "-p", file] => {
            let digits: Vec<u8> = output.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
            (digits.chunks(2).map(byte).collect(), file)
        }
        _ => panic!("`{line}` shows no file"),
    };
    fs::write(folder.join(file), bytes).unwrap();
}

/// A command line, with the program under test as `runner`.
fn shell(line: &str, folder: &Path) -> Command {
    let mut shell = program("/bin/sh");
    let script = format!("runner() {{ \"$RUNNER\" \"$@\"; }}; {line}");
    shell.args(["-c", &script]).current_dir(folder).env("RUNNER", binary());
    shell
}

/// Runs every `parts`th recipe, so that the test's threads share them.
fn part(index: usize, parts: usize) {
    if !has_compilers() {
        return;
    }
    let page = fs::read_to_string(repository().join("docs/cookbook.md")).unwrap();
    let recipes = recipes(&page);
    assert!(recipes.len() >= 20, "{} recipes", recipes.len());
    recipes.iter().skip(index).step_by(parts).for_each(try_recipe);
}

#[test]
fn recipes_do_what_the_page_shows_first_half() {
    part(0, 2);
}

#[test]
fn recipes_do_what_the_page_shows_second_half() {
    part(1, 2);
}

#[test]
fn a_recipe_is_found_in_a_page() {
    let page = "# A\n\nText.\n\n## 1. One\n\nWhy.\n\n```c\nint a;\n```\n\n```console\n$ cat f\nx\n$ runner apply ./a.wasm f\n\
                $ cat f\ny\n```\n\n## More\n\nText.\n";
    let recipes = recipes(page);
    assert_eq!(recipes.len(), 1);
    let Recipe { title, source, console } = &recipes[0];
    assert_eq!((title.as_str(), source.0.as_str(), source.1.as_str()), ("1. One", "c", "int a;\n"));
    let steps = steps(console);
    assert_eq!(steps[0], ("cat f".to_owned(), "x\n".to_owned()));
    assert_eq!(steps[1], ("runner apply ./a.wasm f".to_owned(), String::new()));
    assert_eq!(steps[2], ("cat f".to_owned(), "y\n".to_owned()));
}
