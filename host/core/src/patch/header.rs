//! The contents of the first and the last frame of a patch.
//!
//! Unknown fields are ignored: within a version of the format, only fields that
//! a reader can ignore may be added. A change that a reader must understand
//! increases the version.

use serde::{Deserialize, Serialize};

use crate::hash::GROUP_BYTES;
use crate::patch::{Origin, PluginId};

/// The first frame; its content is known before the scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The plugin that made the edits, or several.
    pub plugin: PluginId,
    /// The plugin's parameters, without the values of secret ones.
    pub params: Vec<(String, Option<String>)>,
    /// What was converted before the plugin saw it, for information only: names
    /// and values, such as `decompress` and `gzip`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversion: Vec<(String, String)>,
    /// The path of the target, for information only.
    pub target: String,
    /// The identity of the target before the scan.
    pub identity: Origin,
    /// The leaf size of the hash tree: 65536.
    pub group_bytes: u64,
}

/// Statistics, updated while a patch is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Number of edits, after long ones were split.
    pub edits: u64,
    /// Number of listed groups that edits touch.
    pub groups: u64,
    /// Number of bytes that are replaced.
    pub old_bytes: u64,
    /// Number of replacement bytes.
    pub new_bytes: u64,
    /// Size of the old file.
    pub pre_size: u64,
    /// Start of the first edit that changes the length.
    pub first_length_change: Option<u64>,
    /// Whether the patch can be written in place unchanged. From the first
    /// change of length on, the edits must cover the rest of the file without a
    /// gap, so that no remaining byte moves. Every group with a byte of such an
    /// edit, old or new, must be listed with all its values. Always true when
    /// no edit changes the length.
    pub in_place_form: bool,
}

/// Size of an edit in a patch, without its bytes.
pub const EDIT_PATCH_BYTES: u64 = 16;
/// Size of a group in a patch.
const GROUP_PATCH_BYTES: u64 = 72;

impl Stats {
    /// Size of the new file.
    #[must_use]
    pub fn post_size(&self) -> u64 {
        self.pre_size - self.old_bytes + self.new_bytes
    }

    /// The start of the tail that a patch moves, at a group boundary; the end
    /// of the file if it moves nothing.
    #[must_use]
    pub fn tail_start(&self) -> u64 {
        let Some(at) = self.first_length_change else { return self.pre_size };
        // The hash of a file with a single group is not a chaining value. So if
        // only one of the two files is that short, no group keeps its value.
        let short = |size| size <= GROUP_BYTES;
        if short(self.pre_size) != short(self.post_size()) { 0 } else { at / GROUP_BYTES * GROUP_BYTES }
    }

    /// The approximate size of a patch with these statistics, in bytes.
    #[must_use]
    pub fn patch_bytes(&self) -> u64 {
        let edits = self.edits.saturating_mul(EDIT_PATCH_BYTES);
        let groups = self.groups.saturating_mul(GROUP_PATCH_BYTES);
        edits.saturating_add(groups).saturating_add(self.old_bytes).saturating_add(self.new_bytes)
    }

    /// Whether the edits are so dense that most blocks of the touched groups
    /// change. Then writing large pieces is faster than writing each edit.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        let written = self.old_bytes.max(self.new_bytes);
        self.edits >= DENSE_EDITS.saturating_mul(self.groups)
            || written >= DENSE_BYTES.saturating_mul(self.groups)
    }

    /// The approximate number of bytes written if no length changes. For dense
    /// edits these are the touched groups.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        let groups = self.groups.saturating_mul(GROUP_BYTES).min(self.pre_size);
        if self.is_dense() { groups } else { self.new_bytes }
    }
}

/// Edits are dense from this number per group on, which is two per block; and
/// also if they fill a large part of their groups.
const DENSE_EDITS: u64 = 32;
const DENSE_BYTES: u64 = GROUP_BYTES / 4;

/// The last frame; without it, a patch is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Statistics of the whole patch.
    pub stats: Stats,
    /// BLAKE3 of the whole old file; `None` if only the touched groups were
    /// read ([`Roots::Touched`](super::Roots)). Then the other root is not
    /// known either.
    #[serde(with = "root")]
    pub pre_root: Option<blake3::Hash>,
    /// BLAKE3 of the whole new file, under the same condition.
    #[serde(with = "root")]
    pub post_root: Option<blake3::Hash>,
    /// What the plugin says it has counted: name and number. For information
    /// only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<(String, u64)>,
}

/// A hash as text, or `null`, for serde. The field may not be left out.
mod root {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        root: &Option<blake3::Hash>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        root.map(|root| root.to_hex().to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<blake3::Hash>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| blake3::Hash::from_hex(text).map_err(D::Error::custom)).transpose()
    }
}

/// A hash as text, for serde.
pub(crate) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(hash: &blake3::Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hash.to_hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<blake3::Hash, D::Error> {
        blake3::Hash::from_hex(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
