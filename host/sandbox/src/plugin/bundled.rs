//! The plugins that are part of the binary. `cargo xtask plugins` builds them,
//! and `plugins/DIGESTS` lists their digests.

/// A plugin that is part of the binary.
pub struct Bundled {
    /// Its name.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
}

/// All bundled plugins, sorted by name.
pub static ALL: &[Bundled] = &[
    Bundled { name: "bytes", bytes: include_bytes!("../../bundled/bytes.wasm") },
    Bundled { name: "csv", bytes: include_bytes!("../../bundled/csv.wasm") },
    Bundled { name: "json", bytes: include_bytes!("../../bundled/json.wasm") },
    Bundled { name: "newline", bytes: include_bytes!("../../bundled/newline.wasm") },
    Bundled { name: "redact", bytes: include_bytes!("../../bundled/redact.wasm") },
    Bundled { name: "replace", bytes: include_bytes!("../../bundled/replace.wasm") },
    Bundled { name: "sql", bytes: include_bytes!("../../bundled/sql.wasm") },
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_bundled_bytes_are_those_of_the_digests() {
        let digests = include_str!("../../bundled/DIGESTS");
        for bundled in ALL {
            let line = format!("{}  {name}/{name}.wasm", blake3::hash(bundled.bytes), name = bundled.name);
            assert!(digests.lines().any(|l| l == line), "plugins/DIGESTS lacks the line {line}");
        }
    }
}
