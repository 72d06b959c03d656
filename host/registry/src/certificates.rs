//! The certificates of the authorities that are trusted.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Raw as _;
use runner_pipeline::storage::read_small;

/// The greatest size of all certificates, in bytes.
const CERTIFICATES_BYTES: u64 = 8 << 20;
/// The most files of a folder that are read.
const FILES: usize = 4096;
/// Where systems keep the certificates of the authorities that they trust.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates of a file that the user names; or else those of `$SSL_CERT_FILE` and of
/// the folders in `$SSL_CERT_DIR`; or else those of the system. As PEM.
///
/// # Errors
/// If there are none, or they cannot be read.
pub(crate) fn certificates(named: Option<&Path>) -> Result<Vec<u8>> {
    if let Some(path) = named {
        return read_small(path, CERTIFICATES_BYTES);
    }
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    let (file, folders) = (variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR"));
    if file.is_none() && folders.is_none() {
        let found = SYSTEM.into_iter().map(Path::new).find(|path| path.exists());
        return read_small(found.ok_or_else(missing)?, CERTIFICATES_BYTES);
    }
    let mut all = match file {
        Some(path) => read_small(Path::new(&path), CERTIFICATES_BYTES)?,
        None => Vec::new(),
    };
    let folders = folders.unwrap_or_default();
    for folder in env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()) {
        of_folder(&folder, &mut all)?;
    }
    if all.is_empty() { Err(missing()) } else { Ok(all) }
}

fn missing() -> Error {
    Error::new(Kind::Io, "there are no certificates of authorities to trust")
        .hint("install them (the package ca-certificates), or name a file with --ca-file")
}

/// Adds the certificates of a folder: of the files that OpenSSL would read there, which are
/// named by a hash of the authority's name (`openssl rehash` links them).
fn of_folder(folder: &Path, all: &mut Vec<u8>) -> Result<()> {
    let failed = || Error::at("list the folder", folder);
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if is_hash_name(&entry.file_name()) {
            paths.push(entry.path());
        }
    }
    if paths.len() > FILES {
        let what = format!("the folder {} has more than {FILES} certificates", folder.shown());
        return Err(Error::new(Kind::Usage, what).hint("name another one in SSL_CERT_DIR"));
    }
    paths.sort();
    for path in paths {
        let left = CERTIFICATES_BYTES.saturating_sub(all.len() as u64);
        all.extend(read_small(&path, left)?);
        all.push(b'\n');
    }
    Ok(())
}

/// `HHHHHHHH.N`, as `openssl rehash` names certificates.
fn is_hash_name(name: &OsStr) -> bool {
    let Some((hash, number)) = name.as_bytes().split_at_checked(8) else { return false };
    let number = number.strip_prefix(b".").unwrap_or_default();
    hash.iter().all(u8::is_ascii_hexdigit) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_a_folder_are_those_with_a_hash_as_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in
            [("9d66eef0.0", "a"), ("9d66eef0.1", "b"), ("9d66eef0.r0", "c"), ("ca.pem", "d")]
        {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let mut all = Vec::new();
        of_folder(folder.path(), &mut all).unwrap();
        assert_eq!(all, b"a\nb\n");
        std::fs::write(folder.path().join("00000000.0"), vec![b'x'; CERTIFICATES_BYTES as usize]).unwrap();
        assert!(of_folder(folder.path(), &mut Vec::new()).is_err());
        assert!(of_folder(&folder.path().join("none"), &mut Vec::new()).is_err());
    }
}
