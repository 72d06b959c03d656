//! `cargo xtask test`: runs every check. The tests run last, so that the last
//! line is their count.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{counterparts, languages, packages, plugins, shell, supply, toolchain};

/// Programs that tests compare with or use for their setup, and their Debian
/// packages.
const PROGRAMS: [(&str, &str); 33] = [
    ("/usr/bin/dos2unix", "dos2unix"),
    ("/usr/bin/setfacl", "acl"),
    ("/usr/bin/setfattr", "attr"),
    ("/usr/bin/strace", "strace"),
    ("/usr/sbin/mkfs.xfs", "xfsprogs"),
    ("/usr/sbin/mkfs.ext4", "e2fsprogs"),
    ("/usr/sbin/mkfs.btrfs", "btrfs-progs"),
    // Other programs that compress, and archives.
    ("/usr/bin/pigz", "pigz"),
    ("/usr/bin/pbzip2", "pbzip2"),
    ("/usr/bin/lbzip2", "lbzip2"),
    ("/usr/bin/pixz", "pixz"),
    ("/usr/bin/bgzip", "tabix"),
    ("/usr/bin/7z", "p7zip-full"),
    ("/usr/bin/zstd", "zstd"),
    ("/usr/bin/lzip", "lzip"),
    ("/usr/bin/zip", "zip"),
    ("/usr/bin/uncompress.real", "ncompress"),
    // Other programs that sign, and check signatures.
    ("/usr/bin/minisign", "minisign"),
    ("/usr/bin/ssh-keygen", "openssh-client"),
    // A registry, and other programs that copy what is in one.
    ("/usr/bin/docker-registry", "docker-registry"),
    ("/usr/bin/htpasswd", "apache2-utils"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/skopeo", "skopeo"),
    // Servers whose dumps the plugin `sql` changes.
    ("/usr/lib/postgresql/15/bin/postgres", "postgresql"),
    ("/usr/sbin/mariadbd", "mariadb-server"),
    // What plugins of the gallery are compared with.
    ("/usr/bin/tshark", "tshark"),
    // Plugins in C and C++.
    ("/usr/bin/clang-19", "clang-19"),
    ("/usr/bin/wasm-ld-19", "lld-19"),
    ("/usr/lib/wasm32-wasi/libc.a", "wasi-libc"),
    ("/usr/lib/llvm-19/lib/clang/19/lib/wasi", "libclang-rt-19-dev-wasm32"),
    ("/usr/include/wasm32-wasi/c++", "libc++-19-dev-wasm32"),
    ("/usr/lib/wasm32-wasi/libc++abi.a", "libc++abi-19-dev-wasm32"),
    // Plugins in D.
    ("/usr/bin/ldc2", "ldc"),
];

/// Runs all checks, and stops at the first failure.
pub(crate) fn run() -> Result<(), String> {
    install_programs();
    toolchain::run()?;
    supply::run()?;
    for arguments in [
        "fmt --all --check",
        "clippy --workspace --all-targets --locked -- -D warnings",
        "doc --workspace --no-deps --locked",
    ] {
        let mut cargo = shell::cargo();
        shell::run(cargo.args(arguments.split(' ')).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    // Tests build the fuzz targets (`tests/hostile/fuzz.rs`), but with the lock
    // file of the workspace.
    shell::output(
        shell::cargo()
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(["--manifest-path", "fuzz/Cargo.toml"]),
    )?;
    plugins::run(&plugins::Options { check: true, names: Vec::new() })?;
    tests()
}

/// Installs missing programs. If that fails, tests that need them are skipped
/// with a message, or fail if CI is set.
pub(crate) fn install_programs() {
    if let Err(error) = languages::install().and_then(|()| counterparts::install_small()) {
        eprintln!("some tests will be skipped: {error}");
    }
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, _)| !Path::new(program).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return;
    }
    if let Err(error) = packages::install(&missing) {
        eprintln!("some tests will be skipped: {error}");
    }
}

/// Runs the tests, prints their output, and adds up their counts.
fn tests() -> Result<(), String> {
    let mut cargo = in_known_surroundings(&shell::cargo());
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]).stdout(Stdio::piped());
    if env::var_os(THREADS).is_none() {
        cargo.env(THREADS, threads().to_string());
    }
    eprintln!("$ cargo test --workspace --locked --no-fail-fast");
    let mut child = cargo.spawn().map_err(|error| format!("cargo test: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(child.stdout.take().ok_or("cargo test: no output")?).lines() {
        let line = line.map_err(|error| format!("cargo test: {error}"))?;
        println!("{line}");
        if let Some((p, f)) = counts(&line) {
            passed += p;
            failed += f;
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    println!("{passed} passed, {failed} failed");
    if status.success() { Ok(()) } else { Err(format!("cargo test: {status}")) }
}

/// The environment variable that tells libtest how many tests run at a time.
const THREADS: &str = "RUST_TEST_THREADS";

/// The number of tests that run at a time: more than there are cores, because
/// many wait for disks and for processes.
fn threads() -> usize {
    3 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs a program without settings of the environment that tests could depend
/// on. Tests that start the product also do this themselves
/// (`tests/src/surroundings.rs`), because they may be started individually.
/// This covers all other tests.
///
/// A process in the background of a script ignores some signals, and its
/// children inherit that, so the defaults are restored. Only SIGHUP stays
/// ignored, because that is the purpose of `nohup`.
fn in_known_surroundings(program: &Command) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 022 && exec env --default-signal=INT,QUIT,TERM,PIPE \"$0\" \"$@\""]);
    command.arg(program.get_program()).current_dir(shell::root());
    let of_ours = |name: &str| {
        ["RUNNER_CACHE_DIR", "TMPDIR", "LANGUAGE", "TZ"].contains(&name)
            || ["XDG_", "LC_"].iter().any(|start| name.starts_with(start))
    };
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| of_ours(name)) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// The counts in a line such as `test result: ok. 3 passed; 0 failed; ...`.
pub(crate) fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| -> Option<u64> {
        counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{counts, in_known_surroundings};

    #[test]
    fn the_environment_is_known() {
        let script =
            "echo $(umask) ${LC_ALL} ${TMPDIR-none} ${XDG_CACHE_HOME-none} ${RUNNER_CACHE_DIR-none}; kill $$";
        let mut program = in_known_surroundings(&Command::new("sh"));
        let output = program.args(["-c", script]).output().expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0022 C.UTF-8 none none none\n");
        assert_eq!(output.status.code(), None, "ended by the signal");
    }

    #[test]
    fn counts_are_read_from_result_lines() {
        let line =
            "test result: ok. 31 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(counts(line), Some((31, 2)));
        assert_eq!(counts("test result"), None);
        assert_eq!(counts("running 3 tests"), None);
    }
}
