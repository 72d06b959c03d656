//! Bringing files to the state that a run starts from.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use super::case::{Fresh, Run};
use xtask::shell;

/// Lines in a file of holes.
const SPARSE_LINES: u64 = 1000;
/// Behind a line end, since the hole before it is no line.
const SPARSE_LINE: &[u8] = b"\nGET /index.html?marker=0123456789abcdef HTTP/1.1\n";

/// Makes what a run needs, has everything written out, so that nobody pays
/// for what another has left dirty, and reads what is to be in the cache.
pub(super) fn prepare(run: &Run) -> Result<(), String> {
    for fresh in &run.fresh {
        let path = match fresh {
            Fresh::Copy { to: path, .. } | Fresh::Copies { folder: path, .. } => path,
            Fresh::Sparse { path, .. } | Fresh::Gone(path) => path,
        };
        make(fresh, path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    shell::output(&mut Command::new("sync"))?;
    for path in &run.warm {
        read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn make(fresh: &Fresh, path: &Path) -> io::Result<()> {
    remove(path)?;
    match fresh {
        Fresh::Copy { from, .. } => fs::copy(from, path).map(drop),
        Fresh::Copies { from, count, .. } => {
            fs::create_dir(path)?;
            let content = fs::read(from)?;
            (0..*count).try_for_each(|number| fs::write(path.join(copy_name(number)), &content))
        }
        Fresh::Sparse { size, .. } => {
            let file = File::create_new(path)?;
            file.set_len(*size)?;
            let apart = size / SPARSE_LINES;
            (0..SPARSE_LINES).try_for_each(|line| file.write_all_at(SPARSE_LINE, line * apart))
        }
        Fresh::Gone(_) => Ok(()),
    }
}

/// The name of one of many copies.
pub(super) fn copy_name(number: u32) -> String {
    format!("{number:05}.log")
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Reads a file, or all files of a folder.
fn read(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| read(&entry?.path()));
    }
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    while file.read(&mut buffer)? > 0 {}
    Ok(())
}

/// A digest of a file, or of all files of a folder in order.
pub(super) fn digest(path: &Path) -> Result<blake3::Hash, String> {
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
