//! Whether a recovered file is wholly what it should be.

use std::path::Path;

use super::Recovered;
use crate::error::{Error, Kind, Result};
use crate::escape::shown;
use crate::sidecar::Trust;

impl Recovered {
    /// Refuses a file of which only the bytes that the journal covers have
    /// their expected content. `path` is the file's name in the error, and
    /// `trust` says which journals were trusted.
    ///
    /// # Errors
    /// [`Kind::Verification`] if the file is not [intact](Self::intact).
    pub fn check_intact(&self, path: &Path, trust: Trust) -> Result<()> {
        if !self.intact {
            let what = format!("{} was recovered, but {}", shown(path), why_not_intact(trust));
            return Err(Error::new(Kind::Verification, what).hint(
                "all bytes that the journal covers are correct and were read back; `runner verify` prints the root of the whole file",
            ));
        }
        Ok(())
    }
}

/// Why the root of a recovered file may differ from the one in its journal.
fn why_not_intact(trust: Trust) -> &'static str {
    match trust {
        Trust::Own => "other bytes of it have changed since it was scanned",
        Trust::Any => {
            "its root is not the one in the journal: other bytes of it have changed since it was scanned, or the journal was altered"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_beside_the_journal_is_an_error() {
        let path = Path::new("file");
        for (trust, why) in [(Trust::Own, "other bytes of it"), (Trust::Any, "its root is not")] {
            let mut recovered = Recovered { intact: true, ..Recovered::default() };
            recovered.check_intact(path, trust).unwrap();
            recovered.intact = false;
            let error = recovered.check_intact(path, trust).unwrap_err();
            assert_eq!(error.kind(), Kind::Verification);
            assert!(error.what().starts_with(&format!("file was recovered, but {why}")), "{error:?}");
        }
    }
}
