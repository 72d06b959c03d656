//! Changes bytes at offsets: overwrites, inserts, deletes, appends, truncates.
//!
//! `operation` reads what is to be done, `changes` finds where that is in a
//! file, and `window` does it.

mod changes;
mod number;
mod operation;
mod window;
mod words;

use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};

pub use self::changes::{Change, Changes, Check, MAX_ADDED_BYTES};
pub use self::number::Place;
pub use self::operation::{Operation, Payload, Verb};
use self::window::COUNTS;

/// Maximum number of ranges of a job.
const MAX_RANGES: usize = 1 << 16;

/// The plugin: what is changed where.
#[derive(Debug)]
pub struct Bytes(Changes);

impl Plugin for Bytes {
    fn describe() -> Manifest {
        let version = env!("CARGO_PKG_VERSION");
        Manifest::new("bytes", version, "Overwrites, inserts, deletes, appends and truncates at byte offsets")
            .param(
                ParamSpec::text(
                    "op",
                    "One operation: overwrite at=N, insert at=N, delete at=N length=N, append, or truncate size=N, \
                     with new bytes (hex=.., text=.., data, or fill=HH length=N) and the old ones to expect \
                     (expect=.. or expect-hex=..)",
                )
                .repeats(),
            )
            .param(ParamSpec::text("ops", "Operations, one a line; lines that begin with # are comments").from_file())
            .param(
                ParamSpec::bytes("data", "New bytes, usually @FILE, for the next operation with the word data")
                    .repeats()
                    .from_file(),
            )
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let changes = Changes::new(operations(params)?, file.size)?;
        let job = match file.size {
            Some(_) => {
                let ranges = changes.ranges();
                if ranges.len() > MAX_RANGES {
                    let what = format!("the operations touch {} separate places", ranges.len());
                    return Err(format!("{what}; the limit is {MAX_RANGES}: use several runs").into());
                }
                Job::new(Framing::Bytes).ranges(ranges)
            }
            // Only in order can it be seen whether a stream is long enough.
            None => Job::new(Framing::Sequential),
        };
        let mut job = job.deterministic().show_empty().counts(COUNTS);
        job.claims.length_preserving = changes.keep_length();
        job.claims.idempotent = changes.keep_length() && changes.checks.is_empty();
        Ok((Self(changes), job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        self.0.edit(window, edits)
    }
}

/// All operations, each with a label for errors.
fn operations(params: &Params) -> Result<Vec<(String, Operation)>, String> {
    let mut data = params.all_bytes("data");
    let single = params.all("op").zip(1..).map(|(text, number)| (format!("operation {number}"), text));
    let lines = params.get("ops").unwrap_or_default().lines().zip(1..);
    let lines = lines.map(|(text, number)| (format!("line {number} of `ops`"), text.trim()));
    let lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    let mut operations = Vec::new();
    for (label, text) in single.chain(lines) {
        let operation = Operation::read(text, &mut data).map_err(|what| format!("{label}: {what}"))?;
        operations.push((label, operation));
    }
    if operations.is_empty() {
        return Err("there is no operation; give one, such as `op=overwrite at=16 hex=00ff`".into());
    }
    if data.next().is_some() {
        return Err("there are more parameters `data` than operations with the word `data`".into());
    }
    Ok(operations)
}

runner_plugin::export!(Bytes);

#[cfg(test)]
mod tests;
