//! The only module that prints. Data goes to standard output; reports, errors
//! and the progress bar go to standard error. With `--json`, everything but the
//! bar is printed on standard output, one JSON object per line.
//!
//! Text for a terminal is passed as a [`Page`] or an event: both are escaped.

mod compiling;
mod progress;
mod result;
mod streams;
mod timing;
mod unnamed;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use indicatif::ProgressBar;
use runner_contract::LogLevel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Secrets, json_line, shown, with_name};
use runner_pipeline::locks;
use runner_sandbox::Sink;
use serde_json::{Value, json};

pub(crate) use self::compiling::COMPILE_SILENCE;
pub(crate) use self::result::{appended, counted, not_scanned, replaced_by};
use self::streams::{Output, Stream};
pub(crate) use self::streams::{complain, is_broken_pipe, stdout, unless_unread};
use crate::closed_streams::is_error_closed;

/// Maximum number of characters shown of a message.
const MESSAGE_CHARS: usize = 4096;
/// Precedes every line of a message except the first, so that no line can pass
/// for a cause or a hint.
const CONTINUED: &str = "    | ";

/// How much is printed besides errors and requested output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    /// No reports and no progress; only warnings and errors of a plugin's log.
    Quiet,
    /// Reports, progress, and of a plugin's log what is for users.
    Usual,
    /// Messages of the level debug as well.
    Verbose,
    /// The whole log of a plugin.
    Full,
}

impl Volume {
    /// Whether messages of this level of a plugin's log are shown.
    fn shows(self, level: LogLevel) -> bool {
        match level {
            LogLevel::Error | LogLevel::Warn => true,
            LogLevel::Info => self != Self::Quiet,
            LogLevel::Debug => matches!(self, Self::Verbose | Self::Full),
            LogLevel::Trace => self == Self::Full,
        }
    }
}

/// Prints what the commands report.
pub(crate) struct Reporter {
    format: EventFormat,
    volume: Volume,
    /// Values that are never shown, whatever a plugin says. Unset until the
    /// parameters are known.
    secrets: Arc<OnceLock<Secrets>>,
    bar: ProgressBar,
    /// When progress was last reported; `None` before the first report.
    last_progress: Mutex<Option<Instant>>,
    output: Output,
}

/// Who reads the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFormat {
    /// People.
    Text,
    /// Programs: one object per event (`--json`).
    Json,
}

impl Reporter {
    pub(crate) fn new(format: EventFormat, volume: Volume) -> Self {
        Self {
            format,
            volume,
            secrets: Arc::default(),
            bar: progress::bar(),
            last_progress: Mutex::new(None),
            output: Output::Streams,
        }
    }

    fn is_json(&self) -> bool {
        self.format == EventFormat::Json
    }

    /// Whether a person sees what is reported at once: then a question may be asked.
    pub(crate) fn is_for_a_person(&self) -> bool {
        !self.is_json() && self.volume != Volume::Quiet && matches!(self.output, Output::Streams)
    }

    /// A reporter that keeps its output until it is
    /// [passed on](Self::pass_on). It shows no bar.
    pub(crate) fn buffered(&self) -> Self {
        Self {
            format: self.format,
            volume: self.volume,
            secrets: Arc::clone(&self.secrets),
            bar: ProgressBar::hidden(),
            last_progress: Mutex::new(None),
            output: Output::Buffer(Arc::default()),
        }
    }

    /// Redacts these values in all further messages of the plugin.
    pub(crate) fn keep_secret(&self, secrets: Secrets) {
        // A process runs one plugin with one set of parameters.
        let _ = self.secrets.set(secrets);
    }

    /// Removes secrets from a text that may quote parameters.
    fn redact(&self, text: &str) -> String {
        self.secrets.get().map_or_else(|| text.to_owned(), |secrets| secrets.redact(text))
    }

    /// Prints the output of a [buffered](Self::buffered) reporter.
    pub(crate) fn pass_on(&self, buffered: &Self) -> Result<()> {
        self.clear();
        let Output::Buffer(buffer) = &buffered.output else { return Ok(()) };
        let chunks = std::mem::take(&mut *locks::lock(buffer));
        unless_unread(chunks.iter().try_for_each(|(stream, bytes)| self.output.write(*stream, bytes)))
    }

    /// The text that a [buffered](Self::buffered) reporter holds.
    #[cfg(test)]
    fn taken(&self) -> String {
        let Output::Buffer(buffer) = &self.output else { return String::new() };
        let chunks = std::mem::take(&mut *locks::lock(buffer));
        chunks.into_iter().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    /// Prints an error with its causes and hints.
    pub(crate) fn error(&self, error: &Error) {
        self.clear();
        // An error about a plugin may quote its parameters; messages of the
        // host do not.
        let may_quote = error.kind() == Kind::Plugin || error.words().is_some();
        let mut what = error.what().to_owned();
        if let Some(words) = error.words() {
            what.push_str(": ");
            what.push_str(&self.redact(words));
        }
        let texts = error.causes().map(ToString::to_string);
        let causes: Vec<_> = texts.map(|text| if may_quote { self.redact(&text) } else { text }).collect();
        if self.is_json() {
            let event = json!({
                "event": "error", "exit_code": error.kind().exit_code(), "error": what, "causes": causes,
                "hints": error.hints(),
            });
            let event = match error.file() {
                Some(file) => with_name(event, "file", file),
                None => event,
            };
            if unless_unread(self.event(&event)).is_ok() {
                return;
            }
            // Standard output failed: fall back to standard error.
        }
        if let Some(file) = error.file().filter(|file| unnamed::is_unnamed(file, error)) {
            what.insert_str(0, &format!("{}: ", shown(file)));
        }
        let mut page = Page::default();
        page.several("error: ", CONTINUED, &what, MESSAGE_CHARS);
        for cause in &causes {
            page.several("  caused by: ", CONTINUED, cause, MESSAGE_CHARS);
        }
        for hint in error.hints() {
            page.several("  hint: ", CONTINUED, hint, MESSAGE_CHARS);
        }
        let _ = self.output.write(Stream::Error, page.as_str().as_bytes());
    }

    /// Reports what was done: an event with `--json`, a page for people. It is
    /// no error if the reader is gone.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Value, page: impl FnOnce() -> Page) -> Result<()> {
        self.clear();
        unless_unread(match (self.is_json(), self.volume) {
            (true, _) => self.event(&event()),
            (false, Volume::Quiet) => Ok(()),
            _ => self.output.write(Stream::Error, page().as_str().as_bytes()),
        })
    }

    /// Prints on standard error what a person must see before the next step.
    ///
    /// # Errors
    /// If standard error is closed or cannot be written to.
    pub(crate) fn show_first(&self, page: &Page) -> Result<()> {
        if is_error_closed() {
            return Err(Error::new(Kind::Io, "standard error is closed"));
        }
        self.note(page)
    }

    /// Prints a note on standard error, also with `--quiet`.
    pub(crate) fn note(&self, page: &Page) -> Result<()> {
        self.clear();
        self.output.write(Stream::Error, page.as_str().as_bytes())
    }

    /// Prints a requested event on standard output.
    pub(crate) fn event(&self, event: &Value) -> Result<()> {
        self.output.write(Stream::Output, json_line(event).as_bytes())
    }

    /// Prints requested events at once.
    pub(crate) fn events(&self, events: impl Iterator<Item = Value>) -> Result<()> {
        let lines: String = events.map(|event| json_line(&event)).collect();
        self.output.write(Stream::Output, lines.as_bytes())
    }

    /// Prints requested text for people on standard output.
    pub(crate) fn show(&self, page: &Page) -> Result<()> {
        self.output.write(Stream::Output, page.as_str().as_bytes())
    }

    /// Writes requested data for programs to standard output. It may contain
    /// anything, so a terminal gets `page` instead.
    pub(crate) fn data(&self, bytes: &[u8], page: impl FnOnce() -> Page) -> Result<()> {
        if io::stdout().is_terminal() {
            return self.show(&page());
        }
        self.output.write(Stream::Output, bytes)
    }

    /// Writes text that this program itself has made, such as its manual.
    pub(crate) fn own(&self, bytes: &[u8]) -> Result<()> {
        self.output.write(Stream::Output, bytes)
    }

    /// A sink for the log messages of plugins.
    pub(crate) fn log_sink(&self) -> Sink {
        let (format, volume) = (self.format, self.volume);
        let (bar, output) = (self.bar.clone(), self.output.clone());
        let secrets = Arc::clone(&self.secrets);
        Arc::new(move |level, message| {
            if !volume.shows(level) {
                return;
            }
            let name = match level {
                LogLevel::Error => "error",
                LogLevel::Warn => "warn",
                LogLevel::Info => "info",
                LogLevel::Debug => "debug",
                LogLevel::Trace => "trace",
            };
            let message = secrets.get().map_or_else(|| message.to_owned(), |secrets| secrets.redact(message));
            let event = || json!({ "event": "log", "level": name, "message": message });
            let page = || Page::of(format_args!("plugin {name}: {message}"));
            bar.suspend(|| output.try_write(format, event, page));
        })
    }
}
