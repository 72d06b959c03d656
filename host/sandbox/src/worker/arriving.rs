//! The tables of a worker, which arrive in parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use runner_pipeline::error::Result;
use runner_pipeline::memory::{Budget, Lease};

use crate::tables::Tables;

/// All tables that have arrived, completely or in part.
#[derive(Default)]
pub(super) struct Arriving(BTreeMap<String, Table>);

struct Table {
    digest: [u8; 32],
    /// The whole table, once it is there.
    content: Option<Arc<[u8]>>,
    part: Vec<u8>,
    /// The memory of both.
    lease: Lease,
}

impl Arriving {
    /// Takes a part of a table: the bytes from an offset on, of so many. Whether
    /// all of it is there. A part that does not follow the last one is dropped:
    /// several lanes may send the same table.
    pub(super) fn take(
        &mut self,
        name: String,
        digest: [u8; 32],
        (bytes, offset, part): (u64, u64, &[u8]),
        budget: &Budget,
    ) -> Result<bool> {
        let new = || Table { digest, content: None, part: Vec::new(), lease: budget.lease() };
        let table = self.0.entry(name).or_insert_with(new);
        if table.digest != digest {
            *table = new();
        }
        if table.content.is_some() {
            return Ok(true);
        }
        if table.part.len() as u64 == offset {
            table.lease.reserve(&mut table.part, part.len())?;
            table.part.extend_from_slice(part);
        }
        if table.part.len() as u64 == bytes {
            table.content = Some(std::mem::take(&mut table.part).into());
        }
        Ok(table.content.is_some())
    }

    /// The tables that are completely there.
    pub(super) fn tables(&self) -> Tables {
        let mut tables = Tables::default();
        for (name, table) in &self.0 {
            if let Some(content) = &table.content {
                tables.insert(name.clone(), Arc::clone(content));
            }
        }
        tables
    }
}
