//! The files with signatures beside a file: one of each key.
//!
//! The first has the name that other programs give it, such as `x.wasm.minisig`. Further
//! ones, by other keys, are numbered: `x.wasm.2.minisig`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::read_small;
use runner_store::rules::MAX_SIGNATURES;
use runner_trust::format::Format;
use runner_trust::signer::Signer;

/// The greatest size of a signature, in bytes.
const SIGNATURE_BYTES: u64 = 16 << 10;

/// The names that signatures may have which end so.
pub(crate) fn names(file: &Path, suffix: &str) -> impl Iterator<Item = PathBuf> {
    let with = move |end: String| {
        let mut name = OsString::from(file);
        name.push(end);
        PathBuf::from(name)
    };
    (1..=MAX_SIGNATURES)
        .map(move |number| with(if number == 1 { suffix.to_owned() } else { format!(".{number}{suffix}") }))
}

/// Those that are there.
pub(crate) fn present(file: &Path, suffix: &str) -> impl Iterator<Item = PathBuf> {
    names(file, suffix).filter(|path| std::fs::symlink_metadata(path).is_ok())
}

/// Signatures, each with the name of its file. Those for which there is no name are left
/// out.
pub(crate) fn named<'t>(file: &Path, signatures: impl Iterator<Item = &'t str>) -> Vec<(PathBuf, &'t str)> {
    let all: Vec<_> = signatures.collect();
    let of = |format: Format| {
        let own = all.iter().filter(move |text| Format::of_signature(text) == format);
        names(file, format.suffix()).zip(own.copied()).collect::<Vec<_>>()
    };
    Format::ALL.into_iter().flat_map(of).collect()
}

/// The name for the signature of a key: that of its own earlier one, or of one that is for
/// another content, or the first that is free. `can_be` says whether a signature can be for
/// the content.
///
/// # Errors
/// [`Kind::Refused`] if other keys have all names; any I/O error.
pub(crate) fn for_key(
    (file, suffix): (&Path, &str),
    signer: &Signer,
    can_be: impl Fn(&str) -> bool,
) -> Result<PathBuf> {
    let mut free = None;
    for path in names(file, suffix) {
        if std::fs::symlink_metadata(&path).is_err() {
            free = free.or(Some(path));
            continue;
        }
        let text = read(&path)?;
        if signer.is_named_in(&text) {
            return Ok(path);
        }
        if !can_be(&text) {
            free = free.or(Some(path));
        }
    }
    free.ok_or_else(|| {
        let what = format!("{} has signatures of {MAX_SIGNATURES} other keys", file.shown());
        Error::new(Kind::Refused, what).hint("remove those that are not needed")
    })
}

/// Reads a signature. What is no text is none.
///
/// # Errors
/// If it is no regular file, or too long; any I/O error.
pub(crate) fn read(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&read_small(path, SIGNATURE_BYTES)?).into_owned())
}
