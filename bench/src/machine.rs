//! Describes the machine on which results were measured.

use std::fs;
use std::process::Command;
use std::thread;

use xtask::shell;

use crate::peers;

/// Hardware, kernel, filesystem, and the versions of all programs.
pub(crate) fn describe() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = field(&cpu, "model name").unwrap_or("unknown");
    let is_guest = field(&cpu, "flags").is_some_and(|flags| flags.split(' ').any(|f| f == "hypervisor"));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = read("/proc/meminfo");
    let kib: u64 = field(&memory, "MemTotal")
        .and_then(|total| total.trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    let last_line = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = shell::output(command.args(arguments).current_dir(shell::root())).ok()?;
        output.lines().last().map(|line| line.trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    let filesystem = last_line("df", &["--output=fstype", "target"]).unwrap_or_else(unknown);
    let commit =
        last_line("git", &["describe", "--always", "--dirty", "--abbrev=10"]).unwrap_or_else(unknown);
    let date = last_line("date", &["-u", "+%F"]).unwrap_or_else(unknown);
    let guest = if is_guest { ", a virtual machine" } else { "" };
    vec![
        format!("CPU: {model}, {cores} cores{guest}"),
        format!("Memory: {:.1} GiB", kib as f64 / f64::from(1 << 20)),
        format!("Kernel: Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        format!("Filesystem: {filesystem}"),
        format!("Peers: {}", peers::versions().join("; ")),
        format!("`runner`: commit {commit}, {date}"),
    ]
}

/// The value of the first line `name : value` or `name: value`.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_found() {
        assert_eq!(field("processor\t: 0\nmodel name\t: A B\nmodel name\t: C\n", "model name"), Some("A B"));
        assert_eq!(field("MemTotal:       24000 kB\n", "MemTotal"), Some("24000 kB"));
        assert_eq!(field("MemTotal:       24000 kB\n", "Mem"), None);
    }
}
