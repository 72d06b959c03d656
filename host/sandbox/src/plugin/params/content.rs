//! Values that stand for the content of a file.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use runner_contract::ParamSpec;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::storage::{open_small, read_small};

use super::{Given, Origin};

/// Maximum size of such a file.
const CONTENT_BYTES: u64 = 64 << 20;

/// A value, or the content of the file that it names.
pub(super) enum Content {
    Given(String),
    File {
        bytes: Vec<u8>,
        /// What patches and reports hold: the name and the hash.
        shown: String,
    },
}

/// Resolves `@PATH` and `@@` where the parameter allows that.
///
/// # Errors
/// If the file cannot be read or is too large.
pub(super) fn read(spec: &ParamSpec, given: &Given) -> Result<Content> {
    let value = &given.value;
    let Some(rest) = value.strip_prefix('@').filter(|_| spec.from_file) else {
        return Ok(Content::Given(value.clone()));
    };
    if rest.starts_with('@') {
        return Ok(Content::Given(rest.to_owned()));
    }
    let path = Path::new(rest);
    let opened = match &given.origin {
        // The shell may give the name of a pipe.
        Origin::CommandLine => File::open(path).map_err(Error::at("read", path)),
        Origin::File(_) => open_small(path, CONTENT_BYTES),
        Origin::Case { place, folder } => {
            let bytes = within(folder, path)
                .and_then(|path| read_small(&path, CONTENT_BYTES))
                .map_err(|error| error.hint(format!("the file is named on {place}")))?;
            return Ok(Content::File { shown: named(rest, &bytes), bytes });
        }
    };
    let mut bytes = Vec::new();
    opened
        .and_then(|file| {
            file.take(CONTENT_BYTES + 1).read_to_end(&mut bytes).map_err(Error::at("read", path))
        })
        .map_err(|error| {
            let name = &spec.name;
            error.hint(format!("`--set {name}=@@...` is a value that begins with `@`"))
        })?;
    if bytes.len() as u64 > CONTENT_BYTES {
        let mib = CONTENT_BYTES >> 20;
        let what = format!("{} is too large for the value of a parameter (limit {mib} MiB)", shown(path));
        return Err(Error::new(Kind::Usage, what));
    }
    Ok(Content::File { shown: named(rest, &bytes), bytes })
}

/// What patches and reports hold of a file.
fn named(path: &str, bytes: &[u8]) -> String {
    format!("@{path} (BLAKE3 {})", blake3::hash(bytes).to_hex())
}

/// The path of a file in a folder. A case may be a stranger's, and what it names
/// is handed to a plugin: so no path leads out of the folder.
fn within(folder: &Path, path: &Path) -> Result<PathBuf> {
    let refused = |why: &str| {
        Error::new(
            Kind::Refused,
            format!("the test case {} cannot use the file {}", shown(folder), shown(path)),
        )
        .because(why.to_owned())
        .hint("in a `params.toml`, `@PATH` is a regular file in the folder of the case")
    };
    let mut whole = folder.to_owned();
    for component in path.components() {
        match component {
            Component::Normal(name) => whole.push(name),
            Component::CurDir => continue,
            Component::ParentDir => return Err(refused("its path has `..` in it")),
            Component::RootDir | Component::Prefix(_) => return Err(refused("its path is absolute")),
        }
        let found = whole.symlink_metadata().map_err(Error::at("read", &whole))?;
        if found.is_symlink() {
            return Err(refused(&format!("{} is a symbolic link", shown(&whole))));
        }
    }
    match whole.is_file() {
        true => Ok(whole),
        false => Err(refused("it is not a regular file")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_case_names_files_of_its_folder_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("case");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(scratch.path().join("secret"), "secret").unwrap();
        std::fs::write(folder.join("names"), "names").unwrap();
        std::fs::write(folder.join("sub/names"), "names").unwrap();
        symlink("../secret", folder.join("link")).unwrap();
        symlink("names", folder.join("inner")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        for path in ["names", "./names", "sub/names"] {
            assert!(within(&folder, Path::new(path)).is_ok(), "{path}");
        }
        let absolute = folder.join("names");
        let absolute = absolute.to_str().unwrap();
        for path in ["../secret", "sub/../names", "link", "inner", "up/secret", "sub", ".", "", absolute, "/"]
        {
            let error = within(&folder, Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused, "{path}");
        }
        assert_eq!(within(&folder, Path::new("absent")).unwrap_err().kind(), Kind::Io);
    }
}
