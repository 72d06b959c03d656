//! Searches lines, each alone, without its line end.

use runner_plugin::{Edits, Window};

use crate::COUNT;
use crate::hay::Hay;
use crate::search::{Replacer, Walk};

mod each;

pub(crate) use each::{Action, EachLine};

/// A search whose expression cannot leave a line, and does not see a CR at its
/// end. So one search covers all lines of a window.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) replacer: Replacer,
}

impl Lines {
    pub(crate) fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) {
        let skip = self.replacer.bom_length(window);
        let bytes = &window.bytes[skip..];
        let hay: Hay<'_> = self.replacer.hay(bytes);
        let mut walk = Walk::new(0);
        while let Some(found) = walk.next(&mut self.replacer, &hay.text, hay.text.len()) {
            let place = hay.range(found);
            edits.replace_with(place.start + skip..place.end + skip, |out| {
                self.replacer.write(&hay, bytes, out);
            });
            edits.count(COUNT, 1);
        }
    }
}
