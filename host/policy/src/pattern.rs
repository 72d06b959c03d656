//! Patterns for the names of plugins and the paths of files.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use runner_trust::id::{Id, is_word};
use serde::{Deserialize, Serialize};

/// Which plugins are meant: `*`, all of a namespace (`acme:*`), or one (`acme:redact`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern {
    /// `None` for any.
    namespace: Option<String>,
    name: Option<String>,
}

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self { namespace: None, name: None });
        }
        let wrong = || format!("`{text}` names no plugins: write \"acme:redact\", \"acme:*\" or \"*\"");
        let (namespace, name) = text.split_once(':').ok_or_else(wrong)?;
        if !is_word(namespace) || name != "*" && !is_word(name) {
            return Err(wrong());
        }
        let name = (name != "*").then(|| name.to_owned());
        Ok(Self { namespace: Some(namespace.to_owned()), name })
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.namespace, &self.name) {
            (None, _) => f.write_str("*"),
            (Some(namespace), None) => write!(f, "{namespace}:*"),
            (Some(namespace), Some(name)) => write!(f, "{namespace}:{name}"),
        }
    }
}

impl NamePattern {
    /// Whether a plugin is meant. One without an identity is meant by `*` alone.
    #[must_use]
    pub fn covers(&self, id: Option<&Id>) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        match id {
            Some(id) => is(&self.namespace, &id.namespace) && is(&self.name, &id.name),
            None => self.namespace.is_none(),
        }
    }

    /// Whether all that this pattern means is meant by the other one, too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let is_in = |own: &Option<String>, other: &Option<String>| other.is_none() || own == other;
        is_in(&self.namespace, &other.namespace) && is_in(&self.name, &other.name)
    }
}

/// Whether one of the patterns means this plugin.
#[must_use]
pub fn any_covers(patterns: &[NamePattern], id: Option<&Id>) -> bool {
    patterns.iter().any(|pattern| pattern.covers(id))
}

/// Which files are meant: an absolute path. `**` stands for any number of folders, `*`
/// for any characters of a name, and `?` for one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    parts: Vec<Vec<u8>>,
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!("`{text}` names no files: {why}; write an absolute path, such as \"/srv/pii/**\""))
        };
        let Some(rest) = text.strip_prefix('/') else { return wrong("it does not begin with /") };
        let parts: Vec<_> = rest.split('/').collect();
        if parts.iter().any(|part| ["", ".", ".."].contains(part)) {
            return wrong("a part of it is empty, `.` or `..`");
        }
        if parts.iter().any(|part| part.contains("**") && *part != "**") {
            return wrong("`**` is a part of its own");
        }
        if text.contains(['[', ']', '{', '}', '\\', '\0']) {
            return wrong("brackets, braces and backslashes mean nothing here");
        }
        Ok(Self { parts: parts.iter().map(|part| part.as_bytes().to_vec()).collect() })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| write!(f, "/{}", String::from_utf8_lossy(part)))
    }
}

impl PathPattern {
    /// Whether a file is meant. `path` must be absolute and without links, `.` and
    /// `..`.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        let names: Vec<_> = path
            .components()
            .filter_map(|part| match part {
                Component::Normal(name) => Some(name.as_bytes()),
                _ => None,
            })
            .collect();
        // A path without a wildcard at its end may be that of a folder, and means all in it.
        let is_fixed = self.parts.last().is_some_and(|part| !part.iter().any(|byte| b"*?".contains(byte)));
        let rest = is_fixed.then(|| b"**".to_vec());
        let parts: Vec<_> = self.parts.iter().cloned().chain(rest).collect();
        path.is_absolute() && fits(&parts, &names, &|part, name| part == b"**" || is_like(part, name))
    }

    /// The folder before the first part with a wildcard, or the file itself.
    #[must_use]
    pub fn fixed(&self) -> PathBuf {
        let fixed = self.parts.iter().take_while(|part| !part.iter().any(|byte| b"*?".contains(byte)));
        fixed.fold(PathBuf::from("/"), |path, part| path.join(OsStr::from_bytes(part)))
    }

    /// The same pattern below another folder than [`PathPattern::fixed`].
    #[must_use]
    pub fn moved(&self, to: &Path) -> Self {
        let count = self.fixed().components().count() - 1;
        let to = to.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.as_bytes().to_vec()),
            _ => None,
        });
        Self { parts: to.chain(self.parts[count..].iter().cloned()).collect() }
    }
}

/// Whether parts of a pattern fit names, with `**` for any number of them. Each pair is
/// looked at once, so it takes no more steps than there are pairs.
fn fits(parts: &[Vec<u8>], names: &[&[u8]], is_like: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
    // Whether the parts up to here fit the first n names, for each n.
    let mut reached = vec![false; names.len() + 1];
    reached[0] = true;
    for part in parts {
        let before = std::mem::take(&mut reached);
        let is_any = part == b"**";
        reached = vec![is_any && before[0]];
        for (at, name) in names.iter().enumerate() {
            let fit = if is_any { before[at + 1] || reached[at] } else { before[at] && is_like(part, name) };
            reached.push(fit);
        }
    }
    reached[names.len()]
}

/// Whether a name fits a part with `*` and `?`.
fn is_like(part: &[u8], name: &[u8]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for wanted in part {
        let before = std::mem::take(&mut reached);
        let is_any = *wanted == b'*';
        reached = vec![is_any && before[0]];
        for (at, byte) in name.iter().enumerate() {
            let fit = if is_any {
                before[at + 1] || reached[at]
            } else {
                before[at] && (wanted == byte || *wanted == b'?')
            };
            reached.push(fit);
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests;
