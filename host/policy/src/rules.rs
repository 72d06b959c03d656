//! What a plugin must have, and what it may have: `policy.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use runner_pipeline::error::Result;
use semver::VersionReq;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::level::Level;
use crate::pattern::{NamePattern, PathPattern};
use crate::text::{self, line_of, wrong};
use crate::when;

/// The name of the file in the folders of the machine and the user.
pub const NAME: &str = "policy.toml";
/// The name of the file in the folder of a project. It is not that of the others,
/// because any program may have a `policy.toml` there.
pub const PROJECT_NAME: &str = "runner-policy.toml";
/// The greatest number of rules in one file.
const MAX: usize = 1000;

/// A file with rules, all of which apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where it was read, for messages.
    pub path: PathBuf,
    /// Who has written it.
    pub level: Level,
    /// The first one is that which the file begins with.
    pub rules: Vec<Rule>,
}

/// Demands on some plugins, for some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The line of the file; 0 for what the file begins with.
    pub line: usize,
    /// What it applies to, and what it demands.
    pub demands: Demands,
}

/// What a rule says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Demands {
    /// It applies where one of these files is changed. Empty means: to all.
    #[serde(deserialize_with = "one_or_several")]
    pub for_files: Vec<PathPattern>,
    /// It applies to these plugins. Empty means: to all.
    #[serde(deserialize_with = "one_or_several")]
    pub for_plugins: Vec<NamePattern>,
    /// One of these keys or groups must have signed. Empty means: nobody must.
    #[serde(deserialize_with = "named")]
    pub signed_by: Option<Vec<String>>,
    /// The lock file must name it.
    pub pinned: bool,
    /// Nothing may get weaker when it is installed, not even if the user accepts it.
    pub no_downgrade: bool,
    /// It must have been vetted.
    pub vetted: Option<Vetted>,
    /// These lists of revoked plugins must be known.
    pub lists: Vec<String>,
    /// A list that has expired.
    pub stale_lists: Stale,
    /// What else plugins may have. `None` means: whatever they take.
    pub capabilities: Option<Vec<Capability>>,
    /// The most memory for an instance, in bytes.
    #[serde(deserialize_with = "optional_bytes")]
    pub max_memory: Option<u64>,
    /// The most time for a block of a file.
    #[serde(deserialize_with = "optional_seconds")]
    pub max_timeout: Option<Duration>,
    /// Bundled plugins are not run.
    pub refuse_bundled: bool,
    /// Plugins that are not installed are not run.
    pub refuse_files: bool,
    /// Further rules. Those of a file have none of their own.
    rule: Vec<Spanned<Self>>,
}

/// What is done about a list that has expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stale {
    /// The user is warned.
    #[default]
    Warn,
    /// Nothing is run.
    Refuse,
}

/// What a plugin may have beside its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// A table, which it can read.
    Table,
    /// A seed.
    Seed,
}

impl Capability {
    /// The option that gives it.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Table => "--table",
            Self::Seed => "--seed",
        }
    }
}

/// Who must have vetted a plugin, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vetted {
    /// Keys and groups.
    pub by: Vec<String>,
    /// How many of them.
    #[serde(default = "one")]
    pub min: usize,
    /// All of these must be claimed.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// With which versions of this program.
    #[serde(default)]
    pub runner: Option<VersionReq>,
    /// How long ago at most.
    #[serde(default, deserialize_with = "when::optional_span")]
    pub max_age: Option<SignedDuration>,
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrSeveral<T> {
    One(T),
    Several(Vec<T>),
}

/// For serde: a text or a list of texts, which is not empty.
fn one_or_several<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    let found = OneOrSeveral::deserialize(deserializer)
        .map_err(|_| D::Error::custom("a text or a list of texts is needed"))?;
    let texts: Vec<String> = match found {
        OneOrSeveral::One(one) => vec![one],
        OneOrSeveral::Several(several) if several.is_empty() => {
            return Err(D::Error::custom("the list is empty"));
        }
        OneOrSeveral::Several(several) => several,
    };
    texts.into_iter().map(|text| T::try_from(text).map_err(D::Error::custom)).collect()
}

/// For serde: names, at least one.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    one_or_several::<D, String>(deserializer).map(Some)
}

/// For serde: a number of bytes, with a unit or without.
fn optional_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)
        .map_err(|_| D::Error::custom("write it as a text, such as \"256M\""))?;
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text.as_str(), 0),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    number.filter(|number| *number > 0).map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "`{text}` is no number of bytes: write it as \"256M\", with K, M, G or no unit"
        ))
    })
}

/// For serde: a number of seconds.
fn optional_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let number = f64::deserialize(deserializer)?;
    let span = Duration::try_from_secs_f64(number).ok().filter(|span| !span.is_zero());
    span.map(Some).ok_or_else(|| D::Error::custom(format!("`{number}` is no number of seconds above 0")))
}

impl Policy {
    /// Reads the content of a file.
    ///
    /// # Errors
    /// [`Kind::Usage`](runner_pipeline::error::Kind), with the line.
    pub fn parse(bytes: &[u8], path: &Path, level: Level) -> Result<Self> {
        let mut first: Demands = text::parse(bytes, path)?;
        let text = str::from_utf8(bytes).unwrap_or_default();
        let others = std::mem::take(&mut first.rule);
        if others.len() >= MAX {
            return Err(wrong(path, None, "there are too many rules"));
        }
        let mut rules = vec![Rule { line: 0, demands: first }];
        rules.extend(others.into_iter().map(|rule| {
            let line = line_of(text, rule.span().start);
            Rule { line, demands: rule.into_inner() }
        }));
        for rule in &rules {
            rule.demands.check().map_err(|why| wrong(path, Some(rule.line.max(1)), why))?;
        }
        Ok(Self { path: path.to_owned(), level, rules })
    }

    /// Whether it depends on which files are changed.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        self.rules.iter().any(|rule| !rule.demands.for_files.is_empty())
    }
}

impl Demands {
    fn check(&self) -> Result<(), &'static str> {
        if !self.rule.is_empty() {
            return Err("a rule has no rules of its own");
        }
        if let Some(vetted) = &self.vetted
            && (vetted.by.is_empty() || vetted.min == 0)
        {
            return Err("`vetted` needs `by`, which names keys or groups, and a `min` above 0");
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
