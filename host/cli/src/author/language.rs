//! The languages that plugins can be written in, with what this program carries
//! of each: its SDK, a template, and how to build.

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::shown;
use serde::Deserialize;

/// The files of `guest-sdk/LANGUAGE/`.
struct Embedded {
    id: &'static str,
    /// Names with their folders, and contents.
    files: &'static [(&'static str, &'static [u8])],
}

const ALL: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// The folder of the template.
const TEMPLATE: &str = "template/";

/// A language.
pub(super) struct Language {
    embedded: &'static Embedded,
    pub(super) recipe: Recipe,
}

/// How plugins are built, as `build.toml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    /// The language's name for people.
    pub(super) language: String,
    /// The file that an author edits.
    pub(super) source: String,
    /// The files of the SDK that a project needs; with a `/` at its end, all of
    /// a folder.
    sdk: Vec<String>,
    /// Whether a build gives the same bytes in any folder.
    pub(super) reproducible: bool,
    /// Where the module is in the end, with placeholders; a module in the text
    /// format is translated.
    #[serde(default = "out")]
    pub(super) module: String,
    /// What must be installed.
    #[serde(default, rename = "tool")]
    tools: Vec<Tool>,
    /// What is run, in order.
    #[serde(default, rename = "step")]
    steps: Vec<Step>,
    /// What is run in place of the steps while an author watches: it is quicker,
    /// and the module that it makes may be slower.
    #[serde(default)]
    quick: Vec<Step>,
    /// What else can be done where a tool is missing, in order.
    #[serde(default, rename = "otherwise")]
    others: Vec<Other>,
}

/// Where steps put the module unless the recipe says something else.
fn out() -> String {
    "{out}".to_owned()
}

/// Another way to build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    #[serde(rename = "tool")]
    tools: Vec<Tool>,
    #[serde(rename = "step")]
    steps: Vec<Step>,
}

/// A way to build.
pub(super) struct Way<'r> {
    /// What must be installed.
    pub(super) tools: &'r [Tool],
    /// What is run.
    pub(super) steps: &'r [Step],
    /// What is run while an author watches; empty if nothing is quicker.
    pub(super) quick: &'r [Step],
}

impl Recipe {
    /// All ways to build, the preferred one first.
    pub(super) fn ways(&self) -> impl Iterator<Item = Way<'_>> {
        let first = Way { tools: &self.tools, steps: &self.steps, quick: &self.quick };
        let others = self.others.iter().map(|way| Way { tools: &way.tools, steps: &way.steps, quick: &[] });
        std::iter::once(first).chain(others)
    }
}

/// A program that a build needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    /// The name of its placeholder.
    pub(super) name: String,
    /// Commands, of which the first one that works is taken. Words are separated
    /// by spaces.
    pub(super) programs: Vec<String>,
    /// The arguments that show its version, or with which it fails if a part of
    /// it is missing. Its standard input is empty.
    pub(super) version: Vec<String>,
    /// Files that must be there, too.
    #[serde(default)]
    pub(super) files: Vec<std::path::PathBuf>,
    /// What must be installed, for people.
    pub(super) needs: String,
    /// How to install it.
    pub(super) get: String,
}

/// A command of a build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The program and its arguments, with placeholders.
    pub(super) run: Vec<String>,
    /// Variables of its environment, with placeholders.
    #[serde(default)]
    pub(super) env: std::collections::BTreeMap<String, String>,
    /// Whether what it makes serves later builds, until one fails.
    #[serde(default)]
    pub(super) once: bool,
}

impl Language {
    /// The language with this name.
    ///
    /// # Errors
    /// If there is none. The message lists them.
    pub(super) fn named(id: &str) -> Result<Self> {
        let Some(embedded) = ALL.iter().find(|language| language.id == id) else {
            let names: Vec<_> = ids().collect();
            return Err(Error::new(Kind::Usage, format!("there is no SDK for a language `{}`", shown(id)))
                .hint(format!("the languages are {}", names.join(", "))));
        };
        let internal = |why: String| {
            Error::new(Kind::Internal, format!("guest-sdk/{id}/build.toml is wrong")).because(why)
        };
        let file = embedded.files.iter().find(|(name, _)| *name == "build.toml");
        let text = file.and_then(|(_, bytes)| str::from_utf8(bytes).ok()).unwrap_or_default();
        let recipe = toml::from_str(text).map_err(|error| internal(error.to_string()))?;
        Ok(Self { embedded, recipe })
    }

    pub(super) fn id(&self) -> &'static str {
        self.embedded.id
    }

    /// The files of the SDK that a project needs.
    pub(super) fn sdk(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let is_needed = |name: &str| self.recipe.sdk.iter().any(|file| is_of(name, file));
        self.embedded.files.iter().filter(move |(name, _)| is_needed(name)).copied()
    }

    /// The files of the template.
    pub(super) fn template(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        self.embedded.files.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(TEMPLATE)?, *bytes)))
    }
}

/// Whether a file is the one that an entry of a recipe names, or in its folder.
fn is_of(name: &str, entry: &str) -> bool {
    name == entry || entry.ends_with('/') && name.starts_with(entry)
}

/// The names of all languages.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|language| language.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_whole() {
        assert!(ids().count() > 0);
        for id in ids() {
            let language = Language::named(id).unwrap();
            for entry in &language.recipe.sdk {
                let is_there = language.sdk().any(|(name, _)| is_of(name, entry));
                assert!(is_there, "{id}: {entry} of the SDK is missing");
            }
            let names: Vec<_> = language.template().map(|(name, _)| name).collect();
            for name in [language.recipe.source.as_str(), "README.md", "cases/plain/input"] {
                assert!(names.contains(&name), "{id}: the template has no {name}");
            }
            for way in language.recipe.ways() {
                assert!(way.steps.iter().chain(way.quick).all(|step| !step.run.is_empty()), "{id}");
                assert!(way.steps.iter().all(|step| !step.once), "{id}: a whole build has a step of its own");
            }
        }
    }
}
