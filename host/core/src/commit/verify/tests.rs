use std::fs;

use super::*;
use crate::storage::mmap::Mapping;
use crate::storage::{Entry, OsStorage};

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), content).expect("written");
    file.as_file().sync_all().expect("synced");
    file
}

fn open(file: &tempfile::NamedTempFile, wanted: VerifyChoice) -> Result<ReadBack<'static, OsStorage>> {
    ReadBack::open(&OsStorage, file.as_file(), &Entry::unpinned(file.path()), wanted)
}

#[test]
fn size_and_every_byte_of_a_whole_file_count() {
    let group = GROUP_BYTES as usize;
    for size in [0, 1, 1000, group - 1, group, group + 1, 2 * group, 3 * group + 5] {
        let right: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let check = |content: &[u8], wanted| {
            let file = file(content);
            let read_back = open(&file, wanted).expect("it can be read");
            let wanted = (size as u64, &blake3::hash(&right));
            whole(&read_back, wanted, RunContext::unstoppable(2)).map_err(|e| e.kind())
        };
        for wanted in [VerifyChoice::Deepest, VerifyChoice::Exactly(Level::Cached)] {
            assert_eq!(check(&right, wanted), Ok(()), "{size}");
            assert_eq!(check(&[&right[..], b"x"].concat(), wanted), Err(Kind::Verification), "{size}");
            for at in [0, size / 2, size.saturating_sub(1)] {
                let mut wrong = right.clone();
                if let Some(byte) = wrong.get_mut(at) {
                    *byte ^= 1;
                    assert_eq!(check(&wrong, wanted), Err(Kind::Verification), "{at} of {size}");
                    assert_eq!(check(&right[..at], wanted), Err(Kind::Verification), "{at} of {size}");
                }
            }
        }
    }
}

/// The memory to read into may already hold the right bytes: zeros, or those of
/// an earlier group.
#[test]
fn what_is_not_there_is_not_read() {
    let group = GROUP_BYTES as usize;
    for byte in [0, 7] {
        let right = vec![byte; 40 * group];
        for size in [39 * group, 40 * group - 1, group, 0] {
            let file = file(&right[..size]);
            let read_back = open(&file, VerifyChoice::Exactly(Level::Cached)).expect("it can be read");
            let mut run = read_back.run(None);
            let mut there = 0;
            for first in (0..40).step_by(group_run::RUN_GROUPS as usize) {
                let cvs = run.cvs(first, right.len() as u64).expect("it can be read");
                there += cvs.iter().filter(|cv| cv.is_some()).count();
            }
            assert_eq!(there, size / group, "{size} bytes of {byte}");
            let wanted = (right.len() as u64, &blake3::hash(&right));
            let whole = whole(&read_back, wanted, RunContext::unstoppable(1));
            assert_eq!(whole.map_err(|e| e.kind()), Err(Kind::Verification));
        }
    }
}

/// A group without an expected value does not count as checked.
#[test]
fn no_value_is_no_check() {
    let group = Group { index: 3, before: Some([1; 32]), after: Some([2; 32]) };
    assert_eq!(value_after(Path::new("file"), &group).ok(), Some([2; 32]));
    let error = value_after(Path::new("file"), &Group { after: None, ..group }).expect_err("no value");
    assert_eq!(error.kind(), Kind::Verification);
    assert!(error.to_string().contains("file at byte 196608"), "{error}");
}

/// Pages that a process has mapped stay in memory.
#[test]
fn evicted_is_said_of_no_file_that_stays_in_memory() {
    let file = file(&[7; 100_000]);
    let evicted = VerifyChoice::Exactly(Level::Evicted);
    let mapping = Mapping::new(file.as_file(), 100_000, file.path()).expect("mapped");
    assert!(mapping.bytes().iter().all(|byte| *byte == 7));
    let refused = open(&file, evicted).map(|file| file.level);
    assert_eq!(refused.map_err(|e| e.kind()), Err(Kind::Verification));
    drop(mapping);
    if cachestat_works(&file) {
        let level = open(&file, evicted).expect("evicted").level;
        assert_eq!(level, Level::Evicted);
    }
}

/// If the kernel does not support `cachestat`, no file is reported as evicted.
fn cachestat_works(file: &tempfile::NamedTempFile) -> bool {
    OsStorage.evict(file.as_file()).expect("advice")
}

/// A different file proves nothing about the written one, even with the same
/// bytes.
#[test]
fn what_is_read_back_is_the_file_that_was_written() {
    for wanted in [VerifyChoice::Deepest, VerifyChoice::Exactly(Level::Cached)] {
        let (written, other) = (file(b"the same"), file(b"the same"));
        let elsewhere = Entry::unpinned(other.path());
        let opened = ReadBack::open(&OsStorage, written.as_file(), &elsewhere, wanted);
        assert_eq!(opened.err().map(|e| e.kind()), Some(Kind::Verification), "{wanted:?}");
        // The file may also be exchanged later.
        let read_back = open(&written, wanted).expect("it can be read");
        assert!(read_back.through_cache().is_ok());
        fs::rename(other.path(), written.path()).expect("renamed");
        assert_eq!(read_back.through_cache().err().map(|e| e.kind()), Some(Kind::Verification));
    }
}
