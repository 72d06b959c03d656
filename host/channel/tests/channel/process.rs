//! Starts workers, and is one.

use std::env;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use runner_channel::{Channel, Request, Shape, Slot, WorkerSlot, attach};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::hostile::Raw;

/// Set in a worker: the two descriptors and the shape.
const VARIABLE: &str = "RUNNER_CHANNEL_TEST_WORKER";

/// Kinds of requests: what the worker is to do.
pub(crate) const ECHO: u32 = 0;
pub(crate) const SLOW: u32 = 1;
pub(crate) const DIE_BEFORE: u32 = 2;
pub(crate) const DIE_DURING: u32 = 3;
pub(crate) const DIE_AFTER: u32 = 4;
pub(crate) const SEALS: u32 = 5;
pub(crate) const LIE: u32 = 6;
pub(crate) const REWRITE: u32 = 7;
pub(crate) const SCRIBBLE: u32 = 8;
pub(crate) const KIDNAP: u32 = 9;
pub(crate) const IGNORE: u32 = 10;
pub(crate) const ECHO_BLOCK: u32 = 11;

/// How long the worker takes for [`SLOW`].
pub(crate) const SLOW_TIME: Duration = Duration::from_millis(400);

/// A worker process and its channel.
pub(crate) struct Worker {
    pub(crate) child: Child,
    pub(crate) slots: Vec<Slot>,
}

impl Worker {
    pub(crate) fn start(slots: usize, bytes: usize) -> Self {
        let (channel, slots) = Channel::new(Shape {
            slots,
            block_bytes: bytes,
            request_bytes: bytes,
            reply_bytes: bytes,
            note_bytes: bytes,
        })
        .unwrap();
        // Duplicates stay open on `exec`.
        let requests = rustix::io::dup(channel.requests()).unwrap();
        let replies = rustix::io::dup(channel.replies()).unwrap();
        let child = Command::new(env::current_exe().unwrap())
            .args(["process::worker", "--exact"])
            .env(VARIABLE, format!("{} {} {}", requests.as_raw_fd(), replies.as_raw_fd(), channel.shape()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let watch = channel.watch();
        // The worker dies at the latest with this value, and so the thread ends.
        thread::spawn(move || watch.until_death(process.as_fd(), None, || {}));
        Self { child, slots }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what a worker process runs.
#[test]
fn worker() {
    let Ok(text) = env::var(VARIABLE) else { return };
    let mut words = text.split(' ');
    let mut open = || {
        let path = format!("/proc/self/fd/{}", words.next().unwrap());
        File::options().read(true).write(true).open(path).unwrap()
    };
    let (requests, replies) = (open(), open());
    let shape: Shape = words.next().unwrap().parse().unwrap();
    let slots = attach(&requests, &replies, shape).unwrap();
    let raw = Raw::map(&requests, &replies, shape);
    thread::scope(|scope| {
        for (number, slot) in slots.into_iter().enumerate() {
            let raw = &raw;
            scope.spawn(move || serve(slot, number, raw));
        }
    });
}

fn serve(mut slot: WorkerSlot, number: usize, raw: &Raw) {
    loop {
        let request = slot.next().unwrap();
        match request.kind() {
            ECHO => echo(request),
            ECHO_BLOCK => {
                let block = request.block();
                let flip = |_: &[u8], area: &mut [u8]| {
                    for (to, from) in area.iter_mut().zip(block) {
                        *to = !from;
                    }
                    block.len()
                };
                request.answer(ECHO_BLOCK, flip).unwrap();
            }
            SLOW => {
                thread::sleep(SLOW_TIME);
                echo(request);
            }
            DIE_BEFORE => die(),
            DIE_DURING => request
                .answer(ECHO, |_, area| {
                    area.fill(1);
                    die()
                })
                .unwrap(),
            DIE_AFTER => {
                echo(request);
                die();
            }
            SEALS => {
                let report = crate::seals::report(raw);
                let write = |_: &[u8], area: &mut [u8]| {
                    area[..report.len()].copy_from_slice(report.as_bytes());
                    report.len()
                };
                request.answer(SEALS, write).unwrap();
            }
            LIE => raw.lie(number, request.bytes()),
            REWRITE => raw.rewrite(),
            SCRIBBLE => raw.scribble(number, request.bytes()),
            IGNORE => {}
            KIDNAP => raw.kidnap(number),
            kind => panic!("a request of kind {kind}"),
        }
    }
}

/// Answers with all bits flipped.
fn echo(request: Request<'_>) {
    let kind = u32::MAX - request.kind();
    let flip = |bytes: &[u8], area: &mut [u8]| {
        for (to, from) in area.iter_mut().zip(bytes) {
            *to = !from;
        }
        bytes.len()
    };
    request.answer(kind, flip).unwrap();
}

fn die() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
    loop {
        thread::park();
    }
}
