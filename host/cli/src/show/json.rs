//! A patch as JSON: an object for each edit.

use std::fmt::Write as _;

use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Patch};
use runner_pipeline::storage::OsStorage;
use serde_json::{Value, json};

use crate::report::Reporter;

/// Prints the header, the seal, and every edit with its bytes in hex, one batch
/// at a time. `matches`: whether the old bytes equal those of the file, if it
/// is available.
pub(super) fn write(patch: &Patch<'_, OsStorage>, matches: Option<bool>, reporter: &Reporter) -> Result<()> {
    reporter.event(&json!({
        "event": "patch", "header": patch.header(), "seal": patch.seal(), "matches_file": matches,
    }))?;
    let mut reader = patch.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        let event = |edit: runner_pipeline::patch::Edit<'_>| -> Value {
            json!({ "event": "edit", "start": edit.start, "old": hex(edit.old), "new": hex(edit.new) })
        };
        reporter.events(batch.edits().map(event))?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
