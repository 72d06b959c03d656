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

impl Id {
    /// The identity without the version: `NAMESPACE:NAME`.
    #[must_use]
    pub fn package(&self) -> String {
        format!("{}:{}", self.namespace, self.name)
    }

    /// The name of a file with this plugin. No two identities share one.
    #[must_use]
    pub fn file_name(&self) -> String {
        // Neither a namespace nor a name has a full stop.
        format!("{}.{}-{}.wasm", self.namespace, self.name, self.version)
    }
}

/// What a user asks for: a plugin in any version, or in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    namespace: String,
    name: String,
    /// The version, if it is said.
    pub version: Option<Version>,
}

impl FromStr for Request {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`], with the form of a request.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (package, version) = match text.split_once('@') {
            Some((package, version)) => (package, Some(version)),
            None => (text, None),
        };
        let id: Id = format!("{package}@{}", version.unwrap_or("0.0.0")).parse().map_err(|_| {
            Error::new(Kind::Usage, format!("`{}` is not the name of an installed plugin", shown(text)))
                .hint("a name is NAMESPACE:NAME or NAMESPACE:NAME@VERSION, such as acme:redact@1.2.0")
        })?;
        Ok(Self { namespace: id.namespace, name: id.name, version: version.map(|_| id.version) })
    }
}

impl Request {
    /// Who publishes it.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The plugin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a plugin is one that is asked for.
    #[must_use]
    pub fn is_for(&self, id: &Id) -> bool {
        self.is_for_package(id) && self.version.as_ref().is_none_or(|version| *version == id.version)
    }

    /// Whether a plugin has the name that is asked for, whatever its version.
    #[must_use]
    pub fn is_for_package(&self, id: &Id) -> bool {
        self.namespace == id.namespace && self.name == id.name
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
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

    #[test]
    fn a_request_may_leave_the_version_out() {
        let id: Id = "acme:redact@1.2.0".parse().unwrap();
        let is_for = |text: &str| text.parse::<Request>().map(|request| request.is_for(&id));
        assert!(is_for("acme:redact").unwrap() && is_for("acme:redact@1.2.0").unwrap());
        assert!(!is_for("acme:redact@1.2.1").unwrap() && !is_for("acme:other").unwrap());
        for text in ["", "redact", "acme:redact@", "acme:redact@1", "acme:redact@1.2.0@1.2.0", "acme:a/b"] {
            assert!(is_for(text).is_err(), "{text}");
        }
        assert_eq!("a:b@1.0.0".parse::<Request>().unwrap().to_string(), "a:b@1.0.0");
        assert_eq!(
            (id.package().as_str(), id.file_name().as_str()),
            ("acme:redact", "acme.redact-1.2.0.wasm")
        );
    }
}
