//! The budget of a plugin: a file beside its cases.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, group_digits};
use runner_pipeline::storage::read_small;
use serde::Deserialize;

use super::super::case::{Case, TEXT_BYTES};
use super::Cost;

/// The name of the file.
const FILE: &str = "budget.toml";
/// Its mode.
const MODE: u32 = 0o644;
/// What is before it in the file.
const HEAD: &str = "\
# What the plugin may cost for each MB of this case, repeated to 8 MiB.
# `runner plugin test` fails if it costs a tenth more, and writes this file anew
# with `--update-budget`.
";

/// What a plugin may cost.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    /// The case that is measured.
    pub(super) case: String,
    /// `None` if they may be any number.
    instructions_per_mb: Option<u64>,
    #[serde(default)]
    kept_bytes_per_mb: u64,
}

impl Budget {
    /// The budget that a measurement just meets.
    pub(super) fn of(case: &Case, cost: &Cost) -> Self {
        Self {
            case: case.name.clone(),
            instructions_per_mb: Some(cost.instructions_per_mb),
            kept_bytes_per_mb: cost.kept_bytes_per_mb,
        }
    }

    /// Reads the budget in a folder of cases; `None` if there is none.
    ///
    /// # Errors
    /// If it is not readable, or no budget.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(None) };
        let wrong = |why: String| {
            Error::new(Kind::Usage, format!("{} is no budget", path.shown()))
                .because(why)
                .hint("`runner plugin test --update-budget` writes it anew once it is removed")
        };
        if !metadata.is_file() {
            return Err(wrong("it is a link, or no regular file".to_owned()));
        }
        let text = String::from_utf8(read_small(&path, TEXT_BYTES)?)
            .map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        toml::from_str(&text).map(Some).map_err(|error| wrong(error.message().to_owned()))
    }

    /// Writes it into a folder of cases.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let instructions = self.instructions_per_mb;
        let instructions =
            instructions.map_or_else(String::new, |number| format!("instructions_per_mb = {number}\n"));
        // A name is escaped as in a TOML string, of which JSON's are a part.
        let text = format!(
            "{HEAD}case = {}\n{instructions}kept_bytes_per_mb = {}\n",
            serde_json::Value::from(self.case.as_str()),
            self.kept_bytes_per_mb
        );
        // A link in its place is replaced, not followed.
        let failed = || Error::at("write", &path);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
        file.write_all(text.as_bytes()).map_err(failed())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(MODE)).map_err(failed())?;
        file.persist(&path).map(drop).map_err(|error| Error::io("write", &path, error.error))
    }

    /// What is exceeded by more than a tenth.
    pub(super) fn exceeded(&self, cost: &Cost) -> Option<String> {
        let checks = [
            ("instructions", self.instructions_per_mb.unwrap_or(u64::MAX), cost.instructions_per_mb),
            ("bytes kept", self.kept_bytes_per_mb, cost.kept_bytes_per_mb),
        ];
        let exceeded =
            checks.into_iter().filter(|(_, budget, found)| *found > budget.saturating_add(budget / 10));
        let lines: Vec<_> = exceeded
            .map(|(what, budget, _)| format!("the budget is {} {what} for each MB", group_digits(budget)))
            .collect();
        (!lines.is_empty()).then(|| {
            format!(
                "{}\nif that is meant, accept it with `runner plugin test --update-budget`",
                lines.join("\n")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_no_failure() {
        let budget = Budget { case: "a".to_owned(), instructions_per_mb: Some(1000), kept_bytes_per_mb: 0 };
        let cost = |instructions_per_mb, kept_bytes_per_mb| Cost {
            instructions_per_mb,
            memory_bytes: 1,
            kept_bytes_per_mb,
            is_sequential: false,
        };
        assert_eq!(budget.exceeded(&cost(1100, 0)), None);
        assert!(budget.exceeded(&cost(1101, 0)).unwrap().contains("1,000 instructions"));
        assert!(budget.exceeded(&cost(10, 1)).unwrap().contains("0 bytes kept"));
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Budget::read(folder.path()).unwrap(), None);
        let budget =
            Budget { case: "a\"\\\u{1}ü".to_owned(), instructions_per_mb: Some(5), kept_bytes_per_mb: 6 };
        budget.write(folder.path()).unwrap();
        assert_eq!(Budget::read(folder.path()).unwrap().as_ref(), Some(&budget));
        // A link is neither read nor followed.
        let (path, other) = (folder.path().join(FILE), folder.path().join("other"));
        fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(Budget::read(folder.path()).unwrap_err().to_string().contains("is no budget"));
        let text = fs::read(&other).unwrap();
        Budget { case: "b".to_owned(), ..budget }.write(folder.path()).unwrap();
        assert_eq!(fs::read(&other).unwrap(), text);
        assert_eq!(Budget::read(folder.path()).unwrap().unwrap().case, "b");
    }
}
