//! `runner show`, and the same view of a patch in a dry run.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::Outcome;
use super::args::{Format, ShowArgs};
use super::preview::{Hunk, hunks, source_of};
use super::report::Reporter;
use crate::error::Result;
use crate::fs::{Entry, OsStorage, Storage};
use crate::patch::{Direction, Patch};
use crate::plan::{Choice, Plan, Strategy, choose};
use crate::run::Report;
use crate::text::escape;
use crate::verify::Level;

/// Changed lines that are shown.
const HUNKS: usize = 10;
const LINE_CHARS: usize = 300;

pub(super) fn run(args: &ShowArgs, reporter: &Reporter) -> Result<Outcome> {
    let patch = Patch::load(&OsStorage, &Entry::resolve(&args.patch)?)?;
    match args.format {
        Some(Format::Json) => json(&patch, reporter)?,
        format => reporter.data(text(&patch, None, format)?.as_bytes())?,
    }
    Ok(Outcome::Done)
}

/// What a person wants to see before saying yes.
pub(super) fn text(
    patch: &Patch<'_, OsStorage>,
    plan: Option<&Plan>,
    format: Option<Format>,
) -> Result<String> {
    let (header, seal) = (patch.header(), patch.seal());
    let stats = &seal.stats;
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "file      {}", escape(&header.target, LINE_CHARS));
    let plugin = &header.plugin;
    let plugin = format!("{} {}  {}", plugin.name, plugin.version, plugin.digest);
    let _ = writeln!(out, "plugin    {}", escape(&plugin, LINE_CHARS));
    for (name, value) in &header.params {
        let value = value.as_ref().map_or("(secret)".to_owned(), |value| format!("{value:?}"));
        let _ = writeln!(out, "  {name} = {}", escape(&value, LINE_CHARS));
    }
    let _ = writeln!(out, "edits     {}", group_digits(stats.edits));
    let _ = writeln!(
        out,
        "bytes     {} replaced by {}; the file has {}, and {} then",
        group_digits(stats.old_bytes),
        group_digits(stats.new_bytes),
        group_digits(stats.pre_size),
        group_digits(stats.post_size())
    );
    let source = source_of(patch);
    let own = source.as_ref().and_then(|file| plan_for(patch, file));
    match plan.or(own.as_ref()) {
        Some(plan) => {
            let _ = writeln!(
                out,
                "strategy  {}: writes about {} bytes, needs {} bytes of space",
                strategy_name(plan.strategy),
                group_digits(plan.write_bytes),
                group_digits(plan.space_bytes)
            );
        }
        None => out.push_str("strategy  depends on the file, which is not at hand or has changed\n"),
    }
    let _ = writeln!(out, "before    {}\nafter     {}", seal.pre_root, seal.post_root);
    let (hunks, more) = hunks(patch, source.as_ref(), HUNKS)?;
    for hunk in &hunks {
        let hex = format == Some(Format::Hex) || format.is_none() && hunk.is_binary();
        let _ = writeln!(out, "\n@ {}", hunk.offset);
        for (sign, bytes) in [('-', &hunk.before), ('+', &hunk.after)] {
            if hex { hex_lines(&mut out, sign, hunk, bytes) } else { text_line(&mut out, sign, bytes) }
        }
    }
    if more {
        out.push_str("\n(and more; `runner show --format json` lists every edit of a saved patch)\n");
    }
    Ok(out)
}

fn plan_for(patch: &Patch<'_, OsStorage>, source: &std::fs::File) -> Option<Plan> {
    let stat = OsStorage.stat(source).ok()?;
    choose(&patch.seal().stats, &stat, patch.bytes(), Choice::Auto).ok()
}

fn text_line(out: &mut String, sign: char, bytes: &[u8]) {
    // An escaped line end is noise where every line has one.
    let line = String::from_utf8_lossy(bytes);
    let _ = writeln!(out, "{sign} {}", escape(line.strip_suffix('\n').unwrap_or(&line), LINE_CHARS));
}

fn hex_lines(out: &mut String, sign: char, hunk: &Hunk, bytes: &[u8]) {
    for (row, offset) in bytes.chunks(16).zip((hunk.offset..).step_by(16)) {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = row
            .iter()
            .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' })
            .collect();
        let _ = writeln!(out, "{sign} {offset:08x}  {:<47}  {text}", hex.join(" "));
    }
    if bytes.is_empty() {
        let _ = writeln!(out, "{sign}");
    }
}

/// Header, seal, and every edit with its bytes in hex, a batch at a time.
fn json(patch: &Patch<'_, OsStorage>, reporter: &Reporter) -> Result<()> {
    let head = json!({ "event": "patch", "header": patch.header(), "seal": patch.seal() });
    reporter.data(format!("{head}\n").as_bytes())?;
    let mut reader = patch.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        let mut out = String::new();
        for edit in batch.edits() {
            let object =
                json!({ "event": "edit", "start": edit.start, "old": hex(edit.old), "new": hex(edit.new) });
            let _ = writeln!(out, "{object}");
        }
        reporter.data(out.as_bytes())?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// One line on what a run has come to.
pub(super) fn summary(path: &Path, report: &Report, what: &str, seconds: f64) -> String {
    let stats = &report.stats;
    let name = escape(&path.to_string_lossy(), LINE_CHARS);
    if stats.edits == 0 {
        return format!(
            "{name}: nothing to change in {} bytes ({seconds:.2} s)",
            group_digits(stats.pre_size)
        );
    }
    let done = match what {
        "applied" if report.level == Level::None => ", not verified".to_owned(),
        "applied" => format!(", verified {}", report.level),
        _ => String::new(),
    };
    format!(
        "{name}: {} edit{}, {} bytes replaced by {}; {}{done} ({seconds:.2} s)",
        group_digits(stats.edits),
        if stats.edits == 1 { "" } else { "s" },
        group_digits(stats.old_bytes),
        group_digits(stats.new_bytes),
        strategy_name(report.plan.strategy),
    )
}

fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Nothing => "nothing to write",
        Strategy::InPlace => "in place",
        Strategy::Tail => "in place, with a new tail",
        Strategy::Rewrite => "rewritten",
        Strategy::Stream => "written elsewhere",
    }
}

/// 1234567 as `1,234,567`.
fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::group_digits;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(group_digits(0), "0");
        assert_eq!(group_digits(999), "999");
        assert_eq!(group_digits(1000), "1,000");
        assert_eq!(group_digits(1_234_567), "1,234,567");
    }
}
