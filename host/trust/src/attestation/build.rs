//! What is said of a plugin that was built again.

use std::fmt;

use jiff::Timestamp;
use runner_pipeline::escape::shown;
use semver::Version;

/// Maximum number of characters of a tool's version shown.
const VERSION_CHARS: usize = 120;

/// A build that has given the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The language, as `runner plugin new` calls it.
    pub language: String,
    /// The version of this program, whose recipe for the language was followed.
    pub runner: Version,
    /// When it was built, as the signer says.
    pub time: Timestamp,
    /// A BLAKE3 over the names and contents of the source files.
    pub source_blake3: blake3::Hash,
    /// The revision that the plugin names.
    pub revision: Option<String>,
    /// The tools, each with what it says of its version.
    pub tools: Vec<(String, String)>,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { language, runner, time, source_blake3, .. } = self;
        let language = shown(language);
        write!(
            f,
            "built again from source {source_blake3} ({language}) by runner {runner} on {time}: same bytes"
        )?;
        for (tool, version) in &self.tools {
            write!(f, "; {} {}", shown(tool), shown(version).cut(VERSION_CHARS))?;
        }
        Ok(())
    }
}
