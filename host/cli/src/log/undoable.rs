//! How files can be taken back to before some of their changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use runner_history::{Action, Entry, Name};
use runner_pipeline::escape::{Page, Raw as _, with_name};
use serde_json::{Value, json};

/// The changes of some files that still stand, in order.
pub(super) struct Undoable {
    files: BTreeMap<PathBuf, Vec<Standing>>,
}

/// A change that was not undone.
struct Standing {
    entry: Entry,
    /// Whether it is one that is to be undone; the others are in its way.
    is_wanted: bool,
}

/// How a change can be undone.
enum Way<'e> {
    /// By this patch.
    Patch(&'e Path),
    /// By putting this file in place of the one that was changed.
    Backup(&'e Path),
    /// There is nothing to undo: this file still has the old content.
    Source(&'e Path),
    /// Nothing was kept, or what was kept is gone.
    None,
}

impl Undoable {
    /// For these files.
    pub(super) fn new(files: BTreeSet<PathBuf>) -> Self {
        Self { files: files.into_iter().map(|file| (file, Vec::new())).collect() }
    }

    /// Takes the next entry of the history.
    pub(super) fn add(&mut self, entry: &Entry, is_wanted: impl Fn(&Entry) -> bool) {
        let Some(standing) = self.files.get_mut(entry.changed()) else { return };
        match entry.action {
            Action::Undo if standing.last().is_some_and(|last| is_undone(&last.entry, entry)) => {
                standing.pop();
            }
            // It stands for a change that was never complete.
            Action::RollBack => {}
            _ => standing.push(Standing { entry: entry.clone(), is_wanted: is_wanted(entry) }),
        }
    }

    /// For each file with a wanted change: what must be undone, the newest first.
    fn steps(&self) -> impl Iterator<Item = (&Path, Vec<&Entry>)> {
        self.files.iter().filter_map(|(file, standing)| {
            let first = standing.iter().position(|change| change.is_wanted)?;
            Some((file.as_path(), standing[first..].iter().rev().map(|change| &change.entry).collect()))
        })
    }

    /// Whether nothing is left to undo.
    pub(super) fn is_empty(&self) -> bool {
        self.steps().next().is_none()
    }

    /// The steps for people.
    pub(super) fn page(&self) -> Page {
        let mut page = Page::default();
        for (file, steps) in self.steps() {
            page.line(format_args!("{}:", file.shown()));
            for entry in steps {
                let (word, time) = (file.word(), entry.time);
                match way(entry) {
                    Way::Patch(patch) => {
                        page.line(format_args!("  runner undo {} {word}   # {time}", patch.word()));
                    }
                    Way::Backup(backup) => {
                        page.line(format_args!("  mv {} {word}   # {time}", backup.word()));
                    }
                    Way::Source(source) => page.line(format_args!(
                        "  {time}: was written from {}, which was not changed",
                        source.shown()
                    )),
                    Way::None => {
                        page.line(format_args!(
                            "  {time}: cannot be undone, because no undo file or backup is there"
                        ));
                    }
                }
            }
        }
        page
    }

    /// The steps as events.
    pub(super) fn events(&self) -> impl Iterator<Item = Value> {
        self.steps().flat_map(|(file, steps)| {
            steps.into_iter().map(move |entry| {
                let event = json!({ "event": "undoable", "time": entry.time.to_string() });
                let event = with_name(event, "file", file);
                match way(entry) {
                    Way::Patch(patch) => with_name(event, "patch", patch),
                    Way::Backup(backup) => with_name(event, "backup", backup),
                    Way::Source(source) => with_name(event, "source", source),
                    Way::None => event,
                }
            })
        })
    }
}

/// Whether `undo` takes back the change `last`.
fn is_undone(last: &Entry, undo: &Entry) -> bool {
    let patches = [last.undo.as_ref(), last.patch.as_ref()];
    undo.patch.is_some() && patches.contains(&undo.patch.as_ref())
}

/// The first way that is still there.
fn way(entry: &Entry) -> Way<'_> {
    let there = |name: &'_ Option<Name>| name.as_ref().is_some_and(|name| name.0.exists());
    match entry {
        Entry { undo: Some(undo), .. } if there(&entry.undo) => Way::Patch(&undo.0),
        Entry { action: Action::Patch, patch: Some(patch), .. } if there(&entry.patch) => {
            Way::Patch(&patch.0)
        }
        Entry { output: Some(_), .. } if entry.file.0.exists() => Way::Source(&entry.file.0),
        Entry { backup: Some(backup), .. } if there(&entry.backup) => Way::Backup(&backup.0),
        _ => Way::None,
    }
}
