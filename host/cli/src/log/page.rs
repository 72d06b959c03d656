//! An entry of the history, for people and for programs.

use runner_history::{Action, Entry, Line, Name};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Raw as _, count, shown, with_name};
use serde_json::{Value, json};

use crate::history::evidence_lines;

/// Digits of a digest that are shown to people.
const DIGITS: usize = 16;

/// The entry for people: a line, and what else is known under it.
pub(super) fn of(entry: &Entry) -> Page {
    let did = match entry.action {
        Action::Apply => "apply",
        Action::Patch => "patch",
        Action::Undo => "undo",
        Action::RollForward => "recover, rolled forward",
        Action::RollBack => "recover, rolled back",
        _ => "changed by a later version of runner",
    };
    let mut page = Page::of(format_args!("{}  {}  {did}", entry.time, entry.file.0.shown()));
    if let Some(output) = &entry.output {
        page.line(format_args!("  written to {}", output.0.shown()));
    }
    if let Some(id) = &entry.plugin {
        for (number, (name, version, digest)) in id.each().into_iter().enumerate() {
            let digest = digest.get(..DIGITS).unwrap_or(digest);
            page.line(format_args!("  plugin {} {}, {}", shown(name), shown(version), shown(digest)));
            for known in id.evidence_of(number).map(evidence_lines).unwrap_or_default() {
                page.line(format_args!("    {}", shown(&known)));
            }
        }
    }
    if let (Some(edits), Some(old), Some(new)) = (entry.edits, entry.old_size, entry.new_size) {
        let sizes = match old == new {
            true => count(old, "byte"),
            false => format!("{} before, {} after", count(old, "byte"), count(new, "byte")),
        };
        page.line(format_args!("  {}; {sizes}", count(edits, "edit")));
    }
    for (what, root) in [("before", &entry.old_root), ("after", &entry.new_root)] {
        if let Some(root) = root {
            page.line(format_args!("  root {what} {}", shown(root)));
        }
    }
    for (what, name) in others(entry) {
        if let Some(name) = name {
            page.line(format_args!("  {what} {}", name.0.shown()));
        }
    }
    page
}

/// The entry as an event.
///
/// # Errors
/// If it cannot be encoded.
pub(super) fn event(line: &Line) -> Result<Value> {
    let Line { entry, hash } = line;
    let mut event = serde_json::to_value(entry)
        .map_err(|error| Error::new(Kind::Internal, "cannot encode an entry").because(error))?;
    event["event"] = json!("change");
    event["hash"] = json!(hash.to_hex().as_str());
    let names = [("file", Some(&entry.file)), ("output", entry.output.as_ref())];
    for (key, name) in names.into_iter().chain(others(entry)) {
        if let Some(name) = name {
            event = with_name(event, key, &name.0);
        }
    }
    Ok(event)
}

/// The other files that an entry names.
fn others(entry: &Entry) -> [(&'static str, Option<&Name>); 3] {
    [("patch", entry.patch.as_ref()), ("undo", entry.undo.as_ref()), ("backup", entry.backup.as_ref())]
}
