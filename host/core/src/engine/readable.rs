//! Refuses files that a plugin cannot read.
//!
//! A plugin that looks for text in a compressed file finds nothing, and one that
//! changes UTF-16 byte by byte destroys it. Either would be a wrong result
//! without an error.

use runner_codec::recognise;
use runner_contract::Job;

use crate::error::{Error, Kind, Result};

/// What to do with a file that is not text, for a plugin that reads text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoText {
    /// Refuse it.
    #[default]
    Refuse,
    /// Show its bytes as they are.
    Show,
}

/// Checks the head of a file.
///
/// # Errors
/// [`Kind::Refused`] if the plugin reads text and the file is none.
pub(crate) fn check(job: &Job, head: &[u8], choice: NoText) -> Result<()> {
    if !job.claims.text || choice == NoText::Show {
        return Ok(());
    }
    let Some(foreign) = recognise(head) else { return Ok(()) };
    Err(Error::new(Kind::Refused, format!("the plugin reads text, and this is {}", foreign.name()))
        .hint(foreign.advice())
        .hint("`--as-is` shows the bytes to the plugin as they are"))
}
