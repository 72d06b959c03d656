//! The keys that are trusted: `trust.toml`.

use std::path::Path;

use jiff::Timestamp;
use runner_pipeline::error::Result;
use runner_trust::format::Format;
use runner_trust::id::Id;
use runner_trust::signer::Signer;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::level::Level;
use crate::pattern::{NamePattern, any_covers};
use crate::text::{self, line_of, wrong};
use crate::when;

/// The name of the file.
pub const NAME: &str = "trust.toml";
/// The greatest number of keys and groups in one file.
const MAX: usize = 1000;

/// What a key may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// These bytes are this plugin.
    Author,
    /// This plugin was tried or looked at.
    Vet,
    /// These plugins are not to be run any more.
    Revoke,
    /// This plugin has made this change.
    Receipt,
    /// These plugins were vetted by us, as our list of audits says.
    Audit,
}

impl Role {
    /// The word for it in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Vet => "vet",
            Self::Revoke => "revoke",
            Self::Receipt => "receipt",
            Self::Audit => "audit",
        }
    }
}

/// A key that is trusted. A name stands for a party: several keys may have the same
/// one, and count once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Who has it.
    pub name: String,
    /// The key.
    pub signer: Signer,
    /// For which plugins.
    pub plugins: Vec<NamePattern>,
    /// In which role.
    pub role: Role,
    /// From when on it does not count any more.
    pub until: Option<Timestamp>,
    /// Who says so.
    pub level: Level,
}

impl Key {
    /// Whether the key may say this of a plugin.
    #[must_use]
    pub fn is_for(&self, role: Role, id: Option<&Id>) -> bool {
        self.role == role && any_covers(&self.plugins, id)
    }

    /// Whether the key has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Several parties, of which some must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group's name. No key of the same level has it.
    pub name: String,
    /// The names of keys.
    pub keys: Vec<String>,
    /// How many of them must agree.
    pub min: usize,
    /// Who says so.
    pub level: Level,
}

/// All keys and groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// In the order of the files.
    pub keys: Vec<Key>,
    /// In the order of the files.
    pub groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    key: Vec<Spanned<WrittenKey>>,
    #[serde(default)]
    group: Vec<Spanned<WrittenGroup>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    name: String,
    minisign: Option<Spanned<String>>,
    ssh: Option<Spanned<String>>,
    #[serde(rename = "for")]
    plugins: Vec<NamePattern>,
    role: Role,
    #[serde(default, deserialize_with = "when::optional_end")]
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    name: String,
    keys: Vec<String>,
    min: usize,
}

/// Whether a text can be the name of a key, a group or a list: 1 to 64 letters, digits,
/// hyphens, underscores, full stops and `@`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_inside)
}

/// Whether two keys are one, in whichever formats: they would count twice.
fn is_one(one: &Signer, other: &Signer) -> bool {
    one == other || one.ed25519().is_some_and(|bytes| other.ed25519() == Some(bytes))
}

impl WrittenKey {
    fn checked(self, level: Level) -> Result<Key, String> {
        let (line, format) = match (&self.minisign, &self.ssh) {
            (Some(line), None) => (line, Format::Minisign),
            (None, Some(line)) => (line, Format::Ssh),
            _ => return Err("a key has either `minisign` or `ssh`".to_owned()),
        };
        let wrong = |why: String| format!("the key of `{}` is none of {format}: {why}", self.name);
        let signer: Signer = line.as_ref().parse().map_err(|error| wrong(format!("{error}")))?;
        if signer.format() != format {
            return Err(wrong("it is one of the other format".to_owned()));
        }
        if !is_name(&self.name) {
            return Err("a name has 1 to 64 letters, digits, `-`, `_`, `.` and `@`".to_owned());
        }
        if self.plugins.is_empty() {
            return Err("`for` names no plugins".to_owned());
        }
        let Self { name, plugins, role, until, .. } = self;
        Ok(Key { name, signer, plugins, role, until, level })
    }
}

impl WrittenGroup {
    fn checked(self, level: Level, keys: &[Key]) -> Result<Group, String> {
        let Self { name, keys: members, min } = self;
        if !is_name(&name) || keys.iter().any(|key| key.name == name) {
            return Err(format!("`{name}` is no name for a group, or a key has it"));
        }
        if let Some(none) = members.iter().find(|member| !keys.iter().any(|key| key.name == **member)) {
            return Err(format!("no key here has the name `{none}`"));
        }
        let is_twice = members.iter().enumerate().any(|(at, member)| members[..at].contains(member));
        if min == 0 || min > members.len() || is_twice {
            return Err(format!(
                "`min` of a group is 1 to the number of its keys, each of which is named once: \
                                {min} of {}",
                members.len()
            ));
        }
        Ok(Group { name, keys: members, min, level })
    }
}

impl Trust {
    /// Reads the content of a file.
    ///
    /// # Errors
    /// [`Kind::Usage`](runner_pipeline::error::Kind), with the line.
    pub fn parse(bytes: &[u8], path: &Path, level: Level) -> Result<Self> {
        let Written { key, group } = text::parse(bytes, path)?;
        let at = |start: usize| Some(line_of(str::from_utf8(bytes).unwrap_or_default(), start));
        let mut trust = Self::default();
        if key.len() + group.len() > MAX {
            return Err(wrong(path, None, "there are too many keys and groups"));
        }
        for written in key {
            let start = written.span().start;
            let key = written.into_inner().checked(level).map_err(|why| wrong(path, at(start), &why))?;
            let is_same = |other: &Key| is_one(&other.signer, &key.signer) && other.role == key.role;
            if trust.keys.iter().any(is_same) {
                return Err(wrong(path, at(start), "this key is there twice in the same role"));
            }
            trust.keys.push(key);
        }
        for written in group {
            let start = written.span().start;
            let group = written.into_inner().checked(level, &trust.keys);
            let group = group.map_err(|why| wrong(path, at(start), &why))?;
            if trust.groups.iter().any(|other| other.name == group.name) {
                return Err(wrong(path, at(start), "this group is there twice"));
            }
            trust.groups.push(group);
        }
        Ok(trust)
    }

    /// Adds the keys and groups of another file.
    pub fn add(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.groups.extend(other.groups);
    }

    /// The keys that may say something of a plugin.
    pub fn keys_for<'t>(&'t self, role: Role, id: Option<&'t Id>) -> impl Iterator<Item = &'t Key> {
        self.keys.iter().filter(move |key| key.is_for(role, id))
    }
}

#[cfg(test)]
pub(crate) mod tests;
