//! Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
//! seconds. Replace this with what your plugin does; `runner/README.md` lists what
//! there is to call.

mod time;

use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};

/// What stands before a stamp.
const KEY: &[u8] = b"ts=";

/// The plugin, for one file.
pub struct {{Name}} {
    seconds: i64,
}

impl Plugin for {{Name}} {
    fn describe() -> Manifest {
        Manifest::new("{{name}}", "0.1.0", "Shifts time stamps by a number of seconds")
            .param(ParamSpec::integer("seconds", "How many seconds to add").required())
    }

    /// Called once for each file: reads the parameters, and says what the plugin
    /// wants to see.
    fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
        let seconds = params.integer("seconds")?.unwrap_or_default();
        // Only lines that hold the key are shown.
        let job = Job::new(Framing::lines()).literals([KEY]).counts(["stamps"]);
        Ok((Self { seconds }, job.text().length_preserving().deterministic()))
    }

    /// Called for each window of the file. Edits are in positions of the window.
    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
        for (start, line) in window.lines() {
            let mut at = 0;
            while let Some(found) = line[at..].windows(KEY.len()).position(|part| part == KEY) {
                at += found + KEY.len();
                let Some(stamp) = line[at..].first_chunk().and_then(|stamp| time::parse(stamp)) else { continue };
                let shifted = stamp.checked_add(self.seconds).and_then(time::show).ok_or_else(|| {
                    Failure::from("the shifted year is outside of 0000..9999").at(start + at)
                })?;
                edits.replace(start + at..start + at + shifted.len(), &shifted);
                edits.count(0, 1);
                at += shifted.len();
            }
        }
        Ok(())
    }
}

runner_plugin::export!({{Name}});

#[cfg(test)]
mod tests {
    use runner_plugin::testing::{assert_split_invariant, run_cases};

    use super::*;

    #[test]
    fn cases_pass() {
        run_cases::<{{Name}}>("cases");
    }

    #[test]
    fn no_edit_depends_on_where_a_window_begins() {
        let input = b"ts=2026-11-26T10:00:00Z\n\nts=ts=\nx ts=2026-02-29T00:00:00Z ts=2024-02-28T23:59:59Z";
        assert_split_invariant::<{{Name}}>(&[("seconds", "1")], input);
    }
}
