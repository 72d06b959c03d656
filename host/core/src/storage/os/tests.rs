use super::*;

/// Another process may create a file there at any time after a check.
#[test]
fn only_a_name_that_nothing_has_is_created() {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = |name: &str| scratch.path().join(name);
    std::fs::write(path("file"), "content").expect("a file");
    std::os::unix::fs::symlink("nowhere", path("link")).expect("a link");
    std::fs::create_dir(path("directory")).expect("a directory in it");
    for name in ["file", "link", "directory"] {
        let error = OsStorage.create(&Entry::unpinned(path(name))).expect_err(name);
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
    }
    assert_eq!(std::fs::read(path("file")).expect("still there"), b"content");
    assert!(!path("nowhere").exists());
    OsStorage.create(&Entry::unpinned(path("new"))).expect("a new file");
}
