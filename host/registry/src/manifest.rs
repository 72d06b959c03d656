//! Manifests: which blobs make an artifact (OCI image specification 1.1), in the
//! layout for WebAssembly of the CNCF: one layer, the plugin.

use std::collections::BTreeMap;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{count, escape, shown};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The type of an index, which lists manifests.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The type of the layer with a plugin.
pub const WASM: &str = "application/wasm";
/// The greatest size of a manifest or an index, in bytes: what registries must take
/// (OCI distribution specification 1.1, "Pushing manifests").
pub const MANIFEST_BYTES: u64 = 4 << 20;
/// Maximum number of characters that are shown of a foreign type.
const TYPE_CHARS: usize = 100;

/// Notes on an artifact.
pub type Annotations = BTreeMap<String, String>;

/// What is said of a blob or a manifest elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its type.
    pub media_type: String,
    /// Its content.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// What kind of artifact it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Notes on it.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl Descriptor {
    /// The descriptor of these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: Annotations::new(),
        }
    }
}

/// An artifact. What other programs write besides is left aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    /// What kind of artifact it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// A description for programs.
    pub config: Descriptor,
    /// The content.
    pub layers: Vec<Descriptor>,
    /// Which manifest it says something of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes on it.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

/// A list of manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

/// What all three kinds of files begin with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
}

impl Manifest {
    /// A manifest with a configuration and one layer.
    #[must_use]
    pub fn new(config: Descriptor, layer: Descriptor) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers: vec![layer],
            subject: None,
            annotations: Annotations::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let head: Head = json(bytes, "manifest")?;
        match (head.schema_version, head.media_type.as_deref()) {
            (2, None | Some(MANIFEST)) => json(bytes, "manifest"),
            (_, Some(other)) => {
                let what = format!("it is not an OCI manifest, but `{}`", shown(other).cut(TYPE_CHARS));
                Err(Error::new(Kind::Verification, what).hint("name the manifest of one plugin"))
            }
            _ => Err(Error::new(Kind::Verification, "it is not an OCI manifest")),
        }
    }

    /// The layer with the plugin.
    ///
    /// # Errors
    /// [`Kind::Verification`] if there is not exactly one, of the type of
    /// WebAssembly; if it is larger than `limit_bytes`.
    pub fn plugin(&self, limit_bytes: u64) -> Result<&Descriptor> {
        let wrong = |why: String| Error::new(Kind::Verification, "the artifact is not a plugin").because(why);
        let [layer] = &self.layers[..] else {
            let layers = count(self.layers.len() as u64, "layer");
            return Err(wrong(format!("it has {layers}, and a plugin has one")));
        };
        if layer.media_type != WASM {
            let found = shown(&layer.media_type).cut(TYPE_CHARS);
            return Err(wrong(format!("its layer is of the type `{found}`, and not `{WASM}`")));
        }
        if layer.size > limit_bytes {
            let (size, limit) = (count(layer.size, "byte"), count(limit_bytes, "byte"));
            return Err(wrong(format!("it has {size}; the limit is {limit}")));
        }
        Ok(layer)
    }

    /// The text of the manifest, always the same for the same content.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers")
    }
}

impl Index {
    /// A list of these manifests.
    #[must_use]
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: Some(INDEX.to_owned()), manifests }
    }

    /// Reads an index.
    ///
    /// # Errors
    /// [`Kind::Verification`] if it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let head: Head = json(bytes, "index")?;
        if head.schema_version != 2 || !matches!(head.media_type.as_deref(), None | Some(INDEX)) {
            return Err(Error::new(Kind::Verification, "it is not an OCI index"));
        }
        json(bytes, "index")
    }

    /// The text of the index.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers")
    }
}

/// Reads JSON. The reason of a failure may quote it, and is escaped.
fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new(Kind::Verification, format!("it is not an OCI {what}"))
            .because(escape(&error.to_string(), TYPE_CHARS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::new(Descriptor::of("config", b"{}"), Descriptor::of(WASM, b"plugin"))
    }

    #[test]
    fn what_is_written_is_read_and_is_always_the_same() {
        let manifest = manifest();
        let bytes = manifest.to_bytes();
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest);
        assert_eq!(Manifest::parse(&bytes).unwrap().to_bytes(), bytes);
        let index = Index::new(vec![Descriptor::of(MANIFEST, &bytes)]);
        assert_eq!(Index::parse(&index.to_bytes()).unwrap(), index);
        assert_eq!(Manifest::parse(&index.to_bytes()).unwrap_err().kind(), Kind::Verification);
        assert_eq!(Index::parse(&bytes).unwrap_err().kind(), Kind::Verification);
    }

    #[test]
    fn a_plugin_is_one_layer_of_wasm_within_the_limit() {
        let manifest = manifest();
        assert_eq!(manifest.plugin(6).unwrap().digest, Digest::of(b"plugin"));
        let why = |manifest: &Manifest, limit: u64| {
            let error = manifest.plugin(limit).unwrap_err();
            assert_eq!(error.kind(), Kind::Verification);
            error.causes().next().unwrap().to_string()
        };
        assert!(why(&manifest, 5).contains("it has 6 bytes; the limit is 5 bytes"));
        let mut two = manifest.clone();
        two.layers.push(manifest.layers[0].clone());
        assert!(why(&two, 6).contains("it has 2 layers"));
        let mut none = manifest.clone();
        none.layers.clear();
        assert!(why(&none, 6).contains("it has 0 layers"));
        let mut other = manifest;
        other.layers[0].media_type = "text/\u{1b}[2J".to_owned();
        assert!(why(&other, 6).contains(r"`text/\u{1b}[2J`"));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let text = String::from_utf8(manifest().to_bytes()).unwrap();
        let hostile = [
            String::new(),
            "{}".to_owned(),
            "[".repeat(100_000),
            text.replace("sha256:", "sha256:../"),
            text.replace("\"size\":6", "\"size\":-1"),
            text.replace("\"schemaVersion\":2", "\"schemaVersion\":1"),
            text.replace("layers", "\\u001b"),
        ];
        for text in hostile {
            let error = Manifest::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::Verification, "{text}");
            assert!(error.causes().all(|cause| !cause.to_string().contains('\u{1b}')));
        }
    }
}
