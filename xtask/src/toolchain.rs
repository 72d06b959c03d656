//! Finds the compiler for plugins: the one of rustup if its target is
//! installed, or the one of Debian, which has to build the standard library
//! itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{packages, shell};

/// The target that plugins are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-19";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.lock";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// A compiler for plugins.
#[derive(Debug)]
pub(crate) struct Toolchain {
    rustc: PathBuf,
    /// The linker, if the standard library must be built.
    linker: Option<&'static str>,
    /// The version of everything that determines the bytes.
    pub(crate) version: String,
}

impl Toolchain {
    /// Adds the options of this compiler to a `cargo build`.
    pub(crate) fn apply(&self, command: &mut Command, flags: &mut Vec<String>) {
        command.env("RUSTC", &self.rustc);
        if let Some(linker) = self.linker {
            // Building the standard library requires unstable options.
            command.env("RUSTC_BOOTSTRAP", "1").args(["-Z", "build-std=std,panic_abort"]);
            flags.push(format!("-Clinker={linker}"));
        }
    }
}

/// `cargo xtask toolchain`.
pub(crate) fn run() -> Result<(), String> {
    let toolchain = find(None)?;
    println!("plugins are built with {}", toolchain.version);
    Ok(())
}

/// Finds a compiler for plugins: the requested version if it is installed,
/// otherwise any. If there is none, the one of Debian is installed.
pub(crate) fn find(version: Option<&str>) -> Result<Toolchain, String> {
    let mut found = installed();
    if found.is_empty() {
        install()?;
        found = installed();
    } else if version.is_some_and(|version| found.iter().all(|toolchain| toolchain.version != version))
        && install().is_ok()
    {
        found = installed();
    }
    let wanted = found.iter().position(|toolchain| Some(toolchain.version.as_str()) == version);
    found
        .into_iter()
        .nth(wanted.unwrap_or(0))
        .ok_or_else(|| "no compiler for plugins was found after the installation".into())
}

fn installed() -> Vec<Toolchain> {
    [rustup(), debian()].into_iter().flatten().collect()
}

/// The compiler on the path, if it has the target.
fn rustup() -> Option<Toolchain> {
    let in_root = |command: &mut Command| shell::output(command.current_dir(shell::root())).ok();
    let sysroot = in_root(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = Path::new(sysroot.trim());
    if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return None;
    }
    let rustc = sysroot.join("bin/rustc");
    let version = in_root(Command::new(&rustc).arg("--version"))?;
    Some(Toolchain { rustc, linker: None, version: format!("{}, its own linker", version.trim()) })
}

fn debian() -> Option<Toolchain> {
    if ![DEBIAN_RUSTC, DEBIAN_LINKER, DEBIAN_SOURCE].iter().all(|path| Path::new(path).exists()) {
        return None;
    }
    let rustc = shell::output(Command::new(DEBIAN_RUSTC).arg("--version")).ok()?;
    let linker = shell::output(Command::new(DEBIAN_LINKER).arg("--version")).ok()?;
    let version = format!("{}, {}", rustc.trim(), linker.trim());
    Some(Toolchain { rustc: DEBIAN_RUSTC.into(), linker: Some(DEBIAN_LINKER), version })
}

fn install() -> Result<(), String> {
    eprintln!("no compiler for {TARGET} of the right version: installing the one of Debian");
    packages::install(&DEBIAN_PACKAGES).map_err(|error| {
        format!("no compiler for {TARGET}: {error}; on other systems, run `rustup target add {TARGET}`")
    })
}
