//! What a statement says of a plugin, as predicates of in-toto and SLSA:
//!
//! ```text
//! vetting    https://in-toto.io/attestation/test-result/v0.1
//! approval   https://in-toto.io/attestation/svr/v0.2
//! build      https://slsa.dev/provenance/v1
//! ```
//!
//! Only fields that are read here are checked. Others are ignored, as in-toto demands.

use std::fmt;

use jiff::Timestamp;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use semver::Version;

use super::build::Build;
use super::subject::Subject;
use crate::id::is_word;
use crate::signer::Signer;

/// Maximum number of criteria of an approval.
pub const MAX_CRITERIA: usize = 32;

/// What a key says of a plugin. The signature was checked; whether the key counts is
/// for a policy to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is said.
    pub statement: Statement,
    /// Whose key it is.
    pub signer: Signer,
    /// The key itself. Where several must agree, these must differ: a
    /// [`Signer`] can be written in two formats.
    pub key: [u8; 32],
    /// The plugin.
    pub subject: Subject,
}

/// What can be said of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `runner plugin vet` has tried it.
    Vetted(Vetting),
    /// A person has looked at it.
    Approved(Approval),
    /// It was built again, and gave the same bytes.
    Built(Build),
    /// Something that counts for nothing here, by the type of its predicate.
    Other(String),
}

/// The result of `runner plugin vet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vetting {
    /// Whether every check has passed.
    pub is_passed: bool,
    /// The version of this program that has tried it.
    pub runner: Version,
    /// When that was, as the signer says.
    pub time: Timestamp,
    /// The SHA-256 of the report.
    pub report_sha256: [u8; 32],
    /// The names of the checks that have passed.
    pub passed: Vec<String>,
    /// The names of those that have failed.
    pub failed: Vec<String>,
}

/// The approval of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What the plugin fulfils, in words that a company agrees on.
    pub criteria: Vec<String>,
    /// When it was given, as the signer says.
    pub time: Timestamp,
}

impl Statement {
    /// When it was made, as the signer says.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Vetted(vetting) => Some(vetting.time),
            Self::Approved(approval) => Some(approval.time),
            Self::Built(build) => Some(build.time),
            Self::Other(_) => None,
        }
    }

    /// The version of this program that was used, if the statement says so.
    #[must_use]
    pub fn runner(&self) -> Option<&Version> {
        match self {
            Self::Vetted(vetting) => Some(&vetting.runner),
            Self::Built(build) => Some(&build.runner),
            Self::Approved(_) | Self::Other(_) => None,
        }
    }

    /// The criteria of an approval; empty for anything else.
    #[must_use]
    pub fn criteria(&self) -> &[String] {
        match self {
            Self::Approved(approval) => &approval.criteria,
            _ => &[],
        }
    }
}

impl fmt::Display for Statement {
    /// For people; what comes from outside is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vetted(Vetting { is_passed, runner, time, passed, failed, .. }) => {
                let result = if *is_passed { "passed" } else { "failed" };
                let (good, bad) = (passed.len(), failed.len());
                write!(f, "vetted by runner {runner} on {time}: {result}, checks passed {good}, failed {bad}")
            }
            Self::Approved(Approval { criteria, time }) => {
                write!(f, "approved on {time}: {}", shown(&criteria.join(", ")))
            }
            Self::Built(build) => build.fmt(f),
            Self::Other(predicate) => write!(f, "something that runner does not know: {}", shown(predicate)),
        }
    }
}

/// Checks that criteria can be compared as words: lower-case letters, digits and
/// hyphens, none twice.
///
/// # Errors
/// [`Kind::Usage`] if one cannot, or if there are none or too many.
pub fn check_criteria(criteria: &[String]) -> Result<()> {
    let wrong = |what: String| {
        Error::new(Kind::Usage, what).hint(
            "a criterion is a word that you and others agree on, such as safe-to-run: lower-case letters, digits \
             and hyphens, a letter first",
        )
    };
    if let Some(bad) = criteria.iter().find(|word| !is_word(word)) {
        return Err(wrong(format!("`{}` is not a criterion", shown(bad))));
    }
    if criteria.is_empty() || criteria.len() > MAX_CRITERIA {
        return Err(wrong(format!(
            "an approval names 1 to {MAX_CRITERIA} criteria, and there are {}",
            criteria.len()
        )));
    }
    let twice = criteria.iter().enumerate().find(|(at, word)| criteria[..*at].contains(word));
    twice.map_or(Ok(()), |(_, word)| Err(wrong(format!("the criterion `{word}` is there twice"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_words() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        check_criteria(&words(&["safe-to-run", "x2"])).unwrap();
        let many = vec!["x"; MAX_CRITERIA + 1];
        for bad in [&[][..], &["Safe"], &["a", "a"], &["a b"], &["\u{1b}[31m"], &many] {
            assert_eq!(check_criteria(&words(bad)).unwrap_err().kind(), Kind::Usage, "{bad:?}");
        }
    }
}
