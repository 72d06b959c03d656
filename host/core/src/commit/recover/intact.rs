//! Whether a recovered file is wholly what it should be.

use std::path::Path;

use super::Recovered;
use crate::error::{Error, Kind, Result};
use crate::escape::shown;

impl Recovered {
    /// Refuses a file of which only the bytes that the journal covers have
    /// their expected content. `path` is the file's name in the error.
    ///
    /// # Errors
    /// [`Kind::Verification`] if the file is not [intact](Self::intact).
    pub fn check_intact(&self, path: &Path) -> Result<()> {
        if !self.intact {
            let what = "was recovered, but other bytes of it have changed since it was scanned";
            return Err(Error::new(Kind::Verification, format!("{} {what}", shown(path))).hint(
                "all bytes that the journal covers are correct and were read back; `runner verify` prints the root of the whole file",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_beside_the_journal_is_an_error() {
        let mut recovered = Recovered { intact: true, ..Recovered::default() };
        recovered.check_intact(Path::new("file")).unwrap();
        recovered.intact = false;
        let error = recovered.check_intact(Path::new("file")).unwrap_err();
        assert_eq!(error.kind(), Kind::Verification);
        assert!(error.what().starts_with("file was recovered, but"), "{error:?}");
    }
}
