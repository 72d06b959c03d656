//! What a program under test is surrounded by: the same wherever, and by
//! whomever, the tests are started.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit, umask};

use crate::temporary_dir;

/// What is passed on: where programs and libraries are, what measures which
/// code the tests reach, and what switches a mutation in (`cargo xtask mutate`).
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE", "RUNNER_MUTANT"];

/// Run by a shell, with a program and its arguments.
const SCRIPT: &str = r#"ulimit -S -n LIMIT; exec "$0" "$@""#;
/// The same where signals are ignored (`nohup` does that): they would stay so
/// in all children. A mask of blocked signals does not: the standard library
/// takes it off.
const SCRIPT_WITH_SIGNALS: &str = r#"ulimit -S -n LIMIT; exec /usr/bin/env --default-signal "$0" "$@""#;

/// A program, and how many descriptors it may have open. The shell is given by
/// its path, as `env` is, because tests set `PATH`: a name would be looked up in a copy of this process, which takes
/// longer than most runs.
pub(crate) fn program(program: impl AsRef<OsStr>, descriptors: u32) -> Command {
    static SCRIPT_FOR_ALL: OnceLock<&str> = OnceLock::new();
    let script = SCRIPT_FOR_ALL.get_or_init(|| {
        set_limits();
        if ignores_signals() { SCRIPT_WITH_SIGNALS } else { SCRIPT }
    });
    // A shell that cannot set a limit ends.
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let limit = u64::from(descriptors).min(most);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script.replace("LIMIT", &limit.to_string())]).arg(program);
    surround(&mut command);
    command
}

/// Sets what all children inherit, as far as this process may.
fn set_limits() {
    umask(0o022.into());
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let maximum = getrlimit(Resource::Fsize).maximum;
    let _ = setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum });
}

/// Whether a signal is ignored that the standard library does not ignore by
/// itself: `SIGPIPE`, which it restores in children.
fn ignores_signals() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    ignored & !(1 << (Signal::PIPE.as_raw() - 1)) != 0
}

/// Sets the environment, and nothing but that.
pub fn surround(command: &mut Command) {
    command.env_clear();
    command.envs(PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]);
    command.env("HOME", directory("home", 0o700));
    command.env("XDG_STATE_HOME", directory("state", 0o700));
    command.env("XDG_DATA_HOME", directory("share", 0o700));
    command.env("XDG_CONFIG_HOME", directory("config", 0o700));
    // In place of `/etc/runner`, which all users can read.
    command.env("RUNNER_UNDER_TEST_MACHINE", directory("machine", 0o755));
    // Compiled plugins are shared by all tests.
    command.env("RUNNER_CACHE_DIR", temporary_dir().join("code-cache"));
}

/// A directory of this mode that all tests share.
fn directory(name: &str, mode: u32) -> PathBuf {
    let path = temporary_dir().join(name);
    if let Err(error) = DirBuilder::new().mode(mode).create(&path) {
        assert!(path.is_dir(), "{}: {error}", path.display());
    }
    path
}
