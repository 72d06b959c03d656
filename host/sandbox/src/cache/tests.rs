//! Code that cannot be trusted is never run, and is never an error.

mod facts;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use runner_contract::{Change, FileHead};

use crate::cache::{ENTRY_DIGITS, ENTRY_SUFFIX, TOTAL_BYTES};
use crate::tests::{LIMITS, local, silent, wasm, window};
use crate::*;

/// A cache in a fresh directory, and that directory.
fn cache_dir() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("cache");
    (parent, dir)
}

fn load_cached(dir: &Path) -> Plugin {
    let sandbox = Sandbox::new(Some(Cache::open(dir).unwrap()), Isolation::InProcess).unwrap();
    sandbox.load("tiny", &wasm("tiny"), LIMITS, silent()).unwrap()
}

/// The only entry, and its content.
fn entry(dir: &Path) -> (PathBuf, Vec<u8>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap() != "key")
        .collect();
    let path = entries.pop().unwrap();
    assert!(entries.is_empty(), "{entries:?}");
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// What the cache has of the tiny plugin.
fn find(dir: &Path) -> Cached {
    let cache = Cache::open(dir).unwrap();
    let engine = engine::new(engine::Counting::Off).unwrap();
    cache.load(&engine, &blake3::hash(&wasm("tiny")), CodeFile::new().unwrap())
}

/// Whether the cache has code of the tiny plugin that can be mapped.
fn is_hit(dir: &Path) -> bool {
    match find(dir) {
        Cached::Found(code) => {
            native_code::component(&engine::new(engine::Counting::Off).unwrap(), "tiny", &code.path())
                .unwrap();
            true
        }
        Cached::Missing(file) => {
            assert_eq!(file.file().metadata().unwrap().len(), 0, "it can still be filled");
            false
        }
        Cached::Bad => false,
    }
}

#[test]
fn compiled_code_is_used_again() {
    let (_parent, dir) = cache_dir();
    assert!(!is_hit(&dir));
    load_cached(&dir);
    assert!(is_hit(&dir));
    let (path, before) = entry(&dir);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let mut instance = local(load_cached(&dir).begin(&[], FileHead::new(None, b"")).unwrap().1);
    assert!(matches!(instance.transform(&window(b"abc")).unwrap().change, Change::Edits { .. }));
    assert_eq!(entry(&dir), (path.clone(), before));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written, "compiled and stored again");
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(dir.join("key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_doubtful_entry_is_compiled_again() {
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    let (path, good) = entry(&dir);
    let mut damaged = vec![good[..good.len() - 1].to_vec(), good[..10].to_vec(), Vec::new()];
    for at in [0, good.len() / 2, good.len() - 1] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&path, bytes).unwrap();
        assert!(!is_hit(&dir));
        load_cached(&dir);
        assert!(is_hit(&dir), "not repaired");
        assert_eq!(entry(&dir).1.len(), good.len());
    }
}

#[test]
fn an_entry_counts_only_under_its_own_name() {
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    let (path, _) = entry(&dir);
    let cache = Cache::open(&dir).unwrap();
    let engine = engine::new(engine::Counting::Off).unwrap();
    let other = blake3::hash(b"another plugin");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, cache::entry_name(&engine, &blake3::hash(&wasm("tiny"))));
    fs::rename(&path, dir.join(cache::entry_name(&engine, &other))).unwrap();
    assert!(matches!(cache.load(&engine, &other, CodeFile::new().unwrap()), Cached::Bad));
}

#[test]
fn an_entry_from_a_different_cache_is_not_trusted() {
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    let (_other_parent, other_dir) = cache_dir();
    Cache::open(&other_dir).unwrap();
    let (path, good) = entry(&dir);
    let moved = other_dir.join(path.file_name().unwrap());
    fs::write(&moved, good).unwrap();
    fs::set_permissions(&moved, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(!is_hit(&other_dir));
}

#[test]
fn an_entry_others_can_write_or_a_link_is_not_trusted() {
    let (parent, dir) = cache_dir();
    load_cached(&dir);
    let (path, good) = entry(&dir);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(!is_hit(&dir));
    let elsewhere = parent.path().join("elsewhere");
    fs::write(&elsewhere, good).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(!is_hit(&dir));
}

#[test]
fn an_entry_of_a_different_user_is_not_trusted() {
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    // Only root can give a file away.
    if std::os::unix::fs::chown(entry(&dir).0, Some(12_345), None).is_ok() {
        assert!(!is_hit(&dir));
    }
}

/// The right bytes, but not in a regular file.
#[test]
fn what_is_not_a_file_is_not_trusted() {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    for path in [entry(&dir).0, dir.join("key")] {
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        // The FIFO holds the whole content, and stays readable while this is
        // open.
        let fifo = fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(&path)
            .unwrap();
        rustix::pipe::fcntl_setpipe_size(&fifo, good.len().next_power_of_two()).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(&good).unwrap();
        match Cache::open(&dir) {
            Ok(_) => assert!(!is_hit(&dir) && path != dir.join("key")),
            Err(error) => assert!(format!("{error:?}").contains("key file is damaged"), "{error:?}"),
        }
    }
}

#[test]
fn a_directory_others_can_enter_is_refused() {
    let (_parent, dir) = cache_dir();
    Cache::open(&dir).unwrap();
    for mode in [0o777, 0o750, 0o701] {
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let error = Cache::open(&dir).unwrap_err();
        assert!(format!("{error:?}").contains("other users may enter it"), "{error:?}");
    }
}

#[test]
fn a_link_to_a_directory_is_refused() {
    let (parent, dir) = cache_dir();
    Cache::open(&dir).unwrap();
    let link = parent.path().join("link");
    symlink(&dir, &link).unwrap();
    let error = Cache::open(&link).unwrap_err();
    assert!(error.to_string().contains("cannot open"), "{error:?}");
}

#[test]
fn a_directory_of_a_different_user_is_refused() {
    let (_parent, dir) = cache_dir();
    Cache::open(&dir).unwrap();
    // Only root can give a directory away.
    if std::os::unix::fs::chown(&dir, Some(12_345), None).is_ok() {
        let error = Cache::open(&dir).unwrap_err();
        assert!(format!("{error:?}").contains("belongs to another user"), "{error:?}");
    }
}

#[test]
fn a_damaged_key_is_refused() {
    let (_parent, dir) = cache_dir();
    Cache::open(&dir).unwrap();
    for key in [&b"short"[..], &[1; 33], b""] {
        fs::write(dir.join("key"), key).unwrap();
        let error = Cache::open(&dir).unwrap_err();
        assert!(format!("{error:?}").contains("key file is damaged"), "{error:?}");
    }
}

/// Creates a sparse file that exceeds the size limit of the cache.
fn fill(path: &Path, mode: u32) {
    let file = fs::File::create(path).unwrap();
    file.set_len(TOTAL_BYTES + 1).unwrap();
    file.set_permissions(fs::Permissions::from_mode(mode)).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
}

/// In any directory, and however much it contains.
#[test]
fn only_its_own_entries_are_removed() {
    let (_parent, dir) = cache_dir();
    load_cached(&dir);
    let (entry, _) = entry(&dir);
    let name = |digit: &str| format!("{}{ENTRY_SUFFIX}", digit.repeat(ENTRY_DIGITS));
    let theirs = ["photo.raw", "x.code", &name("A"), &name("0")[1..], &format!("{}x", name("0"))];
    for name in theirs {
        fill(&dir.join(name), 0o600);
    }
    // Names of our form, but not created by the cache.
    fill(&dir.join(name("1")), 0o644);
    symlink(dir.join("photo.raw"), dir.join(name("2"))).unwrap();
    fill(&dir.join(name("3")), 0o600);
    fs::hard_link(dir.join(name("3")), dir.join("another name of it")).unwrap();
    let ours = dir.join(name("4"));
    fill(&ours, 0o600);

    fs::remove_file(&entry).unwrap();
    load_cached(&dir);
    assert!(entry.exists() && !ours.exists(), "the oldest entry goes");
    for name in theirs.into_iter().map(str::to_owned).chain([name("1"), name("2"), name("3")]) {
        assert!(fs::symlink_metadata(dir.join(&name)).is_ok(), "{name} is gone");
    }
}

/// The cache writes to and prunes the directory that it has checked.
#[test]
fn a_directory_that_is_exchanged_for_a_link_is_left_alone() {
    let (parent, dir) = cache_dir();
    let cache = Cache::open(&dir).unwrap();
    let (moved, theirs) = (parent.path().join("moved"), parent.path().join("theirs"));
    fs::create_dir(&theirs).unwrap();
    let name = format!("{}{ENTRY_SUFFIX}", "0".repeat(ENTRY_DIGITS));
    fill(&theirs.join(&name), 0o600);
    fs::rename(&dir, &moved).unwrap();
    symlink(&theirs, &dir).unwrap();
    let sandbox = Sandbox::new(Some(cache), Isolation::InProcess).unwrap();
    sandbox.load("tiny", &wasm("tiny"), LIMITS, silent()).unwrap();
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1);
    assert!(theirs.join(&name).exists());
    assert_eq!(fs::read_dir(&moved).unwrap().count(), 2, "the key and the entry");
}
