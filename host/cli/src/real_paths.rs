//! Files as policies name them: by absolute paths without links.

use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Result};
use runner_policy::rules::Demands;

/// The folder that a pattern names may be a link. Then what it leads to is meant as well.
pub(crate) fn follow(demands: &mut Demands) {
    let moved = demands.for_files.iter().filter_map(|pattern| {
        let fixed = pattern.fixed();
        let real = std::fs::canonicalize(&fixed).ok().filter(|real| *real != fixed)?;
        Some(pattern.moved(&real))
    });
    let moved: Vec<_> = moved.collect();
    demands.for_files.extend(moved);
}

/// A file as it is named without links; one that does not exist yet, by its folder.
pub(crate) fn real(file: &Path) -> Result<PathBuf> {
    let found = match std::fs::canonicalize(file) {
        Ok(real) => return Ok(real),
        Err(error) => error,
    };
    let is_there = std::fs::symlink_metadata(file).is_ok();
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    match (std::fs::canonicalize(folder), file.file_name()) {
        _ if is_there => Err(Error::io("find", file, found)),
        (Ok(folder), Some(name)) => Ok(folder.join(name)),
        // Nothing can be opened there.
        _ => std::path::absolute(file).map_err(Error::at("find", file)),
    }
}

/// The files that standard input and output are, as far as they are files.
pub(crate) fn streams() -> Vec<PathBuf> {
    let links = ["/proc/self/fd/0", "/proc/self/fd/1"].iter().filter_map(|fd| std::fs::read_link(fd).ok());
    // A pipe has no path.
    links.filter(|path| path.is_absolute()).collect()
}
