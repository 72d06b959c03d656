//! What a run has come to, and what must be true of it.

use std::process::Output;

/// What a run said, but for the lines that say how long compiling took: on a
/// busy machine, any run that compiles may print one.
pub fn without_compiling(said: &str) -> String {
    let is_compiled = |line: &&str| line.starts_with("compiled ") && line.ends_with(" s)\n");
    said.split_inclusive('\n').filter(|line| !is_compiled(line)).collect()
}

/// What a run has come to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// What was printed, but for what is said of a plugin that was compiled: all
    /// tests share the compiled code, so that happens in one of many runs.
    pub fn of(mut output: Output) -> Self {
        while output.stdout.starts_with(b"{\"event\":\"compiled\",") {
            let line = output.stdout.iter().position(|byte| *byte == b'\n').unwrap();
            output.stdout.drain(..=line);
        }
        let stderr = without_compiling(&String::from_utf8(output.stderr).unwrap());
        let code = output.status.code().unwrap_or_else(|| panic!("{}: {stderr}", output.status));
        Self { code, stdout: output.stdout, stderr }
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Asserts the exit code and the form of the message: one `error:` that
    /// says `what`, then causes and hints, and nothing that a terminal would
    /// obey.
    #[track_caller]
    pub fn fails(self, code: i32, what: &str) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        // A busy machine may shed workers in any run.
        let aside = |line: &str| line.starts_with("plugin ") || line.ends_with(" workers continue");
        let mut lines = self.stderr.lines().filter(|line| !aside(line));
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("error: "), "{}", self.stderr);
        let known = ["  caused by: ", "  hint: ", "    | "];
        for line in lines {
            assert!(known.iter().any(|known| line.starts_with(known)), "{}", self.stderr);
        }
        assert!(self.stderr.contains(what), "it should say `{what}`:\n{}", self.stderr);
        assert!(!self.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", self.stderr);
        self
    }

    /// `clap` says what is wrong in words of its own.
    #[track_caller]
    pub fn fails_to_parse(self) {
        assert_eq!(self.code, 2, "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
    }

    /// As `fails`, for messages of several lines: none passes for one of the
    /// program's own.
    #[track_caller]
    pub fn fails_with_lines(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        let known = ["error: ", "  caused by: ", "  hint: ", "    | ", "the same error for "];
        assert!(
            self.stderr.lines().all(|line| known.iter().any(|known| line.starts_with(known))),
            "{}",
            self.stderr
        );
        assert_eq!(self.stderr.matches("\nerror: ").count(), 0, "{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, what: &str) -> Self {
        assert!(self.stderr.contains(what), "it should say `{what}`:\n{}", self.stderr);
        self
    }

    /// Asserts what is on standard output.
    #[track_caller]
    pub fn prints(self, what: &str) -> Self {
        assert!(self.text().contains(what), "it should print `{what}`:\n{}", self.text());
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }
}
