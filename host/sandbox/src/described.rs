//! What a plugin says of itself when it is asked twice, and what it imports.

use runner_contract::Manifest;
use runner_pipeline::escape::escape;

use crate::manifest;

/// Maximum number of characters shown of an import's name.
const IMPORT_CHARS: usize = 200;

/// What one instance of a plugin says of itself, asked twice.
#[derive(Debug)]
pub struct Described {
    /// The first answer.
    pub first: Manifest,
    /// The second answer, of the same instance.
    pub second: Manifest,
    /// The names of the interfaces that the plugin imports, once it is a
    /// component. A core module that uses WASI 0.1 imports the interface of the
    /// adapter.
    pub imports: Vec<String>,
}

impl Described {
    /// The same, checked: it may come from a process that is not trusted.
    pub(crate) fn checked(self) -> Result<Self, String> {
        Ok(Self {
            first: manifest::check(self.first)?,
            second: manifest::check(self.second)?,
            imports: self.imports.iter().map(|import| escape(import, IMPORT_CHARS)).collect(),
        })
    }
}
