//! Creates the input files of a run, and compares its results.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use xtask::shell;

use crate::case::{Input, Run};

/// Number of lines in a file of holes.
const LINES: u64 = 1000;
/// Starts with a line end, because the hole before it is not a line.
const LINE: &[u8] = b"\nGET /index.html?marker=0123456789abcdef HTTP/1.1\n";

/// Creates the inputs of a run, writes everything to disk, so that no run pays
/// for dirty pages of the one before, and warms the page cache.
pub(crate) fn prepare(run: &Run) -> Result<(), String> {
    for input in &run.inputs {
        let path = match input {
            Input::Copy { to: path, .. } | Input::Copies { folder: path, .. } => path,
            Input::Holes { path, .. } | Input::Absent(path) => path,
        };
        create(input, path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    shell::output(&mut Command::new("sync"))?;
    for path in &run.warm {
        read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn create(input: &Input, path: &Path) -> io::Result<()> {
    remove(path)?;
    match input {
        Input::Copy { from, .. } => fs::copy(from, path).map(drop),
        Input::Copies { from, count, .. } => {
            fs::create_dir(path)?;
            let content = fs::read(from)?;
            (0..*count).try_for_each(|number| fs::write(path.join(copy_name(number)), &content))
        }
        Input::Holes { size, .. } => {
            let file = File::create_new(path)?;
            file.set_len(*size)?;
            let distance = size / LINES;
            (0..LINES).try_for_each(|line| file.write_all_at(LINE, line * distance))
        }
        Input::Absent(_) => Ok(()),
    }
}

/// The name of one of many copies.
pub(crate) fn copy_name(number: u32) -> String {
    format!("{number:05}.log")
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Reads a file, or all files in a folder.
fn read(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| read(&entry?.path()));
    }
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    while file.read(&mut buffer)? > 0 {}
    Ok(())
}

/// The hash of a file, or of all files in a folder, sorted by name.
pub(crate) fn digest(path: &Path) -> Result<blake3::Hash, String> {
    let digest = || -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        let mut paths = vec![path.to_owned()];
        if path.is_dir() {
            paths = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            paths.sort();
        }
        for path in paths {
            hasher.update_reader(File::open(path)?)?;
        }
        Ok(hasher.finalize())
    };
    digest().map_err(|error| format!("{}: {error}", path.display()))
}
