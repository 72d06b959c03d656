//! Replaces text, or the matches of an expression.
//!
//! By default, a match lies within one line and never includes the line end, as
//! with `sed`. With `multiline` it may span lines, but is limited by
//! `max-match`; `search.rs` has the exact definition. A search for a text
//! without a line end does not depend on lines, so they may have any length.

mod lines;
mod pattern;
mod search;
mod text;
mod with;

use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};

use crate::pattern::{Case, Pattern, is_ascii_folding};
use crate::search::Search;
use crate::text::Text;
use crate::with::With;

/// The contract's limit on context minus the look-around.
const MAX_MATCH_LIMIT_BYTES: usize = (1 << 20) - LOOK_AROUND_BYTES;
const MAX_MATCH_DEFAULT_BYTES: usize = 64 * 1024;

/// An assertion depends on one character on either side of it.
const LOOK_AROUND_BYTES: usize = 4;

/// The plugin: what to look for, and its replacement.
#[derive(Debug)]
pub struct Replace {
    search: Search,
    with: With,
}

impl Plugin for Replace {
    fn describe() -> Manifest {
        Manifest::new("replace", env!("CARGO_PKG_VERSION"), "Replaces text or matches of an expression")
            .param(ParamSpec::text("find", "What to look for").required())
            .param(ParamSpec::text("with", "What to put in its place").default(""))
            .param(
                ParamSpec::boolean(
                    "regex",
                    "Whether find is a regular expression; with may then use $1 and ${name}",
                )
                .default("false"),
            )
            .param(ParamSpec::boolean("ignore-case", "Whether letters match either case").default("false"))
            .param(ParamSpec::boolean("multiline", "Whether a match may span lines").default("false"))
            .param(ParamSpec::integer(
                "max-match",
                "With multiline and regex: the longest match, in bytes (65536 by default)",
            ))
    }

    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let find = params.required("find")?;
        let with = params.get("with").unwrap_or_default();
        let case = if params.bool("ignore-case")? { Case::Insensitive } else { Case::Sensitive };
        let scope = if params.bool("multiline")? { Scope::Anywhere } else { Scope::Lines };
        let is_regex = params.bool("regex")?;
        let max_match = params.integer("max-match")?;
        if max_match.is_some() && !(is_regex && scope == Scope::Anywhere) {
            return Err("`max-match` is only used with both `multiline` and `regex`".into());
        }
        let max_match = max_match.map_or(Ok(MAX_MATCH_DEFAULT_BYTES), check_max_match)?;
        if find.is_empty() {
            return Err("`find` is empty".into());
        }
        if is_regex {
            let pattern = Pattern::new(find, case)?;
            let with = With::template(with, &pattern)?;
            let (search, job) = expression(&pattern, scope, max_match)?;
            return Ok((Self { search, with }, job));
        }
        if find.contains('\n') && scope == Scope::Lines {
            return Err(
                "`find` contains a line end, so it cannot match within a line: set `multiline`".into()
            );
        }
        let (search, job) = match case {
            Case::Sensitive => plain_text(Text::exact(find), scope, file)?,
            Case::Insensitive if is_ascii_folding(find) => plain_text(Text::folded(find), scope, file)?,
            Case::Insensitive => folded_text(find, scope, file)?,
        };
        // Letters outside ASCII can change their length with their case.
        let job = match search {
            Search::Literal { .. } => {
                let patterns = vec![find.into()];
                let ignore_ascii_case = case == Case::Insensitive;
                let job = job.prefilter(runner_plugin::Pattern::Literals { patterns, ignore_ascii_case });
                if find.len() == with.len() { job.length_preserving() } else { job }
            }
            Search::Lines(_) | Search::Anywhere { .. } => job,
        };
        Ok((Self { search, with: With::Text(with.into()) }, job))
    }

    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        let with = &self.with;
        self.search.each(window, with.capture(), |range, groups| {
            edits.replace_with(range, |out| with.write(window.bytes, groups, out));
        });
        Ok(())
    }
}

/// Where a match may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Within one line, without its end.
    Lines,
    /// Across lines.
    Anywhere,
}

fn check_max_match(bytes: i64) -> Result<usize, String> {
    match usize::try_from(bytes) {
        Ok(bytes @ 1..=MAX_MATCH_LIMIT_BYTES) => Ok(bytes),
        _ => Err(format!("`max-match` must be 1 to {MAX_MATCH_LIMIT_BYTES}, not {bytes}")),
    }
}

/// Looks for a text that does not depend on lines. It is searched by lines if
/// that is faster.
fn plain_text(text: Text, scope: Scope, file: &FileHead<'_>) -> Result<(Search, Job), String> {
    let in_head = |bytes: &[u8]| text.find(bytes).map(|at| at..at + text.len());
    let framing = if scope == Scope::Lines && lines::are_better(file, in_head) {
        Framing::lines()
    } else {
        // The window must show the rest of a text after the byte at its start.
        overlapping(0, text.len() - 1)?
    };
    Ok((Search::literal(text), Job::new(framing)))
}

/// Looks for a text in either case, if letters also match letters outside
/// ASCII.
fn folded_text(find: &str, scope: Scope, file: &FileHead<'_>) -> Result<(Search, Job), String> {
    let pattern = Pattern::literal(find)?;
    let regex = pattern.compile()?;
    let in_head = |bytes: &[u8]| regex.find(bytes).map(|found| found.range());
    // In a stream, the end of a match is only known when more bytes arrive, but
    // whole lines can be searched at once.
    let in_lines = scope == Scope::Lines && (file.size.is_none() || lines::are_better(file, in_head));
    let scope = if in_lines { Scope::Lines } else { Scope::Anywhere };
    expression(&pattern, scope, MAX_MATCH_LIMIT_BYTES)
}

fn expression(pattern: &Pattern, scope: Scope, max_match: usize) -> Result<(Search, Job), String> {
    if scope == Scope::Lines {
        let search = Search::lines(pattern.within_lines()?);
        return Ok((search, Job::new(Framing::lines()).prefilters(pattern.line_prefilter())));
    }
    if pattern.matches_empty() {
        return Err("with `multiline`, `find` must not match the empty string".into());
    }
    let max_match = pattern.longest().map_or(max_match, |longest| longest.min(max_match)).max(1);
    let framing = overlapping(LOOK_AROUND_BYTES, max_match + LOOK_AROUND_BYTES)?;
    let search = Search::anywhere(pattern.compile()?, max_match);
    Ok((search, Job::new(framing).prefilters(pattern.window_prefilter())))
}

fn overlapping(before: usize, after: usize) -> Result<Framing, String> {
    if after > MAX_MATCH_LIMIT_BYTES + LOOK_AROUND_BYTES {
        return Err(format!("`find` is longer than {MAX_MATCH_LIMIT_BYTES} bytes"));
    }
    let narrow = |bytes| u32::try_from(bytes).map_err(|_| "too much context".to_owned());
    Ok(Framing::Overlapping { before: narrow(before)?, after: narrow(after)? })
}

runner_plugin::export!(Replace);

#[cfg(test)]
mod tests;
