//! Values that stand for the content of a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use runner_contract::ParamSpec;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use runner_pipeline::storage::open_small;

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
    let opened = match given.origin {
        // The shell may give the name of a pipe.
        Origin::CommandLine => File::open(path).map_err(Error::at("read", path)),
        Origin::File(_) => open_small(path, CONTENT_BYTES),
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
    let shown = format!("@{rest} (BLAKE3 {})", blake3::hash(&bytes).to_hex());
    Ok(Content::File { bytes, shown })
}
