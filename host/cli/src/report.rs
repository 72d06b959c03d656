//! The only place that prints. Data goes to standard output; reports, errors
//! and the progress bar go to standard error. With `--json`, everything but
//! the bar is one JSON object a line on standard output.
//!
//! What a terminal may show comes as a [`Page`] or an event: both are escaped.

use std::error::Error as _;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runner_contract::LogLevel;
use runner_pipeline::error::{Error, Kind, Result};
use runner_pipeline::escape::{Page, Secrets, json_line, shown, with_name};
use runner_pipeline::profile::{Place, Spent};
use runner_pipeline::run::{Event, Report};
use runner_pipeline::scan::Workers;
use runner_pipeline::{locks, user_state};
use runner_sandbox::Sink;
use serde_json::{Value, json};

use crate::closed::{is_error_closed, is_output_closed};

/// Characters of a message that are shown.
const SHOWN_CHARS: usize = 4096;
/// Characters of a name beside the progress bar.
const BAR_CHARS: usize = 40;
/// Before every line of a message but its first: none of them can pass for
/// another cause or hint.
const CONTINUED: &str = "    | ";
/// Between two progress events.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);

/// How much is told beside errors and what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    All,
    /// No reports, no progress, and of a plugin's log the warnings alone.
    Quiet,
}

pub(crate) struct Reporter {
    format: EventFormat,
    volume: Volume,
    /// Never shown, whatever a plugin says; unset while none are known.
    secrets: Arc<OnceLock<Secrets>>,
    bar: ProgressBar,
    /// When progress was last told, as an event; `None` before the first.
    told: Mutex<Option<Instant>>,
    out: Out,
}

/// Who reads what is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFormat {
    /// People.
    Text,
    /// Programs: an object for each event (`--json`).
    Json,
}

/// Where what is said goes.
#[derive(Clone)]
enum Out {
    /// To the streams.
    Now,
    /// To whoever passes it on.
    Later(Arc<Mutex<Vec<Said>>>),
}

type Said = (Stream, Vec<u8>);

#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

impl Out {
    /// Says it in one piece.
    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<()> {
        if let Self::Later(kept) = self {
            locks::lock(kept).push((stream, bytes.to_vec()));
            return Ok(());
        }
        let (written, name) = match stream {
            Stream::Output if is_output_closed() => return Err(closed()),
            Stream::Output => {
                let mut out = io::stdout().lock();
                (out.write_all(bytes).and_then(|()| out.flush()), "standard output")
            }
            Stream::Error => (io::stderr().write_all(bytes), "standard error"),
        };
        written.map_err(Error::at("write to", Path::new(name)))
    }

    /// Says it if it can be said; the run goes on without somebody to tell.
    fn try_write(&self, format: EventFormat, event: impl FnOnce() -> Value, page: impl FnOnce() -> Page) {
        let _ = if format == EventFormat::Json {
            self.write(Stream::Output, json_line(&event()).as_bytes())
        } else {
            self.write(Stream::Error, page().as_str().as_bytes())
        };
    }
}

impl Reporter {
    pub(crate) fn new(format: EventFormat, volume: Volume) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = "{msg} {wide_bar} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { format, volume, secrets: Arc::default(), bar, told: Mutex::new(None), out: Out::Now }
    }

    fn is_json(&self) -> bool {
        self.format == EventFormat::Json
    }

    /// One whose words wait until they are [passed on](Self::pass_on). It
    /// shows no bar.
    pub(crate) fn aside(&self) -> Self {
        Self {
            format: self.format,
            volume: self.volume,
            secrets: Arc::clone(&self.secrets),
            bar: ProgressBar::hidden(),
            told: Mutex::new(None),
            out: Out::Later(Arc::default()),
        }
    }

    /// From now on these values stand in nothing that a plugin says.
    pub(crate) fn keep_secret(&self, secrets: Secrets) {
        // A process runs one plugin with one set of parameters.
        let _ = self.secrets.set(secrets);
    }

    /// What a plugin says, or somebody says of its parameters.
    fn redact(&self, text: &str) -> String {
        self.secrets.get().map_or_else(|| text.to_owned(), |secrets| secrets.redact(text))
    }

    /// Says what another one has kept.
    pub(crate) fn pass_on(&self, aside: &Self) -> Result<()> {
        self.clear();
        let Out::Later(kept) = &aside.out else { return Ok(()) };
        let kept = std::mem::take(&mut *locks::lock(kept));
        unless_unread(kept.iter().try_for_each(|(stream, bytes)| self.out.write(*stream, bytes)))
    }

    /// Shows the progress of one file: a bar on a terminal, an event a second
    /// with `--json`.
    pub(crate) fn progress(&self, path: &Path, event: Event) {
        match event {
            Event::Scanned { bytes, of } => self.scanned(path, bytes, of),
            // The run goes on without somebody to tell.
            Event::Resumed { bytes, of } => drop(self.tell(
                || with_name(json!({ "event": "resumed", "bytes": bytes, "of": of }), "file", path),
                || Page::of(format_args!("{}: goes on at byte {bytes} of {of}", shown(path))),
            )),
            Event::StartedOver(why) => drop(self.tell(
                || with_name(json!({ "event": "started-over", "why": why }), "file", path),
                || Page::of(format_args!("{}: starts over: {}", shown(path), shown(&why))),
            )),
            Event::Workers(Workers { running, of }) if self.volume == Volume::All => {
                let event = json!({ "event": "workers", "running": running, "of": of });
                let page = || Page::of(format_args!("{}: {}", name(path), memory_line(running, of)));
                self.bar.suspend(|| self.out.try_write(self.format, || with_name(event, "file", path), page));
            }
            Event::Workers(_) => {}
            Event::NoKey => self.no_key(path),
            Event::Applying(_) => self.bar.set_message(format!("{}: writing", name(path))),
        }
    }

    fn scanned(&self, path: &Path, bytes: u64, of: u64) {
        let mut told = locks::lock(&self.told);
        if self.is_json() {
            if told.get_or_insert_with(Instant::now).elapsed() >= EVENT_INTERVAL {
                *told = Some(Instant::now());
                let event = json!({ "event": "progress", "bytes": bytes, "of": of });
                self.out.try_write(self.format, || with_name(event, "file", path), Page::default);
            }
            return;
        }
        let bar = matches!(self.out, Out::Now) && self.volume == Volume::All;
        if bar && told.is_none() && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.reset();
            self.bar.set_message(name(path));
        }
        *told = Some(Instant::now());
        self.bar.set_length(of);
        self.bar.set_position(bytes);
    }

    /// A journal that nothing authenticates is believed by nobody later. Once
    /// for all files.
    fn no_key(&self, path: &Path) {
        static TOLD: AtomicBool = AtomicBool::new(false);
        if TOLD.swap(true, Ordering::Relaxed) {
            return;
        }
        let why = user_state::key().err().map_or(String::new(), |error| error.to_string());
        let why = shown(&why);
        // The run goes on without somebody to tell.
        drop(if self.is_json() {
            self.event(&with_name(json!({ "event": "no-key", "why": why.to_string() }), "file", path))
        } else {
            self.note(&Page::of(format_args!(
                "warning: no key for journals could be kept ({why}): if this run is killed, only `runner recover --trust-journal` recovers the file"
            )))
        });
    }

    /// Takes the progress bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
        *locks::lock(&self.told) = None;
    }

    /// An error, its causes and what to do about it.
    pub(crate) fn error(&self, error: &Error) {
        self.clear();
        // What is wrong with a plugin may quote its parameters; the host's own
        // words do not.
        let foreign = error.kind() == Kind::Plugin || error.words().is_some();
        let mut what = error.what().to_owned();
        if let Some(words) = error.words() {
            what.push_str(": ");
            what.push_str(&self.redact(words));
        }
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            causes.push(if foreign { self.redact(&text) } else { text });
            source = cause.source();
        }
        if self.is_json() {
            let event = json!({
                "event": "error", "exit_code": error.kind().exit_code(), "error": what, "causes": causes,
                "hints": error.hints(),
            });
            if unless_unread(self.event(&event)).is_ok() {
                return;
            }
            // It cannot be told there.
        }
        let mut page = Page::default();
        page.several("error: ", CONTINUED, &what, SHOWN_CHARS);
        for cause in &causes {
            page.several("  caused by: ", CONTINUED, cause, SHOWN_CHARS);
        }
        for hint in error.hints() {
            page.several("  hint: ", CONTINUED, hint, SHOWN_CHARS);
        }
        let _ = self.out.write(Stream::Error, page.as_str().as_bytes());
    }

    /// One event for `--json`, or a page for people: what was done. That nobody
    /// reads it any more changes nothing.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Value, page: impl FnOnce() -> Page) -> Result<()> {
        self.clear();
        unless_unread(match (self.is_json(), self.volume) {
            (true, _) => self.event(&event()),
            (false, Volume::Quiet) => Ok(()),
            (false, Volume::All) => self.out.write(Stream::Error, page().as_str().as_bytes()),
        })
    }

    /// What a person must see before what comes next; on standard error.
    pub(crate) fn show_first(&self, page: &Page) -> Result<()> {
        if is_error_closed() {
            return Err(Error::new(Kind::Io, "standard error is closed"));
        }
        self.note(page)
    }

    /// What a person should have seen, whatever comes next; on standard error.
    pub(crate) fn note(&self, page: &Page) -> Result<()> {
        self.clear();
        self.out.write(Stream::Error, page.as_str().as_bytes())
    }

    /// An event that was asked for, on standard output.
    pub(crate) fn event(&self, event: &Value) -> Result<()> {
        self.out.write(Stream::Output, json_line(event).as_bytes())
    }

    /// Many of them, in one piece.
    pub(crate) fn events(&self, events: impl Iterator<Item = Value>) -> Result<()> {
        let lines: String = events.map(|event| json_line(&event)).collect();
        self.out.write(Stream::Output, lines.as_bytes())
    }

    /// What was asked for and people read, on standard output.
    pub(crate) fn show(&self, page: &Page) -> Result<()> {
        self.out.write(Stream::Output, page.as_str().as_bytes())
    }

    /// What was asked for and programs read, on standard output. It may hold
    /// anything, so where that is a terminal, `page` is written instead.
    pub(crate) fn data(&self, bytes: &[u8], page: impl FnOnce() -> Page) -> Result<()> {
        if io::stdout().is_terminal() {
            return self.show(&page());
        }
        self.out.write(Stream::Output, bytes)
    }

    /// What this program itself has made, such as its manual.
    pub(crate) fn own(&self, bytes: &[u8]) -> Result<()> {
        self.out.write(Stream::Output, bytes)
    }

    /// Where the log lines of plugins go.
    pub(crate) fn log_sink(self: &Reporter) -> Sink {
        let (format, volume, bar, out) = (self.format, self.volume, self.bar.clone(), self.out.clone());
        let secrets = Arc::clone(&self.secrets);
        Arc::new(move |level, message| {
            let name = match level {
                LogLevel::Warn => "warn",
                _ if volume == Volume::Quiet => return,
                LogLevel::Debug => "debug",
                LogLevel::Info => "info",
            };
            let message = secrets.get().map_or_else(|| message.to_owned(), |secrets| secrets.redact(message));
            let event = || json!({ "event": "log", "level": name, "message": message });
            let page = || Page::of(format_args!("plugin {name}: {message}"));
            bar.suspend(|| out.try_write(format, event, page));
        })
    }

    /// What a run has come to.
    pub(crate) fn report(&self, path: &Path, report: &Report, started: Instant, what: &str) -> Result<()> {
        let seconds = started.elapsed().as_secs_f64();
        let event = || {
            let event = json!({
                "event": what, "edits": report.stats.edits,
                "old_bytes": report.stats.old_bytes, "new_bytes": report.stats.new_bytes,
                "pre_size": report.stats.pre_size, "post_size": report.stats.post_size(),
                "pre_root": report.pre_root.to_hex().as_str(), "post_root": report.post_root.to_hex().as_str(),
                "plan": report.plan, "verified": report.level.to_string(), "seconds": seconds,
                "appended_bytes": report.appended_bytes, "old_in_use": report.old_in_use,
            });
            with_name(event, "file", path)
        };
        self.tell(event, || {
            let mut page = Page::of(super::show::summary(path, report, what, seconds));
            let kept = if what == "applied" {
                appended(report.appended_bytes, report.stats.post_size())
            } else {
                not_scanned(report)
            };
            let in_use = report.old_in_use.then(|| OLD_IN_USE.to_owned());
            for note in kept.into_iter().chain(in_use) {
                page.line(format_args!("{}: {note}", shown(path)));
            }
            page
        })?;
        // Bytes may be lost: that is never kept quiet.
        if report.old_in_use && self.volume == Volume::Quiet && !self.is_json() {
            self.note(&Page::of(format_args!("warning: {}: {OLD_IN_USE}", shown(path))))?;
        }
        Ok(())
    }

    /// Where the time went.
    pub(crate) fn profile(&self, all: Duration, spent: &[Spent]) {
        let ms = all.as_secs_f64() * 1e3;
        // The run is over, and what it has come to is told.
        let _ = self
            .tell(|| json!({ "event": "profile", "ms": ms, "stages": spent }), || profile_table(ms, spent));
    }
}

const OLD_IN_USE: &str =
    "another process still has the old file open: what it appends there from now on is lost";

/// What is to be said of bytes that others have appended behind `size`.
pub(crate) fn appended(bytes: u64, size: u64) -> Option<String> {
    (bytes > 0).then(|| {
        format!("{bytes} bytes that were appended after byte {size} are kept; the root is that of the first {size}")
    })
}

/// The same, where nothing was written.
pub(crate) fn not_scanned(report: &Report) -> Option<String> {
    let (bytes, size) = (report.appended_bytes, report.stats.pre_size);
    (bytes > 0).then(|| format!("{bytes} bytes that were appended after byte {size} were not scanned"))
}

/// The stages of each place, with their shares of what all took.
fn profile_table(all_ms: f64, spent: &[Spent]) -> Page {
    let places = [
        (Place::Driver, "the run, from start to end"),
        (Place::Worker, "in the scan, the workers, all together"),
        (Place::Collector, "in the scan, the collector"),
    ];
    let mut table = Page::of(format_args!("profile of {all_ms:.1} ms"));
    for (place, title) in places {
        let mut of_place = spent.iter().filter(|spent| spent.place == place).peekable();
        if of_place.peek().is_none() {
            continue;
        }
        table.line(format_args!("  {title}"));
        table.line("        ms      %    spans  stage");
        for Spent { stage, ms, spans, .. } in of_place {
            let (share, name, about) = (100.0 * ms / all_ms, stage.name(), stage.about());
            table.line(format_args!("{ms:>10.1} {share:>6.1} {spans:>8}  {name:<13} {about}"));
        }
    }
    table
}

/// How the number of workers follows the memory that there is.
fn memory_line(running: usize, of: usize) -> String {
    if running == of {
        format!("there is memory again for all {of} workers")
    } else {
        format!("memory is short: {running} of {of} workers go on")
    }
}

fn name(path: &Path) -> String {
    shown(path.file_name().unwrap_or_default()).cut(BAR_CHARS).to_string()
}

/// Says what is wrong before there is a [`Reporter`]; `text` is escaped.
pub(crate) fn complain(text: &str) {
    // There is nowhere left to report a failure to.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// All is well, too, if the reader of our output is gone.
pub(crate) fn unless_unread(said: Result<()>) -> Result<()> {
    said.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })
}

/// Whether an error means that the reader of our output is gone.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.kind() == Kind::Io && source.is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

fn closed() -> Error {
    Error::new(Kind::Io, "standard output is closed").hint("`> /dev/null` throws away what is printed")
}

/// Standard output without the buffer of the standard library, whose last
/// write can fail unseen.
pub(crate) fn stdout() -> Result<File> {
    if is_output_closed() {
        return Err(closed());
    }
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    Ok(stdout.map_err(Error::at("write to", Path::new("standard output")))?.into())
}
