//! A run that is cancelled makes no further call of its transform.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use runner_contract::{Change, FileHead, Framing, Job, Reply, Window};
use runner_pipeline::cancel::CancelToken;
use runner_pipeline::engine::transform::{Instance, Transform};
use runner_pipeline::error::{Kind, Result};
use runner_pipeline::hash::GROUP_BYTES;
use runner_pipeline::run::{self, Begun, Options, Program};
use runner_tests::Scratch;

/// Cancels the run in its first call.
struct Cancelling {
    flag: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Transform for Cancelling {
    fn transform(&mut self, _: &Window<'_>) -> Result<Reply> {
        self.flag.store(true, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Reply::new(0, Change::Edits { spans: Vec::new(), bytes: Vec::new() }))
    }
}

/// All windows are in one block, and nothing interrupts native code.
#[test]
fn the_first_call_is_the_last() {
    for framing in [Framing::lines(), Framing::Bytes, Framing::Overlapping { before: 0, after: 1 }] {
        let scratch = Scratch::new();
        let content = b"line\n".repeat(100_000);
        let file = scratch.write("file", &content);
        let (flag, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let job = Job::new(framing.clone());
        let begin = |_: FileHead<'_>| -> Result<Begun> {
            let transform = Cancelling { flag: Arc::clone(&flag), calls: Arc::clone(&calls) };
            Ok((job.clone(), Instance::local(transform)))
        };
        let token = CancelToken::new(Arc::clone(&flag));
        let options =
            Options { threads: 1, window_bytes: GROUP_BYTES, cancel: token.get(), ..Options::default() };
        let error = run::apply(&file, &Program::native("cancelling", &begin), &options, &mut |_| {})
            .map(drop)
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted, "{error}");
        assert_eq!(calls.load(Ordering::Relaxed), 1, "{framing:?}");
        assert!(fs::read(&file).unwrap() == content);
    }
}
