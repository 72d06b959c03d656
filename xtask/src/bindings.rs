//! Generates the bindings of the SDK for Rust from the contract.
//!
//! They are stored in the repository, so that an author compiles a file instead
//! of a generator with its fifty crates.

use std::fs;
use std::path::PathBuf;

use wit_bindgen_core::{Files, WorldGenerator as _, wit_parser::Resolve};

use xtask::shell;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Compare with the file in the repository instead of writing it
    #[arg(long)]
    check: bool,
}

/// What stands before the generated code.
const PREAMBLE: &str = "// Generated from wit/0.2.0/plugin.wit by `cargo xtask bindings`; do not edit.\n";

/// `cargo xtask bindings`.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let (place, code) = (place(), generate()?);
    if !options.check {
        return fs::write(&place, code).map_err(|error| format!("{}: {error}", place.display()));
    }
    match fs::read_to_string(&place) {
        Ok(kept) if kept == code => Ok(()),
        _ => Err(format!(
            "{} does not match wit/0.2.0/plugin.wit (run `cargo xtask bindings`)",
            place.display()
        )),
    }
}

fn place() -> PathBuf {
    shell::root().join("guest-sdk/rust/src/wasm/bindings.rs")
}

fn generate() -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("wit/0.2.0/plugin.wit: {error:#}");
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_path(shell::root().join("wit/0.2.0/plugin.wit")).map_err(|error| failed(&error))?;
    let world = resolve.select_world(&[package], Some("plugin")).map_err(|error| failed(&error))?;
    let options = wit_bindgen_rust::Opts {
        format: true,
        generate_all: true,
        pub_export_macro: true,
        export_macro_name: Some("export_world".to_owned()),
        ..wit_bindgen_rust::Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).map_err(|error| failed(&error))?;
    let (_, code) = files.iter().next().ok_or("the generator made no file")?;
    Ok(format!("{PREAMBLE}{}", String::from_utf8_lossy(code)))
}

#[test]
fn bindings_are_those_of_the_contract() {
    run(&Options { check: true }).expect("bindings of the contract");
}
