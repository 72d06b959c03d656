//! Inserts text at the start and at the end of the file.

use runner_plugin::{Edits, Window};

use crate::COUNT;
use crate::bom;

/// The texts. Only the ends of the file are read.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Vec<u8>,
    /// The size of the file, if it is known.
    pub(crate) size: Option<u64>,
}

impl Ends {
    pub(crate) fn transform(&self, window: &Window<'_>, edits: &mut Edits) {
        if bom::is_unknown(window) {
            return edits.consumed(0);
        }
        let bytes = window.bytes.len();
        // A BOM is only one at the start.
        let place = bom::length(window);
        let meets = window.last && place == bytes;
        if window.first && !self.start.is_empty() && (self.end.is_empty() || !meets) {
            edits.insert(place, &self.start);
            edits.count(COUNT, 1);
        }
        if window.last && !self.end.is_empty() {
            let both = window.first && meets && !self.start.is_empty();
            edits.replace_with(bytes..bytes, |out| {
                if both {
                    out.extend_from_slice(&self.start);
                }
                out.extend_from_slice(&self.end);
            });
            edits.count(COUNT, 1 + u64::from(both));
        }
        if !window.last {
            let rest = if self.end.is_empty() { u64::MAX } else { self.size.map_or(0, |size| size - 1) };
            edits.consumed(rest.saturating_sub(window.offset).max(bytes as u64));
        }
    }
}
