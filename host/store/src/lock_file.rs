//! The lock file of a project: which plugins it uses, by their content.
//!
//! It narrows, and never grants: what it names must also be installed.

use runner_pipeline::error::{Error, Kind, Result};
use runner_trust::id::Request;
use serde::{Deserialize, Serialize};

use crate::locked::Locked;
pub use crate::locked::NAME;
use crate::text::{self, MAX_BYTES, MAX_PLUGINS};

/// The greatest size of the file, in bytes.
pub const LOCK_BYTES: u64 = MAX_BYTES;
/// The form of the file.
const FORM: u32 = 1;
/// How it begins.
const HEAD: &str =
    "# Which plugins are used here. Written by `runner plugin lock` and `runner plugin update`.\n";

/// The plugins that a project uses: one version of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    plugins: Vec<Locked>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: u32,
    #[serde(default)]
    plugin: Vec<Locked>,
}

impl LockFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is not of the form that [`LockFile::to_text`]
    /// gives.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let what = "the lock file is not of its form";
        let Written { plugin: plugins, .. } = text::parse(bytes, FORM, what)?;
        let name = |plugin: &Locked| plugin.id.package();
        let is_twice =
            |(at, one): (usize, &Locked)| plugins[..at].iter().any(|other| name(other) == name(one));
        if plugins.len() > MAX_PLUGINS || plugins.iter().enumerate().any(is_twice) {
            return Err(Error::new(Kind::Verification, what)
                .because("a plugin is there twice, or there are too many"));
        }
        Ok(Self { plugins })
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{HEAD}{}", text::write(&Written { form: FORM, plugin: self.plugins.clone() }))
    }

    /// All plugins, by name.
    #[must_use]
    pub fn plugins(&self) -> &[Locked] {
        &self.plugins
    }

    /// The plugin with the name that is asked for.
    #[must_use]
    pub fn get(&self, request: &Request) -> Option<&Locked> {
        self.plugins.iter().find(|plugin| request.is_for_package(&plugin.id))
    }

    /// Adds a plugin, in place of another version of it. Where the same content was got
    /// from before is not forgotten because it came from a file since.
    pub fn put(&mut self, mut plugin: Locked) {
        let name = plugin.id.package();
        let known = self.plugins.iter().find(|other| other.blake3 == plugin.blake3);
        plugin.source = plugin.source.or(known.and_then(|other| other.source.clone()));
        self.plugins.retain(|other| other.id.package() != name);
        self.plugins.push(plugin);
        self.plugins.sort_by_key(|plugin| plugin.id.package());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plugin;

    #[test]
    fn a_source_lasts_as_long_as_the_content() {
        let mut lock = LockFile::default();
        let new = |content: &[u8]| Locked::new(&plugin("a:x@1.0.0", content), content, &[]);
        lock.put(Locked { source: Some("r.example.com/x".to_owned()), ..new(b"x") });
        lock.put(new(b"x"));
        assert_eq!(lock.plugins()[0].source.as_deref(), Some("r.example.com/x"));
        lock.put(new(b"y"));
        assert_eq!(lock.plugins()[0].source, None);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut lock = LockFile::default();
        for id in ["b:x@1.0.0", "a:x@1.0.0", "b:x@2.0.0", "b:x@1.5.0"] {
            lock.put(Locked::new(&plugin(id, id.as_bytes()), id.as_bytes(), &[]));
        }
        let ids: Vec<_> = lock.plugins().iter().map(|plugin| plugin.id.to_string()).collect();
        assert_eq!(ids, ["a:x@1.0.0", "b:x@1.5.0"]);
        let text = lock.to_text();
        assert_eq!(LockFile::parse(text.as_bytes()).unwrap(), lock);
        let found = |request: &str| lock.get(&request.parse().unwrap()).map(|plugin| plugin.id.to_string());
        assert_eq!(found("b:x").unwrap(), "b:x@1.5.0");
        assert_eq!(found("b:x@9.0.0").unwrap(), "b:x@1.5.0");
        assert_eq!(found("b:y"), None);
        let twice = text.replace("a:x@1.0.0", "b:x@1.0.0");
        for bad in ["", "form = 2", &twice, &text.replace("bytes", "size")] {
            assert_eq!(LockFile::parse(bad.as_bytes()).unwrap_err().kind(), Kind::Verification, "{bad}");
        }
    }
}
