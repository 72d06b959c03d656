//! The progress of a run: a bar on a terminal, or events with `--json`.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runner_pipeline::error::{Error, Kind};
use runner_pipeline::escape::{Page, count, group_digits, shown, with_name};
use runner_pipeline::run::Event;
use runner_pipeline::scan::Workers;
use runner_pipeline::{locks, user_state};
use runner_sandbox::{Layer, LayerState};
use serde_json::json;

use super::streams::Output;
use super::{Reporter, Volume};

/// Maximum number of characters of a name beside the progress bar.
const BAR_CHARS: usize = 40;
/// Time between two progress events.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);

/// A progress bar, hidden until [`Reporter::progress`] draws it.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    let style = "{msg} {wide_bar} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

impl Reporter {
    /// Shows the progress of one file: a bar on a terminal, or one event per
    /// second with `--json`.
    pub(crate) fn progress(&self, path: &Path, event: Event) {
        match event {
            Event::Scanned { bytes, of } => self.scanned(path, bytes, of),
            // The run continues even if this cannot be reported.
            Event::Resumed { bytes, of } => drop(self.tell(
                || with_name(json!({ "event": "resumed", "bytes": bytes, "of": of }), "file", path),
                || {
                    let (bytes, of) = (group_digits(bytes), group_digits(of));
                    Page::of(format_args!("{}: resuming at byte {bytes} of {of}", shown(path)))
                },
            )),
            Event::StartedOver(why) => drop(self.tell(
                || with_name(json!({ "event": "started-over", "why": why }), "file", path),
                || Page::of(format_args!("{}: starting over: {}", shown(path), shown(&why))),
            )),
            Event::Workers(Workers { running, of }) if self.volume != Volume::Quiet => {
                let event = json!({ "event": "workers", "running": running, "of": of });
                let page = || Page::of(format_args!("{}: {}", name(path), memory_line(running, of)));
                self.bar
                    .suspend(|| self.output.try_write(self.format, || with_name(event, "file", path), page));
            }
            Event::Merged { members, skipped_bytes } => drop(self.tell(
                || {
                    let event =
                        json!({ "event": "merged", "members": members, "skipped_bytes": skipped_bytes });
                    with_name(event, "file", path)
                },
                || {
                    let parts = count(members, "compressed part");
                    let skipped = match skipped_bytes {
                        0 => String::new(),
                        bytes => format!(", and without {} that hold no content", count(bytes, "byte")),
                    };
                    Page::of(format_args!("{}: {parts} are written again as one{skipped}", shown(path)))
                },
            )),
            Event::NoKey => self.no_key(path),
            Event::Applying(_) => self.bar.set_message(format!("{}: writing", name(path))),
            // The library may get more events. None of them must be shown.
            _ => {}
        }
    }

    fn scanned(&self, path: &Path, bytes: u64, of: u64) {
        let mut last_progress = locks::lock(&self.last_progress);
        if self.is_json() {
            if last_progress.get_or_insert_with(Instant::now).elapsed() >= EVENT_INTERVAL {
                *last_progress = Some(Instant::now());
                let event = json!({ "event": "progress", "bytes": bytes, "of": of });
                self.output.try_write(self.format, || with_name(event, "file", path), Page::default);
            }
            return;
        }
        let shows_bar = matches!(self.output, Output::Streams) && self.volume != Volume::Quiet;
        if shows_bar && last_progress.is_none() && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.reset();
            self.bar.set_message(name(path));
        }
        *last_progress = Some(Instant::now());
        self.bar.set_length(of);
        self.bar.set_position(bytes);
    }

    /// Warns once, for all files, that journals cannot be authenticated: a
    /// later `recover` will not trust them.
    fn no_key(&self, path: &Path) {
        static WARNED: AtomicBool = AtomicBool::new(false);
        if WARNED.swap(true, Ordering::Relaxed) {
            return;
        }
        let error = user_state::key().err();
        let why = error.as_ref().map_or(String::new(), chain);
        let hints = error.as_ref().map_or(&[][..], Error::hints);
        // The run continues even if this cannot be reported.
        drop(if self.is_json() {
            let event = json!({ "event": "no-key", "why": shown(&why).to_string(), "hints": hints });
            self.event(&with_name(event, "file", path))
        } else {
            let mut page = Page::of(format_args!(
                "warning: cannot store a key for journals ({}): if this run is killed, only `runner recover --trust-journal` can recover the file",
                shown(&why)
            ));
            for hint in hints {
                page.line(format_args!("  hint: {}", shown(hint)));
            }
            self.note(&page)
        });
    }

    /// Warns once that the kernel lacks some of what should confine plugins.
    pub(crate) fn not_confined(&self, missing: &[(Layer, LayerState)]) {
        static WARNED: AtomicBool = AtomicBool::new(false);
        if WARNED.swap(true, Ordering::Relaxed) {
            return;
        }
        let missing: Vec<_> = missing.iter().map(|(layer, _)| layer.to_string()).collect();
        // The run continues even if this cannot be reported.
        drop(if self.is_json() {
            self.event(&json!({ "event": "not-confined", "missing": missing }))
        } else {
            let mut page = Page::of(format_args!(
                "warning: this kernel lacks a part of what confines plugins: {}",
                shown(&missing.join(", "))
            ));
            page.line("  hint: with `--require-confinement`, plugins are refused here");
            self.note(&page)
        });
    }

    /// Says once why compiled code is not kept, if the user can mend that: each run
    /// then compiles the plugin anew.
    pub(crate) fn no_cache(&self, why: &Error) {
        static SAID: AtomicBool = AtomicBool::new(false);
        let can_be_mended = why.kind() == Kind::Refused || !why.hints().is_empty();
        if !can_be_mended || self.volume == Volume::Quiet || SAID.swap(true, Ordering::Relaxed) {
            return;
        }
        self.warn(why, "no-code-cache", "compiled plugins are not kept, so each run compiles them");
    }

    /// Warns, once, that changes are not recorded in the history.
    pub(crate) fn no_history(&self, why: &Error) {
        static SAID: AtomicBool = AtomicBool::new(false);
        if !SAID.swap(true, Ordering::Relaxed) {
            self.warn(why, "no-history", "changes are made, but not recorded in the history");
        }
    }

    /// Warns, once, that a list of revoked plugins is old.
    pub(crate) fn stale_list(&self, why: &str) {
        static SAID: AtomicBool = AtomicBool::new(false);
        if !SAID.swap(true, Ordering::Relaxed) {
            let why = Error::new(Kind::Refused, why).hint("`runner trust revoke FILE` takes it");
            self.warn(&why, "stale-list", "a plugin may have been revoked meanwhile");
        }
    }

    /// Warns of something without which the run continues.
    fn warn(&self, why: &Error, event: &str, what: &str) {
        let causes: Vec<_> = why.causes().map(ToString::to_string).collect();
        // The run continues even if this cannot be reported.
        drop(if self.is_json() {
            self.event(&json!({
                "event": event, "error": why.what(), "causes": causes, "hints": why.hints(),
            }))
        } else {
            let mut page = Page::of(format_args!("warning: {what}: {}", shown(why.what())));
            for cause in &causes {
                page.line(format_args!("  caused by: {}", shown(cause)));
            }
            for hint in why.hints() {
                page.line(format_args!("  hint: {}", shown(hint)));
            }
            self.note(&page)
        });
    }

    /// Removes the progress bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
        *locks::lock(&self.last_progress) = None;
    }
}

/// An error and its causes, in one line.
fn chain(error: &Error) -> String {
    let causes: String = error.causes().map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes}")
}

/// Reports that the number of workers follows the available memory.
fn memory_line(running: usize, of: usize) -> String {
    if running == of {
        format!("memory is available again for all {of} workers")
    } else {
        format!("memory is short: {running} of {of} workers continue")
    }
}

fn name(path: &Path) -> String {
    shown(path.file_name().unwrap_or_default()).cut(BAR_CHARS).to_string()
}
