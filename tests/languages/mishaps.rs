//! What goes wrong around a project: a plugin that was not built anew, a full disk,
//! names that cannot be.

use std::fs;
use std::time::Duration;

use runner_tests::authoring::plugin;
use runner_tests::{Ran, Scratch, binary, program};

use crate::cases::variant;

/// A project in C with a built plugin, whose source is from long before.
fn project(scratch: &Scratch) -> std::path::PathBuf {
    plugin(scratch.dir(), &["new", "mine", "--lang", "c"]).ok();
    let folder = scratch.path("mine");
    let tiny = variant(scratch, "", "(i32.const 512)");
    let module = wat::parse_file(tiny).unwrap();
    fs::write(folder.join("mine.wasm"), module).unwrap();
    fs::remove_dir_all(folder.join("cases")).unwrap();
    fs::create_dir_all(folder.join("cases/one")).unwrap();
    for name in ["input", "output"] {
        fs::write(folder.join("cases/one").join(name), "a").unwrap();
    }
    folder
}

#[test]
fn a_plugin_that_is_older_than_its_source_is_told() {
    let scratch = Scratch::new();
    let folder = project(&scratch);
    let commands: [&[&str]; 2] = [&["test", "mine"], &["test", "mine/mine.wasm"]];
    // Notes and cases are no sources.
    let later = std::time::SystemTime::now() + Duration::from_secs(10);
    let touch = |name: &str| fs::File::open(folder.join(name)).unwrap().set_modified(later).unwrap();
    touch("README.md");
    touch("cases/one/input");
    for command in commands {
        let ran = plugin(scratch.dir(), command);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.stderr.contains("older"), "{}", ran.stderr);
    }
    for source in ["runner.toml", "runner/runner.h", "plugin.c"] {
        touch(source);
        for command in commands {
            let ran = plugin(scratch.dir(), command);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let warning = "warning: mine/mine.wasm is older than ";
            assert!(ran.stderr.contains(warning), "{source}: {}", ran.stderr);
            assert!(ran.stderr.contains(": `runner plugin build`"), "{source}: {}", ran.stderr);
        }
    }
}

/// A disk that is full, as far as a limit on the size of files is like it.
#[test]
fn nothing_stays_of_a_project_that_cannot_be_written() {
    let scratch = Scratch::new();
    let script = "ulimit -f 8; exec \"$0\" plugin new mine --lang c";
    let mut command = program("sh");
    command.args(["-c", script]).arg(binary()).current_dir(scratch.dir());
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("mine was removed again"), "{}", ran.stderr);
    assert!(!scratch.path("mine").exists());
}

#[test]
fn a_wrong_description_is_named_with_its_line() {
    let scratch = Scratch::new();
    let folder = project(&scratch);
    for (description, line) in [
        ("# a\nname = \"Mine\"\nlanguage = \"c\"\n", 2),
        ("name = \"mine\"\n\nlanguage = \"cobol\"\n", 3),
        ("name = \"mine\"\nlanguage = \"c\"\ncolour = 1\n", 3),
    ] {
        fs::write(folder.join("runner.toml"), description).unwrap();
        let ran = plugin(scratch.dir(), &["build", "mine"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("line {line}")), "{}", ran.stderr);
        assert!(ran.stderr.contains("mine/runner.toml"), "{}", ran.stderr);
    }
}

#[test]
fn a_watch_ends_where_there_never_will_be_a_file() {
    let scratch = Scratch::new();
    let path = variant(&scratch, "", "(i32.const 512)");
    let path = path.to_str().unwrap();
    for file in ["/dev/zero", "."] {
        plugin(scratch.dir(), &["dev", path, file]).fails(2, "is not a regular file");
    }
}
