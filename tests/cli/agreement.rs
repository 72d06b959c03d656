//! Different ways to the same result agree: `apply`, `plan` and `patch`,
//! `undo`, `-o`, `pipe`; and what is printed is what others print.

use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

use runner_tests::{Ran, Random, Scratch, runner};
use rustix::event::{PollFd, PollFlags};

/// The edits of these change no length, change lengths early, change one late,
/// cut the end off, and change nothing.
const EDITS: [&[&str]; 5] = [
    &["replace", "--set", "find=user", "--set", "with=USER"],
    &["replace", "--set", "find=user", "--set", "with=somebody"],
    &["replace", "--set", "find=the end", "--set", "with=here it ends"],
    &["replace", "--set", "find=the end", "--set", "with="],
    &["replace", "--set", "find=not in it", "--set", "with=x"],
];

fn content() -> Vec<u8> {
    let mut content = runner_tests::log_lines(3 << 19, "\n");
    content.extend_from_slice(b"the end");
    content
}

/// What the edits make of the content, by the simplest means.
fn expected(edits: &[&str]) -> Vec<u8> {
    let find = edits[2].strip_prefix("find=").unwrap();
    let with = edits[4].strip_prefix("with=").unwrap();
    String::from_utf8(content()).unwrap().replace(find, with).into_bytes()
}

fn run(command: &str, edits: &[&str], rest: &[&str]) -> runner_tests::Ran {
    runner([command].iter().chain(edits).chain(rest))
}

#[test]
fn apply_is_plan_and_patch() {
    for edits in EDITS {
        let scratch = Scratch::new();
        let (file, copy) = (scratch.write("file", content()), scratch.write("copy", content()));
        let (file, copy) = (file.to_str().unwrap(), copy.to_str().unwrap());
        let patch = scratch.path("patch");
        let patch = patch.to_str().unwrap();
        run("apply", edits, &[file]).ok();
        run("plan", edits, &[copy, "-o", patch]).ok().says("saved");
        assert!(fs::read(copy).unwrap() == content(), "a plan touches nothing");
        runner!["patch", patch, copy].ok();
        assert!(fs::read(file).unwrap() == expected(edits), "{edits:?}");
        assert!(fs::read(copy).unwrap() == expected(edits), "{edits:?}");
        runner!["undo", patch, copy].ok();
        assert!(fs::read(copy).unwrap() == content(), "{edits:?}");
        assert_eq!(runner_tests::names(scratch.dir()), ["copy", "file", "patch"]);
    }
}

#[test]
fn every_strategy_and_its_undo_agree() {
    for edits in &EDITS[..4] {
        for strategy in ["auto", "in-place", "rewrite"] {
            let scratch = Scratch::new();
            let file = scratch.write("file", content());
            let (file, undo) = (file.to_str().unwrap(), scratch.path("undo"));
            let undo = undo.to_str().unwrap();
            run("apply", edits, &[file, "--strategy", strategy, "--undo", undo, "--backup", ".old"]).ok();
            assert!(fs::read(file).unwrap() == expected(edits), "{strategy} {edits:?}");
            assert!(fs::read(scratch.path("file.old")).unwrap() == content(), "{strategy} {edits:?}");
            let root = format!("{}  {file}\n", blake3::hash(&expected(edits)));
            assert_eq!(runner!["verify", file, "--patch", undo].ok().text(), root);

            // Where there is a backup or a patch already, nothing is done.
            fs::write(file, content()).unwrap();
            let before = scratch.snapshot();
            let again = run("apply", edits, &[file, "--strategy", strategy, "--backup", ".old"]);
            again.fails(2, "file.old already exists").says("hint: choose another name");
            let again = run("apply", edits, &[file, "--strategy", strategy, "--undo", undo]);
            again.fails(2, "undo already exists");
            assert_eq!(before, scratch.snapshot());

            fs::write(file, expected(edits)).unwrap();
            runner!["undo", undo, file, "--strategy", strategy].ok();
            assert!(fs::read(file).unwrap() == content(), "{strategy} {edits:?}");
            assert_eq!(runner_tests::names(scratch.dir()), ["file", "file.old", "undo"]);
        }
    }
}

#[test]
fn every_depth_of_verification_is_reported() {
    for edits in &EDITS[..2] {
        for verify in ["cached", "none"] {
            let scratch = Scratch::new();
            let file = scratch.write("file", content());
            let ran = run("apply", edits, &[file.to_str().unwrap(), "--verify", verify]).ok();
            ran.says(if verify == "none" { ", not verified" } else { ", verified cached" });
            assert!(fs::read(file).unwrap() == expected(edits));
        }
    }
}

#[test]
fn verify_prints_what_b3sum_prints() {
    let scratch = Scratch::new();
    let mut random = Random(5);
    for size in [0, 1, 1023, 1024, 1025, 65_535, 65_536, 65_537, 131_072, 3 << 20] {
        let content: Vec<u8> = (0..size).map(|_| random.next_u64() as u8).collect();
        let file = scratch.write("file", &content);
        let line = format!("{}  {}\n", blake3::hash(&content), file.display());
        for jobs in ["1", "2", "7"] {
            assert_eq!(runner!["verify", &file, "-j", jobs].ok().text(), line, "{size} bytes");
        }
        let root = blake3::hash(&content).to_hex();
        assert_eq!(runner!["verify", &file, "--root", root.as_str()].ok().text(), line);
        let wrong = blake3::hash(b"something else").to_hex();
        let ran = runner!["verify", &file, "--root", wrong.as_str()];
        ran.fails(5, "has a different BLAKE3 root").says(&format!("hint: its root is {root}"));
    }
    let file = scratch.write("file", "x");
    for bad in ["", "12", &"x".repeat(64)] {
        let ran = runner!["verify", &file, "--root", bad];
        let what = "for '--root <HEX>': it must be a BLAKE3 root: 64 hex digits";
        ran.says(&format!("error: invalid value '{bad}' {what}\n")).fails_to_parse();
    }
}

#[test]
fn looking_touches_nothing() {
    for edits in EDITS {
        let scratch = Scratch::new();
        let file = scratch.write("file", content());
        let file = file.to_str().unwrap();
        let stat = || {
            use std::os::unix::fs::MetadataExt;
            let meta = fs::metadata(scratch.dir()).unwrap();
            (scratch.snapshot(), (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()))
        };
        let before = stat();
        let shown = run("apply", edits, &[file, "--dry-run"]).ok().text();
        assert!(shown.contains(&format!("file      {file}")), "{shown}");
        let changes = expected(edits) != content();
        let root = format!("after     {}", blake3::hash(&expected(edits)));
        assert!(shown.contains(&root), "{shown}");
        assert_eq!(run("apply", edits, &[file, "--check"]).code, i32::from(changes));
        assert_eq!(run("apply", edits, &[file, "--check", "--json"]).code, i32::from(changes));
        run("apply", edits, &[file, "--dry-run", "--json"]).ok();
        run("apply", edits, &[file, "-o", "-"]).ok();
        runner!["verify", file].ok();
        runner!["recover", file].ok();
        assert!(before == stat(), "{edits:?}");
        if !changes {
            // Nor does writing, when there is nothing to write.
            for options in [&[][..], &["--strategy", "rewrite"], &["--backup", ".old"]] {
                run("apply", edits, &[&[file], options].concat()).ok().says("nothing to change");
                assert!(before.0 == stat().0, "{options:?}");
            }
        }
    }
}

#[test]
fn elsewhere_is_what_apply_makes() {
    for edits in EDITS {
        let scratch = Scratch::new();
        let file = scratch.write("file", content());
        let file = file.to_str().unwrap();
        let before = scratch.snapshot();
        let expected = expected(edits);
        assert!(run("apply", edits, &[file, "-o", "-"]).ok().stdout == expected, "standard output");
        let args: Vec<_> = ["pipe"].iter().chain(edits).copied().collect();
        assert!(runner_tests::pipe(&args, &content()).ok().stdout == expected, "pipe");
        assert_eq!(before, scratch.snapshot());

        let (out, fifo) = (scratch.path("out"), scratch.path("fifo"));
        run("apply", edits, &[file, "-o", out.to_str().unwrap()]).ok();
        assert!(fs::read(&out).unwrap() == expected, "a new file");
        fs::write(&out, "what was there before").unwrap();
        run("apply", edits, &[file, "-o", out.to_str().unwrap()]).ok();
        assert!(fs::read(&out).unwrap() == expected, "a file that was there");

        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
        // Open before the run begins, and read once it writes.
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let end = fs::OpenOptions::new().read(true).custom_flags(flags).open(&fifo).unwrap();
        let reader = std::thread::spawn(move || {
            rustix::event::poll(&mut [PollFd::new(&end, PollFlags::IN)], None).unwrap();
            rustix::io::ioctl_fionbio(&end, false).unwrap();
            let mut found = Vec::new();
            (&end).read_to_end(&mut found).unwrap();
            found
        });
        run("apply", edits, &[file, "-o", fifo.to_str().unwrap()]).ok();
        assert!(reader.join().unwrap() == expected, "a FIFO");
        run("apply", edits, &[file, "-o", "/dev/null"]).ok();
        assert_eq!(runner_tests::names(scratch.dir()), ["fifo", "file", "out"]);
        assert!(fs::read(file).unwrap() == content());
    }
}

#[test]
fn a_file_is_never_its_own_output() {
    let scratch = Scratch::new();
    let file = scratch.write("file", content());
    let (link, other) = (scratch.path("link"), scratch.path("other"));
    std::os::unix::fs::symlink("file", &link).unwrap();
    fs::hard_link(&file, &other).unwrap();
    let before = scratch.snapshot();
    for out in [&file, &link, &other] {
        let ran = run("apply", EDITS[0], &[file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
        ran.fails(2, "is both input and output").says("hint: omit `-o`");
        assert_eq!(before, scratch.snapshot());
    }
    let ran = run("apply", EDITS[0], &[file.to_str().unwrap(), "-o", scratch.dir().to_str().unwrap()]);
    ran.fails(2, "is a directory");
    assert_eq!(before, scratch.snapshot());
}

/// A saved patch takes the place of nothing: what is there may be an undo file.
#[test]
fn a_plan_is_saved_over_no_file_of_its_own() {
    let scratch = Scratch::new();
    let file = scratch.write("file", content());
    let (link, other, fifo) = (scratch.path("link"), scratch.path("other"), scratch.path("fifo"));
    std::os::unix::fs::symlink("file", &link).unwrap();
    fs::hard_link(&file, &other).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let text = scratch.write("text", "no patch at all\n");
    let before = scratch.snapshot();
    let plan =
        |out: &std::path::Path| run("plan", EDITS[0], &[file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    for out in [&file, &link, &other, &fifo, &text, scratch.dir()] {
        plan(out).fails(2, "already exists").says("hint: choose another name");
    }
    assert_eq!(before, scratch.snapshot());
    let patch = scratch.path("patch");
    plan(&patch).ok();
    let before = scratch.snapshot();
    plan(&patch).fails(2, "already exists").says("hint: choose another name");
    assert_eq!(before, scratch.snapshot());
    // Whoever asks for it may work on a patch; it does not become its own.
    let before = scratch.snapshot();
    let patch_name = patch.to_str().unwrap();
    run("plan", EDITS[0], &[patch_name, "-o", patch_name]).fails(4, "is a patch file");
    run("plan", EDITS[0], &[patch_name, "--allow-patch-file", "-o", patch_name]).fails(2, "already exists");
    assert_eq!(before, scratch.snapshot());
    runner!["patch", &patch, &file].ok();
}

/// What a killed run has left where output goes is in nobody's way.
#[test]
fn a_leftover_beside_the_output_is_replaced() {
    let scratch = Scratch::new();
    let file = scratch.write("file", content());
    let out = scratch.path("out");
    let new =
        runner_tests::sidecars(&file).temporary(&runner_pipeline::storage::Entry::resolve(&out).unwrap());
    std::fs::write(new.path(), "half of it").unwrap();
    run("apply", EDITS[0], &[file.to_str().unwrap(), "-o", out.to_str().unwrap()]).ok();
    assert_eq!(runner_tests::names(scratch.dir()), ["file", "out"]);
}

/// Whoever has seen enough may go; that is no error.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scratch = Scratch::new();
    let file = scratch.write("file", content());
    let binary = runner_tests::binary();
    let commands = [
        "apply replace \"$FILE\" --set find=user --set with=someone -o -",
        "apply replace \"$FILE\" --set find=user --set with=someone --dry-run",
        "pipe replace --set find=user --set with=someone < \"$FILE\"",
        "man",
        "completions bash",
    ];
    for command in commands {
        let script = format!("set -o pipefail; \"$RUNNER\" {command} | head -c 1");
        let output = runner_tests::program("bash")
            .args(["-c", &script])
            .env("RUNNER", binary)
            .env("FILE", &file)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let ran = Ran::of(output).ok();
        assert_eq!(ran.stderr, "", "{command}");
        assert_eq!(ran.stdout.len(), 1, "{command}");
    }
}
