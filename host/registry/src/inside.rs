//! The child's side: the process that speaks to a server. It confines itself before
//! it reads anything.

use std::io::{stdin, stdout};
use std::path::PathBuf;

use runner_confine::{Calls, Limits, Policy};
use runner_pipeline::error::Result;

use crate::http::Client;
use crate::wire::{self, Failure, Hello, Reply, Request};

/// The first argument of a child, followed by the process id of the parent and the
/// ports that it may connect to.
pub(crate) const COMMAND: &str = "__fetch";
/// Exit code of a child that cannot even confine itself.
const EXIT_FAILED: i32 = 1;
/// The port of servers that look up names of hosts.
const DNS_PORT: u16 = 53;
/// The greatest private memory of a child, in bytes: the largest plugin, in a buffer
/// that has grown, and once more while it is passed on.
const MEMORY_BYTES: u64 = 384 << 20;
/// What the C library reads to look up the name of a host, and the modules that it
/// loads for that.
const FOR_NAMES: [&str; 13] = [
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/usr/lib",
    "/usr/lib64",
    "/run/resolvconf",
];

/// Does the work of a child if this process is one, and never returns then. In every
/// other process it returns at once.
///
/// Call it at the very start of `main`, before the program reads its arguments, prints
/// or opens anything, or starts a thread: a child confines itself.
pub fn child_main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(COMMAND) {
        return;
    }
    let numbers: Option<Vec<u32>> = arguments.map(|argument| argument.parse().ok()).collect();
    let done = match numbers.as_deref() {
        Some([parent, ports @ ..]) => confine(*parent, ports) && serve(),
        _ => false,
    };
    std::process::exit(if done { 0 } else { EXIT_FAILED });
}

fn confine(parent: u32, ports: &[u32]) -> bool {
    let ports = ports.iter().filter_map(|port| u16::try_from(*port).ok()).chain([DNS_PORT]);
    let limits = Limits { data_bytes: Some(MEMORY_BYTES), ..Limits::default() };
    let policy = Policy::new(Calls::Network, parent)
        .keep(0)
        .keep(1)
        .keep(2)
        .limits(limits)
        .reads(FOR_NAMES.map(PathBuf::from))
        .connects_to(ports);
    // A kernel without one of the layers has the others.
    runner_confine::before_threads(&policy).and_then(|_| runner_confine::on_all_threads(&policy)).is_ok()
}

/// Answers requests until there are no more. Returns whether all could be answered.
fn serve() -> bool {
    let (mut from, mut to) = (stdin().lock(), stdout().lock());
    let Ok(Some((hello, certificates))) = wire::read::<Hello>(&mut from, u64::MAX) else { return false };
    let mut client = Client::new(hello, &certificates);
    drop(certificates);
    loop {
        let (request, body) = match wire::read::<Request>(&mut from, u64::MAX) {
            Ok(Some(read)) => read,
            Ok(None) => return true,
            Err(_) => return false,
        };
        let reply = match &mut client {
            Ok(client) => client.exchange(&request, &body),
            Err(error) => Err(error_again(error)),
        };
        if answer(&mut to, reply).is_err() {
            return false;
        }
    }
}

fn error_again(error: &runner_pipeline::error::Error) -> runner_pipeline::error::Error {
    Failure::from(error).into()
}

fn answer(to: &mut dyn std::io::Write, reply: Result<(crate::wire::Done, Vec<u8>)>) -> std::io::Result<()> {
    match reply {
        Ok((done, body)) => wire::write(to, &Reply::Done(done), &body),
        Err(error) => wire::write(to, &Reply::Failed(Failure::from(&error)), b""),
    }
}
