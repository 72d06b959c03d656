//! Chooses how to go through the file, and what the host needs to know.

mod find;
mod key_prefilter;
mod lines;

use runner_plugin::{FileHead, Framing, Job, LogLevel, log};

use crate::Engine;
use crate::bom;
use crate::ends::Ends;
use crate::escape;
use crate::lines::Action;
use crate::pattern::{LineEnd, Meaning, Pattern};
use crate::settings::Settings;

/// How to go through the file, and what the host needs to know about it.
///
/// # Errors
/// If the parameters or the file do not allow it.
pub(crate) fn plan(settings: &Settings, file: &FileHead<'_>) -> Result<(Engine, Job), String> {
    let (engine, job) = plan_action(settings, file)?;
    let job = if engine.is_about_bytes() { job } else { job.text() };
    let job = if engine.keeps_length() { job.length_preserving() } else { job };
    let job = if engine.has_state() { job } else { job.deterministic() };
    Ok((engine, job))
}

fn plan_action(settings: &Settings, file: &FileHead<'_>) -> Result<(Engine, Job), String> {
    if settings.prepend.is_some() || settings.append.is_some() {
        return ends(settings, file);
    }
    let facts = Facts::of(settings, file)?;
    if let Some(text) = &settings.delete_lines {
        let pattern = facts.pattern(text)?;
        let action = Action::Delete(pattern.within_lines("delete-lines")?);
        let prefilter = pattern.line_prefilter(facts.line_end());
        let (engine, job) = lines::each(&facts, action, &[&pattern], prefilter)?;
        return Ok((engine, job.counts(["deleted-line"])));
    }
    if settings.insert_before.is_some() || settings.insert_after.is_some() {
        let (engine, job) = lines::insert(&facts)?;
        return Ok((engine, job.counts(["insertion"])));
    }
    let (engine, job) = find::find(&facts)?;
    Ok((engine, job.counts(["match"])))
}

/// What is known about a run before a way is chosen.
pub(crate) struct Facts<'a> {
    settings: &'a Settings,
    file: &'a FileHead<'a>,
    /// Whether CRLF is a line end.
    crlf: bool,
}

impl<'a> Facts<'a> {
    fn of(settings: &'a Settings, file: &'a FileHead<'a>) -> Result<Self, String> {
        let has_crlf = memchr::memmem::find(file.head, b"\r\n").is_some();
        let crlf = match settings.crlf {
            Some(crlf) => crlf,
            // Who looks for a CR means every CR.
            None => has_crlf && !names_cr(settings)?,
        };
        Ok(Self { settings, file, crlf })
    }

    /// Tells the user that the file decided what a line end is.
    fn tell_crlf(&self) {
        if self.crlf && self.settings.crlf.is_none() {
            log(
                LogLevel::Info,
                "the file has CRLF line ends: `$` is before the CR, and `.` is none (`crlf=false` makes \
                 the CR a part of the line)",
            );
        }
    }

    fn line_end(&self) -> LineEnd {
        if self.crlf { LineEnd::CrLf } else { LineEnd::Lf }
    }

    fn meaning(&self) -> Meaning {
        let head = self.file.head;
        let bom = bom::begins(self.file) || self.file.size.is_none() && head.len() < 3;
        Meaning { ignore_case: self.settings.ignore_case, bom, ..Meaning::default() }
    }

    /// An expression that is searched line by line.
    fn pattern(&self, text: &str) -> Result<Pattern, String> {
        Pattern::new(text, self.meaning())
    }
}

/// Whether an expression has the character CR.
fn names_cr(settings: &Settings) -> Result<bool, String> {
    let lines = &settings.lines;
    let find = settings.find.iter().filter(|_| settings.regex);
    let others = [&lines.from, &lines.to, &settings.delete_lines].into_iter().flatten();
    for text in find.chain(&lines.with).chain(&lines.without).chain(others) {
        if crate::syntax::Syntax::of(text)?.names_cr {
            return Ok(true);
        }
    }
    Ok(false)
}

fn ends(settings: &Settings, file: &FileHead<'_>) -> Result<(Engine, Job), String> {
    let text = |name: &str, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        escape::decode_if(name, text, settings.escapes)
    };
    let start = text("`prepend`", &settings.prepend)?;
    let end = text("`append`", &settings.append)?;
    let job = Job::new(Framing::Sequential).show_empty().counts(["insertion"]);
    Ok((Engine::Ends(Ends { start, end, size: file.size }), job))
}
