//! Files that are protected, mounted, linked, privileged, or no files at all.

use runner_tests::mount::unmount;
use runner_tests::{Scratch, has, is_root, runner, skip};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::arguments::{REPLACE, os, run_in};

#[test]
fn what_is_no_file_points_at_pipe() {
    let scratch = Scratch::new();
    for name in ["-", "/dev/stdin"] {
        let ran = run_in(scratch.dir(), &[os(&REPLACE), os(&[name])].concat());
        ran.fails(2, "hint: use `runner pipe` for standard input");
    }
    let fifo = scratch.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    run_in(scratch.dir(), &[os(&REPLACE), os(&["fifo"])].concat())
        .fails(2, "hint: use `runner pipe` for streams");
    for command in ["verify", "recover"] {
        runner![command, &fifo].fails(2, "fifo is a FIFO; only files and block devices can be worked on");
        runner![command, scratch.dir()]
            .fails(2, "is a directory; only files and block devices can be worked on");
    }
    // A file of that name is one.
    fs::write(scratch.path("-"), "foo\n").unwrap();
    run_in(scratch.dir(), &[os(&REPLACE), os(&["./-"])].concat()).ok();
    // What is no plugin is named.
    scratch.write("no.wasm", "no");
    run_in(scratch.dir(), &os(&["apply", "./no.wasm", "-"])).fails(3, "cannot load the plugin ./no.wasm");
}

/// A file attribute, until it is dropped.
struct Attribute(PathBuf, &'static str);

impl Attribute {
    fn set(path: &Path, letter: &'static str) -> Option<Self> {
        if !is_root() || !has("chattr") {
            skip("only root can set attributes, with chattr");
            return None;
        }
        let set = Command::new("chattr").arg(format!("+{letter}")).arg(path).status().unwrap();
        if !set.success() {
            skip("this filesystem has no attributes");
            return None;
        }
        Some(Self(path.to_owned(), letter))
    }
}

impl Drop for Attribute {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg(format!("-{}", self.1)).arg(&self.0).status();
    }
}

#[test]
fn a_protected_file_gets_its_reason() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo\n");
    for (letter, what) in [("i", "is immutable; `chattr -i "), ("a", "is append-only; `chattr -a ")] {
        let Some(_attribute) = Attribute::set(&file, letter) else { return };
        runner(REPLACE.iter().map(OsStr::new).chain([file.as_os_str()])).fails(2, what);
    }
    let dir = scratch.path("dir");
    fs::create_dir(&dir).unwrap();
    let inside = dir.join("f");
    fs::write(&inside, "foo\n").unwrap();
    let Some(_attribute) = Attribute::set(&dir, "i") else { return };
    runner(REPLACE.iter().map(OsStr::new).chain([inside.as_os_str()])).fails(2, "the directory ");
}

/// A file that is mounted on another, until it is dropped.
struct Bound(PathBuf);

impl Bound {
    fn new(from: &Path, on: &Path) -> Option<Self> {
        if !is_root() {
            skip("only root can mount");
            return None;
        }
        let bound = Command::new("mount").arg("--bind").arg(from).arg(on).status().unwrap();
        if !bound.success() {
            skip("nothing can be mounted here");
            return None;
        }
        Some(Self(on.to_owned()))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

#[test]
fn a_mounted_file_is_written_in_place() {
    let scratch = Scratch::new();
    let (from, on) = (scratch.write("from", "foo\n"), scratch.write("on", ""));
    let other = scratch.write("other", "foo\n");
    let Some(_bound) = Bound::new(&from, &on) else { return };
    let before = scratch.snapshot();
    let args = REPLACE.iter().map(OsStr::new).chain([on.as_os_str()]);
    runner(args.clone().chain(os(&["--strategy", "rewrite"])))
        .fails(4, "on is a mount point")
        .says("hint: `--strategy in-place`");
    let to = REPLACE.iter().map(OsStr::new).chain([other.as_os_str(), OsStr::new("-o"), on.as_os_str()]);
    runner(to).fails(4, "on is a mount point");
    assert_eq!(before, scratch.snapshot());
    runner(args).ok().says("in place, with a new tail");
    assert_eq!(fs::read(&from).unwrap(), b"barbar\n");
}

#[test]
fn a_backup_stands_beside_the_file_itself() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "foo\n");
    for (index, link) in
        [scratch.path("link"), PathBuf::from("/dev/shm").join(format!("runner-{}", std::process::id()))]
            .into_iter()
            .enumerate()
    {
        if symlink(&file, &link).is_err() {
            skip("there is no other filesystem here");
            continue;
        }
        fs::write(&file, "foo\n").unwrap();
        let suffix = format!(".bak{index}");
        let args =
            [os(&REPLACE), vec![link.as_os_str(), OsStr::new("--backup"), OsStr::new(&suffix)]].concat();
        let ran = runner(args);
        fs::remove_file(&link).unwrap();
        ran.ok();
        assert_eq!(fs::read(scratch.path(&format!("f{suffix}"))).unwrap(), b"foo\n");
        assert_eq!(fs::read(&file).unwrap(), b"barbar\n");
    }
}

#[test]
fn privileges_do_not_pass_to_new_content() {
    let scratch = Scratch::new();
    let file = scratch.write("f", "a foo\n");
    let patch = scratch.path("patch");
    let plan = [os(&["plan"]), os(&REPLACE[1..])].concat();
    runner(plan.into_iter().chain([file.as_os_str(), OsStr::new("-o"), patch.as_os_str()])).ok();
    let source = scratch.write("source", "a foo\n");
    let mode = |mode| fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    let capable = is_root() && has("setcap");
    if !capable {
        skip("file capabilities are root's to give, with setcap");
    }
    for (bits, what) in [
        (0o4755, "has the set-user-id bit, which"),
        (0o2755, "has the set-group-id bit, which"),
        (0o6755, "has the set-user-id bit and the set-group-id bit, which"),
        (0o755, "has file capabilities, which"),
    ] {
        mode(bits);
        if bits == 0o755 {
            if !capable {
                continue;
            }
            let status = Command::new("setcap").arg("cap_net_raw+ep").arg(&file).status().unwrap();
            assert!(status.success());
        }
        let before = scratch.snapshot();
        let same = ["apply", "replace", "--set", "find=foo", "--set", "with=bar"];
        let strategies: [&[&str]; 4] =
            [&[], &["--strategy", "in-place"], &["--strategy", "rewrite"], &["--dry-run"]];
        for args in
            [&REPLACE, &same].iter().flat_map(|apply| strategies.map(|strategy| [*apply, strategy].concat()))
        {
            runner(os(&args).into_iter().chain([file.as_os_str()])).fails(4, what);
        }
        runner(os(&REPLACE).into_iter().chain([source.as_os_str(), OsStr::new("-o"), file.as_os_str()]))
            .fails(4, what)
            .says("hint: nothing was written; if you trust the new content");
        runner!["patch", &patch, &file].fails(4, what);
        assert_eq!(before, scratch.snapshot(), "{bits:o}");
        // Nothing to change is nothing to refuse, and a new file has none.
        runner!["apply", "replace", "--set", "find=zz", "--set", "with=", &file].ok();
        let out = scratch.path("out");
        runner(os(&REPLACE).into_iter().chain([file.as_os_str(), OsStr::new("-o"), out.as_os_str()])).ok();
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o7000, 0);
        fs::remove_file(&out).unwrap();
        // With consent, and only with it, there and back.
        runner!["patch", &patch, &file, "--keep-privileges"].ok();
        if fs::metadata(&file).unwrap().permissions().mode() & 0o7777 == bits {
            runner!["undo", &patch, &file].fails(4, what);
        }
        runner!["undo", &patch, &file, "--keep-privileges"].ok();
    }
    // A set-group-id bit of a file that the group cannot run is none.
    fs::remove_file(&file).unwrap();
    fs::write(&file, "a foo\n").unwrap();
    mode(0o2644);
    runner(os(&REPLACE).into_iter().chain([file.as_os_str()])).ok();
}
