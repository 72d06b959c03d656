//! Errors that several files have in common.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::Page;
use serde_json::json;

use crate::report::Reporter;

/// Errors that parameters cause, or the kind of the files, so that many files get
/// them. Each is reported once, with the first of these files.
#[derive(Default)]
pub(super) struct RepeatedErrors {
    /// The message of the plugin, and the number of files after the first that
    /// got the same message.
    messages: Vec<(String, u64)>,
}

impl RepeatedErrors {
    /// Whether this error has not been reported yet.
    pub(super) fn is_new(&mut self, error: &Error) -> bool {
        let Some(words) = error.words().filter(|_| error.kind() == Kind::Usage) else { return true };
        if let Some((_, count)) = self.messages.iter_mut().find(|(message, _)| message == words) {
            *count += 1;
            return false;
        }
        self.messages.push((words.to_owned(), 0));
        true
    }

    /// Reports for how many files an error was not repeated.
    pub(super) fn report(&self, reporter: &Reporter) -> Result<()> {
        let count: u64 = self.messages.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return Ok(());
        }
        reporter.tell(
            || json!({ "event": "repeated", "files": count }),
            || {
                Page::of(format_args!(
                    "the same error for {count} other file{}",
                    if count == 1 { "" } else { "s" }
                ))
            },
        )
    }
}
