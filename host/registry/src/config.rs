//! The configuration of an artifact with WebAssembly, for other programs: nothing
//! here reads one.

use runner_pipeline::error::{Error, Kind, Result};
use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};

use crate::digest::Digest;

/// The type of a configuration.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// When all artifacts were made: pushing a file twice must give one digest.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The form of the CNCF's layout
/// (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [Digest; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<Component>,
}

/// What a component needs, and what it has.
#[derive(Default, Serialize)]
struct Component {
    exports: Vec<String>,
    imports: Vec<String>,
}

/// The configuration of a plugin, as text.
///
/// # Errors
/// [`Kind::Plugin`] if it is no WebAssembly.
pub fn config(plugin: &[u8]) -> Result<Vec<u8>> {
    let component = component(plugin).map_err(|error| {
        Error::new(Kind::Plugin, "the plugin is not valid WebAssembly").because(error.to_string())
    })?;
    let os = if component.is_some() { "wasip2" } else { "wasip1" };
    let layer_digests = [Digest::of(plugin)];
    let config = Config { created: CREATED, architecture: "wasm", os, layer_digests, component };
    Ok(serde_json::to_vec(&config).expect("texts"))
}

/// The imports and exports of a component; `None` for a module.
fn component(plugin: &[u8]) -> std::result::Result<Option<Component>, wasmparser::BinaryReaderError> {
    let mut found = None;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(plugin) {
        match payload? {
            Payload::Version { encoding: Encoding::Component, .. } if found.is_none() => {
                found = Some(Component::default());
            }
            Payload::Version { .. } if found.is_none() => return Ok(None),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 0 => {
                for import in reader {
                    let name = import?.name.name.to_owned();
                    found.get_or_insert_default().imports.push(name);
                }
            }
            Payload::ComponentExportSection(reader) if depth == 0 => {
                for export in reader {
                    let name = export?.name.name.to_owned();
                    found.get_or_insert_default().exports.push(name);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_components_are_told_apart() {
        let text = |plugin: &[u8]| String::from_utf8(config(plugin).unwrap()).unwrap();
        let module = text(b"\0asm\x01\0\0\0");
        assert!(module.contains(r#""created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip1""#));
        let component = text(b"\0asm\x0d\0\x01\0");
        assert!(component.contains(r#""os":"wasip2""#) && component.contains(r#""imports":[]"#));
        assert_eq!(config(b"text").unwrap_err().kind(), Kind::Plugin);
    }
}
