//! The only place that prints. Data goes to standard output; reports, errors
//! and the progress bar go to standard error. With `--json`, everything but
//! the bar is one JSON object a line on standard output.

use std::error::Error as _;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::profile::{Place, Spent};
use crate::run::{Event, Report};
use crate::sandbox::{Level as LogLevel, Sink};
use crate::scan::Workers;
use crate::text::escape;

/// Characters of a path or message that are shown.
const SHOWN_CHARS: usize = 4096;
/// Between two progress events.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Reporter {
    json: bool,
    bar: ProgressBar,
    /// When progress was last told, as an event; `None` before the first.
    told: Mutex<Option<Instant>>,
    out: Out,
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
            kept.lock().unwrap_or_else(PoisonError::into_inner).push((stream, bytes.to_vec()));
            return Ok(());
        }
        let (written, name) = match stream {
            Stream::Output => {
                let mut out = io::stdout().lock();
                (out.write_all(bytes).and_then(|()| out.flush()), "standard output")
            }
            Stream::Error => (io::stderr().write_all(bytes), "standard error"),
        };
        written.map_err(Error::at("write to", Path::new(name)))
    }

    /// Says it if it can be said; the run goes on without somebody to tell.
    fn try_write(&self, json: bool, event: impl FnOnce() -> Value, line: impl FnOnce() -> String) {
        let (stream, text) =
            if json { (Stream::Output, event().to_string()) } else { (Stream::Error, line()) };
        let _ = self.write(stream, format!("{text}\n").as_bytes());
    }
}

impl Reporter {
    pub(super) fn new(json: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = "{msg} {wide_bar} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { json, bar, told: Mutex::new(None), out: Out::Now }
    }

    /// One whose words wait until they are [passed on](Self::pass_on). It
    /// shows no bar.
    pub(super) fn aside(&self) -> Self {
        Self {
            json: self.json,
            bar: ProgressBar::hidden(),
            told: Mutex::new(None),
            out: Out::Later(Arc::default()),
        }
    }

    /// Says what another one has kept.
    pub(super) fn pass_on(&self, aside: &Self) -> Result<()> {
        self.clear();
        let Out::Later(kept) = &aside.out else { return Ok(()) };
        let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.iter().try_for_each(|(stream, bytes)| self.out.write(*stream, bytes))
    }

    /// Shows the progress of one file: a bar on a terminal, an event a second
    /// with `--json`.
    pub(super) fn progress(&self, path: &Path, event: Event) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Scanned { bytes, of } if self.json => {
                if told.get_or_insert_with(Instant::now).elapsed() >= EVENT_INTERVAL {
                    *told = Some(Instant::now());
                    let file = path.to_string_lossy();
                    let object = || json!({ "event": "progress", "file": file, "bytes": bytes, "of": of });
                    self.out.try_write(true, object, String::new);
                }
            }
            Event::Scanned { bytes, of } => {
                if matches!(self.out, Out::Now) && told.is_none() && io::stderr().is_terminal() {
                    self.bar.set_draw_target(ProgressDrawTarget::stderr());
                    self.bar.reset();
                    self.bar.set_message(name(path));
                }
                *told = Some(Instant::now());
                self.bar.set_length(of);
                self.bar.set_position(bytes);
            }
            Event::Resumed { bytes, of } => {
                drop(told);
                let file = path.to_string_lossy();
                // The run goes on without somebody to tell.
                let _ = self.tell(
                    || json!({ "event": "resumed", "file": file, "bytes": bytes, "of": of }),
                    || format!("{file}: goes on at byte {bytes} of {of}"),
                );
            }
            Event::StartedOver(why) => {
                drop(told);
                let file = path.to_string_lossy();
                let _ = self.tell(
                    || json!({ "event": "started-over", "file": file, "why": why }),
                    || format!("{file}: starts over: {}", escape(&why, SHOWN_CHARS)),
                );
            }
            Event::Workers(Workers { running, of }) => {
                let file = path.to_string_lossy();
                let event = || json!({ "event": "workers", "file": file, "running": running, "of": of });
                let line = || format!("{}: {}", name(path), memory_line(running, of));
                self.bar.suspend(|| self.out.try_write(self.json, event, line));
            }
            Event::Applying(_) => self.bar.set_message(format!("{}: writing", name(path))),
        }
    }

    /// Takes the progress bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// An error, its causes and what to do about it.
    pub(super) fn error(&self, error: &Error) {
        self.clear();
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(escape(&cause.to_string(), SHOWN_CHARS));
            source = cause.source();
        }
        let what = escape(&error.to_string(), SHOWN_CHARS);
        if self.json {
            let object = json!({
                "event": "error", "exit_code": error.kind().exit_code(), "error": what, "causes": causes,
                "hints": error.hints(),
            });
            // There is nowhere left to report a failure to.
            let _ = self.data(format!("{object}\n").as_bytes());
            return;
        }
        let mut text = format!("error: {what}\n");
        for cause in causes {
            text.push_str(&format!("  caused by: {cause}\n"));
        }
        for hint in error.hints() {
            text.push_str(&format!("  hint: {}\n", escape(hint, SHOWN_CHARS)));
        }
        let _ = self.out.write(Stream::Error, text.as_bytes());
    }

    /// One event for `--json`, or a line for people.
    pub(super) fn tell(&self, event: impl FnOnce() -> Value, line: impl FnOnce() -> String) -> Result<()> {
        self.clear();
        if self.json {
            return self.data(format!("{}\n", event()).as_bytes());
        }
        self.out.write(Stream::Error, format!("{}\n", line()).as_bytes())
    }

    /// What was asked for, on standard output.
    pub(super) fn data(&self, bytes: &[u8]) -> Result<()> {
        self.out.write(Stream::Output, bytes)
    }

    /// Where the log lines of plugins go.
    pub(super) fn log_sink(self: &Reporter) -> Sink {
        let (json, bar, out) = (self.json, self.bar.clone(), self.out.clone());
        Arc::new(move |level, message| {
            let name = match level {
                LogLevel::Debug => "debug",
                LogLevel::Info => "info",
                LogLevel::Warn => "warn",
            };
            let event = || json!({ "event": "log", "level": name, "message": message });
            bar.suspend(|| out.try_write(json, event, || format!("plugin {name}: {message}")));
        })
    }

    /// What a run has come to.
    pub(super) fn report(&self, path: &Path, report: &Report, started: Instant, what: &str) -> Result<()> {
        let seconds = started.elapsed().as_secs_f64();
        let event = || {
            json!({
                "event": what, "file": path.to_string_lossy(), "edits": report.stats.edits,
                "old_bytes": report.stats.old_bytes, "new_bytes": report.stats.new_bytes,
                "pre_size": report.stats.pre_size, "post_size": report.stats.post_size(),
                "pre_root": report.pre_root.to_hex().as_str(), "post_root": report.post_root.to_hex().as_str(),
                "plan": report.plan, "verified": report.level.to_string(), "seconds": seconds,
                "appended_bytes": report.appended_bytes, "old_in_use": report.old_in_use,
            })
        };
        self.tell(event, || {
            let mut lines = super::show::summary(path, report, what, seconds);
            let kept = if what == "applied" {
                appended(report.appended_bytes, report.stats.post_size())
            } else {
                not_scanned(report)
            };
            let in_use = report.old_in_use.then(|| {
                "another process still has the old file open: what it appends there from now on is lost"
                    .to_owned()
            });
            for note in kept.into_iter().chain(in_use) {
                lines.push_str(&format!("\n{}: {note}", escape(&path.to_string_lossy(), SHOWN_CHARS)));
            }
            lines
        })
    }

    /// Where the time went.
    pub(super) fn profile(&self, all: Duration, spent: &[Spent]) {
        let ms = all.as_secs_f64() * 1e3;
        // The run is over, and what it has come to is told.
        let _ = self
            .tell(|| json!({ "event": "profile", "ms": ms, "stages": spent }), || profile_table(ms, spent));
    }
}

/// What is to be said of bytes that others have appended behind `size`.
pub(super) fn appended(bytes: u64, size: u64) -> Option<String> {
    (bytes > 0).then(|| {
        format!("{bytes} bytes that were appended after byte {size} are kept; the root is that of the first {size}")
    })
}

/// The same, where nothing was written.
pub(super) fn not_scanned(report: &Report) -> Option<String> {
    let (bytes, size) = (report.appended_bytes, report.stats.pre_size);
    (bytes > 0).then(|| format!("{bytes} bytes that were appended after byte {size} were not scanned"))
}

/// The stages of each place, with their shares of what all took.
fn profile_table(all_ms: f64, spent: &[Spent]) -> String {
    let places = [
        (Place::Driver, "the run, from start to end"),
        (Place::Worker, "in the scan, the workers, all together"),
        (Place::Collector, "in the scan, the collector"),
    ];
    let mut table = format!("profile of {all_ms:.1} ms");
    for (place, title) in places {
        let mut of_place = spent.iter().filter(|spent| spent.place == place).peekable();
        if of_place.peek().is_none() {
            continue;
        }
        table.push_str(&format!("\n  {title}\n        ms      %    spans  stage"));
        for Spent { stage, ms, spans, .. } in of_place {
            let (share, name, about) = (100.0 * ms / all_ms, stage.name(), stage.about());
            table.push_str(&format!("\n{ms:>10.1} {share:>6.1} {spans:>8}  {name:<13} {about}"));
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
    escape(&path.file_name().unwrap_or_default().to_string_lossy(), 40)
}

/// Whether an error means that the reader of our output is gone.
pub(super) fn is_broken_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.kind() == Kind::Usage && source.is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

/// Standard output without the buffer of the standard library, whose last
/// write can fail unseen.
pub(super) fn stdout() -> Result<File> {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    Ok(stdout.map_err(Error::at("write to", Path::new("standard output")))?.into())
}
