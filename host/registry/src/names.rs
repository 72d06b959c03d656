//! Which registry the plugins of a namespace are in: the file `registries.toml` of
//! the user's configuration.
//!
//! ```toml
//! [namespaces]
//! acme = "registry.example.com/plugins"
//!
//! [realms]
//! "registry.example.com" = ["https://login.example.com/token"]
//! ```
//!
//! A namespace belongs to one registry, and is never looked for in another.

use std::collections::BTreeMap;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::escape;
use runner_trust::id::is_word;
use serde::Deserialize;

use crate::origin::Origin;
use crate::reference::{Place, Reference, is_repository};

/// The name of the file.
pub const FILE: &str = "registries.toml";
/// The greatest size of the file, in bytes.
pub const FILE_BYTES: u64 = 1 << 20;
/// Maximum number of characters of a reason.
const WHY_CHARS: usize = 300;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// By namespace, the registry and the path in it, which may be empty.
    namespaces: BTreeMap<String, (Origin, String)>,
    /// By registry, where tokens for it come from.
    realms: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    namespaces: BTreeMap<String, String>,
    #[serde(default)]
    realms: BTreeMap<Origin, Vec<String>>,
}

impl Names {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(Kind::Usage, format!("{FILE} is not of its form")).because(escape(why, WHY_CHARS))
        };
        let text = str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
        let written: Written = toml::from_str(text).map_err(|error| wrong(error.message()))?;
        let mut namespaces = BTreeMap::new();
        for (name, place) in written.namespaces {
            let (host, path) = place.split_once('/').unwrap_or((&place, ""));
            if !is_word(&name) || !(path.is_empty() || is_repository(path)) {
                return Err(wrong(&format!("`{name} = {place}` is not NAMESPACE = HOST[:PORT][/PATH]")));
            }
            let origin = host.parse().map_err(|why: String| wrong(&format!("{name}: {why}")))?;
            namespaces.insert(name, (origin, path.to_owned()));
        }
        for url in written.realms.values().flatten() {
            Origin::of_url(url).map_err(|why| wrong(&format!("{url}: {why}")))?;
        }
        let realms = written.realms.into_iter().map(|(origin, urls)| (origin.to_string(), urls)).collect();
        Ok(Self { namespaces, realms })
    }

    /// Where a plugin is, in whatever version: `HOST/PATH/NAMESPACE/NAME`.
    ///
    /// # Errors
    /// [`Kind::Usage`] if no registry is named for the namespace.
    pub fn repository(&self, namespace: &str, name: &str) -> Result<Reference> {
        let Some((origin, path)) = self.namespaces.get(namespace) else {
            let what = format!("no registry is named for the plugins of {namespace}");
            return Err(Error::new(Kind::Usage, what).hint(format!(
                "write `{namespace} = \"HOST/PATH\"` into the table [namespaces] of {FILE} in the folder of the \
                 configuration"
            )));
        };
        let repository = format!("{path}/{namespace}/{name}").trim_start_matches('/').to_owned();
        let place = Place::Registry { origin: origin.clone(), repository };
        Ok(Reference { place, tag: None, digest: None, blake3: None })
    }

    /// Whether a registry is named for a namespace.
    #[must_use]
    pub fn has(&self, namespace: &str) -> bool {
        self.namespaces.contains_key(namespace)
    }

    /// Where tokens for a registry come from, besides itself.
    #[must_use]
    pub fn realms(&self, registry: &Origin) -> Vec<String> {
        self.realms.get(&registry.to_string()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_one_registry() {
        let text = "[namespaces]\nacme = \"r.example.com:5000/plugins\"\nplain = \"r.example.com\"\n\
                    [realms]\n\"R.example.com:443\" = [\"https://login.example.com/token\"]\n";
        let names = Names::parse(text.as_bytes()).unwrap();
        let at = |namespace| names.repository(namespace, "redact").map(|reference| reference.to_string());
        assert_eq!(at("acme").unwrap(), "r.example.com:5000/plugins/acme/redact");
        assert_eq!(at("plain").unwrap(), "r.example.com/plain/redact");
        assert_eq!(at("other").unwrap_err().kind(), Kind::Usage);
        assert_eq!(names.realms(&"r.example.com".parse().unwrap()).len(), 1);
        assert!(names.realms(&"other.example.com".parse().unwrap()).is_empty());
        for bad in [
            "[namespaces]\nacme = \"r.example.com/../x\"",
            "[namespaces]\nAcme = \"r.example.com\"",
            "[namespaces]\nacme = \"http://r.example.com\"",
            "[namespaces]\nacme = 1",
            "[namespace]\n",
            "[realms]\n\"r.example.com\" = [\"http://login.example.com\"]",
            "[realms]\n\"a b\" = []",
            "\u{ff}",
        ] {
            assert_eq!(Names::parse(bad.as_bytes()).unwrap_err().kind(), Kind::Usage, "{bad}");
        }
    }
}
