//! `runner plugin new`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

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
    write(folder, project::FILE, project::description(name, &language).as_bytes())?;
    for (file, bytes) in language.template() {
        write(folder, file, filled(bytes, name).as_deref().unwrap_or(bytes))?;
    }
    for (file, bytes) in language.sdk() {
        write(&folder.join("runner"), file, bytes)?;
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

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Error::at("create the folder", parent))?;
    let written = OpenOptions::new().write(true).create_new(true).open(&path);
    written.and_then(|mut file| file.write_all(bytes)).map_err(Error::at("write", &path))
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
