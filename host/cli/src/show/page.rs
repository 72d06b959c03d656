//! A patch as a page for people: a summary and the first changed lines.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use runner_pipeline::commit::strategy::{Choice, Plan, Strategy, choose};
use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, count, group_digits, shown};
use runner_pipeline::patch::{Patch, Roots, Seal};
use runner_pipeline::storage::{OsStorage, Storage};

use super::Format;
use super::compared::Checked;
use crate::history::evidence_lines;
use crate::lines::Lines;
use crate::preview::{Hunk, Piece, Side, hunks};
use crate::report::{counted, replaced_by};

/// Maximum number of changed lines shown.
const HUNKS: usize = 10;
/// Maximum number of characters shown of a line.
const LINE_CHARS: usize = 300;
/// Line numbers are counted within this many bytes, which takes a moment.
const COUNTED_BYTES: u64 = 1 << 30;

/// What to show of a patch.
#[derive(Default)]
pub(crate) struct View<'a> {
    /// How the file will be written, if that has been decided.
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) format: Option<Format>,
    /// The file before the patch, if it is available.
    pub(crate) source: Option<File>,
    /// The file has the content after the patch, as far as it was compared.
    pub(crate) has_result: Option<Checked>,
    /// The path of the file that the old bytes were compared with.
    pub(crate) path: Option<&'a Path>,
    /// The patch is the journal of this file, and has been checked against it.
    pub(crate) journal_of: Option<&'a Path>,
}

/// The summary and the first changed lines of a patch.
pub(crate) fn page(patch: &Patch<'_, OsStorage>, view: &View<'_>) -> Result<Page> {
    let mut page = Page::default();
    summary_of(patch, view, &mut page);
    let more = match view.journal_of {
        Some(_) => "run `runner show --format json` on the journal first to see all",
        None => "use `--diff`, or `runner show --format json` on a saved patch, to see all",
    };
    changes(patch, view, more, &mut page)?;
    Ok(page)
}

/// The first changed lines of a patch. `more` says how to see the others.
pub(crate) fn changes(
    patch: &Patch<'_, OsStorage>,
    view: &View<'_>,
    more: &str,
    page: &mut Page,
) -> Result<()> {
    let source = view.source.as_ref();
    // Counting lines reads the file up to an edit; without roots, it is not read.
    let counted = source.filter(|_| patch.roots() == Roots::Whole);
    let mut lines = counted.map(|source| Lines::new(source, COUNTED_BYTES));
    let hunks = hunks(patch, source, HUNKS)?;
    for hunk in &hunks {
        let hex = view.format == Some(Format::Hex) || view.format.is_none() && hunk.is_binary();
        let line = lines.as_mut().filter(|_| !hex).and_then(|lines| lines.before(hunk.offset));
        page.line("");
        match line {
            Some(ends) => page.line(format_args!("@ {}, line {}", hunk.offset, group_digits(ends + 1))),
            None => page.line(format_args!("@ {}", hunk.offset)),
        }
        for (sign, side) in [('-', &hunk.before), ('+', &hunk.after)] {
            if hex { hex_lines(page, sign, hunk, side) } else { text_lines(page, sign, hunk, side) }
        }
    }
    let left = patch.seal().stats.edits - hunks.iter().map(|hunk| hunk.edits).sum::<u64>();
    if left > 0 {
        page.line("");
        page.line(format_args!(
            "(and {} more edit{}; {more})",
            group_digits(left),
            if left == 1 { "" } else { "s" },
        ));
    }
    Ok(())
}

fn summary_of(patch: &Patch<'_, OsStorage>, view: &View<'_>, page: &mut Page) {
    let (header, seal) = (patch.header(), patch.seal());
    let stats = &seal.stats;
    if let Some(file) = view.journal_of {
        page.line(format_args!("recovers  {}", shown(file).cut(LINE_CHARS)));
    }
    page.line(format_args!("file      {}", shown(&header.target).cut(LINE_CHARS)));
    for (number, (name, version, digest)) in header.plugin.each().into_iter().enumerate() {
        let plugin = format!("{name} {version}  {digest}");
        page.line(format_args!("plugin    {}", shown(&plugin).cut(LINE_CHARS)));
        for known in header.plugin.evidence_of(number).map(evidence_lines).unwrap_or_default() {
            page.line(format_args!("  {}", shown(&known).cut(LINE_CHARS)));
        }
    }
    for (name, value) in &header.params {
        let name = shown(name).cut(LINE_CHARS);
        match value {
            Some(value) => page.line(format_args!("  {name} = \"{}\"", shown(value).cut(LINE_CHARS))),
            None => page.line(format_args!("  {name} = (secret)")),
        }
    }
    for (name, value) in &header.conversion {
        let (name, value) = (shown(name).cut(LINE_CHARS), shown(value).cut(LINE_CHARS));
        page.line(format_args!("converts  {name} = {value}"));
    }
    page.line(format_args!("edits     {}", group_digits(stats.edits)));
    page.line(format_args!(
        "bytes     {} replaced{}; file size {} -> {}",
        group_digits(stats.old_bytes),
        replaced_by(stats),
        group_digits(stats.pre_size),
        group_digits(stats.post_size())
    ));
    if let Some(counts) = counted(&seal.counts) {
        page.line(format_args!("counts    {counts}"));
    }
    let own = view.source.as_ref().and_then(|file| plan_for(patch, file));
    match view.plan.or(own.as_ref()) {
        Some(plan) if plan.strategy == Strategy::Nothing => page.line("strategy  nothing to write"),
        Some(plan) => page.line(format_args!(
            "strategy  {}: writes about {}, needs {} of space",
            plan.strategy.done(),
            count(plan.write_bytes, "byte"),
            count(plan.space_bytes, "byte")
        )),
        None if view.journal_of.is_some() => {}
        None if view.has_result.is_some() => {
            page.line("strategy  depends on the file as it was before the patch");
        }
        None => page.line("strategy  depends on the file, which is missing or has changed"),
    }
    roots_of(seal, page);
    if view.journal_of.is_some() {
        page.line("every byte that the journal touches has its old or its new value");
        return;
    }
    match (view.plan, &view.source, view.path) {
        (Some(_), ..) if seal.post_root.is_none() => {}
        (Some(_), ..) => {
            page.line("          (`runner apply --expect` with this root writes this result or nothing)")
        }
        (None, Some(_), Some(path)) => {
            page.line(format_args!("old bytes compared with {}", shown(path).cut(LINE_CHARS)));
        }
        (None, None, Some(path)) if let Some(checked) = view.has_result => {
            let path = shown(path).cut(LINE_CHARS);
            page.line(format_args!("old bytes taken from the patch; {path} {}", checked.has()));
        }
        _ => page.line("old bytes taken from the patch; the file is not available for comparison"),
    }
}

/// Both roots, or that they are not known.
fn roots_of(seal: &Seal, page: &mut Page) {
    match seal.pre_root.zip(seal.post_root) {
        Some((before, after)) => {
            page.line(format_args!("before    {before}"));
            page.line(format_args!("after     {after}"));
        }
        None => page.line(format_args!(
            "roots     not known; of the file, only {} of 64 KiB {} read",
            count(seal.stats.groups, "group"),
            if seal.stats.groups == 1 { "was" } else { "were" }
        )),
    }
}

fn plan_for(patch: &Patch<'_, OsStorage>, source: &File) -> Option<Plan> {
    let stat = OsStorage.stat(source).ok()?;
    let choice = if patch.roots() == Roots::Whole { Choice::Auto } else { Choice::InPlace };
    choose(&patch.seal().stats, &stat, patch.bytes(), choice).ok()
}

/// Prints one line per line of the file. An escaped line end at the very end is
/// noise if both sides have it, and a difference otherwise.
fn text_lines(page: &mut Page, sign: char, hunk: &Hunk, side: &Side) {
    let both_end = hunk.before.ends_line() && hunk.after.ends_line();
    let mut line = String::new();
    let last = side.0.len().saturating_sub(1);
    for (index, piece) in side.0.iter().enumerate() {
        match piece {
            // Writing to a `String` cannot fail.
            Piece::Cut(bytes) => drop(write!(line, "… ({} more)", count(*bytes, "byte"))),
            Piece::Shown(bytes) => {
                let end = index == last && side.ends_line();
                let bytes = if end && both_end { &bytes[..bytes.len() - 1] } else { bytes };
                let mut parts = bytes.split(|&byte| byte == b'\n').peekable();
                while let Some(part) = parts.next() {
                    let _ = write!(line, "{}", shown(part).cut(LINE_CHARS));
                    match parts.peek() {
                        // Nothing follows the end of the last line.
                        Some(&[]) if end && !both_end => {
                            line.push_str("\\n");
                            break;
                        }
                        Some(_) => page.line(format_args!("{sign} {}", std::mem::take(&mut line))),
                        None => {}
                    }
                }
            }
        }
    }
    page.line(format_args!("{sign} {line}"));
}

fn hex_lines(page: &mut Page, sign: char, hunk: &Hunk, side: &Side) {
    let mut at = hunk.offset;
    for piece in &side.0 {
        let bytes = match piece {
            Piece::Shown(bytes) => bytes,
            Piece::Cut(bytes) => {
                page.line(format_args!("{sign} … ({} more)", count(*bytes, "byte")));
                at += bytes;
                continue;
            }
        };
        for row in bytes.chunks(16) {
            let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
            let plain = |&byte: &u8| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' };
            let text: String = row.iter().map(plain).collect();
            page.line(format_args!("{sign} {at:08x}  {:<47}  {text}", hex.join(" ")));
            at += row.len() as u64;
        }
    }
    if side.0.is_empty() {
        page.line(sign);
    }
}
