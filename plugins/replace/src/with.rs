//! The replacement of a match.

use regex_automata::util::captures::Captures;
use regex_automata::util::interpolate;

use crate::pattern::Pattern;
use crate::search::Capture;

/// The replacement of a match.
#[derive(Debug)]
pub(crate) enum With {
    /// These bytes.
    Text(Vec<u8>),
    /// A template with references to groups: `$1`, `${name}`, `$$`.
    Template(String),
}

impl With {
    /// A template for an expression. All groups that it refers to must exist.
    pub(crate) fn template(template: &str, pattern: &Pattern) -> Result<Self, String> {
        if !template.contains('$') {
            return Ok(Self::Text(template.into()));
        }
        // Otherwise a misspelt group would silently be replaced with nothing.
        let regex = pattern.compile()?;
        let groups = regex.group_info();
        let mut unknown = None;
        let mut unnamed = None;
        let check = |index: usize, _: &mut Vec<u8>| {
            if index >= groups.group_len(0.into()) {
                unknown = Some(index.to_string());
            }
        };
        let find = |name: &str| {
            let index = groups.to_index(0.into(), name);
            if index.is_none() {
                unnamed = Some(name.to_owned());
            }
            index
        };
        interpolate::bytes(template.as_bytes(), check, find, &mut Vec::new());
        match unknown.or(unnamed) {
            Some(group) => Err(format!(
                "`with` refers to the group `{group}`, which `find` does not have \
                 (write ${{1}}x for $1 followed by x, and $$ for a dollar sign)"
            )),
            None => Ok(Self::Template(template.into())),
        }
    }

    /// What [`Self::write`] must know about a match.
    pub(crate) fn capture(&self) -> Capture {
        match self {
            Self::Text(_) => Capture::Range,
            Self::Template(_) => Capture::Groups,
        }
    }

    /// Appends the replacement of a match in `bytes`.
    pub(crate) fn write(&self, bytes: &[u8], groups: &Captures, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text),
            Self::Template(template) => {
                let append = |index, out: &mut Vec<u8>| {
                    if let Some(group) = groups.get_group(index) {
                        out.extend_from_slice(&bytes[group.range()]);
                    }
                };
                let find = |name: &str| groups.group_info().to_index(0.into(), name);
                interpolate::bytes(template.as_bytes(), append, find, out);
            }
        }
    }
}
