//! Prints what an empty round trip between two processes takes, in
//! microseconds: both on one core, on two, and where the
//! system puts them.
//!
//! ```text
//! cargo run --release -p runner-channel --example round_trips
//! ```

use std::error::Error;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, thread};

use runner_channel::{Channel, Shape, Slot, attach};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

const SHAPE: Shape =
    Shape { slots: 1, block_bytes: 0, request_bytes: 1 << 20, reply_bytes: 1 << 20, note_bytes: 0 };
const ROUNDS: usize = 20_000;
const MICROS: f64 = 1e6;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [requests, replies] = &arguments[..] {
        return serve(requests, replies);
    }
    let all = sched_getaffinity(None)?;
    let cores = || (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    let only = |core| {
        let mut set = CpuSet::new();
        set.set(core);
        set
    };
    let (one, other) = (only(cores().next().ok_or("no core")?), only(cores().next_back().ok_or("no core")?));
    for (place, worker, parent) in
        [("one core", &one, &one), ("two cores", &other, &one), ("any core", &all, &all)]
    {
        // The worker inherits it.
        sched_setaffinity(None, worker)?;
        let (channel, mut slots) = Channel::new(SHAPE)?;
        let requests = rustix::io::dup(channel.requests())?;
        let replies = rustix::io::dup(channel.replies())?;
        let mut child = Command::new(env::current_exe()?)
            .args([requests.as_raw_fd().to_string(), replies.as_raw_fd().to_string()])
            .spawn()?;
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        let watch = channel.watch();
        let watcher = thread::spawn(move || watch.until_death(process.as_fd(), None, || {}));
        sched_setaffinity(None, parent)?;
        for (what, length, pause) in [
            ("empty", 0, Duration::ZERO),
            ("empty, 300 us between", 0, Duration::from_micros(300)),
            ("1 MiB back", 1 << 20, Duration::ZERO),
        ] {
            println!("{place}, {what}: {}", measure(&mut slots[0], length, pause)?);
        }
        child.kill()?;
        child.wait()?;
        watcher.join().map_err(|_| "the watcher panicked")?;
    }
    Ok(())
}

/// Median, and first and last tenth.
fn measure(slot: &mut Slot, length: usize, pause: Duration) -> Result<String> {
    let rounds = if length == 0 && pause.is_zero() { ROUNDS } else { ROUNDS / 20 };
    let mut reply = Vec::new();
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        let start = Instant::now();
        slot.send(0, length)?;
        slot.receive(None, &mut reply)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |tenths: usize| times[rounds * tenths / 10].as_secs_f64() * MICROS;
    Ok(format!("{:.1} ({:.1} to {:.1}) us", at(5), at(1), at(9)))
}

/// Answers with as many bytes as came, whatever they are.
fn serve(requests: &str, replies: &str) -> Result<()> {
    let open = |number| File::options().read(true).write(true).open(format!("/proc/self/fd/{number}"));
    let mut slot = attach(open(requests)?, open(replies)?, SHAPE)?.remove(0);
    loop {
        slot.next()?.answer(0, |request, _| request.len())?;
    }
}
