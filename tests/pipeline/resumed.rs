//! Scans that are interrupted after each block, and go on: the patch is that of
//! a scan that nothing happened to, and no block is done twice.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runner_contract::Framing;
use runner_pipeline::cancel::Cancel;
use runner_pipeline::commit::Keep;
use runner_pipeline::commit::strategy::Choice;
use runner_pipeline::run::{self, Event, Options};
use runner_pipeline::storage::Entry;
use runner_tests::Scratch;

use crate::cases::{Action, Case, length_prefixed, per_record, scanning, with_program};
use crate::models::{options, plan};

const WINDOW: u64 = 1 << 16;

/// What one run has told.
#[derive(Debug, Default)]
struct Told {
    resumed_at: Option<u64>,
    started_over: Option<String>,
    scanned: Vec<u64>,
}

/// Interrupts an apply after each block of the scan.
pub(crate) fn goes_on(case: &Case, content: &[u8]) {
    let scratch = Scratch::in_memory();
    let (file, undo) = (scratch.path("file"), scratch.path("undo"));
    fs::write(&file, content).unwrap();
    let patch = plan(case, &file, &scratch.path("saved"), 2, WINDOW);

    let mut reach = 0;
    let mut first = true;
    loop {
        let stop = AtomicBool::new(false);
        let options = Options {
            keep: Keep { undo: Some(Entry::unpinned(&undo)), backup: None },
            resume: true,
            checkpoint_every: Duration::ZERO,
            cancel: Cancel::new(&stop),
            ..options(2, WINDOW, Choice::Auto)
        };
        // What no checkpoint can be made of is interrupted once.
        let kept = case.job.framing != Framing::Sequential;
        let mut told = Told::default();
        let applied = with_program(case, |program| {
            run::apply(&file, program, &options, &mut |event| match event {
                Event::Resumed { bytes, .. } => told.resumed_at = Some(bytes),
                Event::StartedOver(why) => told.started_over = Some(why),
                Event::Scanned { bytes, .. } => {
                    told.scanned.push(bytes);
                    stop.store(kept || first, Ordering::Relaxed);
                }
                _ => {}
            })
        });
        if reach > 0 {
            assert_eq!(told.resumed_at, Some(reach), "{told:?}");
        } else {
            assert_eq!(told.started_over.as_deref(), Some("there is no earlier scan to resume"));
        }
        assert!(told.scanned.iter().all(|bytes| *bytes > reach), "done twice: {told:?} after {reach}");
        match applied {
            Ok(_) => break,
            Err(error) => assert_eq!(error.to_string(), "interrupted"),
        }
        assert!(fs::read(&file).unwrap() == content, "it was interrupted before it was written");
        if kept {
            reach = told.scanned.iter().copied().max().unwrap_or(reach);
            let left: Vec<_> = scratch
                .entries()
                .iter()
                .map(|name| name.split_inclusive("-").take(2).collect::<String>())
                .collect();
            assert_eq!(left, ["file", "file.runner-checkpoint-", "file.runner-scan-", "saved"]);
        } else {
            assert_eq!(scratch.entries(), ["file", "saved"]);
        }
        first = false;
    }
    assert!(fs::read(&file).unwrap() == case.expected, "it is what it was to become");
    if fs::exists(&undo).unwrap() {
        assert!(fs::read(&undo).unwrap() == patch, "the patch is another one");
        fs::remove_file(undo).unwrap();
    } else {
        assert!(case.expected == content, "nothing was to be undone");
    }
    assert_eq!(scratch.entries(), ["file", "saved"]);
}

/// Files of several blocks, in which records, quotes and runs reach from one
/// block into the next.
#[test]
fn every_framing_goes_on() {
    let pieces: [&[u8]; 5] =
        [b"k,\"v\nw\",ab\n", b"ababababa\n", &[b'x'; 70_001], b"\"\n\n\"ab\"\n", &[b'a'; 300]];
    let mut file = b"\"".to_vec();
    for at in 0.. {
        file.extend_from_slice(pieces[at * 7 % 31 % 5]);
        if file.len() > 3_300_000 {
            break;
        }
    }
    for framing in [
        Framing::Delimited(b"\n".to_vec()),
        Framing::Quoted { delimiter: b'\n', quote: b'"' },
        Framing::Fixed { header: 5, size: 69_997 },
        length_prefixed(3),
    ] {
        for action in [Action::Case, Action::Prefix, Action::Remove] {
            goes_on(&per_record(framing.clone(), action, false, &file), &file);
        }
    }
    for framing in [Framing::Overlapping { before: 1, after: 2 }, Framing::Sequential] {
        goes_on(&scanning(framing, false, &file), &file);
    }
}
