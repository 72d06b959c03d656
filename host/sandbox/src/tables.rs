//! Tables that the user hands to a plugin, read-only.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The tables of a run, by name. A clone shares their content.
#[derive(Debug, Clone, Default)]
pub struct Tables(BTreeMap<String, Arc<[u8]>>);

impl Tables {
    /// Adds a table, in place of one with the same name.
    pub fn insert(&mut self, name: String, content: Arc<[u8]>) {
        self.0.insert(name, content);
    }

    /// Name and content of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.0.iter().map(|(name, content)| (name.as_str(), content))
    }

    /// The size of a table in bytes, if there is one.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<u64> {
        self.0.get(name).map(|content| content.len() as u64)
    }

    /// Up to `length` bytes from an offset on; none if there is no such table.
    #[must_use]
    pub fn read(&self, name: &str, offset: u64, length: u32) -> &[u8] {
        let Some(content) = self.0.get(name) else { return &[] };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(length as usize).min(content.len());
        &content[start..end]
    }
}
