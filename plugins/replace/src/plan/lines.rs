//! Plans that go from line to line.

use runner_plugin::{Framing, Job, Pattern as Prefilter};

use super::Facts;
use crate::Engine;
use crate::escape;
use crate::lines::{Action, EachLine};
use crate::pattern::Pattern;
use crate::search::Replacer;
use crate::select::{Between, Numbers, Select};

/// The patterns of a selection, in the order of [`select`].
fn patterns(facts: &Facts<'_>) -> Result<Vec<Pattern>, String> {
    let lines = &facts.settings.lines;
    let texts = lines.with.iter().chain(&lines.without).chain(&lines.from).chain(&lines.to);
    texts.map(|text| facts.pattern(text)).collect()
}

fn select(facts: &Facts<'_>, patterns: &[Pattern]) -> Result<Select, String> {
    let lines = &facts.settings.lines;
    let mut patterns = patterns.iter();
    let mut next = |name: &str| match patterns.next() {
        Some(pattern) => pattern.within_lines(name),
        None => Err(format!("`{name}` was not read")),
    };
    let with = lines.with.iter().map(|_| next("lines")).collect::<Result<_, _>>()?;
    let without = lines.without.iter().map(|_| next("not-lines")).collect::<Result<_, _>>()?;
    let from = lines.from.as_ref().map(|_| next("from")).transpose()?;
    let to = lines.to.as_ref().map(|_| next("to")).transpose()?;
    let is_between = from.is_some() || to.is_some();
    let is_inside = from.is_none();
    let between = is_between.then_some(Between { from, to, markers: lines.markers, is_inside });
    let numbers = lines.numbers.as_deref().map(Numbers::parse).transpose()?;
    Ok(Select { with, without, numbers, between })
}

/// Goes from line to line. `own` are the patterns of the action, and
/// `prefilter` is for lines that it may change.
///
/// # Errors
/// If an expression of the selection is wrong.
pub(super) fn each(
    facts: &Facts<'_>,
    action: Action,
    own: &[&Pattern],
    prefilter: Option<Prefilter>,
) -> Result<(Engine, Job), String> {
    facts.tell_crlf();
    let patterns = patterns(facts)?;
    let select = select(facts, &patterns)?;
    let all = || patterns.iter().chain(own.iter().copied());
    let in_order = select.counts() || facts.settings.counts.of_file();
    let is_about_bytes = all().any(Pattern::has_bytes) || has_bytes(&action);
    let engine = EachLine {
        select,
        action,
        in_order,
        crlf: facts.crlf,
        sees_invalid: all().any(|pattern| pattern.syntax.complements) && !is_about_bytes,
        skips_bom: !all().any(|pattern| pattern.syntax.names_bom),
        count: 0,
    };
    let job = if in_order {
        Job::new(Framing::Sequential)
    } else {
        let selected = || patterns.first().filter(|_| !facts.settings.lines.with.is_empty());
        let prefilter =
            prefilter.or_else(|| selected().and_then(|pattern| pattern.line_prefilter(facts.line_end())));
        Job::new(Framing::lines()).prefilters(prefilter)
    };
    Ok((Engine::EachLine(Box::new(engine)), job))
}

/// Whether texts are looked for that are not UTF-8.
fn has_bytes(action: &Action) -> bool {
    action.replacer().is_some_and(Replacer::has_bytes)
}

/// Inserts lines.
///
/// # Errors
/// If a text has a wrong escape, or an expression of the selection is wrong.
pub(super) fn insert(facts: &Facts<'_>) -> Result<(Engine, Job), String> {
    let line_end: &'static [u8] = if facts.crlf { b"\r\n" } else { b"\n" };
    let text = |name: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let bytes = escape::decode_if(name, text, facts.settings.escapes)?;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Ok::<_, String>(Some(lines.collect::<Vec<_>>().join(line_end)))
    };
    let before = text("`insert-before`", &facts.settings.insert_before)?;
    let after = text("`insert-after`", &facts.settings.insert_after)?;
    let before = before.map(|before| [&before, line_end].concat());
    each(facts, Action::Insert { before, after, line_end }, &[], None)
}
