//! What is said about compiling a plugin, which the first run waits for.

use std::io::{self, IsTerminal};
use std::time::Duration;

use runner_pipeline::error::Result;
use runner_pipeline::escape::{Page, shown};
use serde_json::{Value, json};

use super::{EventFormat, Reporter, Volume};

/// How long a plugin is loaded without a word. Only one that is compiled takes
/// longer.
pub(crate) const COMPILE_SILENCE: Duration = Duration::from_secs(1);

impl Reporter {
    /// What says on a terminal that a plugin is being compiled, if anything does.
    pub(crate) fn compiling(&self, plugin: &str) -> Option<impl FnOnce() + Send + use<>> {
        if self.volume == Volume::Quiet || !io::stderr().is_terminal() {
            return None;
        }
        let (output, plugin) = (self.output.clone(), shown(plugin).to_string());
        Some(move || {
            let page = || Page::of(format_args!("compiling {plugin}, which takes a while the first time"));
            // No bar is shown yet.
            output.try_write(EventFormat::Text, || Value::Null, page);
        })
    }

    /// Reports how long it took to compile a plugin. People are told if they had
    /// to wait for it.
    ///
    /// # Errors
    /// If it cannot be printed.
    pub(crate) fn compiled(&self, plugin: &str, time: Duration) -> Result<()> {
        if !self.is_json() && time < COMPILE_SILENCE {
            return Ok(());
        }
        let seconds = time.as_secs_f64();
        self.tell(
            || json!({ "event": "compiled", "plugin": plugin, "seconds": seconds }),
            || Page::of(format_args!("compiled {} ({seconds:.2} s)", shown(plugin))),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed when compiling took so long.
    fn said(format: EventFormat, volume: Volume, seconds: f64) -> String {
        let reporter = Reporter::new(format, volume).buffered();
        reporter.compiled("./x.wasm", Duration::from_secs_f64(seconds)).expect("a buffer takes it");
        reporter.taken()
    }

    #[test]
    fn people_are_told_of_a_wait_and_programs_always() {
        assert_eq!(said(EventFormat::Text, Volume::Usual, 12.345), "compiled ./x.wasm (12.35 s)\n");
        assert_eq!(said(EventFormat::Text, Volume::Usual, 0.9), "");
        assert_eq!(said(EventFormat::Text, Volume::Quiet, 12.3), "");
        let event = "{\"event\":\"compiled\",\"plugin\":\"./x.wasm\",\"seconds\":0.5}\n";
        assert_eq!(said(EventFormat::Json, Volume::Usual, 0.5), event);
    }
}
