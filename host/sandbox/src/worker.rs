//! The worker: the process that runs a plugin's code. It holds nothing but the
//! memory that it shares with its parent, and confines itself before it looks
//! at anything that a plugin has made.
//!
//! ```text
//! first thread      confine what belongs to a thread, map the channel
//! one for each slot serve: load (once: map the code, confine the process for
//!                   good, describe), begin, records, ... until killed
//! ```

mod arriving;
mod heap;
mod jobs;
mod lane;
mod load;
mod parent_budget;
mod renewable;

use std::convert::Infallible;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::{Arc, Barrier};

use runner_channel::{Shape, WorkerSlot, attach};
use runner_confine::{Calls, Layers, Limits, Policy};
use runner_pipeline::stack;
use rustix::process::chdir;

use self::lane::Lane;
use self::load::Plugin;
use self::parent_budget::Parent;
use crate::engine::Counting;
use crate::wasi;

/// The first argument of a worker, followed by the parent's process id and the
/// arguments of `Start`.
pub const WORK_COMMAND: &str = "__work";

/// Exit code of a worker that was not started as it should be.
const EXIT_NOT_STARTED: i32 = 3;
/// Exit code of a worker that has met a fault of this program.
const EXIT_FAULT: i32 = 4;
/// Exit code of a worker that lacks memory or threads before it can answer.
pub(crate) const EXIT_LACKS: i32 = 5;
/// Exit code of a worker that the kernel does not let confine itself, plus the
/// number of the layer.
pub(crate) const EXIT_NOT_CONFINED: i32 = 64;

/// Descriptors of a worker, until it has mapped their files.
pub(crate) const REQUESTS: i32 = 0;
pub(crate) const REPLIES: i32 = 1;
pub(crate) const CODE: i32 = 2;

/// What a worker must know before it can read a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) shape: Shape,
    /// Private writable memory; `None` for no limit.
    pub(crate) data_bytes: Option<u64>,
    /// Whether the code counts its instructions.
    pub(crate) counting: Counting,
}

/// The last argument of a worker whose code counts its instructions, and of one
/// whose code does not.
const COUNTING: [&str; 2] = ["counting", "not-counting"];

impl Start {
    /// As arguments after the parent's process id.
    pub(crate) fn arguments(&self) -> [String; 3] {
        let counting = COUNTING[usize::from(self.counting == Counting::Off)].to_owned();
        [self.shape.to_string(), self.data_bytes.unwrap_or(u64::MAX).to_string(), counting]
    }

    fn parse(arguments: &[String]) -> Option<Self> {
        let [shape, data, counting] = arguments else { return None };
        let data_bytes = Some(data.parse().ok()?).filter(|bytes| *bytes < u64::MAX);
        let counting = match COUNTING.iter().position(|word| word == counting)? {
            0 => Counting::On,
            _ => Counting::Off,
        };
        Some(Self { shape: shape.parse().ok()?, data_bytes, counting })
    }
}

/// Runs a plugin for the parent, which ends this process. `arguments` are those
/// after [`WORK_COMMAND`].
///
/// Call it on the first thread of the process, before there are others, and
/// before anything is opened: the process confines itself.
pub(crate) fn work_for_parent(arguments: &[String]) -> ! {
    // A panic on one thread must not leave the parent waiting. There is nobody
    // to read a message.
    std::panic::set_hook(Box::new(|_| std::process::exit(EXIT_FAULT)));
    std::process::exit(work(arguments))
}

/// Works until the process is killed. Returns the exit code if it cannot begin.
fn work(arguments: &[String]) -> i32 {
    let start = arguments.split_first().and_then(|(parent, start)| {
        let parent = parent.parse().ok()?;
        Some((parent, Start::parse(start)?))
    });
    let Some((parent, start)) = start else { return EXIT_NOT_STARTED };
    let limits = Limits { data_bytes: start.data_bytes, ..Limits::default() };
    let policy = policy(parent, limits);
    // It must not hold a directory of the user.
    let layers = match chdir("/").map(|()| runner_confine::before_threads(&policy)) {
        Ok(Ok(layers)) => layers,
        Ok(Err(error)) => return EXIT_NOT_CONFINED + error.layer() as i32,
        Err(_) => return EXIT_NOT_STARTED,
    };
    heap::keep_memory();
    serve(&start, (policy, limits), layers).map_or(EXIT_LACKS, |never| match never {})
}

/// Serves all lanes.
fn serve(
    start: &Start,
    limits: (Policy, Limits),
    layers: Layers,
) -> Result<Infallible, Box<dyn std::error::Error>> {
    let slots = map(start.shape)?;
    let of_parent = Parent(slots.first().ok_or("there are no lanes")?.tally());
    let plugin = Arc::new(Plugin::new(start.counting, limits, layers, of_parent)?);
    let lanes: Vec<_> = slots.into_iter().map(|slot| Lane::new(slot, Arc::clone(&plugin))).collect();
    let wasi = wasi::waits_on_this_thread()?;
    // The filter that comes with the first request kills a thread that is still
    // setting itself up.
    let ready = Barrier::new(lanes.len());
    std::thread::scope(|scope| {
        for lane in lanes {
            let serve = || {
                let _waits = wasi.enter();
                ready.wait();
                lane.serve();
            };
            if stack::spawn(scope, serve).is_err() {
                // Those that were started wait for this one.
                std::process::exit(EXIT_LACKS);
            }
        }
        Err("no lane is left".into())
    })
}

fn policy(parent: u32, limits: Limits) -> Policy {
    Policy::new(Calls::Run, parent).keep(REQUESTS).keep(REPLIES).keep(CODE).limits(limits)
}

/// Maps the channel, and closes its files.
fn map(shape: Shape) -> io::Result<Vec<WorkerSlot>> {
    attach(take(REQUESTS), take(REPLIES), shape).map_err(io::Error::other)
}

/// A descriptor that the parent has passed. To be called once for each.
fn take(descriptor: i32) -> OwnedFd {
    // SAFETY: the parent has passed the three descriptors, the policy keeps them
    // open, and nothing else in this process uses or closes them.
    #[allow(unsafe_code)]
    unsafe {
        OwnedFd::from_raw_fd(descriptor)
    }
}
