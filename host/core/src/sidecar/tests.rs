use std::ffi::OsStr;
use std::path::Path;

use super::*;
use crate::storage::OsStorage;

fn names(path: &str, key: Option<Key>) -> Names {
    Names::new(&Entry::unpinned(path), FileType::Regular, key).expect("names")
}

#[test]
fn names_stand_beside_the_target() {
    let names = names("/logs/access.log", None);
    assert_eq!(names.journal.path(), Path::new("/logs/access.log.runner-journal"));
    assert_eq!(names.scan.path(), Path::new("/logs/access.log.runner-scan-0000000000000000"));
    assert_eq!(names.new.path(), Path::new("/logs/access.log.runner-new-0000000000000000"));
}

#[test]
fn a_name_that_leaves_no_room_is_hashed() {
    let [long, other] = ["x", "y"].map(|c| names(&format!("/logs/{}", c.repeat(250)), None));
    assert!(long.checkpoint.name().len() <= NAME_MAX_BYTES);
    assert_ne!(long.journal.path(), other.journal.path());
}

#[test]
fn each_name_that_is_given_is_reserved() {
    for key in [None, Some(Key::from_bytes([3; 32]))] {
        for target in ["a", &"long".repeat(60)] {
            let names = names(target, key.clone());
            for entry in [&names.scan, &names.checkpoint, &names.new, &names.journal] {
                assert!(is_reserved(entry.name()), "{entry:?}");
            }
            assert!(!is_reserved(names.target.name()));
        }
    }
    for name in ["a.runner-new", "a.runner-scan", "a.runner-checkpoint", ".runner-journal"] {
        assert!(is_reserved(OsStr::new(name)), "{name}");
    }
    for name in ["a.runner", "runner-journal.txt", "a.runner-new-x", "a.runner-scan-000000000000000g"] {
        assert!(!is_reserved(OsStr::new(name)), "{name}");
    }
}

/// A scan next to a journal is not resumed.
#[test]
fn a_journal_is_no_scan() {
    let scratch = tempfile::tempdir().expect("a directory");
    let target = scratch.path().join("file");
    let names = Names::new(&Entry::unpinned(&target), FileType::Regular, None).expect("names");
    assert_eq!(names.check_resumable(&OsStorage).ok(), Some(false));
    for entry in [&names.scan, &names.checkpoint] {
        std::fs::write(entry.path(), "").expect("written");
    }
    assert_eq!(names.check_resumable(&OsStorage).ok(), Some(true));
    std::fs::write(names.journal.path(), "").expect("written");
    assert!(names.check_resumable(&OsStorage).is_err());
}
