//! The project of a plugin: a folder with a `runner.toml`.

use std::path::{Path, PathBuf};

use runner_contract::MAX_NAME_BYTES;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Raw as _, shown};
use runner_pipeline::storage::read_small;
use serde::Deserialize;
use toml::Spanned;

use super::case::TEXT_BYTES;
use super::language::Language;

/// The name of the file that describes a project.
pub(super) const FILE: &str = "runner.toml";

/// Maximum number of characters shown of what is no name.
const NAME_CHARS: usize = 80;

/// A project on the disk.
pub(super) struct Project {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) language: Language,
    packing: Packing,
}

/// What the file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    name: Spanned<String>,
    language: Spanned<String>,
    #[serde(default)]
    package: Packing,
}

/// What is written into the plugin, beside what it says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packing {
    /// Who publishes it.
    pub(crate) namespace: Option<String>,
    /// Where the source is, for people.
    pub(crate) source: Option<String>,
    /// The revision of the source.
    pub(crate) revision: Option<String>,
    /// The memory that an instance wants, in bytes.
    pub(crate) memory_bytes: Option<u64>,
    /// The time that it wants for a window, in milliseconds.
    pub(crate) timeout_ms: Option<u64>,
}

/// The built plugin of a project.
pub(crate) struct Packable {
    pub(crate) plugin: PathBuf,
    pub(crate) language: String,
    pub(crate) packing: Packing,
}

/// What there is to pack in the folder of a project.
///
/// # Errors
/// If there is no project, or its plugin is not built.
pub(crate) fn packable(folder: &Path) -> Result<Packable> {
    let project = Project::open(folder)?;
    let plugin = project.built()?;
    Ok(Packable { plugin, language: project.language.id().to_owned(), packing: project.packing })
}

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    /// If there is none, or its description is wrong.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let bytes = read_small(&path, TEXT_BYTES).map_err(|error| {
            error.hint(
                "`runner plugin new NAME --lang LANGUAGE` begins a project; run the command in its folder",
            )
        })?;
        let wrong = |why: String| {
            Error::new(Kind::Usage, format!("{} is not the description of a plugin", path.shown()))
                .because(why)
                .hint("it has two lines: `name = \"NAME\"` and `language = \"LANGUAGE\"`; and it may have a table `[package]`")
        };
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        let Description { name, language, package } =
            toml::from_str(&text).map_err(|error: toml::de::Error| {
                let line =
                    error.span().map_or(String::new(), |span| format!("line {}: ", line(&text, span.start)));
                wrong(format!("{line}{}", error.message()))
            })?;
        let on_line = |error: Error, at: usize| {
            error.hint(format!("it is on line {} of {}", line(&text, at), path.shown()))
        };
        check_name(name.get_ref()).map_err(|error| on_line(error, name.span().start))?;
        let language =
            Language::named(language.get_ref()).map_err(|error| on_line(error, language.span().start))?;
        Ok(Self { folder: folder.to_owned(), name: name.into_inner(), language, packing: package })
    }

    /// Where the built plugin is.
    pub(super) fn plugin(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }

    /// The same, if it is there.
    ///
    /// # Errors
    /// If it is not built.
    pub(super) fn built(&self) -> Result<PathBuf> {
        let plugin = self.plugin();
        if plugin.exists() {
            return Ok(plugin);
        }
        Err(Error::new(Kind::Usage, "the plugin is not built yet").hint("run `runner plugin build` first"))
    }
}

/// The line of an offset in a text, counted from 1.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The text of the file.
pub(super) fn description(name: &str, language: &Language) -> String {
    format!(
        "# What `runner plugin build` and `runner plugin test` go by.\nname = \"{name}\"\nlanguage = \"{}\"\n",
        language.id()
    )
}

/// Refuses what cannot be the name of a plugin.
///
/// # Errors
/// [`Kind::Usage`], with what a name is.
pub(super) fn check_name(name: &str) -> Result<()> {
    let is_inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if begins && name.bytes().all(is_inside) && !name.ends_with('-') && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("`{}` cannot be the name of a plugin", shown(name).cut(NAME_CHARS)))
        .hint(format!(
            "a name has lower-case letters, digits and hyphens, begins with a letter, ends with a letter or a \
             digit, and has at most {MAX_NAME_BYTES} characters"
        )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for name in ["a", "shift-times", "x2"] {
            check_name(name).unwrap();
        }
        for name in ["", "-a", "a-", "A", "a_b", "a/b", "2x", "..", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
