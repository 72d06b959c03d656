//! Puts the SDKs of all languages into the program: every file of
//! `guest-sdk/LANGUAGE/` where there is a `build.toml`, except the folder
//! `conform`, which only tests need.
//!
//! That of Rust is `guest-sdk-rust`, since the folder of a crate is never part of
//! another crate's package. For the same reason the names of some files end in
//! `.in`, which is left out here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The SDK of Rust.
const RUST: &str = "guest-sdk-rust";

fn main() -> io::Result<()> {
    let mut languages = Vec::new();
    println!("cargo::rerun-if-changed=guest-sdk");
    println!("cargo::rerun-if-changed={RUST}");
    for language in entries(Path::new("guest-sdk"))? {
        let id = language.file_name().unwrap_or_default().to_string_lossy().into_owned();
        languages.push((id, language));
    }
    languages.retain(|(_, folder)| folder.join("build.toml").is_file());
    languages.push(("rust".to_owned(), PathBuf::from(RUST)));
    languages.sort();
    let mut code = String::from("&[\n");
    for (id, language) in languages {
        let mut files = Vec::new();
        walk(&language, &mut files)?;
        let _ = writeln!(code, "    Embedded {{ id: {id:?}, files: &[");
        for file in files {
            let name = file.strip_prefix(&language).unwrap_or(&file);
            let (path, name) = (fs::canonicalize(&file)?, name.display().to_string());
            let name = name.strip_suffix(".in").unwrap_or(&name);
            let _ = writeln!(code, "        ({name:?}, include_bytes!({path:?})),");
        }
        code.push_str("    ] },\n");
    }
    code.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("languages.rs"), code)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in entries(folder)? {
        println!("cargo::rerun-if-changed={}", entry.display());
        if entry.is_file() {
            files.push(entry);
        } else if entry.file_name().is_some_and(|name| name != "conform") {
            walk(&entry, files)?;
        }
    }
    Ok(())
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}
