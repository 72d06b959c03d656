//! What is appended is read again, and whatever else is done to the file is found.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use runner_history::{Action, Entry, Head, History, Line, Name};
use runner_pipeline::error::Kind;
use runner_pipeline::patch::PluginId;

fn entry(number: u64, path: Vec<u8>) -> Entry {
    let name = |path: Vec<u8>| Name(PathBuf::from(std::ffi::OsString::from_vec(path)));
    let is_odd = number % 2 == 1;
    Entry {
        time: Timestamp::from_second(i64::try_from(number % 4_000_000_000).unwrap()).unwrap(),
        action: [Action::Apply, Action::Patch, Action::Undo, Action::RollForward][number as usize % 4],
        file: name(path.clone()),
        output: is_odd.then(|| name([&path[..], b".out"].concat())),
        plugin: is_odd.then(|| PluginId {
            name: "a\nb".into(),
            version: String::new(),
            digest: "0".into(),
            evidence: Vec::new(),
        }),
        edits: Some(number),
        old_size: None,
        new_size: Some(number),
        old_root: None,
        new_root: is_odd.then(|| "ab".into()),
        patch: None,
        undo: (!is_odd).then(|| name(path)),
        backup: None,
    }
}

fn read(directory: &Path) -> (Vec<Line>, Result<Head, Kind>) {
    let mut chain = History::read(directory).unwrap().unwrap();
    let mut lines = Vec::new();
    loop {
        match chain.next_line() {
            Ok(Some(line)) => lines.push(line),
            Ok(None) => return (lines, Ok(chain.head())),
            Err(error) => return (lines, Err(error.kind())),
        }
    }
}

fn written(directory: &Path, entries: &[Entry]) {
    let history = History::open(directory).unwrap();
    entries.iter().for_each(|entry| history.append(entry).unwrap());
    history.sync().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any paths, any number of runs, and appends that were cut off.
    #[test]
    fn what_is_appended_is_read(
        runs in prop::collection::vec(prop::collection::vec((any::<u64>(), any::<Vec<u8>>()), 0..5), 1..5),
        torn in prop::collection::vec(any::<u8>().prop_filter("no whole line", |byte| *byte != b'\n'), 0..40),
    ) {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("state");
        let mut all = Vec::new();
        for run in runs {
            let run: Vec<_> = run.into_iter().map(|(number, path)| entry(number, path)).collect();
            written(&directory, &run);
            all.extend(run);
            let path = directory.join("history.jsonl");
            let whole = fs::read(&path).unwrap();
            fs::write(&path, [&whole[..], &torn].concat()).unwrap();
            let (lines, head) = read(&directory);
            prop_assert_eq!(lines.iter().map(|line| line.entry.clone()).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(head.unwrap().lines, all.len() as u64);
        }
    }

    /// A bit that is changed anywhere but in the last line stops the reader there.
    #[test]
    fn a_changed_line_is_found(count in 2..6_u64, place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("state");
        written(&directory, &(0..count).map(|number| entry(number, b"/data/x".to_vec())).collect::<Vec<_>>());
        let path = directory.join("history.jsonl");
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        let (_, before) = read(&directory);
        bytes[place.index(last)] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let (_, after) = read(&directory);
        prop_assert_eq!(after, Err(Kind::Verification));
        prop_assert!(before.is_ok());
    }
}

#[test]
fn a_line_that_is_missing_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("state");
    written(&directory, &(0..4).map(|number| entry(number, b"/x".to_vec())).collect::<Vec<_>>());
    let path = directory.join("history.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    for missing in 0..3 {
        let rest: String = text
            .split_inclusive('\n')
            .enumerate()
            .filter(|(at, _)| *at != missing)
            .map(|(_, line)| line)
            .collect();
        fs::write(&path, rest).unwrap();
        let (lines, end) = read(&directory);
        assert_eq!((lines.len(), end), (missing, Err(Kind::Verification)));
    }
    // Nothing follows the last one: only who has kept the head knows.
    let whole = text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(&path, whole).unwrap();
    assert_eq!(read(&directory).1.unwrap().lines, 3);
}

#[test]
fn several_append_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("state");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let directory = &directory;
            scope.spawn(move || {
                // A handle of its own, as in another process.
                let history = History::open(directory).unwrap();
                (0..50).for_each(|number| {
                    history.append(&entry(thread * 100 + number, b"/x".to_vec())).unwrap()
                });
            });
        }
    });
    let (lines, head) = read(&directory);
    assert_eq!(head.unwrap().lines, 200);
    let numbers: std::collections::BTreeSet<_> = lines.iter().map(|line| line.entry.edits).collect();
    assert_eq!(numbers.len(), 200);
}

#[test]
fn no_other_user_may_have_written_it() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("state");
    assert!(History::read(&directory).unwrap().is_none());
    written(&directory, &[entry(1, b"/x".to_vec())]);
    let path = directory.join("history.jsonl");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    assert_eq!(History::open(&directory).unwrap_err().kind(), Kind::Refused);
    assert_eq!(History::read(&directory).unwrap_err().kind(), Kind::Refused);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(History::open(&directory).is_err());
}
