//! Builds the plugins written in Rust.
//!
//! The components are stored in the repository, with their digests and the
//! compiler's version. The same sources and the same compiler give the same
//! bytes in any folder, so anybody can verify them.

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

use crate::shell;
use crate::toolchain::{self, TARGET, Toolchain};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build into target/ and compare with the components in the repository
    #[arg(long)]
    pub(crate) check: bool,
    /// Plugins to build [default: all]; the digests of the others do not change
    pub(crate) names: Vec<String>,
}

/// An example of the SDK with which the plugins of other languages are compared.
const CONFORM: &str = "conform";

/// `cargo xtask plugins`.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let folder = shell::root().join("plugins");
    let names = names(&folder, &options.names)?;
    let recorded = fs::read_to_string(folder.join("TOOLCHAIN")).unwrap_or_default();
    let recorded = recorded.trim();
    let toolchain = toolchain::find(Some(recorded))?;
    let same = recorded == toolchain.version;
    if options.check && !same {
        return Err(format!(
            "cannot compare: plugins/ was built with {recorded}, but the compiler here is {}",
            toolchain.version
        ));
    }
    if !options.check && !same && !options.names.is_empty() && !recorded.is_empty() {
        return Err(format!(
            "the other plugins were built with {recorded}, but the compiler here is {}: build all plugins",
            toolchain.version
        ));
    }
    let mut drifted = Vec::new();
    for name in names {
        let component = build(&toolchain, &name)?;
        let kept = match name.as_str() {
            CONFORM => shell::root().join("tests/languages/fixtures/rust/conform.wasm"),
            _ => folder.join(&name).join(format!("{name}.wasm")),
        };
        if !options.check {
            write(&kept, &component)?;
            println!("{name}: {} bytes", component.len());
        } else if fs::read(&kept).is_ok_and(|bytes| bytes == component) {
            println!("{name}: unchanged");
        } else {
            let built = shell::root().join("target/wasm").join(format!("{name}.wasm"));
            write(&built, &component)?;
            println!("{name}: differs; the new build is {}", built.display());
            drifted.push(name);
        }
    }
    let digests = digests(&folder)?;
    if options.check {
        if !fs::read_to_string(folder.join("DIGESTS")).is_ok_and(|kept| kept == digests) {
            drifted.push("DIGESTS".into());
        }
        if !drifted.is_empty() {
            let drifted = drifted.join(", ");
            return Err(format!("these do not match their sources: {drifted} (run `cargo xtask plugins`)"));
        }
        return Ok(());
    }
    write(&folder.join("DIGESTS"), digests.as_bytes())?;
    write(&folder.join("TOOLCHAIN"), format!("{}\n", toolchain.version).as_bytes())
}

/// The requested plugins that are crates, or all of them, sorted.
fn names(folder: &Path, asked: &[String]) -> Result<Vec<String>, String> {
    let mut names = entries(folder)?;
    // What plugins share is a library alone.
    let is_plugin = |name: &String| {
        fs::read_to_string(folder.join(name).join("Cargo.toml")).is_ok_and(|text| text.contains("\"cdylib\""))
    };
    names.retain(is_plugin);
    names.push(CONFORM.to_owned());
    if let Some(unknown) = asked.iter().find(|name| !names.contains(name)) {
        return Err(format!("there is no plugin in plugins/{unknown}"));
    }
    names.retain(|name| asked.is_empty() || asked.contains(name));
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>();
    names.sort();
    Ok(names)
}

/// Builds one plugin in a separate run of cargo. Cargo unifies the features of
/// packages that it builds together, so a plugin's bytes would depend on the
/// other plugins.
fn build(toolchain: &Toolchain, name: &str) -> Result<Vec<u8>, String> {
    let root = shell::root();
    let target = root.join("target/wasm");
    let mut flags = vec![
        "-Ctarget-feature=+simd128".to_owned(),
        // Panic messages contain paths.
        format!("--remap-path-prefix={}=/src", root.display()),
        format!("--remap-path-prefix={}=/cargo", shell::cargo_home()?.display()),
    ];
    let crate_name = format!("runner-{name}");
    let (arguments, module) = match name {
        CONFORM => (vec!["--package", "runner-plugin", "--example", CONFORM], "examples/conform".to_owned()),
        _ => (vec!["--package", &crate_name], crate_name.replace('-', "_")),
    };
    let mut cargo = shell::cargo();
    cargo.args(["build", "--locked", "--profile", "plugin", "--target", TARGET]);
    cargo.args(arguments).arg("--target-dir").arg(&target);
    toolchain.apply(&mut cargo, &mut flags);
    // The encoded form, because a path may contain spaces. It overrides
    // RUSTFLAGS.
    shell::run(cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
    let module = target.join(TARGET).join("plugin").join(format!("{module}.wasm"));
    let bytes = read(&module)?;
    let encode = || ComponentEncoder::default().validate(true).module(&bytes)?.encode();
    encode().map_err(|error| format!("{}: cannot be encoded as a component: {error:?}", module.display()))
}

/// The digests of all components in the repository, in any source language, in
/// the format of `b3sum --check`.
fn digests(folder: &Path) -> Result<String, String> {
    let mut lines = String::new();
    for name in entries(folder)? {
        let path = PathBuf::from(&name).join(format!("{name}.wasm"));
        if folder.join(&path).is_file() {
            let digest = blake3::hash(&read(&folder.join(&path))?);
            lines += &format!("{digest}  {}\n", path.display());
        }
    }
    Ok(lines)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
