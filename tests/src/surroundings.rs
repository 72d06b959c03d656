//! What a program under test is surrounded by: the same wherever, and by
//! whomever, the tests are started.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

use crate::temporary_dir;

/// What is passed on: where programs and libraries are, what measures which
/// code the tests reach, and what switches a mutation in (`cargo xtask mutate`).
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE", "RUNNER_MUTANT"];

/// Run by a shell, with a program and its arguments. Signals that are ignored
/// (`nohup` does that) stay so in all children, limits and the mask of modes as
/// well. A mask of blocked signals does not: the standard library takes it off.
/// A limit that cannot be raised stays; a shell that fails at it would end.
const SCRIPT: &str = r#"
umask 022
for limit in "-c 0" "-S -f unlimited" "-S -n LIMIT"; do
    if (ulimit $limit) 2>/dev/null; then ulimit $limit; fi
done
exec env --default-signal "$0" "$@"
"#;

/// A program, and how many descriptors it may have open.
pub(crate) fn program(program: impl AsRef<OsStr>, descriptors: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &SCRIPT.replace("LIMIT", &descriptors.to_string())]).arg(program);
    surround(&mut command);
    command
}

/// Sets the environment, and nothing but that.
pub fn surround(command: &mut Command) {
    command.env_clear();
    command.envs(PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]);
    command.env("HOME", directory("home"));
    command.env("XDG_STATE_HOME", directory("state"));
    // Compiled plugins are shared by all tests.
    command.env("RUNNER_CACHE_DIR", temporary_dir().join("code-cache"));
}

/// A directory that all tests share, for nobody else.
fn directory(name: &str) -> PathBuf {
    let path = temporary_dir().join(name);
    if let Err(error) = DirBuilder::new().mode(0o700).create(&path) {
        assert!(path.is_dir(), "{}: {error}", path.display());
    }
    path
}
