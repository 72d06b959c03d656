//! What a plugin may have beyond the parameters and the file: tables and a seed,
//! if its manifest asks for them and the user gives them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runner_contract::Manifest;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;

use crate::{Plugin, Tables};

/// Maximum size of a table.
const TABLE_BYTES: u64 = 256 << 20;

/// What the user grants to a plugin.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Name and file of each table.
    pub tables: Vec<(String, PathBuf)>,
    /// The seed.
    pub seed: Option<u64>,
}

impl Grants {
    /// Whether the plugin asks for all that it is given, and is given all that
    /// it needs.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<()> {
        let name = &manifest.name;
        if self.seed.is_some() && !manifest.seed {
            return Err(Error::new(Kind::Usage, format!("plugin `{name}` takes no seed")));
        }
        for (index, (table, _)) in self.tables.iter().enumerate() {
            if !manifest.tables.iter().any(|spec| spec.name == *table) {
                let known: Vec<_> = manifest.tables.iter().map(|spec| spec.name.as_str()).collect();
                let known = match &known[..] {
                    [] => "the plugin takes no tables".to_owned(),
                    known => format!("its tables are {}", known.join(", ")),
                };
                let what = format!("plugin `{name}` has no table `{}`", shown(table));
                return Err(Error::new(Kind::Usage, what).hint(known));
            }
            if self.tables[..index].iter().any(|(earlier, _)| earlier == table) {
                return Err(Error::new(Kind::Usage, format!("table `{table}` is given twice")));
            }
        }
        let is_given = |name: &str| self.tables.iter().any(|(table, _)| table == name);
        match manifest.tables.iter().find(|spec| spec.required && !is_given(&spec.name)) {
            Some(spec) => {
                Err(Error::new(Kind::Usage, format!("plugin `{name}` needs the table `{}`", spec.name))
                    .hint(format!("`--table {}=FILE`: {}", spec.name, spec.doc)))
            }
            None => Ok(()),
        }
    }

    /// Reads the tables.
    pub(super) fn tables(&self) -> Result<Tables> {
        let mut tables = Tables::default();
        for (name, path) in &self.tables {
            tables.insert(name.clone(), read(path)?);
        }
        Ok(tables)
    }

    /// The grants as a patch may hold them: the hash of each table, and the
    /// seed.
    pub(super) fn storable(&self, plugin: &Plugin) -> Vec<(String, Option<String>)> {
        let hash = |content: &Arc<[u8]>| format!("BLAKE3 {}", blake3::hash(content).to_hex());
        let tables =
            plugin.tables().iter().map(|(name, content)| (format!("table {name}"), Some(hash(content))));
        let seed = self.seed.map(|seed| ("seed".to_owned(), Some(seed.to_string())));
        tables.chain(seed).collect()
    }

    /// The hash of the parameters and of all that is granted.
    pub(super) fn digest(&self, plugin: &Plugin, params: blake3::Hash) -> blake3::Hash {
        if self.seed.is_none() && self.tables.is_empty() {
            return params;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(params.as_bytes());
        for (name, value) in self.storable(plugin) {
            for text in [name, value.unwrap_or_default()] {
                hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
        }
        hasher.finalize()
    }
}

fn read(path: &Path) -> Result<Arc<[u8]>> {
    // One without a writer would be waited for.
    if !std::fs::metadata(path).map_err(Error::at("read the table", path))?.is_file() {
        return Err(Error::new(Kind::Usage, format!("{} is not a regular file", shown(path)))
            .hint("a table is a file that stays as it is; write what a pipe gives to a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TABLE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::at("read the table", path))?;
    if bytes.len() as u64 > TABLE_BYTES {
        let mib = TABLE_BYTES >> 20;
        let what = format!("{} is too large for a table (limit {mib} MiB)", shown(path));
        return Err(Error::new(Kind::Usage, what));
    }
    Ok(bytes.into())
}
