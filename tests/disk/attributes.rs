//! What belongs to a file besides its bytes stays, or the run is refused:
//! links, owner, mode, extended attributes, access control lists.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use runner_tests::{Ran, Scratch, has, is_root, runner, skip, stop};
use rustix::fs::{XattrFlags, getxattr, setxattr};

/// Replaces with as many bytes.
fn same(file: &Path, options: &[&str]) -> Ran {
    let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=abc", "--set", "with=xyz"];
    runner(args.iter().chain(options))
}

/// Replaces with more.
fn longer(file: &Path, options: &[&str]) -> Ran {
    let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=abc", "--set", "with=uvwxyz"];
    runner(args.iter().chain(options))
}

/// A file whose first line changes, so that a rewrite is the cheapest way.
fn lines() -> String {
    format!("abc\n{}", "a line\n".repeat(50_000))
}

#[test]
fn a_link_stays_a_link() {
    for options in [&["--strategy", "in-place"], &["--strategy", "rewrite"]] {
        let scratch = Scratch::new();
        let elsewhere = Scratch::new();
        let file = scratch.write("file", lines());
        let (link, chain) = (elsewhere.path("link"), elsewhere.path("chain"));
        symlink(&file, &link).unwrap();
        symlink("link", &chain).unwrap();
        same(&chain, options).ok();
        assert!(fs::read_to_string(&file).unwrap().starts_with("xyz\n"));
        assert_eq!(fs::read_link(&link).unwrap(), file);
        assert_eq!(fs::read_link(&chain).unwrap(), Path::new("link"));
        assert_eq!(runner_tests::names(scratch.dir()), ["file"]);
        assert_eq!(runner_tests::names(elsewhere.dir()), ["chain", "link"]);
    }
}

#[test]
fn hard_links_are_kept_or_it_is_refused() {
    let scratch = Scratch::new();
    let (file, other) = (scratch.write("file", lines()), scratch.path("other"));
    fs::hard_link(&file, &other).unwrap();
    let before = scratch.snapshot();
    for change in [same, longer] {
        let ran = change(&file, &["--strategy", "rewrite"]);
        ran.fails(4, "the file has 2 hard links").says("hint: `--strategy in-place` keeps the inode");
        assert_eq!(before, scratch.snapshot());
    }
    for (change, start) in [(same as fn(&Path, &[&str]) -> Ran, "xyz\n"), (longer, "uvwxyz\n")] {
        fs::write(&file, lines()).unwrap();
        change(&file, &[]).ok().says("in place");
        assert!(fs::read_to_string(&other).unwrap().starts_with(start));
        assert_eq!(fs::metadata(&file).unwrap().ino(), fs::metadata(&other).unwrap().ino());
        assert_eq!(runner_tests::names(scratch.dir()), ["file", "other"]);
    }
}

#[test]
fn in_place_keeps_the_inode_and_a_rewrite_does_not() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    let inode = || fs::metadata(&file).unwrap().ino();
    let first = inode();
    same(&file, &[]).ok().says("in place");
    assert_eq!(inode(), first);
    fs::write(&file, lines()).unwrap();
    longer(&file, &[]).ok().says("rewritten");
    assert_ne!(inode(), first);
}

#[test]
fn mode_and_owner_stay() {
    let scratch = Scratch::new();
    // The kernel takes set-user-id and set-group-id from whoever writes but root.
    let modes = [0o600, 0o640, 0o666, 0o755, 0o1644, 0o4755, 0o2755];
    for mode in modes.into_iter().filter(|mode| is_root() || mode & 0o6000 == 0) {
        for strategy in ["rewrite", "in-place"] {
            let options = &["--strategy", strategy, "--keep-privileges"];
            let file = scratch.write("file", lines());
            if is_root() {
                chown(&file, Some(1234), Some(4321)).unwrap();
            } else {
                skip("only root can give a file away");
            }
            fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let before = fs::metadata(&file).unwrap();
            longer(&file, options).ok();
            let after = fs::metadata(&file).unwrap();
            assert_eq!(format!("{:o}", after.mode()), format!("{:o}", before.mode()), "{options:?}");
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
            fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn extended_attributes_stay() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    let value = [&b"value\0of a kind"[..], &[0xff; 300]].concat();
    if setxattr(&file, "user.runner.test", &value, XattrFlags::empty()).is_err() {
        return skip("this filesystem has no extended attributes");
    }
    setxattr(&file, "user.empty", b"", XattrFlags::empty()).unwrap();
    longer(&file, &["--strategy", "rewrite", "--backup", ".old"]).ok();
    for path in [file, scratch.path("file.old")] {
        let mut found = vec![0; 1000];
        let count = getxattr(&path, "user.runner.test", &mut found[..]).unwrap();
        assert!(found[..count] == value);
        assert_eq!(getxattr(&path, "user.empty", &mut found[..]).unwrap(), 0);
    }
}

#[test]
fn access_control_lists_stay() {
    if !has("setfacl") || !has("getfacl") {
        return skip("setfacl is not installed");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    let set = Command::new("setfacl").args(["-m", "u:1234:rw,g:4321:r,m::rw"]).arg(&file).status().unwrap();
    if !set.success() {
        return skip("this filesystem has no access control lists");
    }
    let list = || Command::new("getfacl").args(["-cnp"]).arg(&file).output().unwrap().stdout;
    let before = list();
    assert!(String::from_utf8_lossy(&before).contains("user:1234:rw-"));
    longer(&file, &["--strategy", "rewrite"]).ok();
    assert_eq!(String::from_utf8_lossy(&list()), String::from_utf8_lossy(&before));
}

#[test]
fn a_backup_is_the_old_file() {
    for (change, options) in [
        (same as fn(&Path, &[&str]) -> Ran, &["--backup", ".old"][..]),
        (longer, &["--backup", ".old", "--strategy", "rewrite"]),
        (longer, &["--backup", ".old", "--strategy", "in-place"]),
    ] {
        let scratch = Scratch::new();
        let file = scratch.write("file", lines());
        fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        change(&file, options).ok();
        let old = scratch.path("file.old");
        assert_eq!(fs::read_to_string(&old).unwrap(), lines());
        assert_ne!(fs::read_to_string(&file).unwrap(), lines());
        for path in [&file, &old] {
            let meta = fs::metadata(path).unwrap();
            assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o640, 1));
        }
        assert_eq!(runner_tests::names(scratch.dir()), ["file", "file.old"]);
    }
}

/// A journal and an undo patch hold what the file holds.
#[test]
fn what_is_saved_is_nobody_elses_business() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    let (undo, plan) = (scratch.path("undo"), scratch.path("plan"));
    same(&file, &["--undo", undo.to_str().unwrap()]).ok();
    let args =
        ["plan", "replace", file.to_str().unwrap(), "--set", "find=line", "-o", plan.to_str().unwrap()];
    runner(args).ok();
    for path in [undo, plan] {
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600, "{}", path.display());
    }
}

/// What a directory gives to all new files in it makes nobody a reader who was
/// none.
#[test]
fn what_a_directory_gives_to_new_files_is_not_taken() {
    if !has("setfacl") || !has("getfacl") {
        return skip("setfacl is not installed");
    }
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    fs::set_permissions(&file, PermissionsExt::from_mode(0o660)).unwrap();
    let mut set = Command::new("setfacl");
    if !set.args(["-d", "-m", "u:1234:rwx,g:4321:rwx"]).arg(scratch.dir()).status().unwrap().success() {
        return skip("this filesystem has no access control lists");
    }
    let out = scratch.path("out");
    longer(&file, &["-o", out.to_str().unwrap()]).ok();
    same(&file, &["--backup", ".before", "--strategy", "in-place"]).ok();
    fs::write(&file, lines()).unwrap();
    longer(&file, &["--backup", ".old", "--strategy", "rewrite"]).ok();
    for name in ["file", "file.before", "file.old", "out"] {
        let path = scratch.path(name);
        let list = Command::new("getfacl").args(["-cnp"]).arg(&path).output().unwrap().stdout;
        let list = String::from_utf8(list).unwrap();
        assert!(!list.contains("1234") && !list.contains("4321"), "{name}: {list}");
        let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
        assert!(mode == 0o660 || name == "out" && mode == 0o640, "{name}: {mode:o}");
    }
}

/// Any program that writes loses them to the kernel.
#[test]
fn capabilities_stay_where_they_are_kept() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    // Version 2, one capability: that of `cap_net_raw+ep`.
    let value = [&[1, 0, 0, 2, 0, 0x20, 0, 0][..], &[0; 12]].concat();
    if setxattr(&file, "security.capability", &value, XattrFlags::empty()).is_err() {
        return skip("capabilities cannot be given to a file here");
    }
    let kept = || {
        let mut found = [0; 100];
        getxattr(&file, "security.capability", &mut found[..]).is_ok_and(|count| found[..count] == value)
    };
    let before = scratch.snapshot();
    same(&file, &[]).fails(4, "file has file capabilities");
    same(&file, &["--keep-privileges", "--strategy", "in-place"])
        .fails(4, "removes the privileges of")
        .says("`--strategy rewrite`");
    let patch = scratch.path("patch");
    assert_eq!(before, scratch.snapshot());
    same(&file, &["--keep-privileges", "--undo", patch.to_str().unwrap()]).ok().says("rewritten");
    assert!(kept());
    runner!["undo", &patch, &file].fails(4, "file has file capabilities");
    runner!["undo", &patch, &file, "--keep-privileges"].ok();
    assert!(kept());
    assert_eq!(fs::read_to_string(&file).unwrap(), lines());
}

/// Who makes a file of somebody else's gives it no more rights than others that
/// they make.
#[test]
fn a_new_file_keeps_to_the_umask() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    fs::set_permissions(&file, PermissionsExt::from_mode(0o777)).unwrap();
    for (mask, mode) in [("022", 0o755), ("077", 0o700), ("000", 0o777)] {
        let out = scratch.path(mask);
        let mut shell = runner_tests::program("sh");
        let script = format!("umask {mask}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, runner_tests::binary(), "apply", "replace"]).arg(&file);
        shell.args(["--set", "find=abc", "--set", "with=xyz", "-o"]).arg(&out);
        Ran::of(shell.output().unwrap()).ok();
        assert_eq!(fs::metadata(&out).unwrap().mode() & 0o7777, mode, "umask {mask}");
    }
}

/// What is changed last counts.
#[test]
fn a_mode_that_changes_meanwhile_is_kept() {
    let scratch = Scratch::new();
    let file = scratch.write("file", lines());
    let args = ["apply", "replace", file.to_str().unwrap(), "--set", "find=abc", "--set", "with=longer"];
    // Right after the last look at the old file: the exchange comes next.
    let Some(ran) =
        stop::at(("renameat2", 1), None, &[&args[..], &["--strategy", "rewrite"]].concat(), || {
            // The old file has its name beside the new one by now.
            let old = runner_tests::sidecars(&file).new;
            fs::set_permissions(old.path(), PermissionsExt::from_mode(0o600)).unwrap();
        })
    else {
        return;
    };
    ran.ok();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
}
