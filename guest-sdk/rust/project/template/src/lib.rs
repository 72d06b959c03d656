//! Shifts time stamps of the form `ts=2026-11-26T10:00:00Z` by a number of
//! seconds. Replace this with what your plugin does; `runner/README.md` lists what
//! there is to call.

mod time;

use runner_plugin::{
    Error, Failure, FileHead, Framing, Job, Manifest, Params, Record, RecordEdits, RecordPlugin, Records,
};

/// What stands before a stamp.
const KEY: &str = "ts=";

/// The parameters. Each comment is the help of one.
#[derive(Params)]
pub struct Options {
    /// How many seconds to add
    seconds: i64,
}

/// The plugin, for one file.
pub struct {{Name}} {
    options: Options,
}

impl RecordPlugin for {{Name}} {
    type Options = Options;

    fn describe() -> Manifest {
        Manifest::new("{{name}}", "0.1.0", "Shifts time stamps by a number of seconds")
    }

    /// Called once for each file: says what the plugin wants to see.
    fn begin(options: Options, _: &FileHead<'_>) -> Result<(Self, Job), Error> {
        // Only lines that hold the key are shown.
        let job = Job::new(Framing::lines()).literals([KEY]).counts(["stamps"]);
        Ok((Self { options }, job.text().length_preserving().deterministic()))
    }

    /// Called for each line. Positions are those of the line.
    fn record(&mut self, line: &Record<'_>, edits: &mut RecordEdits<'_>) -> Result<(), Error> {
        let keys = line.bytes.windows(KEY.len()).enumerate().filter(|(_, part)| *part == KEY.as_bytes());
        for at in keys.map(|(at, _)| at + KEY.len()) {
            let Some(stamp) = line.bytes[at..].first_chunk() else { break };
            let Some(time) = time::parse(stamp) else { continue };
            let shifted = time.checked_add(self.options.seconds).and_then(time::show);
            let shifted = shifted.ok_or_else(|| {
                Failure::from("the shifted year is outside of 0000..9999").at(at)
            })?;
            edits.replace(at..at + shifted.len(), &shifted);
            edits.count(0, 1);
        }
        Ok(())
    }
}

runner_plugin::export!(Records<{{Name}}>);

#[cfg(test)]
mod tests {
    use runner_plugin::testing::{assert_split_invariant, run_cases};

    use super::*;

    #[test]
    fn cases_pass() {
        run_cases::<Records<{{Name}}>>("cases");
    }

    #[test]
    fn no_edit_depends_on_where_a_window_begins() {
        let input = b"ts=2026-11-26T10:00:00Z\n\nts=ts=\nx ts=2026-02-29T00:00:00Z ts=2024-02-28T23:59:59Z";
        assert_split_invariant::<Records<{{Name}}>>(&[("seconds", "1")], input);
    }
}
