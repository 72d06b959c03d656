//! Plays a worker, as the case with the plugin's name says.

use std::sync::OnceLock;
use std::time::Duration;
use std::{io, process, thread};

use runner_channel::{Shape, WorkerSlot, attach};
use runner_sandbox::testing::{Request, WHOLE, decode};
use rustix::process::{Resource, Rlimit, Signal, getpid, kill_process, setrlimit};

use crate::cases::{Act, Ask, Case, honest};
use crate::memory::Replies;

/// `arguments` are those after the command.
pub(crate) fn play(arguments: &[String], cases: Vec<Case>) -> ! {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let shape: Shape = arguments[1].parse().unwrap();
    let slots = attach(io::stdin(), io::stdout(), shape).unwrap();
    let replies = Replies::map(shape);
    let (case, replies, cases) = (OnceLock::new(), &replies, &cases);
    thread::scope(|scope| {
        for (lane, slot) in slots.into_iter().enumerate() {
            let case = &case;
            scope.spawn(move || Lane { lane, slot, replies, cases }.serve(case));
        }
    });
    process::exit(0)
}

struct Lane<'a> {
    lane: usize,
    slot: WorkerSlot,
    replies: &'a Replies,
    cases: &'a [Case],
}

impl<'a> Lane<'a> {
    fn serve(mut self, case: &OnceLock<&'a Case>) {
        for before in 0.. {
            let request = self.slot.next().unwrap();
            let (head, _) = decode::<Request>(request.bytes()).unwrap();
            let named = |name: &str| self.cases.iter().find(|case| case.name == name).unwrap();
            let case = case.get_or_init(|| match &head {
                Request::Load(load) => named(&load.name),
                _ => process::exit(9),
            });
            let ask = Ask { request: &head, lane: self.lane, before, limit: request.limit() };
            let act = (case.act)(&ask).unwrap_or_else(|| Act::Send(WHOLE, honest(&case.job, &head)));
            match act {
                Act::Send(kind, bytes) => send(request, kind, &bytes),
                Act::Head(off, kind, length) => {
                    let sequence = (before + 1).wrapping_add(off);
                    self.replies.publish(self.lane, sequence, kind, length);
                    hang();
                }
                Act::Race(one, other) => {
                    self.replies.rewrite(self.lane, [one.clone(), other]);
                    send(request, WHOLE, &one);
                }
                act => end(&act),
            }
        }
    }
}

fn send(request: runner_channel::Request<'_>, kind: u32, bytes: &[u8]) {
    let write = |_: &[u8], area: &mut [u8]| {
        area[..bytes.len()].copy_from_slice(bytes);
        bytes.len()
    };
    request.answer(kind, write).unwrap();
}

fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

fn end(act: &Act) -> ! {
    match act {
        Act::Exit => process::exit(0),
        Act::Abort => process::abort(),
        Act::Kill => kill_process(getpid(), Signal::KILL).unwrap(),
        Act::Stop => kill_process(getpid(), Signal::STOP).unwrap(),
        _ => {}
    }
    hang()
}
