//! The processes that a run starts, and what confines them.

use std::fs;

/// The processes that a process has started to compile plugins (`__compile`) or
/// to run them (`__work`).
pub fn helpers(of: u32, command: &str) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{of}/task")) else { return Vec::new() };
    let children = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("children")));
    let children = children.flatten().collect::<String>();
    let is_helper = |child: &&str| {
        let line = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(command.as_bytes())
    };
    children.split_whitespace().filter(is_helper).filter_map(|child| child.parse().ok()).collect()
}

/// A line of the status of a process or thread.
pub fn status(of: impl std::fmt::Display, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{of}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Each thread of the process has filters of system calls, can gain no
/// privileges, and has none.
#[track_caller]
pub fn assert_confined(process: u32) {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    for thread in threads.map(|thread| thread.unwrap().file_name().into_string().unwrap()) {
        for (name, value) in [
            ("Seccomp", "2"),
            ("NoNewPrivs", "1"),
            ("CapEff", "0000000000000000"),
            ("CapPrm", "0000000000000000"),
            ("CapBnd", "0000000000000000"),
        ] {
            let of_thread = status(format!("{process}/task/{thread}"), name);
            assert_eq!(of_thread.as_deref(), Some(value), "{name} of thread {thread}");
        }
    }
}
