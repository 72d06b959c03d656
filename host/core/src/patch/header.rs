//! What the first and the last frame of a patch say.
//!
//! Fields that are not known are ignored: within a version of the format, only
//! such may be added as a reader can do without. A change that a reader must
//! understand raises the version.

use runner_contract::Manifest;
use serde::{Deserialize, Serialize};

use crate::hash::GROUP_BYTES;
use crate::patch::Origin;

/// The plugin that made a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginId {
    /// The manifest's name.
    pub name: String,
    /// The manifest's version.
    pub version: String,
    /// BLAKE3 of the plugin's bytes, in hex.
    pub digest: String,
}

impl PluginId {
    /// The plugin that says this of itself, and whose bytes have this BLAKE3.
    #[must_use]
    pub fn new(manifest: &Manifest, digest: &blake3::Hash) -> Self {
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.to_hex().to_string(),
        }
    }
}

/// The first frame: known before the scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Who made the edits.
    pub plugin: PluginId,
    /// Its parameters; the values of secret ones are left out.
    pub params: Vec<(String, Option<String>)>,
    /// The path of the target, for people; nothing depends on it.
    pub target: String,
    /// The target as it was before the scan.
    pub identity: Origin,
    /// The leaf size of the hash tree: 65536.
    pub group_bytes: u64,
}

/// Counts, kept while a patch is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Edits, after long ones were split.
    pub edits: u64,
    /// Groups that edits touch, as far as they are listed.
    pub groups: u64,
    /// Bytes replaced.
    pub old_bytes: u64,
    /// Bytes that replace them.
    pub new_bytes: u64,
    /// Size of the file before.
    pub pre_size: u64,
    /// Where the first edit that changes the length starts.
    pub first_length_change: Option<u64>,
    /// Whether such a patch can be written in place as it is: all edits from
    /// there on cover the rest of the file without a gap, so that no byte that
    /// stays moves; and every group in which one of their bytes lies, before
    /// or after, is listed with all its values. True when no edit changes the
    /// length.
    pub in_place_form: bool,
}

/// What an edit takes in a patch besides its bytes.
pub const EDIT_PATCH_BYTES: u64 = 16;
/// What a group takes.
const GROUP_PATCH_BYTES: u64 = 72;

impl Stats {
    /// Size of the file after.
    #[must_use]
    pub fn post_size(&self) -> u64 {
        self.pre_size - self.old_bytes + self.new_bytes
    }

    /// Where the tail begins that a patch moves: at a group boundary. The end
    /// of the file, when it moves nothing.
    #[must_use]
    pub fn tail_start(&self) -> u64 {
        let Some(at) = self.first_length_change else { return self.pre_size };
        // The hash of a file of one group is not a chaining value: where one
        // of both files is that short, no group keeps its value.
        let short = |size| size <= GROUP_BYTES;
        if short(self.pre_size) != short(self.post_size()) { 0 } else { at / GROUP_BYTES * GROUP_BYTES }
    }

    /// About how many bytes a patch takes that holds this.
    #[must_use]
    pub fn patch_bytes(&self) -> u64 {
        let edits = self.edits.saturating_mul(EDIT_PATCH_BYTES);
        let groups = self.groups.saturating_mul(GROUP_PATCH_BYTES);
        edits.saturating_add(groups).saturating_add(self.old_bytes).saturating_add(self.new_bytes)
    }

    /// Whether edits are so dense that most blocks of the groups that they
    /// touch change. Large pieces are faster then than a write for each edit.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        let written = self.old_bytes.max(self.new_bytes);
        self.edits >= DENSE_EDITS.saturating_mul(self.groups)
            || written >= DENSE_BYTES.saturating_mul(self.groups)
    }

    /// About how much is written where no length changes: where edits are
    /// dense, the groups they are in.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        let groups = self.groups.saturating_mul(GROUP_BYTES).min(self.pre_size);
        if self.is_dense() { groups } else { self.new_bytes }
    }
}

/// From so many edits a group on, two a block, they are dense; so are edits
/// that fill a good part of their groups.
const DENSE_EDITS: u64 = 32;
const DENSE_BYTES: u64 = GROUP_BYTES / 4;

/// The last frame: a patch without it never happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Counts of all before.
    pub stats: Stats,
    /// BLAKE3 of the whole file before.
    #[serde(with = "hex")]
    pub pre_root: blake3::Hash,
    /// BLAKE3 of the whole file after.
    #[serde(with = "hex")]
    pub post_root: blake3::Hash,
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
