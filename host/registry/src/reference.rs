//! References: where an artifact is, and which one is meant.
//!
//! ```text
//! HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]      a registry
//! oci:FOLDER[:TAG][@sha256:DIGEST]                  an OCI layout in a folder
//! oci-archive:FILE[:TAG][@sha256:DIGEST]            an OCI layout in a tar file
//! https://HOST[:PORT]/PATH#blake3=DIGEST            a file on a web server
//! ```
//!
//! Each may end in `#blake3=DIGEST`, the hash of the plugin itself. A digest after
//! `@` is that of the manifest, as in other programs.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::{Raw as _, shown};

use crate::digest::Digest;
use crate::origin::Origin;

/// The greatest length of a reference, in bytes.
const MAX_BYTES: usize = 2048;
/// The greatest length of a repository's name, as the specification has it, and of a
/// tag.
const REPOSITORY_BYTES: usize = 255;
const TAG_BYTES: usize = 128;
/// The number of hexadecimal digits of a BLAKE3.
const BLAKE3_DIGITS: usize = 64;

/// Where an artifact is, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it is.
    pub place: Place,
    /// Its tag.
    pub tag: Option<String>,
    /// The digest of its manifest.
    pub digest: Option<Digest>,
    /// The BLAKE3 of the plugin, as hexadecimal digits.
    pub blake3: Option<String>,
}

/// Where artifacts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A repository of a registry.
    Registry {
        /// The registry.
        origin: Origin,
        /// The path of the repository in it.
        repository: String,
    },
    /// A folder in the form of an OCI layout.
    Layout(PathBuf),
    /// A tar file with an OCI layout.
    Archive(PathBuf),
    /// A file on a web server.
    Web {
        /// The server.
        origin: Origin,
        /// The path, with the query.
        path: String,
    },
}

impl FromStr for Reference {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] if it is of no such form; [`Kind::Refused`] for `http:`.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(wrong(text, "it is too long"));
        }
        let (rest, blake3) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(blake3(text, fragment)?)),
            None => (text, None),
        };
        if rest.starts_with("http://") {
            return Err(Error::new(Kind::Refused, format!("{} is not encrypted", shown(text)))
                .hint("plugins are only taken by https"));
        }
        if let Some(address) = rest.strip_prefix("https://") {
            let (host, path) = address.split_once('/').unwrap_or((address, ""));
            let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
            if !path.bytes().all(is_plain) {
                return Err(wrong(text, "its path has characters that must be written as %XX"));
            }
            let origin = host.parse().map_err(|why: String| wrong(text, &why))?;
            let place = Place::Web { origin, path: format!("/{path}") };
            return Ok(Self { place, tag: None, digest: None, blake3 });
        }
        let (rest, digest) = match rest.rsplit_once('@') {
            Some((rest, digest)) if digest.starts_with("sha256:") => {
                (rest, Some(digest.parse().map_err(|why: String| wrong(text, &why))?))
            }
            _ => (rest, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            // It is the port of the host, or the end of `oci`.
            Some((before, after)) if !after.contains('/') && !matches!(before, "oci" | "oci-archive") => {
                (before, Some(after.to_owned()))
            }
            _ => (rest, None),
        };
        if tag.as_ref().is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong(text, "a tag has letters, digits, `_`, `.` and `-`, 128 at most"));
        }
        let place = place(text, name)?;
        Ok(Self { place, tag, digest, blake3 })
    }
}

fn place(text: &str, name: &str) -> Result<Place, Error> {
    for (prefix, of) in [("oci:", Place::Layout as fn(PathBuf) -> Place), ("oci-archive:", Place::Archive)] {
        match name.strip_prefix(prefix) {
            Some("") => return Err(wrong(text, "it has no path")),
            Some(path) => return Ok(of(PathBuf::from(path))),
            None => {}
        }
    }
    let Some((host, repository)) = name.split_once('/') else {
        return Err(wrong(text, "it has no repository"));
    };
    if !is_repository(repository) {
        return Err(wrong(
            text,
            "a repository is a path of lower-case letters and digits, with `.`, `_` or `-` between them",
        ));
    }
    let origin = host.parse().map_err(|why: String| wrong(text, &why))?;
    Ok(Place::Registry { origin, repository: repository.to_owned() })
}

fn wrong(text: &str, why: &str) -> Error {
    Error::new(Kind::Usage, format!("{} is not a reference to a plugin", shown(text)))
        .because(why.to_owned())
        .hint("a reference is HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST], oci:FOLDER[:TAG] or oci-archive:FILE[:TAG]")
}

fn blake3(text: &str, fragment: &str) -> Result<String, Error> {
    let hex = fragment.strip_prefix("blake3=").unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() == BLAKE3_DIGITS && hex.bytes().all(is_digit) {
        return Ok(hex.to_owned());
    }
    Err(wrong(text, "after `#` must be `blake3=` and 64 hex digits in lower case"))
}

/// Whether a text is a tag (OCI distribution specification 1.1, "Pulling manifests").
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= TAG_BYTES
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

/// Whether a text is a repository's name (the same section). So it holds no `..`.
#[must_use]
pub fn is_repository(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let parts: Vec<_> = part.split(is_separator).collect();
        part.bytes().all(|byte| is_plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
            && part.bytes().next().is_some_and(is_plain)
            && part.bytes().last().is_some_and(is_plain)
            && !part.contains("..")
            && parts.len() < REPOSITORY_BYTES
    };
    text.len() <= REPOSITORY_BYTES && text.split('/').all(is_part)
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

impl Reference {
    /// Whether a text is meant as a reference, and not as the path of a file: it has
    /// one of the prefixes, or begins with the name of a host, which has a full stop
    /// or a port, and goes on with a path.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let prefixes = ["oci:", "oci-archive:", "https://", "http://"];
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            return true;
        }
        let Some((host, rest)) = text.split_once('/') else { return false };
        let is_host = host == "localhost" || host.contains('.') || host.contains(':');
        is_host && !host.starts_with('.') && !rest.is_empty() && !rest.ends_with(".wasm")
    }

    /// Whether it says which content is meant, and not only where it is.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.digest.is_some() || self.blake3.is_some()
    }

    /// Whether it is on another machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.place, Place::Registry { .. } | Place::Web { .. })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Registry { origin, repository } => write!(f, "{origin}/{repository}")?,
            Place::Layout(path) => write!(f, "oci:{}", path.shown())?,
            Place::Archive(path) => write!(f, "oci-archive:{}", path.shown())?,
            Place::Web { origin, path } => write!(f, "https://{origin}{path}")?,
        }
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        self.blake3.as_ref().map_or(Ok(()), |blake3| write!(f, "#blake3={blake3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_a_form() {
        let digest = Digest::of(b"x");
        let pinned = format!("[::1]:5000/a@{digest}");
        let content = format!("https://example.com/x%20y.wasm?a=b#blake3={}", "0".repeat(64));
        for text in [
            "registry.example.com/acme/redact:1.2.0",
            "localhost:5000/acme/redact",
            &pinned,
            &content,
            "oci:folder/x:1.2.0",
            "oci-archive:a.tar",
            "oci:./a:b/c",
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
            assert_eq!(reference.is_pinned(), text.contains('@') || text.contains('#'));
            assert!(Reference::is_meant(text), "{text}");
        }
        for text in [
            "",
            "acme/../redact",
            "example.com/../redact",
            "example.com/a/",
            "example.com/A",
            "example.com//a",
            "example.com/a:",
            "example.com/a:-x",
            "example.com/a:b:c",
            "example.com/a@sha256:00",
            "user@example.com/a",
            "user:secret@example.com/a",
            "exa mple.com/a",
            "example.com:99999/a",
            "oci:",
            "https://user:secret@example.com/x",
            "https://example.com/x y",
            "https://example.com/x#sha256=00",
            "example.com/a\n",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
        let error = "http://example.com/x".parse::<Reference>().unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
    }

    #[test]
    fn files_are_not_taken_for_references() {
        for text in
            ["x.wasm", "./x.wasm", "a/x", "a.b/x.wasm", "acme:redact", "acme:redact@1.0.0", "/x/y", "../x"]
        {
            assert!(!Reference::is_meant(text), "{text}");
        }
    }
}
