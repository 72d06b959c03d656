//! `runner plugin new`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _};

use super::language::Language;
use super::project::{self, check_name};
use crate::Outcome;
use crate::report::Reporter;

/// Writes the project of a new plugin into a new folder of its name.
///
/// # Errors
/// If the name or the language is wrong, or the folder is there; any I/O error.
pub(crate) fn new_project(name: &str, language: &str, reporter: &Reporter) -> Result<Outcome> {
    check_name(name)?;
    let language = Language::named(language)?;
    let folder = Path::new(name);
    fs::create_dir(folder).map_err(|error| {
        let is_there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let error = Error::io("create the folder", folder, error);
        match is_there {
            true => error.of_kind(Kind::Usage).hint("choose another name, or remove it"),
            false => error.hint("run the command in a folder that you may write to"),
        }
    })?;
    let mut made = Made(vec![folder.to_owned()]);
    if let Err(error) = fill(folder, (name, &language), &mut made) {
        return Err(match made.remove() {
            true => error.hint(format!("{} was removed again", folder.shown())),
            false => error.hint(format!("{} is not whole: remove it", folder.shown())),
        });
    }
    let mut page = Page::default();
    page.line(format_args!("{}: a plugin in {}", folder.shown(), language.recipe.language));
    page.line("");
    page.line(format_args!("  cd {name}"));
    page.line("  runner plugin build");
    page.line("  runner plugin test");
    page.line("");
    page.line(format_args!("Change {}, and the cases in cases/.", language.recipe.source));
    for tool in language.recipe.ways().take(1).flat_map(|way| way.tools) {
        page.line(format_args!("It needs {}.", tool.needs));
    }
    reporter.show(&page)?;
    Ok(Outcome::Done)
}

/// A file of a template with its placeholders filled in; `None` if it is no text.
fn filled(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = str::from_utf8(bytes).ok()?;
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    let camel: String = words.collect();
    let text = text
        .replace("{{name}}", name)
        .replace("{{name-length}}", &name.len().to_string())
        .replace("{{Name}}", &camel)
        .replace("{{name_}}", &name.replace('-', "_"));
    Some(text.into_bytes())
}

/// Writes all files of a project.
fn fill(folder: &Path, (name, language): (&str, &Language), made: &mut Made) -> Result<()> {
    made.write(&folder.join(project::FILE), project::description(name, language).as_bytes())?;
    for (file, bytes) in language.template() {
        made.write(&folder.join(file), filled(bytes, name).as_deref().unwrap_or(bytes))?;
    }
    for (file, bytes) in language.sdk() {
        made.write(&folder.join("runner").join(file), bytes)?;
    }
    Ok(())
}

/// The folders and files that were made, each after the folder that it is in.
struct Made(Vec<PathBuf>);

impl Made {
    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.folder(path.parent().unwrap_or(Path::new("")))?;
        let opened = OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = opened.map_err(Error::at("create", path))?;
        self.0.push(path.to_owned());
        file.write_all(bytes).map_err(Error::at("write", path))
    }

    fn folder(&mut self, folder: &Path) -> Result<()> {
        if self.0.iter().any(|made| made == folder) {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.folder(parent)?;
        }
        fs::create_dir(folder).map_err(Error::at("create the folder", folder))?;
        self.0.push(folder.to_owned());
        Ok(())
    }

    /// Removes all of it, and nothing else. Returns whether nothing is left.
    fn remove(self) -> bool {
        self.0.iter().rev().fold(true, |all, path| {
            let removed = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
            removed.is_ok() && all
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let text = filled(b"{{name}} {{Name}} {{name_}} {{name-length}} {other}", "shift-times").unwrap();
        assert_eq!(text, b"shift-times ShiftTimes shift_times 11 {other}");
        assert_eq!(filled(b"\xff{{name}}", "x"), None);
    }
}
