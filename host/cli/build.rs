//! Puts the SDKs of other languages into the program: every file of
//! `guest-sdk/LANGUAGE/` where there is a `build.toml`, except the folder
//! `conform`, which only tests need.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from("guest-sdk");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut code = String::from("&[\n");
    for language in entries(&folder)? {
        if !language.join("build.toml").is_file() {
            continue;
        }
        let id = language.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Vec::new();
        walk(&language, &mut files)?;
        let _ = writeln!(code, "    Embedded {{ id: {id:?}, files: &[");
        for file in files {
            let name = file.strip_prefix(&language).unwrap_or(&file);
            let path = fs::canonicalize(&file)?;
            let _ = writeln!(code, "        ({:?}, include_bytes!({path:?})),", name.display().to_string());
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
