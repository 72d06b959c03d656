//! `runner plugin dev`: a save is followed by what the plugin changes now.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use runner_tests::{Scratch, command};
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::variant;
use runner_tests::authoring::{has_compilers, plugin, search_path};

/// A watch, and the lines that it prints.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn new(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(["plugin", "dev"]).args(arguments).current_dir(folder).env("PATH", search_path());
        if let Some(home) = std::env::var_os("HOME") {
            command.env("HOME", home);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let (output, error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(output) as Box<dyn std::io::Read + Send>, Box::new(error)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line with these words.
    fn says(&self, words: &str) -> String {
        let mut seen = Vec::new();
        loop {
            // Far longer than a build takes, so that a fault ends the test.
            match self.lines.recv_timeout(Duration::from_secs(300)) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("{error}: no `{words}` in {seen:#?}"),
            }
        }
    }

    fn ends_by(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Without a compiler: a text that changes, breaks, is removed and comes back.
#[test]
fn a_plugin_in_the_text_format_is_watched() {
    let scratch = Scratch::new();
    let file = scratch.write("file", "abc\nabc\n");
    let edit = "(global.set $top (i32.const 8192)) (if (result i32) (i32.eq (i32.load8_u (local.get $bytes)) (i32.const 97))
        (then (i32.const 600)) (else (i32.const 512)))";
    let path = variant(&scratch, "", edit);
    let good = fs::read_to_string(&path).unwrap();
    let watch = Watch::new(scratch.dir(), &["variant.wat", "file"]);
    watch.says("tiny 0.1.0 on file: 1 edit, 1 byte replaced");
    watch.says("+ !bc");
    // An editor that writes a new file and renames it.
    scratch.write(".variant.swp", good.replace("\"!\"", "\"?\""));
    fs::rename(scratch.path(".variant.swp"), &path).unwrap();
    watch.says("variant.wat has changed");
    watch.says("s after it was saved");
    watch.says("+ ?bc");
    // In place, and wrong.
    fs::write(&path, "(module (nothing))").unwrap();
    watch.says("not valid in the text format");
    fs::remove_file(&path).unwrap();
    watch.says("cannot open plugin variant.wat");
    fs::write(&path, &good).unwrap();
    watch.says("+ !bc");
    // The file, too.
    fs::write(&file, "axe\n").unwrap();
    watch.says("file has changed");
    watch.says("+ !xe");
    fs::write(&file, "none\n").unwrap();
    watch.says("0 edits");
    assert_eq!(fs::read(&file).unwrap(), b"none\n");
    watch.ends_by(Signal::INT);
}

/// A long file is cut to whole lines.
#[test]
fn only_the_start_of_a_file_is_read() {
    let scratch = Scratch::new();
    let guest = scratch.guest("tiny");
    scratch.write("file", "abc\nabc\nabc\n");
    let watch = Watch::new(scratch.dir(), &[guest.to_str().unwrap(), "file", "--sample", "9"]);
    watch.says("on the first 8 bytes of file: 1 edit");
    watch.ends_by(Signal::TERM);
}

/// A source with an error in it, and then without.
#[test]
fn a_project_is_built_on_each_save() {
    if !has_compilers() {
        return;
    }
    let scratch = Scratch::new();
    plugin(scratch.dir(), &["new", "x", "--lang", "c"]).ok();
    scratch.write("file", "ts=2026-11-26T10:00:00Z\n");
    let source = scratch.path("x/plugin.c");
    let good = fs::read_to_string(&source).unwrap();
    let watch = Watch::new(scratch.dir(), &["x", "file", "--set", "seconds=3600"]);
    watch.says("+ ts=2026-11-26T11:00:00Z");
    fs::write(&source, format!("{good}\nint main(void) {{ return here; }}\n")).unwrap();
    watch.says("undeclared identifier");
    watch.says("a step of the build failed");
    fs::write(&source, &good).unwrap();
    watch.says("+ ts=2026-11-26T11:00:00Z");
    watch.ends_by(Signal::INT);
    assert_eq!(fs::read(scratch.path("file")).unwrap(), b"ts=2026-11-26T10:00:00Z\n");
}

/// A build that is quick to make serves to look at, and is not kept. What its first
/// step has made is made again after the SDK has changed.
#[test]
fn a_quick_build_is_not_kept() {
    if !has_compilers() {
        return;
    }
    for (language, source, header) in
        [("cpp", "plugin.cpp", "runner/runner.hpp"), ("assemblyscript", "plugin.ts", "runner/index.ts")]
    {
        let scratch = Scratch::new();
        plugin(scratch.dir(), &["new", "x", "--lang", language]).ok();
        scratch.write("file", "ts=2026-11-26T10:00:00Z\n");
        let (source, header) = (scratch.path("x").join(source), scratch.path("x").join(header));
        let good = fs::read_to_string(&source).unwrap();
        let watch = Watch::new(scratch.dir(), &["x", "file", "--set", "seconds=3600"]);
        watch.says("`runner plugin build` makes the plugin");
        watch.says("+ ts=2026-11-26T11:00:00Z");
        fs::write(&source, good.replace("seconds", "minutes")).unwrap();
        watch.says("has no parameter `seconds`");
        let sdk = fs::read_to_string(&header).unwrap();
        fs::write(&header, format!("{sdk}\n// changed\n")).unwrap();
        watch.says("has changed");
        // Where the first step was not run again, this save mends it.
        fs::write(&source, &good).unwrap();
        watch.says("+ ts=2026-11-26T11:00:00Z");
        watch.ends_by(Signal::INT);
        assert!(!scratch.path("x/x.wasm").exists(), "{language}");
    }
}
