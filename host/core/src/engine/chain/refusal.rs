//! What several plugins must not do, and what is said of their errors.

use std::ops::Range;

use super::agree::IN_TURN;
use super::text::{made_bytes, place_in_file};
use super::whole_records::Broken;
use super::{Chain, Made};
use crate::engine::edits::EditList;
use crate::error::{Error, Kind, Place, Result};
use crate::memory::Bytes;

/// Earlier plugins may make this many bytes of a block, and this many times as
/// many as it has.
const GROWN_BYTES: u64 = 64 << 20;
const GROWN_TIMES: u64 = 8;

impl Chain {
    /// Bounds what the next plugin is shown of some records.
    pub(super) fn check_growth(&self, records: &Range<u64>, index: usize, edits: &EditList) -> Result<()> {
        let (old, new) = (records.end - records.start, made_bytes(records, edits) as u64);
        let most = GROWN_BYTES.saturating_add(old.saturating_mul(GROWN_TIMES));
        if new <= most {
            return Ok(());
        }
        let name = &self.stages[index].name;
        let (old, new, most) = (Bytes(old), Bytes(new), Bytes(most));
        let what = format!(
            "plugin `{name}` makes {new} of {old} at offset {}, too many for the next plugin",
            records.start
        );
        Err(Error::new(Kind::Plugin, what).because(format!("the limit is {most}")).hint(IN_TURN))
    }

    /// The error for edits that must not be made.
    pub(super) fn refused(&self, broken: Broken, index: usize, place: impl Fn(u64) -> u64) -> Error {
        let name = &self.stages[index].name;
        let (what, at) = match broken {
            Broken::End(at) => (
                format!(
                    "plugin `{name}` removes the end of a record, so that two records become one, which must not happen before the last of several plugins"
                ),
                at,
            ),
            Broken::Across(at) => (
                format!(
                    "plugin `{name}` changes bytes across the end of a record, which must not happen where several plugins run in one pass"
                ),
                at,
            ),
        };
        Error::new(Kind::Usage, what).at_place(Place::File(place(at))).hint(IN_TURN)
    }

    /// An error of a plugin that sees a text: its place is put in the file.
    pub(super) fn mapped(&self, error: Error, records: &Range<u64>, index: usize, made: &Made) -> Error {
        let Some(text) = &made.text else { return error };
        let place = error.place();
        let error = match place {
            Some(Place::File(at)) => {
                let distance = at.saturating_sub(text.records.start);
                error.at_place(Place::File(place_in_file(records, &made.edits, distance)))
            }
            _ => error,
        };
        if error.kind() != Kind::Plugin && error.kind() != Kind::Io {
            return error;
        }
        let before: Vec<_> = self.stages[..index].iter().map(|stage| format!("`{}`", stage.name)).collect();
        error.hint(format!(
            "plugin `{}` sees what {} made of the file, so other offsets in this message are only near those of the file",
            self.stages[index].name,
            before.join(", ")
        ))
    }
}

/// The error for a plugin that looks ahead where records come in order.
pub(super) fn looks_ahead(name: &str) -> Error {
    let what = format!(
        "plugin `{name}` looks across the ends of lines, so it cannot run in one pass with others on a stream or on converted content"
    );
    Error::new(Kind::Usage, what).hint(format!("{IN_TURN}; for a stream, connect several `runner pipe`"))
}
