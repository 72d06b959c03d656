//! What a worker cannot do to the files.

use rustix::fs::{FallocateFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate};
use rustix::io::{Errno, pwrite};

use crate::hostile::Raw;
use crate::process::{SEALS, Worker};
use crate::within;

type Attempts = Vec<(&'static str, Result<(), Errno>)>;

/// Tries everything, in the worker; a line for each attempt.
pub(crate) fn report(raw: &Raw) -> String {
    let (requests, replies) = (&raw.requests, &raw.replies);
    let bytes = requests.metadata().unwrap().len();
    let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    let mut attempts: Attempts = vec![
        ("write requests", pwrite(requests, b"x", 0).map(drop)),
        ("punch requests", fallocate(requests, punch, 0, 4096)),
        ("zero requests", fallocate(requests, FallocateFlags::ZERO_RANGE, 0, 4096)),
        ("seal requests", fcntl_add_seals(requests, SealFlags::WRITE)),
        ("seal replies", fcntl_add_seals(replies, SealFlags::WRITE)),
    ];
    attempts.extend(raw.map_writable());
    for file in [requests, replies] {
        attempts.extend([
            ("grow", ftruncate(file, bytes + 4096)),
            ("shrink", ftruncate(file, 0)),
            ("allocate after the end", fallocate(file, FallocateFlags::empty(), bytes, 4096)),
            ("append", pwrite(file, b"x", bytes).map(drop)),
        ]);
    }
    attempts.iter().map(|(what, result)| format!("{what}: {result:?}\n")).collect()
}

#[test]
fn a_worker_can_neither_write_requests_nor_change_a_size() {
    let mut worker = Worker::start(1, 64 << 10);
    let slot = &mut worker.slots[0];
    slot.request_mut().unwrap().fill(0xa5);
    slot.send(SEALS, 5).unwrap();
    let mut reply = Vec::new();
    assert_eq!(slot.receive(within(crate::LATE * 10), &mut reply).unwrap(), SEALS);
    let report = String::from_utf8(reply).unwrap();
    assert_eq!(report.lines().count(), 16, "{report}");
    for line in report.lines() {
        assert!(line.contains("Err"), "granted: {line}");
    }
    assert!(slot.request().iter().all(|byte| *byte == 0xa5), "the request was changed");
}
