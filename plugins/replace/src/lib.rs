//! Replaces text, or the matches of an expression, and edits whole lines.
//!
//! By default, a match lies within one line and never includes the line end, as
//! with `sed`. With `multiline` it may span lines, and the matches are those of
//! a search over the whole file. A search for texts without a line end does not
//! depend on lines, so they may have any length.
//!
//! `settings.rs` reads the parameters; `plan.rs` and its parts choose how to
//! search. `whole.rs`, `stream.rs`, `lines.rs` and `ends.rs` are the four ways
//! to go through a file, and `search.rs` is what they have in common.

mod beginnings;
mod bom;
mod casing;
mod claims;
mod counter;
mod decide;
mod dictionary;
mod ends;
mod escape;
mod expression;
mod hay;
mod limits;
mod lines;
mod pattern;
mod plan;
mod prefer_lines;
mod search;
mod select;
mod settings;
mod stream;
mod syntax;
mod text;
mod whole;
mod with;
mod within;

use runner_plugin::{Edits, Failure, FileHead, Job, Manifest, Params, Plugin, Window};

use crate::ends::Ends;
use crate::lines::{EachLine, Lines};
use crate::search::Replacer;
use crate::settings::Settings;
use crate::stream::Stream;
use crate::whole::Whole;

/// The plugin: a way to go through the file.
#[derive(Debug)]
pub struct Replace(Engine);

/// The index of the only name that a job counts.
pub(crate) const COUNT: usize = 0;

/// Skips the rest of the file, in a job whose windows come in order.
pub(crate) fn skip_rest(window: &Window<'_>, edits: &mut Edits) {
    // Of the last window, no more can be consumed than it has.
    edits.consumed(if window.last { window.bytes.len() as u64 } else { u64::MAX });
}

/// How the file is gone through.
#[derive(Debug)]
pub(crate) enum Engine {
    /// In any order, without regard to lines.
    Whole(Whole),
    /// In order, without regard to lines.
    Stream(Box<Stream>),
    /// Windows of lines at once.
    Lines(Lines),
    /// Line by line.
    EachLine(Box<EachLine>),
    /// Only at its start and end.
    Ends(Ends),
}

impl Engine {
    fn replacer(&self) -> Option<&Replacer> {
        match self {
            Self::Whole(whole) => Some(&whole.replacer),
            Self::Stream(stream) => Some(&stream.replacer),
            Self::Lines(lines) => Some(&lines.replacer),
            Self::EachLine(lines) => lines.action.replacer(),
            Self::Ends(_) => None,
        }
    }

    /// Whether it looks for a text that is meant as bytes.
    pub(crate) fn is_about_bytes(&self) -> bool {
        self.replacer().is_some_and(Replacer::is_about_bytes)
    }

    /// Whether every edit keeps the length.
    pub(crate) fn keeps_length(&self) -> bool {
        self.replacer().is_some_and(Replacer::keeps_length)
    }

    /// Whether the answer to a window depends on earlier ones.
    pub(crate) fn has_state(&self) -> bool {
        match self {
            Self::Stream(_) => true,
            Self::EachLine(lines) => lines.in_order,
            Self::Whole(_) | Self::Lines(_) | Self::Ends(_) => false,
        }
    }
}

impl Plugin for Replace {
    fn describe() -> Manifest {
        let summary = "Replaces text or matches of an expression, and edits whole lines";
        settings::describe(Manifest::new("replace", env!("CARGO_PKG_VERSION"), summary))
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let settings = Settings::read(params)?;
        settings.check()?;
        let (engine, job) = plan::plan(&settings, file)?;
        Ok((Self(engine), job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        match &mut self.0 {
            Engine::Whole(whole) => whole.transform(window, edits),
            Engine::Stream(stream) => return stream.transform(window, edits),
            Engine::Lines(lines) => lines.transform(window, edits),
            Engine::EachLine(lines) => return lines.transform(window, edits),
            Engine::Ends(ends) => ends.transform(window, edits),
        }
        Ok(())
    }
}

runner_plugin::export!(Replace);

#[cfg(test)]
mod tests;
