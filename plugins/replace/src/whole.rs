//! Replaces in the whole file, without regard to lines, window by window in any
//! order. The matches are those of a search from left to right over the file.
//!
//! That a match begins at a place must depend only on what the window shows
//! around it. So the longest possible match must be known, and not be empty.

use runner_plugin::{Edits, Window};

use crate::COUNT;
use crate::search::{Replacer, Walk};

/// A search whose matches are not longer than `longest`.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) replacer: Replacer,
    /// In bytes of the text that is searched.
    pub(crate) longest: usize,
}

impl Whole {
    pub(crate) fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) {
        let skip = self.replacer.bom_length(window);
        let bytes = &window.bytes[skip..];
        let hay = self.replacer.hay(bytes);
        let text = &hay.text[..];
        let owned_end = hay.text_place(window.owned.end.saturating_sub(skip));
        let limit = owned_end.saturating_add(self.longest).min(text.len());
        let mut walk = Walk::new(hay.text_place(window.owned.start.saturating_sub(skip)));
        while walk.at < owned_end {
            let Some(found) = walk.next(&mut self.replacer, text, limit) else { return };
            if found.start >= owned_end {
                return;
            }
            let place = hay.range(found);
            edits.replace_with(place.start + skip..place.end + skip, |out| {
                self.replacer.write(&hay, bytes, out);
            });
            edits.count(COUNT, 1);
        }
    }
}
