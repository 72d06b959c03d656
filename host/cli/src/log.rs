//! `runner log`: what was changed, from the user's history.

mod page;
mod undoable;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args as ArgGroup;
use runner_history::{Entry, Head, History, Line};
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, count};
use runner_pipeline::patch::Evidence;
use runner_pipeline::user_state;
use serde_json::json;

use self::undoable::Undoable;
use crate::Outcome;
use crate::args::root;
use crate::history::absolute;
use crate::report::Reporter;

/// Minimum number of hexadecimal digits that stand for a digest.
const DIGEST_DIGITS: usize = 8;

#[derive(Debug, ArgGroup)]
pub(crate) struct LogArgs {
    /// Only changes of these files, and of files in these folders
    #[arg(value_name = "FILE|FOLDER")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only changes by the plugin of this name (NAME, or NAMESPACE:NAME[@VERSION] if it was installed or
    /// signed), or with this digest (its first 8 digits or more)
    #[arg(long, value_name = "NAME|DIGEST")]
    pub(crate) plugin: Option<String>,
    /// Show how the files can be taken back to before these changes
    #[arg(long)]
    pub(crate) undo: bool,
    /// Fail unless the history has the line with this hash: nothing before it was changed since
    #[arg(long, value_name = "HEX", value_parser = root)]
    pub(crate) head: Option<blake3::Hash>,
    /// Print events as JSON on standard output, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &LogArgs, reporter: &Reporter) -> Result<Outcome> {
    let wanted = Wanted::new(args);
    let directory = user_state::directory()?;
    let mut files = BTreeSet::new();
    let mut shown = 0_u64;
    let mut has_head = args.head.is_none_or(|head| head == Head::EMPTY.hash);
    let head = each(&directory, |line| {
        has_head |= args.head == Some(line.hash);
        if !wanted.has(&line.entry) {
            return Ok(());
        }
        shown += 1;
        if args.undo {
            files.insert(line.entry.changed().to_owned());
            return Ok(());
        }
        match args.json {
            true => reporter.event(&page::event(line)?),
            false => reporter.show(&page::of(&line.entry)),
        }
    })?;
    if args.undo {
        let mut undoable = Undoable::new(files);
        each(&directory, |line| {
            undoable.add(&line.entry, |entry| wanted.has(entry));
            Ok(())
        })?;
        match args.json {
            true => reporter.events(undoable.events())?,
            false if undoable.is_empty() => reporter.show(&nothing_left(shown))?,
            false => reporter.show(&undoable.page())?,
        }
    }
    if !has_head {
        return Err(Error::new(Kind::Verification, "the history has no line with the hash of `--head`")
            .hint("lines were removed or changed since that hash was noted, or it is from another history"));
    }
    let hash = head.hash.to_hex();
    reporter.tell(
        || json!({ "event": "history", "lines": head.lines, "head": hash.as_str(), "shown": shown }),
        || {
            let what = count(head.lines, "change");
            Page::of(format_args!("{shown} of {what}; the hash of the last line is {hash}"))
        },
    )?;
    Ok(Outcome::Done)
}

/// That there is nothing to undo, and why.
fn nothing_left(changes: u64) -> Page {
    Page::of(match changes {
        0 => "nothing to undo: no such change is in the history",
        _ => "nothing to undo: what was changed is undone already",
    })
}

/// Calls `look` with every line of the history in a directory.
fn each(directory: &Path, mut look: impl FnMut(&Line) -> Result<()>) -> Result<Head> {
    let Some(mut chain) = History::read(directory)? else { return Ok(Head::EMPTY) };
    while let Some(line) = chain.next_line()? {
        look(&line)?;
    }
    Ok(chain.head())
}

/// Which entries are asked for.
struct Wanted<'a> {
    paths: Vec<PathBuf>,
    plugin: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a LogArgs) -> Self {
        let paths = args.paths.iter().map(|path| absolute(path)).collect();
        Self { paths, plugin: args.plugin.as_deref() }
    }

    fn has(&self, entry: &Entry) -> bool {
        let names = [Some(&entry.file), entry.output.as_ref()];
        let is_in = |path: &PathBuf| names.iter().flatten().any(|name| name.0.starts_with(path));
        let is_by = |plugin: &str| {
            let each = entry.plugin.as_ref().map(|id| id.each()).unwrap_or_default();
            each.into_iter().any(|(name, _, digest)| {
                name == plugin || plugin.len() >= DIGEST_DIGITS && digest.starts_with(plugin)
            }) || entry.plugin.iter().flat_map(|id| &id.evidence).any(|one| is_of(one, plugin))
        };
        (self.paths.is_empty() || self.paths.iter().any(is_in)) && self.plugin.is_none_or(is_by)
    }
}

/// Whether a plugin has this identity, with its version or without.
fn is_of(evidence: &Evidence, wanted: &str) -> bool {
    evidence.id.as_deref().is_some_and(|id| {
        id == wanted || id.strip_prefix(wanted).is_some_and(|version| version.starts_with('@'))
    })
}
