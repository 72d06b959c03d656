//! `runner show`, and the same view of a patch in a dry run.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args as ArgGroup, ValueEnum};
use runner_pipeline::commit::strategy::{Choice, Plan, Strategy, choose};
use runner_pipeline::commit::verify::Level;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, group_digits, shown};
use runner_pipeline::patch::{Direction, Patch};
use runner_pipeline::run::Report;
use runner_pipeline::storage::{Entry, OsStorage, Storage};
use serde_json::{Value, json};

use crate::lines::Lines;
use crate::preview::{Hunk, Piece, Side, first_lie, given_source, hunks, source_of};
use crate::report::Reporter;
use crate::{Outcome, diff};

#[derive(Debug, ArgGroup)]
pub(crate) struct ShowArgs {
    /// The patch
    pub(crate) patch: PathBuf,
    /// The file to compare its old bytes with [default: the one it was made for, if it is as it was]
    pub(crate) file: Option<PathBuf>,
    /// Text or hex for people [default: what fits the content], JSON for programs
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Show all changes as a unified diff, which `patch -p0` takes for text
    #[arg(long, conflicts_with = "format")]
    pub(crate) diff: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Hex,
    Json,
}

/// Changed lines that are shown.
const HUNKS: usize = 10;
/// Characters of a line that are shown.
const LINE_CHARS: usize = 300;
/// Line numbers are counted up to here; a moment's work.
const COUNTED_BYTES: u64 = 1 << 30;

/// How a patch is looked at.
#[derive(Default)]
pub(crate) struct View<'a> {
    /// What will be done, where it is decided.
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) format: Option<Format>,
    /// The file before the patch, where it is at hand.
    pub(crate) source: Option<File>,
    /// Where it is, if not where the patch says.
    pub(crate) path: Option<&'a Path>,
    /// It is the journal of this file, which bears it out.
    pub(crate) journal_of: Option<&'a Path>,
}

pub(crate) fn run(args: &ShowArgs, reporter: &Reporter) -> Result<Outcome> {
    let patch = Patch::load(&OsStorage, &Entry::resolve(&args.patch)?)?;
    let named = Path::new(&patch.header().target);
    let path = args.file.as_deref().unwrap_or(named);
    let source = match &args.file {
        Some(file) => Some(given_source(&patch, file)?),
        None => source_of(&patch, named),
    };
    let lie = source.as_ref().map_or(Ok(None), |source| first_lie(&patch, source, path))?;
    if args.diff {
        let Some(source) = &source else {
            let what = format!("{} is not at hand, or has changed", shown(path));
            return Err(Error::new(Kind::Usage, what)
                .hint("a diff needs the file before the patch: `runner show --diff PATCH FILE`"));
        };
        if lie.is_none() {
            diff::write(&patch, source, path, reporter)?;
        }
    } else if args.format == Some(Format::Json) {
        json(&patch, source.as_ref().map(|_| lie.is_none()), reporter)?;
    } else {
        let view = View { format: args.format, source, path: Some(path), ..View::default() };
        reporter.show(&page(&patch, &view)?)?;
    }
    let Some(at) = lie else { return Ok(Outcome::Done) };
    let what =
        format!("the patch is wrong about {}: at byte {at} the file holds something else", shown(path));
    Err(Error::new(Kind::Verification, what)
        .hint("do not trust it: what stands after `-` is what the patch says, and not what the file holds"))
}

/// What is shown of a saved patch, as long as nobody compares it.
pub(crate) fn seen(patch: &Patch<'_, OsStorage>) -> Result<Page> {
    let source = source_of(patch, Path::new(&patch.header().target));
    page(patch, &View { source, ..View::default() })
}

/// What is shown of a journal that is to be carried out on a file, which bears
/// it out.
pub(crate) fn seen_journal(journal: &Patch<'_, OsStorage>, file: &Path) -> Result<Page> {
    page(journal, &View { journal_of: Some(file), ..View::default() })
}

/// What a person wants to see before saying yes.
pub(crate) fn page(patch: &Patch<'_, OsStorage>, view: &View<'_>) -> Result<Page> {
    let mut page = Page::default();
    summary_of(patch, view, &mut page);
    let source = view.source.as_ref();
    let mut lines = source.map(|source| Lines::new(source, COUNTED_BYTES));
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
            if hex { hex_lines(&mut page, sign, hunk, side) } else { text_lines(&mut page, sign, hunk, side) }
        }
    }
    let left = patch.seal().stats.edits - hunks.iter().map(|hunk| hunk.edits).sum::<u64>();
    if left > 0 {
        page.line("");
        page.line(format_args!(
            "(and {} more edit{}; {} shows all)",
            group_digits(left),
            if left == 1 { "" } else { "s" },
            if view.journal_of.is_some() {
                "before, `runner show --format json` of the journal"
            } else {
                "`--diff`, or `runner show --format json` of a saved patch,"
            },
        ));
    }
    Ok(page)
}

fn summary_of(patch: &Patch<'_, OsStorage>, view: &View<'_>, page: &mut Page) {
    let (header, seal) = (patch.header(), patch.seal());
    let stats = &seal.stats;
    if let Some(file) = view.journal_of {
        page.line(format_args!("recovers  {}", shown(file).cut(LINE_CHARS)));
    }
    page.line(format_args!("file      {}", shown(&header.target).cut(LINE_CHARS)));
    let plugin = &header.plugin;
    let plugin = format!("{} {}  {}", plugin.name, plugin.version, plugin.digest);
    page.line(format_args!("plugin    {}", shown(&plugin).cut(LINE_CHARS)));
    for (name, value) in &header.params {
        let name = shown(name).cut(LINE_CHARS);
        match value {
            Some(value) => page.line(format_args!("  {name} = \"{}\"", shown(value).cut(LINE_CHARS))),
            None => page.line(format_args!("  {name} = (secret)")),
        }
    }
    page.line(format_args!("edits     {}", group_digits(stats.edits)));
    page.line(format_args!(
        "bytes     {} replaced by {}; the file has {}, and {} then",
        group_digits(stats.old_bytes),
        group_digits(stats.new_bytes),
        group_digits(stats.pre_size),
        group_digits(stats.post_size())
    ));
    let own = view.source.as_ref().and_then(|file| plan_for(patch, file));
    match view.plan.or(own.as_ref()) {
        Some(plan) => page.line(format_args!(
            "strategy  {}: writes about {} bytes, needs {} bytes of space",
            strategy_name(plan.strategy),
            group_digits(plan.write_bytes),
            group_digits(plan.space_bytes)
        )),
        None if view.journal_of.is_some() => {}
        None => page.line("strategy  depends on the file, which is not at hand or has changed"),
    }
    page.line(format_args!("before    {}", seal.pre_root));
    page.line(format_args!("after     {}", seal.post_root));
    if view.journal_of.is_some() {
        page.line("every byte that it touches is the old or the new one");
        return;
    }
    match (view.plan, &view.source, view.path) {
        (Some(_), ..) => {
            page.line("          (`runner apply --expect` with this root writes this result, or nothing)")
        }
        (None, Some(_), Some(path)) => {
            page.line(format_args!("old bytes compared with {}", shown(path).cut(LINE_CHARS)));
        }
        _ => page.line("old bytes as the patch says; the file is not at hand to compare them with"),
    }
}

fn plan_for(patch: &Patch<'_, OsStorage>, source: &File) -> Option<Plan> {
    let stat = OsStorage.stat(source).ok()?;
    choose(&patch.seal().stats, &stat, patch.bytes(), Choice::Auto).ok()
}

/// One line for each of the file's. An escaped line end at the very end is
/// noise where both sides have it, and a difference where not.
fn text_lines(page: &mut Page, sign: char, hunk: &Hunk, side: &Side) {
    let both_end = hunk.before.ends_line() && hunk.after.ends_line();
    let mut line = String::new();
    let last = side.0.len().saturating_sub(1);
    for (index, piece) in side.0.iter().enumerate() {
        match piece {
            // Writing to a `String` cannot fail.
            Piece::Cut(bytes) => drop(write!(line, "… ({} bytes more)", group_digits(*bytes))),
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
                page.line(format_args!("{sign} … ({} bytes more)", group_digits(*bytes)));
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

/// Header, seal, and every edit with its bytes in hex, a batch at a time.
/// `matches`: whether the old bytes are those of the file, where it is at
/// hand.
fn json(patch: &Patch<'_, OsStorage>, matches: Option<bool>, reporter: &Reporter) -> Result<()> {
    reporter.event(&json!({
        "event": "patch", "header": patch.header(), "seal": patch.seal(), "matches_file": matches,
    }))?;
    let mut reader = patch.reader(Direction::Forward);
    while let Some(batch) = reader.next_batch()? {
        let event = |edit: runner_pipeline::patch::Edit<'_>| -> Value {
            json!({ "event": "edit", "start": edit.start, "old": hex(edit.old), "new": hex(edit.new) })
        };
        reporter.events(batch.edits().map(event))?;
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
pub(crate) fn summary(path: &Path, report: &Report, what: &str, seconds: f64) -> String {
    let stats = &report.stats;
    let name = shown(path).cut(LINE_CHARS);
    if stats.edits == 0 {
        return format!(
            "{name}: nothing to change in {} bytes ({seconds:.2} s)",
            group_digits(stats.pre_size)
        );
    }
    let done = match what {
        "applied" if report.level == Level::None => {
            format!("{}, not verified", strategy_name(report.plan.strategy))
        }
        "applied" => format!("{}, verified {}", strategy_name(report.plan.strategy), report.level),
        _ => future_name(report.plan.strategy).to_owned(),
    };
    format!(
        "{name}: {} edit{}, {} bytes replaced by {}; {done} ({seconds:.2} s)",
        group_digits(stats.edits),
        if stats.edits == 1 { "" } else { "s" },
        group_digits(stats.old_bytes),
        group_digits(stats.new_bytes),
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

/// The same of what was not done.
fn future_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Nothing => "nothing would be written",
        Strategy::InPlace => "would be written in place",
        Strategy::Tail => "would be written in place, with a new tail",
        Strategy::Rewrite => "would be rewritten",
        Strategy::Stream => "would be written elsewhere",
    }
}
