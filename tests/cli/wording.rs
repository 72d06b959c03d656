//! What the commands print, word for word, as snapshots: so that a change of
//! wording is seen and reviewed. One file each, in `tests/cli/snapshots/`.
//!
//! After a change that is meant, write them anew and look at what has changed:
//!
//! ```text
//! INSTA_UPDATE=always cargo test -p runner-tests --test cli wording
//! git diff tests/cli/snapshots
//! ```

mod errors;
mod help;
mod reports;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use runner_sandbox::plugin::bundled;
use runner_tests::Scratch;

/// What varies from run to run, or with the filesystem, and what stands in the
/// snapshot instead.
const VARIES: [(&str, &str); 10] = [
    (r"\(\d+\.\d+ s\)", "(N s)"),
    (r#""seconds":[0-9.e-]+"#, r#""seconds":N"#),
    (r#""(inode|born_ns|changed_ns|modified_ns|write_bytes|space_bytes)":(\d+|null)"#, r#""$1":N"#),
    // The length of a patch depends on numbers in its header.
    (r"^saved (\S+) \([\d,]+ bytes\)", "saved $1 (N bytes)"),
    (r#""bytes":\d+,"event":"saved""#, r#""bytes":N,"event":"saved""#),
    (r"it ends at byte \d+", "it ends at byte N"),
    (r"writes about [\d,]+ bytes", "writes about N bytes"),
    (r"needs [\d,]+ bytes of space", "needs N bytes of space"),
    // The deepest that the filesystem can do.
    (r"verified (direct|evicted)", "verified DEEPEST"),
    // The tag that the user's key gives.
    (r"-[0-9a-f]{16}\b", "-TAG"),
];

/// Commands that are run one after the other in a directory, and all that they
/// print.
struct Session {
    scratch: Scratch,
    printed: String,
}

impl Session {
    fn new() -> Self {
        Self { scratch: Scratch::new(), printed: String::new() }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.scratch.write(name, content)
    }

    /// Runs a command, with nothing on its standard input.
    fn run(&mut self, args: &[&str]) -> &mut Self {
        self.pipe(args, b"")
    }

    /// Runs a command, and feeds its standard input.
    fn pipe(&mut self, args: &[&str], input: &[u8]) -> &mut Self {
        let mut command = runner_tests::command();
        command.current_dir(self.scratch.dir()).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A run that fails may leave it unread.
        let _ = child.stdin.take().unwrap().write_all(input);
        self.push(args, &child.wait_with_output().unwrap());
        self
    }

    fn push(&mut self, args: &[&str], output: &Output) {
        if !self.printed.is_empty() {
            self.printed.push('\n');
        }
        self.printed.push_str("$ runner");
        for arg in args {
            let plain = arg.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=./".contains(&byte));
            let quote = if plain && !arg.is_empty() { "" } else { "'" };
            self.printed.push_str(&format!(" {quote}{arg}{quote}"));
        }
        self.printed.push('\n');
        for (name, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
            let text = String::from_utf8(bytes.clone()).unwrap();
            // A busy machine may shed workers in any run.
            // In one of many runs, the plugin is compiled.
            let varies = |line: &&str| {
                line.ends_with(" workers continue")
                    || line.starts_with("compiled ")
                    || line.contains("\"event\":\"compiled\"")
            };
            let lines: Vec<_> = text.lines().filter(|line| !varies(line)).collect();
            if !lines.is_empty() {
                self.printed.push_str(&format!("--- {name}\n{}\n", lines.join("\n")));
            }
        }
        self.printed.push_str(&format!("--- exit code {}\n", output.status.code().unwrap()));
    }

    /// Compares all that was printed with the snapshot of this name.
    fn is(&mut self, name: &str) {
        let mut text = std::mem::take(&mut self.printed);
        text = text.replace(self.scratch.dir().to_str().unwrap(), "/directory");
        for bundled in bundled::ALL {
            text = text.replace(blake3::hash(bundled.bytes).to_hex().as_str(), "DIGEST");
        }
        is(name, &text);
    }
}

/// Compares a text with a snapshot.
fn is(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, instead) in VARIES {
        settings.add_filter(&format!("(?m){pattern}"), instead);
    }
    let text = text.replace("runner-under-test", "runner");
    settings.bind(|| insta::assert_snapshot!(name, text));
}
