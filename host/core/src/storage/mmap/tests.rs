//! Tests of mappings and faults.
#![allow(unsafe_code)]

use std::io::Write;
use std::thread;

use super::sigbus::SLOTS;
use super::*;

const PAGES: usize = 64;

fn file_of_ones(len: usize) -> File {
    let mut file = tempfile::tempfile().expect("temporary file");
    file.write_all(&vec![1; len]).expect("write");
    file
}

fn map(file: &File, len: usize) -> Mapping {
    Mapping::new(file, len as u64, Path::new("test")).expect("map")
}

#[test]
fn shows_the_content_and_no_fault() {
    let file = file_of_ones(10_001);
    let mapping = map(&file, 10_001);
    assert!(mapping.bytes().iter().all(|b| *b == 1));
    assert_eq!((mapping.bytes().len(), mapping.fault()), (10_001, None));
}

#[test]
fn empty_file_needs_no_mapping() {
    let mapping = map(&file_of_ones(0), 0);
    assert_eq!((mapping.bytes(), mapping.fault()), (&b""[..], None));
    mapping.release(0..10);
    mapping.page_in(0..10);
}

#[test]
fn copies_what_is_inside_and_there_and_nothing_else() {
    let file = file_of_ones(10_001);
    let mapping = map(&file, 10_001);
    let copy = |offset, count| {
        let mut memory = vec![7; count];
        mapping.copy(offset, &mut memory).then_some(memory)
    };
    assert_eq!(copy(0, 10_001), Some(vec![1; 10_001]));
    assert_eq!(copy(10_001, 0), Some(vec![]));
    assert_eq!((copy(1, 10_001), copy(u64::MAX, 2)), (None, None));
    file.set_len(5000).expect("truncate");
    assert_eq!((copy(4000, 1000), copy(4000, 1001)), (Some(vec![1; 1000]), None));
    assert_eq!(mapping.fault(), None, "only the mapping's own pages are noted");
    assert!(map(&file_of_ones(0), 0).copy(0, &mut []));
}

#[test]
fn truncated_file_reads_as_zeros_and_is_noted() {
    let page = page_bytes();
    let file = file_of_ones(PAGES * page);
    let mapping = map(&file, PAGES * page);
    let other_file = file_of_ones(PAGES * page);
    let other = map(&other_file, PAGES * page);
    file.set_len(3 * page as u64).expect("truncate");

    assert_eq!(mapping.bytes()[20 * page + 5], 0);
    assert_eq!(mapping.fault(), Some(20 * page as u64), "the page that was tried");
    assert_eq!(mapping.bytes()[PAGES * page - 1], 0);
    assert_eq!(mapping.fault(), Some(20 * page as u64), "a later page changes nothing");
    assert_eq!(mapping.bytes()[3 * page], 0);
    assert_eq!(mapping.fault(), Some(3 * page as u64), "an earlier page does");

    assert!(mapping.bytes()[..3 * page].iter().all(|b| *b == 1), "what is left stays readable");
    assert!(other.bytes().iter().all(|b| *b == 1));
    assert_eq!(other.fault(), None, "the other mapping is not affected");
}

#[test]
fn threads_may_fault_in_many_mappings_at_once() {
    let page = page_bytes();
    let mapped: Vec<_> = (0..4)
        .map(|kept| {
            let file = file_of_ones(PAGES * page);
            let mapping = map(&file, PAGES * page);
            file.set_len((kept * page) as u64).expect("truncate");
            mapping
        })
        .collect();
    thread::scope(|scope| {
        for mapping in mapped.iter().chain(&mapped) {
            scope
                .spawn(|| assert!(mapping.bytes().iter().map(|b| usize::from(*b)).sum::<usize>() < 4 * page));
        }
    });
    for (kept, mapping) in mapped.iter().enumerate() {
        assert_eq!(mapping.fault(), Some((kept * page) as u64));
    }
}

#[test]
fn slot_of_a_faulted_mapping_is_reused_clean() {
    let page = page_bytes();
    for _ in 0..2 * SLOTS {
        let file = file_of_ones(2 * page);
        let mapping = map(&file, 2 * page);
        assert_eq!((mapping.bytes()[page], mapping.fault()), (1, None));
        file.set_len(0).expect("truncate");
        assert_eq!((mapping.bytes()[page], mapping.fault()), (0, Some(page as u64)));
    }
}

#[test]
fn released_pages_can_be_read_again() {
    let len = PAGES * page_bytes() - 100;
    let file = file_of_ones(len);
    let mapping = map(&file, len);
    for range in [0..0, 5..100, 1..len as u64, 0..u64::MAX, u64::MAX - 1..u64::MAX] {
        mapping.page_in(range.clone());
        mapping.release(range);
        assert!(mapping.bytes().iter().all(|b| *b == 1));
    }
    assert_eq!(mapping.fault(), None);
}

/// Runs itself as a child process, because a SIGBUS that is not ours must end
/// the process.
#[test]
fn foreign_sigbus_still_kills() {
    use std::os::unix::process::ExitStatusExt;
    const CHILD: &str = "RUNNER_TEST_FOREIGN_SIGBUS";
    if std::env::var_os(CHILD).is_none() {
        let status = std::process::Command::new(std::env::current_exe().expect("own path"))
            .args(["--exact", "storage::mmap::tests::foreign_sigbus_still_kills"])
            .env(CHILD, "1")
            .status()
            .expect("run itself");
        assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
        return;
    }
    let file = file_of_ones(10);
    let _ours = map(&file, 10);
    file.set_len(0).expect("truncate");
    let foreign = MmapOptions::new().len(page_bytes()).map_raw_read_only(&file).expect("mapped");
    // SAFETY: the mapping is never registered, so the read raises a SIGBUS that
    // is not ours, which is the purpose of the test.
    let byte = unsafe { foreign.as_ptr().read_volatile() };
    panic!("read {byte} from beyond the end");
}

#[test]
fn what_cannot_be_mapped_is_an_error_with_its_path() {
    let (reader, _writer) = std::io::pipe().expect("pipe");
    let file = File::from(std::os::fd::OwnedFd::from(reader));
    let error = Mapping::new(&file, 10, Path::new("some/pipe")).expect_err("pipes have no pages");
    assert_eq!(error.to_string(), "cannot map some/pipe");
}
