//! The plugins of a run: one, or several that change a file in one pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use runner_contract::{FileHead, HEAD_BYTES, LogLevel, Manifest};
use runner_pipeline::engine::chain::{self, CHAIN_HEAD_BYTES, Member};
use runner_pipeline::engine::readable::NoText;
use runner_pipeline::engine::transform::Begun;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Secrets, shown};
use runner_pipeline::memory::Budget;

use super::Configured;
use super::assign::Assigned;
use crate::{Plugin, Sink};

/// Maximum number of plugins in one pass. Each has a process of its own.
pub const MAX_PLUGINS: usize = 16;

/// The names of plugins in an argument: one, or several with commas between. A
/// path that exists as it stands is one.
///
/// # Errors
/// If a name is empty, or there are more than [`MAX_PLUGINS`].
pub fn names(plugins: &str) -> Result<Vec<&str>> {
    if Path::new(plugins).exists() {
        return Ok(vec![plugins]);
    }
    let names: Vec<_> = plugins.split(',').collect();
    let usage = |what: String| Error::new(Kind::Usage, what);
    if names.len() > 1 && names.iter().any(|name| name.is_empty()) {
        let what = format!("a name is missing in the list of plugins `{}`", shown(plugins));
        return Err(usage(what).hint("separate names with single commas: `newline,redact`"));
    }
    if names.len() > MAX_PLUGINS {
        let what = format!("{} plugins in one pass; the limit is {MAX_PLUGINS}", names.len());
        return Err(usage(what).hint("run the rest afterwards, in a pass of their own"));
    }
    Ok(names)
}

/// Plugins with their parameters, in the order in which they change a file.
#[derive(Clone)]
pub struct Several {
    members: Vec<(String, Configured)>,
    /// What to do where a plugin that reads text would get none from those
    /// before it.
    no_text: NoText,
    budget: Budget,
}

impl Several {
    /// Gives each plugin its parameters, tables and seed.
    ///
    /// # Errors
    /// If a parameter or table belongs to none of them, or could belong to
    /// several; as for [`Configured::new`] and [`Configured::grant`].
    pub fn new(
        plugins: Vec<Plugin>,
        given: Vec<super::params::Given>,
        (tables, seed): (Vec<(String, PathBuf)>, Option<u64>),
        budget: Budget,
    ) -> Result<Self> {
        let assigned = Assigned::new(plugins.iter().map(Plugin::manifest), given, (tables, seed))?;
        let mut members = Vec::new();
        for (plugin, (name, given, grants)) in plugins.into_iter().zip(assigned.0) {
            members.push((name, Configured::new(plugin, &given)?.grant(grants)?));
        }
        Ok(Self { members, no_text: NoText::Refuse, budget })
    }

    /// The same, with something else to do where a plugin that reads text would
    /// get none from those before it.
    #[must_use]
    pub fn with_no_text(self, no_text: NoText) -> Self {
        Self { no_text, ..self }
    }

    /// Name, version and digest of each plugin.
    pub fn identities(&self) -> impl Iterator<Item = (&Manifest, blake3::Hash)> {
        self.members.iter().map(|(_, member)| (member.manifest(), member.digest()))
    }

    /// The parameters as a patch may hold them. Those of several plugins have
    /// the plugin's name before their own.
    #[must_use]
    pub fn storable_params(&self) -> Vec<(String, Option<String>)> {
        if let [(_, one)] = &self.members[..] {
            return one.storable_params();
        }
        let of = |(name, member): &(String, Configured)| {
            let params = member.storable_params().into_iter();
            params.map(|(param, value)| (format!("{name}.{param}"), value)).collect::<Vec<_>>()
        };
        self.members.iter().flat_map(of).collect()
    }

    /// The values of the parameters that a patch does not hold, in the order of
    /// [`Several::storable_params`], and only in memory.
    #[must_use]
    pub fn hidden_values(&self) -> Vec<Vec<u8>> {
        let of = |(_, member): &(String, Configured)| {
            member.hidden_params().map(|(_, value)| value).collect::<Vec<_>>()
        };
        self.members.iter().flat_map(of).collect()
    }

    /// The hash of all parameters.
    #[must_use]
    pub fn params_digest(&self) -> blake3::Hash {
        if let [(_, one)] = &self.members[..] {
            return one.params_digest();
        }
        let mut hasher = blake3::Hasher::new();
        for (_, member) in &self.members {
            hasher.update(member.params_digest().as_bytes());
        }
        hasher.finalize()
    }

    /// The values that must not be shown.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.members.iter().flat_map(|(_, member)| member.secret_texts()))
    }

    /// The same, with another place for what the plugins log. Where there are
    /// several, each message begins with the plugin's name.
    #[must_use]
    pub fn logging_to(&self, log: &Sink) -> Self {
        let is_one = self.members.len() == 1;
        let member = |(name, member): &(String, Configured)| {
            let (log, prefix) = (Arc::clone(log), name.clone());
            let named: Sink = match is_one {
                true => log,
                false => {
                    Arc::new(move |level: LogLevel, text: &str| log(level, &format!("{prefix}: {text}")))
                }
            };
            (name.clone(), member.logging_to(named))
        };
        let members = self.members.iter().map(member).collect();
        Self { members, no_text: self.no_text, budget: self.budget.clone() }
    }

    /// How many bytes of the head of a file they should get.
    #[must_use]
    pub fn head_bytes(&self) -> usize {
        if self.members.len() == 1 { HEAD_BYTES } else { CHAIN_HEAD_BYTES }
    }

    /// Begins on a file.
    ///
    /// # Errors
    /// As for [`Configured::begin`] and [`chain::begin`].
    pub fn begin(&self, head: FileHead<'_>) -> Result<Begun> {
        if let [(_, one)] = &self.members[..] {
            return one.begin(head);
        }
        let begins: Vec<_> =
            self.members.iter().map(|(_, member)| move |head: FileHead<'_>| member.begin(head)).collect();
        let members: Vec<_> = self
            .members
            .iter()
            .zip(&begins)
            .map(|((name, _), begin)| Member { name: name.clone(), begin })
            .collect();
        chain::begin(&members, head, self.no_text, &self.budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_commas_and_a_path_that_exists_is_one() {
        assert_eq!(names("newline").unwrap(), ["newline"]);
        assert_eq!(names("newline,./a.wasm").unwrap(), ["newline", "./a.wasm"]);
        assert!(names("newline,").is_err() && names(",").is_err());
        assert!(names(&["x"; MAX_PLUGINS + 1].join(",")).is_err());
        let directory = std::env::temp_dir().join(format!("runner-names-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("a,b.wasm");
        std::fs::write(&path, b"").unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(names(path).unwrap(), [path]);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
