//! A patch as JSON: an object for each edit.

use std::fmt::Write as _;

use runner_pipeline::error::Result;
use runner_pipeline::patch::{Direction, Patch};
use runner_pipeline::storage::OsStorage;
use serde_json::{Value, json};

use super::Compared;
use crate::report::Reporter;

/// Prints the header, the seal, and every edit with its bytes in hex, one batch
/// at a time.
pub(super) fn write(patch: &Patch<'_, OsStorage>, compared: &Compared, reporter: &Reporter) -> Result<()> {
    let (matches, has_result) = match compared {
        Compared::Before(_) => (Some(true), Some(false)),
        Compared::After(_) => (Some(false), Some(true)),
        Compared::Differs(..) => (Some(false), Some(false)),
        Compared::NotAtHand => (None, None),
    };
    reporter.event(&json!({
        "event": "patch", "header": patch.header(), "seal": patch.seal(), "matches_file": matches,
        "file_has_result": has_result,
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
