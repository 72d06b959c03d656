//! What several commands of `runner trust` are given: what a list names, and for how long
//! it counts.

use std::path::PathBuf;

use clap::Args as ArgGroup;
use jiff::{SignedDuration, Timestamp};
use runner_pipeline::error::{Error, Kind, Result};
use runner_policy::pattern::NamePattern;
use runner_policy::revocation::Entry;
use runner_policy::when;
use runner_store::digest::Digest;
use semver::Version;

use crate::plugins::public_key;

/// How long a new list counts, if nothing else is said.
const USUAL: SignedDuration = SignedDuration::from_hours(90 * 24);

#[derive(Debug, ArgGroup)]
pub(crate) struct Named {
    /// Plugins by name: NAMESPACE:NAME, NAMESPACE:* or *, all versions or those that --from and --below
    /// leave
    #[arg(long, value_name = "PLUGINS", value_parser = pattern)]
    plugin: Option<NamePattern>,
    /// The first version that is meant
    #[arg(long, value_name = "VERSION", requires = "plugin")]
    from: Option<Version>,
    /// The first version that is not meant any more
    #[arg(long, value_name = "VERSION", requires = "plugin")]
    below: Option<Version>,
    /// Plugins by their content: the digest that `plugin inspect` shows; repeat the option for several
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    digest: Vec<Digest>,
    /// Why, for those who are refused
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Take the named entries out of the list, instead of adding them
    #[arg(long)]
    take_out: bool,
}

pub(super) fn pattern(text: &str) -> Result<NamePattern, String> {
    text.parse()
}

pub(super) fn digest(text: &str) -> Result<Digest, String> {
    text.to_owned().try_into().map_err(|_| "a digest has 64 hexadecimal digits".to_owned())
}

impl Named {
    /// Changes the entries of a list, and returns how many were named.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is not said why, or if what is to be taken out is not there; if a
    /// key cannot be read.
    pub(super) fn change(&self, entries: &mut Vec<Entry>, keys: &[PathBuf]) -> Result<usize> {
        let why = self.why.as_deref().unwrap_or_default();
        let mut named = Vec::new();
        if let Some(plugin) = &self.plugin {
            let versions = (self.from.clone(), self.below.clone());
            named.push(Entry::of_versions(plugin.clone(), versions, why));
        }
        named.extend(self.digest.iter().map(|digest| Entry::of_digest(*digest, why)));
        for key in keys {
            named.push(Entry::of_key(public_key(key)?, why));
        }
        if named.is_empty() && (self.why.is_some() || self.take_out) {
            return Err(Error::new(Kind::Usage, "nothing is named that is meant")
                .hint("name it with --plugin, --digest or --key"));
        }
        if !named.is_empty() && why.is_empty() && !self.take_out {
            return Err(Error::new(Kind::Usage, "it is not said why")
                .hint("say with --why what is wrong with it: those who are refused read that"));
        }
        for entry in &named {
            let before = entries.len();
            entries.retain(|other| !other.is_about_same(entry));
            if self.take_out && entries.len() == before {
                return Err(Error::new(Kind::Usage, format!("the list has no entry for {entry}"))
                    .hint("name it as it stands in the list"));
            }
        }
        let count = named.len();
        if !self.take_out {
            entries.extend(named);
        }
        Ok(count)
    }
}

/// From now on, and until when a list counts: as is said, or as long as the one before it
/// did.
pub(super) fn span(
    expires: Option<Timestamp>,
    before: Option<(Timestamp, Timestamp)>,
) -> Result<(Timestamp, Timestamp)> {
    let now = Timestamp::now();
    // In whole seconds, and never before what it replaces.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let now = before.map_or(now, |(issued, _)| issued.max(now));
    let usual = before.map_or(USUAL, |(issued, expires)| expires.duration_since(issued));
    let end = expires.or_else(|| now.checked_add(usual).ok());
    match end.filter(|end| *end > now) {
        Some(end) => Ok((now, end)),
        None => Err(Error::new(Kind::Usage, "the list would have expired already")
            .hint("give a later day with --expires")),
    }
}

/// For options: a day, or a time.
pub(super) fn day(text: &str) -> Result<Timestamp, String> {
    when::end(text)
}
