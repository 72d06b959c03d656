//! Plans that replace matches.

use std::ops::Range;

use runner_plugin::{Framing, Job, LogLevel, Pattern as Prefilter, log};

use super::key_prefilter::{self, Case};
use super::{Facts, lines};
use crate::Engine;
use crate::claims;
use crate::counter::Counter;
use crate::decide::Decider;
use crate::dictionary::{self, Dictionary, Options, Pair};
use crate::escape;
use crate::expression;
use crate::limits::{LONGEST_IN_CONTEXT_BYTES, LOOK_AROUND_BYTES, MAX_OPEN_BYTES};
use crate::lines::{Action, Lines};
use crate::pattern::Pattern;
use crate::prefer_lines;
use crate::search::Replacer;
use crate::stream::{Certainty, Stream};
use crate::text::{Text, is_ascii_folding};
use crate::whole::Whole;
use crate::with::{Escapes, With};

/// Replaces matches of `find`, or pairs.
///
/// # Errors
/// If a parameter is wrong.
pub(super) fn find(facts: &Facts<'_>) -> Result<(Engine, Job), String> {
    let settings = facts.settings;
    if let Some(empty) = settings.find.iter().position(String::is_empty) {
        let number = if settings.find.len() > 1 { format!(" number {}", empty + 1) } else { String::new() };
        return Err(format!("`find`{number} is empty"));
    }
    let is_single = matches!((&settings.find[..], &settings.with[..]), ([_], [] | [_]))
        && settings.pairs.is_empty()
        && settings.pair.is_empty();
    let with = settings.with.first().map_or("", String::as_str);
    match &settings.find[..] {
        [find] if is_single && settings.regex => regex(facts, find, with),
        [find] if is_single && !settings.word => {
            let (text, with) = escape::decode_pair(find, with, settings.escapes)?;
            let is_found = memchr::memmem::find(facts.file.head, &text).is_some();
            if !is_found && expression::looks_like_one(find) {
                log(
                    LogLevel::Info,
                    "`find` is looked for as it stands: set `regex=true` if it is an expression",
                );
            }
            single(facts, text, with)
        }
        _ => many(facts),
    }
}

fn counters(facts: &Facts<'_>) -> (Counter, Counter) {
    let counts = &facts.settings.counts;
    (Counter::new(counts.nth, counts.max), Counter::new(counts.nth_per_line, counts.max_per_line))
}

/// Whether lines must be looked at one by one.
fn goes_by_line(facts: &Facts<'_>) -> bool {
    !facts.settings.lines.is_all() || facts.settings.counts.of_line()
}

fn each_line(
    facts: &Facts<'_>,
    replacer: Replacer,
    own: &[&Pattern],
    prefilter: Option<Prefilter>,
) -> Result<(Engine, Job), String> {
    let (of_file, of_line) = counters(facts);
    lines::each(facts, Action::Replace { replacer, of_file, of_line }, own, prefilter)
}

fn stream(facts: &Facts<'_>, replacer: Replacer, certainty: Certainty) -> (Engine, Job) {
    let max_match = facts.settings.max_match.unwrap_or(MAX_OPEN_BYTES);
    let counter = counters(facts).0;
    let stream = Stream::new(replacer, certainty, counter, max_match);
    (Engine::Stream(Box::new(stream)), Job::new(Framing::Sequential))
}

fn whole(replacer: Replacer, longest: usize, before: usize) -> Result<(Engine, Job), String> {
    let after = if before == 0 { longest.saturating_sub(1) } else { longest + LOOK_AROUND_BYTES };
    if longest > LONGEST_IN_CONTEXT_BYTES {
        return Err(format!("`find` is longer than {LONGEST_IN_CONTEXT_BYTES} bytes"));
    }
    let narrow = |bytes| u32::try_from(bytes).map_err(|_| "too much context".to_owned());
    let framing = Framing::Overlapping { before: narrow(before)?, after: narrow(after)? };
    Ok((Engine::Whole(Whole { replacer, longest }), Job::new(framing)))
}

fn no_line_end(facts: &Facts<'_>, text: &[u8], name: &str) -> Result<(), String> {
    if text.contains(&b'\n') && !facts.settings.multiline {
        return Err(format!("{name} contains a line end, so it cannot match within a line: set `multiline`"));
    }
    Ok(())
}

/// One text.
fn single(facts: &Facts<'_>, find: Vec<u8>, with: Vec<u8>) -> Result<(Engine, Job), String> {
    let ignore_case = facts.settings.ignore_case;
    no_line_end(facts, &find, "`find`")?;
    if ignore_case && !is_ascii_folding(&find) {
        return folded(facts, &find, with);
    }
    let prefilter =
        Some(Prefilter::Literals { patterns: vec![find.clone()], ignore_ascii_case: ignore_case });
    let text = if ignore_case { Text::folded(&find) } else { Text::exact(&find) };
    let is_idempotent =
        !facts.settings.counts.of_file() && !goes_by_line(facts) && claims::is_idempotent(&text, &with);
    let in_head = |bytes: &[u8]| text.find(bytes).map(|at| at..at + text.len());
    let by_lines = !facts.settings.multiline && prefer_lines::are_better(facts.file, in_head);
    let replacer = Replacer::Text { text, with };
    let (engine, job) = if goes_by_line(facts) {
        each_line(facts, replacer, &[], prefilter.clone())?
    } else if facts.settings.counts.of_file() {
        stream(facts, replacer, Certainty::Longest(find.len()))
    } else if by_lines {
        (Engine::Lines(Lines { replacer }), Job::new(Framing::lines()))
    } else {
        whole(replacer, find.len(), 0)?
    };
    // The walk over lines has set it already.
    let job = if job.framing == Framing::Sequential || goes_by_line(facts) {
        job
    } else {
        job.prefilters(prefilter)
    };
    Ok((engine, if is_idempotent { job.idempotent() } else { job }))
}

/// One text in either case, if letters also match letters outside ASCII.
fn folded(facts: &Facts<'_>, find: &[u8], with: Vec<u8>) -> Result<(Engine, Job), String> {
    let pattern = Pattern::literal(find, facts.meaning())?;
    let regex = pattern.compile()?;
    let in_head = |bytes: &[u8]| -> Option<Range<usize>> { regex.find(bytes).map(|found| found.range()) };
    // In a stream, the end of a match is only known when more bytes arrive, but
    // whole lines can be searched at once.
    let by_lines = !facts.settings.multiline
        && (facts.file.size.is_none() || prefer_lines::are_better(facts.file, in_head));
    let replacer = Replacer::regex(regex, With::Text(with), &pattern);
    let longest = pattern.longest().unwrap_or(find.len());
    if goes_by_line(facts) {
        return each_line(facts, replacer, &[], pattern.line_prefilter(facts.line_end()));
    }
    if facts.settings.counts.of_file() {
        return Ok(stream(facts, replacer, Certainty::Longest(longest)));
    }
    if by_lines {
        let job = Job::new(Framing::lines()).prefilters(pattern.line_prefilter(facts.line_end()));
        return Ok((Engine::Lines(Lines { replacer }), job));
    }
    let (engine, job) = whole(replacer, longest, 0)?;
    Ok((engine, job.prefilters(pattern.window_prefilter())))
}

/// Many texts, or one that must be a word.
fn many(facts: &Facts<'_>) -> Result<(Engine, Job), String> {
    let settings = facts.settings;
    if settings.regex {
        return Err("with `regex`, only one `find` is possible, and no pairs: join expressions by `|`, or \
                    run them one after the other"
            .into());
    }
    let pairs = pairs(facts)?;
    for pair in &pairs {
        no_line_end(facts, &pair.from, &pair.place.to_string())?;
    }
    let options = Options { ignore_case: settings.ignore_case, word: settings.word };
    let dictionary = Dictionary::new(pairs, options)?;
    let longest = dictionary.longest();
    let case = if settings.ignore_case { Case::Insensitive } else { Case::Sensitive };
    let prefilter = key_prefilter::of(dictionary.keys(), case, facts.file.head);
    let replacer = Replacer::dictionary(dictionary);
    if goes_by_line(facts) {
        return each_line(facts, replacer, &[], prefilter);
    }
    if settings.counts.of_file() {
        return Ok(stream(facts, replacer, Certainty::Longest(longest)));
    }
    let (engine, job) = whole(replacer, longest, LOOK_AROUND_BYTES)?;
    Ok((engine, job.prefilters(prefilter)))
}

fn pairs(facts: &Facts<'_>) -> Result<Vec<Pair>, String> {
    let settings = facts.settings;
    let mut pairs = Vec::new();
    for table in &settings.pairs {
        pairs.extend(dictionary::read_table(table, settings.escapes)?);
    }
    for (index, text) in settings.pair.iter().enumerate() {
        pairs.push(dictionary::read_line(text, index as u32 + 1, settings.escapes)?);
    }
    let is_deletion = settings.with.iter().all(String::is_empty);
    if settings.find.len() != settings.with.len() && !is_deletion {
        return Err(format!(
            "there are {} `find` and {} `with`: each `find` needs its `with`, in order",
            settings.find.len(),
            settings.with.len()
        ));
    }
    for (index, find) in settings.find.iter().enumerate() {
        let with = settings.with.get(index).map_or("", String::as_str);
        let (from, to) = escape::decode_pair(find, with, settings.escapes)?;
        pairs.push(Pair { from, to, place: dictionary::Place::Parameter("find", index as u32 + 1) });
    }
    Ok(pairs)
}

/// Whether a head is UTF-8, perhaps cut at its end.
fn is_utf8(head: &[u8]) -> bool {
    std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// An expression.
fn regex(facts: &Facts<'_>, find: &str, with: &str) -> Result<(Engine, Job), String> {
    let settings = facts.settings;
    let in_lines = !settings.multiline;
    let crlf = facts.crlf && settings.multiline;
    let pattern =
        Pattern::new(find, crate::pattern::Meaning { word: settings.word, crlf, ..facts.meaning() })?;
    if let Some(char) = pattern.syntax.hex_char
        && !pattern.has_bytes()
        && !is_utf8(facts.file.head)
    {
        let byte = format!("\\x{:02x}", u32::from(char));
        let message = format!(
            "`{byte}` in `find` is the character {char}, and the file is not UTF-8: write `(?-u:{byte})` for the \
             byte, or name the file's encoding with `--encoding`"
        );
        log(LogLevel::Warn, &message);
    }
    escape::check_template(with, settings.escapes)?;
    let escapes = if settings.escapes == Some(false) { Escapes::Literal } else { Escapes::Read };
    if in_lines {
        let regex = pattern.within_lines("find")?;
        let with = With::template(with, regex.group_info(), escapes)?;
        let replacer = Replacer::regex(regex, with, &pattern);
        let sees_cr = facts.crlf && pattern.sees_cr();
        if sees_cr || goes_by_line(facts) || settings.counts.of_file() {
            return each_line(facts, replacer, &[&pattern], pattern.line_prefilter(facts.line_end()));
        }
        let job = Job::new(Framing::lines()).prefilters(pattern.line_prefilter(facts.line_end()));
        return Ok((Engine::Lines(Lines { replacer }), job));
    }
    if crlf && pattern.sees_cr() {
        facts.tell_crlf();
    }
    let regex = pattern.compile()?;
    let with = With::template(with, regex.group_info(), escapes)?;
    let replacer = Replacer::regex(regex, with, &pattern);
    match pattern.longest().filter(|longest| *longest <= LONGEST_IN_CONTEXT_BYTES) {
        Some(longest) if !pattern.matches_empty() && !settings.counts.of_file() => {
            let (engine, job) = whole(replacer, longest, LOOK_AROUND_BYTES)?;
            Ok((engine, job.prefilters(pattern.window_prefilter())))
        }
        Some(longest) => Ok(stream(facts, replacer, Certainty::Longest(longest))),
        None => {
            let decider = Certainty::Automaton(Box::new(Decider::new(pattern.hir())?));
            Ok(stream(facts, replacer, decider))
        }
    }
}
