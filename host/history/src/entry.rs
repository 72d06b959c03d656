//! What is recorded of a change.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use runner_pipeline::patch::PluginId;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A change of one file.
///
/// Fields that are not known are ignored, so that later versions can add some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When the change was complete, in UTC.
    pub time: Timestamp,
    /// The command.
    pub action: Action,
    /// The file that was read, as an absolute path without symbolic links.
    pub file: Name,
    /// The file that was written, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Name>,
    /// The plugin that made the edits, or several. `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// Number of edits; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<u64>,
    /// Size in bytes before the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_size: Option<u64>,
    /// Size in bytes after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_size: Option<u64>,
    /// BLAKE3 before the change, in hex; `None` if only parts were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_root: Option<String>,
    /// BLAKE3 after the change, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_root: Option<String>,
    /// The patch that was applied or undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Name>,
    /// The patch that was kept to undo the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Name>,
    /// The old file, which was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Name>,
}

impl Entry {
    /// The file whose content is another one since.
    #[must_use]
    pub fn changed(&self) -> &Path {
        &self.output.as_ref().unwrap_or(&self.file).0
    }
}

/// A command that changes files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// A plugin was run on the file.
    Apply,
    /// A patch was applied.
    Patch,
    /// A patch was undone.
    Undo,
    /// An interrupted change was completed.
    RollForward,
    /// An interrupted change was taken back.
    RollBack,
}

/// A path, as a string of JSON, or `{"hex": "..."}` if it is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Hex { hex: String },
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0.as_os_str().as_bytes();
        let written = match str::from_utf8(bytes) {
            Ok(text) => Written::Text(text.to_owned()),
            Err(_) => Written::Hex { hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() },
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = match Written::deserialize(deserializer)? {
            Written::Text(text) => text.into_bytes(),
            Written::Hex { hex } => {
                let pairs = hex.as_bytes().chunks(2);
                let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
                pairs
                    .map(byte)
                    .collect::<Option<_>>()
                    .ok_or_else(|| D::Error::custom("no hexadecimal digits"))?
            }
        };
        Ok(Self(OsStr::from_bytes(&bytes).into()))
    }
}
