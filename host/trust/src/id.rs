//! Identities of plugins.

use std::fmt;
use std::str::FromStr;

use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::shown;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The greatest length of a namespace or a name, in bytes.
pub const MAX_WORD_BYTES: usize = 64;

/// The identity of a plugin: `NAMESPACE:NAME@VERSION`, as WIT writes that of a
/// package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id {
    /// Who publishes it, such as `acme`.
    pub namespace: String,
    /// The plugin's name.
    pub name: String,
    /// The plugin's version, as in semantic versioning.
    pub version: Version,
}

impl FromStr for Id {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`], with the form of an identity.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::new(Kind::Usage, format!("`{}` is not the identity of a plugin", shown(text))).hint(
                "an identity is NAMESPACE:NAME@VERSION, such as acme:redact@1.2.0, in lower-case letters, digits \
                 and hyphens",
            )
        };
        let (namespace, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (name, version) = rest.split_once('@').ok_or_else(wrong)?;
        if !is_word(namespace) || !is_word(name) {
            return Err(wrong());
        }
        let version = Version::parse(version).map_err(|error| wrong().because(error.to_string()))?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), version })
    }
}

impl TryFrom<String> for Id {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.to_string()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}@{}", self.namespace, self.name, self.version)
    }
}

/// Whether a text can be a namespace or a name: lower-case letters, digits and
/// hyphens, a letter first and no hyphen last. So it can also be a file name.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(inside)
        && !text.ends_with('-')
        && text.len() <= MAX_WORD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_a_form() {
        for text in ["acme:redact@1.2.0", "a:b-2@0.0.1-rc.1+build"] {
            assert_eq!(text.parse::<Id>().unwrap().to_string(), text);
        }
        let long = format!("{}:x@1.0.0", "a".repeat(MAX_WORD_BYTES + 1));
        for text in [
            "",
            "redact",
            "redact@1.0.0",
            "acme:redact",
            "Acme:redact@1.0.0",
            "acme:../x@1.0.0",
            "acme:x@1",
            "acme:x@1.0.0 ",
            "acme:x@01.0.0",
            "acme:x:y@1.0.0",
            "acme:-x@1.0.0",
            "acme:x-@1.0.0",
            "acme:@1.0.0",
            ":x@1.0.0",
            "acme:x@1.0.0@2.0.0",
            "a/b:x@1.0.0",
            "acme:x\n@1.0.0",
            &long,
        ] {
            let error = text.parse::<Id>().unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{text}");
        }
    }
}
