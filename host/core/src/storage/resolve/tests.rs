use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use rustix::fs::{AtFlags, statat};

use super::*;

/// The owner and mode of a directory or a link.
fn owned(user: u32, mode: u32) -> Stat {
    let mut stat = statat(CWD, ".", AtFlags::empty()).unwrap();
    (stat.st_uid, stat.st_mode) = (user, mode);
    stat
}

#[test]
fn links_count_where_nobody_else_can_have_put_them() {
    let (me, root, other, third) = (1000, 0, 1001, 1002);
    let follows =
        |directory: (u32, u32), link| may_follow(me, &owned(directory.0, directory.1), &owned(link, 0o777));
    for directory in [(me, 0o755), (root, 0o755), (other, 0o755), (root, 0o1777), (other, 0o777)] {
        assert!(follows(directory, me) && follows(directory, root), "own links, {directory:?}");
    }
    assert!(follows((me, 0o755), other), "I put it there");
    assert!(follows((root, 0o700), other));
    assert!(!follows((me, 0o775), other), "a group may write");
    assert!(!follows((me, 0o777), other));
    assert!(!follows((root, 0o1777), other), "as with fs.protected_symlinks");
    assert!(!follows((other, 0o755), other), "the directory belongs to another user");
    assert!(!follows((other, 0o1777), other));
    assert!(!follows((other, 0o755), third));
    assert!(!may_follow(root, &owned(other, 0o755), &owned(other, 0o777)), "root least of all");
}

#[test]
fn a_path_leads_where_the_kernel_says() {
    let scratch = tempfile::tempdir().unwrap();
    let base = fs::canonicalize(scratch.path()).unwrap();
    fs::create_dir_all(base.join("a/b")).unwrap();
    fs::write(base.join("a/b/file"), "x").unwrap();
    symlink("a/b", base.join("dir")).unwrap();
    symlink("../b/file", base.join("a/b/relative")).unwrap();
    symlink(base.join("a/b/relative"), base.join("absolute")).unwrap();
    symlink("nowhere", base.join("dangling")).unwrap();
    symlink("loop", base.join("loop")).unwrap();
    let resolved = |path: &str| Entry::resolve(&base.join(path)).map(|entry| entry.path().to_owned());
    for path in ["a/b/file", "dir/file", "dir/../b/file", "dir/relative", "absolute", "./a/./b//file"] {
        assert_eq!(resolved(path).unwrap(), base.join("a/b/file"), "{path}");
    }
    assert_eq!(resolved("dangling").unwrap(), base.join("nowhere"));
    assert_eq!(resolved("dir/new").unwrap(), base.join("a/b/new"));
    for path in ["", "a", "a/", "dir/", "dir/."] {
        // A path that is not a file fails here, or when it is opened.
        let found = resolved(path);
        assert!(found.is_err() || path == "a", "{path}: {found:?}");
    }
    for path in ["loop", "missing/file", "a/b/file/x", "a/b/file/"] {
        assert!(resolved(path).is_err(), "{path}");
    }
    let entry = Entry::resolve(&base.join("dir/file")).unwrap();
    let inode = fs::metadata(base.join("a/b/file")).unwrap().ino();
    fs::rename(base.join("a"), base.join("moved")).unwrap();
    fs::create_dir_all(base.join("a/b")).unwrap();
    fs::write(base.join("a/b/file"), "somebody else's").unwrap();
    let (directory, name) = entry.at();
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    assert_eq!(stat.st_ino, inode, "the directory stays the one that was opened");
}

#[test]
fn a_link_of_somebody_else_is_refused_with_the_reason() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can make a link of another user");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
    fs::write(&file, "x").unwrap();
    symlink("file", &link).unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    std::os::unix::fs::lchown(&link, Some(65_534), Some(65_534)).unwrap();
    let error = Entry::resolve(&link).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.to_string().contains("symbolic link of user 65534"), "{error}");
    assert!(Entry::resolve(&file).is_ok());
}
