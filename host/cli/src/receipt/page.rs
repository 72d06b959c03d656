//! A receipt that was checked, for people and for programs.

use std::ops::Range;
use std::path::Path;

use runner_pipeline::escape::{Page, Raw as _, count, group_digits, shown, with_name};
use runner_pipeline::hash::proof::Content;
use runner_pipeline::run::Edited;
use runner_trust::receipt::{Param, Receipt, Value};
use serde_json::{Value as Json, json};

use super::{Compared, SignedBy};
use crate::history::evidence_lines;

/// Ranges that are shown to people.
const MAX_SHOWN: usize = 20;
/// Characters shown of a name or a value.
const CHARS: usize = 300;

/// What is known of a receipt.
pub(super) struct Said<'a> {
    pub(super) receipt: &'a Receipt,
    pub(super) by: &'a SignedBy,
    pub(super) compared: Compared,
    pub(super) file: Option<&'a Path>,
}

impl Said<'_> {
    /// For people: first what was proven, then what the signer says.
    pub(super) fn page(&self, path: &Path) -> Page {
        let Self { receipt, by, .. } = self;
        let signer = &by.signer;
        let mut page = match &by.name {
            Some(name) => Page::of(format_args!("{}: signed by {name} ({signer})", path.shown())),
            None => Page::of(format_args!("{}: signed by {signer}", path.shown())),
        };
        content(&mut page, "before", &receipt.old);
        content(&mut page, "after", &receipt.new);
        self.proven(&mut page);
        self.compared(&mut page);
        self.said(&mut page);
        page
    }

    /// What the proof shows. It does not depend on the signature.
    fn proven(&self, page: &mut Page) {
        let Receipt { old, new, proof, .. } = self.receipt;
        if old == new {
            return page.line(format_args!("proven: nothing has changed"));
        }
        if proof.tail == Some(0) || is_all(&proof.changed, old.size) {
            return page.line(format_args!(
                "proven: nothing is shown to be the same; every part of the file may have changed"
            ));
        }
        page.line(format_args!(
            "proven, if the sizes are right: outside of these bytes, nothing has changed"
        ));
        for Range { start, end } in proof.changed.iter().take(MAX_SHOWN) {
            page.line(format_args!("  {} to {}", group_digits(*start), group_digits(*end)));
        }
        if let Some(more) = proof.changed.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
            page.line(format_args!("  and {}, which --json lists", count(more as u64, "further range")));
        }
        if let Some(tail) = proof.tail {
            page.line(format_args!(
                "  {} to the end: the length changes there, and that moved bytes are the same cannot be shown",
                group_digits(tail)
            ));
        }
    }

    fn compared(&self, page: &mut Page) {
        let Some(file) = self.file else {
            return page.line(format_args!("no file was compared: name it to see whether it is the one"));
        };
        let file = file.shown();
        match self.compared {
            Compared::New => page.line(format_args!("{file}: it is the file after the change")),
            Compared::Old => page.line(format_args!("{file}: it is the file before the change")),
            Compared::Same | Compared::NotAtHand => page.line(format_args!("{file}: it is the file")),
        }
    }

    /// What nothing shows but the signature.
    fn said(&self, page: &mut Page) {
        let Receipt { plugin, edits, .. } = self.receipt;
        let Receipt { time, file, runner, written, verified, .. } = self.receipt;
        page.line(format_args!("the signer says:"));
        page.line(format_args!("  {time}  {} changed by runner {runner}", shown(file).cut(CHARS)));
        for (number, (name, version, digest)) in plugin.each().into_iter().enumerate() {
            page.line(format_args!("  plugin {} {}, {}", shown(name), shown(version), shown(digest)));
            for known in plugin.evidence_of(number).map(evidence_lines).unwrap_or_default() {
                page.line(format_args!("    {}", shown(&known)));
            }
        }
        for param in &self.receipt.params {
            let name = shown(&param.name);
            match &param.value {
                Value::Shown(value) => page.line(format_args!("  {name} = {}", shown(value).cut(CHARS))),
                Value::Hidden(_) => {
                    page.line(format_args!("  {name} is secret; a salted hash of it is there"))
                }
            }
        }
        for (name, value) in &self.receipt.conversion {
            page.line(format_args!("  {} {}", shown(name), shown(value)));
        }
        let by = match edits.old_bytes == edits.new_bytes {
            true => String::new(),
            false => format!(" by {}", group_digits(edits.new_bytes)),
        };
        let read_back = match verified.as_str() {
            "none" => "not read back".to_owned(),
            level => format!("read back {}", shown(level).cut(CHARS)),
        };
        page.line(format_args!(
            "  {}, {} replaced{by}; written {}, {read_back}",
            count(edits.count, "edit"),
            count(edits.old_bytes, "byte"),
            shown(written).cut(CHARS)
        ));
        if self.receipt.appended_bytes > 0 {
            let bytes = count(self.receipt.appended_bytes, "byte");
            page.line(format_args!("  {bytes} that others have appended belong to neither content"));
        }
    }

    /// For programs.
    pub(super) fn event(&self) -> Json {
        let Self { receipt, by, compared, file } = self;
        let content = |content: &Content| json!({ "size": content.size, "blake3": content.root.to_string() });
        let param = |param: &Param| match &param.value {
            Value::Shown(value) => json!({ "name": param.name, "value": value }),
            Value::Hidden(hash) => {
                let hash = blake3::Hash::from_bytes(*hash).to_string();
                json!({ "name": param.name, "salted_sha256": hash })
            }
        };
        let places = receipt.edits.places.as_ref().map(|places| {
            let place = |place: &Edited| {
                json!({ "start": place.start, "old_bytes": place.old_bytes, "new_bytes": place.new_bytes })
            };
            places.iter().map(place).collect::<Vec<_>>()
        });
        let is_file = match compared {
            Compared::New => Some("new"),
            Compared::Old => Some("old"),
            Compared::Same => Some("same"),
            Compared::NotAtHand => None,
        };
        let event = json!({
            "event": "receipt", "signer": by.signer.to_string(), "trusted_as": by.name,
            "old": content(&receipt.old), "new": content(&receipt.new),
            "changed": receipt.proof.changed.iter().map(|range| json!([range.start, range.end])).collect::<Vec<_>>(),
            "tail": receipt.proof.tail, "file_is": is_file,
            "said": {
                "time": receipt.time.to_string(), "file": receipt.file, "runner": receipt.runner.to_string(),
                "plugin": receipt.plugin, "params": receipt.params.iter().map(param).collect::<Vec<_>>(),
                "conversion": receipt.conversion, "written": receipt.written, "verified": receipt.verified,
                "appended_bytes": receipt.appended_bytes, "edits": receipt.edits.count,
                "old_bytes": receipt.edits.old_bytes, "new_bytes": receipt.edits.new_bytes, "places": places,
            },
        });
        file.map_or_else(|| event.clone(), |file| with_name(event.clone(), "compared", file))
    }
}

fn is_all(changed: &[Range<u64>], size: u64) -> bool {
    matches!(changed, [all] if *all == (0..size))
}

fn content(page: &mut Page, when: &str, content: &Content) {
    page.line(format_args!("{when}: {}, root {}", count(content.size, "byte"), content.root));
}
