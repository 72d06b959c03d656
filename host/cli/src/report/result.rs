//! The report on a finished run: one line for people, or an event.

use std::path::Path;
use std::time::Instant;

use runner_pipeline::commit::verify::Level;
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, count, group_digits, shown, with_name};
use runner_pipeline::patch::Stats;
use runner_pipeline::run::Report;
use serde_json::{Value, json};

use super::{Reporter, Volume};

/// Maximum number of characters shown of a name.
const NAME_CHARS: usize = 300;

const OLD_IN_USE: &str =
    "another process still has the old file open: anything it appends from now on is lost";

impl Reporter {
    /// Reports the result of a run. `event` is the name of the event.
    pub(crate) fn report(&self, path: &Path, report: &Report, started: Instant, event: &str) -> Result<()> {
        let seconds = started.elapsed().as_secs_f64();
        let json = || {
            let event = json!({
                "event": event, "edits": report.stats.edits,
                "old_bytes": report.stats.old_bytes, "new_bytes": report.stats.new_bytes,
                "pre_size": report.stats.pre_size, "post_size": report.stats.post_size(),
                "pre_root": hex(report.pre_root), "post_root": hex(report.post_root),
                "roots": if report.pre_root.is_some() { "whole" } else { "touched" },
                "groups": report.stats.groups,
                "plan": report.plan, "verified": report.level.to_string(), "seconds": seconds,
                "appended_bytes": report.appended_bytes, "old_in_use": report.old_in_use,
                "counts": counts_of(report),
            });
            with_name(event, "file", path)
        };
        self.tell(json, || {
            let counts = counted(&report.counts).map_or_else(String::new, |counts| format!(": {counts}"));
            let mut page = Page::of(summary(path, report, event, seconds) + &counts);
            let appended = if event == "applied" {
                appended(report.appended_bytes, report.stats.post_size(), report.post_root)
            } else {
                not_scanned(report)
            };
            let in_use = report.old_in_use.then(|| OLD_IN_USE.to_owned());
            for note in appended.into_iter().chain(rootless(report)).chain(in_use) {
                page.line(format_args!("{}: {note}", shown(path)));
            }
            page
        })?;
        // Bytes may be lost, so `--quiet` does not suppress this.
        if report.old_in_use && self.volume == Volume::Quiet && !self.is_json() {
            self.note(&Page::of(format_args!("warning: {}: {OLD_IN_USE}", shown(path))))?;
        }
        Ok(())
    }
}

/// What a plugin has counted, as an object.
fn counts_of(report: &Report) -> Value {
    Value::Object(report.counts.iter().map(|(name, number)| (name.clone(), Value::from(*number))).collect())
}

/// What a plugin has counted; `None` if that is nothing.
///
/// Zeros are left out, but not those of `ACTION:PLACE`: the user has named the
/// place, and a place that is nowhere in the file is most often misspelt.
pub(crate) fn counted(counts: &[(String, u64)]) -> Option<String> {
    let some = counts.iter().filter(|(name, number)| *number > 0 || name.contains(':'));
    let words: Vec<_> = some
        .map(|(name, number)| format!("{} {}", group_digits(*number), shown(name).cut(NAME_CHARS)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A root as programs read it; nothing if it is not known.
fn hex(root: Option<blake3::Hash>) -> Option<String> {
    root.map(|root| root.to_hex().to_string())
}

/// A note on a run that has read only the touched groups.
fn rootless(report: &Report) -> Option<String> {
    let groups = report.stats.groups;
    report.pre_root.is_none().then(|| {
        format!(
            "{} of 64 KiB touched; the root of the whole file is not known, because the rest was not read",
            count(groups, "group")
        )
    })
}

/// A note on `bytes` that other processes have appended after byte `size`, up
/// to which the file has a known root, or none.
pub(crate) fn appended(bytes: u64, size: u64, root: Option<blake3::Hash>) -> Option<String> {
    (bytes > 0).then(|| {
        let kept = format!("{} appended after byte {size} {} kept", count(bytes, "byte"), be(bytes));
        if root.is_some() {
            format!("{kept}; the root covers the first {}", count(size, "byte"))
        } else {
            kept
        }
    })
}

/// The same note for a run that has not written anything.
pub(crate) fn not_scanned(report: &Report) -> Option<String> {
    let (bytes, size) = (report.appended_bytes, report.stats.pre_size);
    (bytes > 0)
        .then(|| format!("{} appended after byte {size} {} not scanned", count(bytes, "byte"), be(bytes)))
}

fn be(number: u64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// One line on the result of a run.
fn summary(path: &Path, report: &Report, event: &str, seconds: f64) -> String {
    let stats = &report.stats;
    let name = shown(path).cut(NAME_CHARS);
    if stats.edits == 0 {
        return format!("{name}: nothing to change in {} ({seconds:.2} s)", count(stats.pre_size, "byte"));
    }
    let done = match event {
        "applied" if report.level == Level::None => {
            format!("{}, not verified", report.plan.strategy.done())
        }
        "applied" => format!("{}, verified {}", report.plan.strategy.done(), report.level),
        _ => report.plan.strategy.planned().to_owned(),
    };
    format!(
        "{name}: {}, {} replaced{}; {done} ({seconds:.2} s)",
        count(stats.edits, "edit"),
        count(stats.old_bytes, "byte"),
        replaced_by(stats),
    )
}

/// ` by N` if the number of replaced bytes changes, else nothing.
pub(crate) fn replaced_by(stats: &Stats) -> String {
    if stats.old_bytes == stats.new_bytes {
        String::new()
    } else {
        format!(" by {}", group_digits(stats.new_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn zeros_are_shown_of_what_the_user_has_named() {
        let counts = [("email", 1), ("card", 0), ("mask:$.a", 2), ("mask:$.typo", 0)];
        let counts = counts.map(|(name, number)| (name.to_owned(), number));
        assert_eq!(counted(&counts).as_deref(), Some("1 email, 2 mask:$.a, 0 mask:$.typo"));
        assert_eq!(counted(&counts[1..2]), None);
    }
}
