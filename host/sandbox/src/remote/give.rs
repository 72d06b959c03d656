//! Hands tables to the worker.

use runner_pipeline::error::Result;

use super::call::Call;
use super::lane::{ANOTHER, Lane};
use crate::message::{Outcome, Request};
use crate::tables::Tables;

/// Bytes of a table in one message.
const PART_BYTES: usize = 64 << 10;

impl Lane {
    /// Passes on the tables that the worker does not have yet.
    ///
    /// # Errors
    /// As for [`Lane::ask`]; if the worker has no memory for a table.
    pub(crate) fn give(&mut self, tables: &Tables) -> Result<()> {
        for (name, content) in tables.iter() {
            let digest = *blake3::hash(content).as_bytes();
            let bytes = content.len() as u64;
            let request = |offset| Request::Table { name: name.to_owned(), digest, bytes, offset };
            if self.give_part(&request(0), b"")? {
                continue;
            }
            for (index, part) in content.chunks(PART_BYTES).enumerate() {
                self.give_part(&request((index * PART_BYTES) as u64), part)?;
            }
        }
        Ok(())
    }

    /// Whether the worker has the whole table.
    fn give_part(&mut self, request: &Request, part: &[u8]) -> Result<bool> {
        let cancel = self.limits().cancel.clone();
        match self.ask(Call::Begin, request, part, cancel.get())? {
            (Outcome::Table { is_complete }, _) => Ok(is_complete),
            _ => Err(self.breach(ANOTHER)),
        }
    }
}
