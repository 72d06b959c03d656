//! The error type. An error says what failed (with path and offset), why (its
//! source chain) and, if possible, what to do next.
//!
//! The kind tells a program what it can do: recover the file, try again, or give
//! up. It also decides the exit code; see [`Kind::exit_code`].

mod attribution;

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::escape::{group_digits, shown};

/// The hint for a file that would become too large.
const SIZE_LIMIT: &str = "the filesystem or the file size limit (`ulimit -f`) allows no larger file";

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Classes of failure that a program or a script may need to distinguish. More
/// may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Wrong usage: an option, a name, or a parameter.
    Usage,
    /// Input or output failed, or a record of the input is malformed or too
    /// large. The same run fails again until the cause is removed.
    Io,
    /// The plugin cannot be loaded, failed, or broke its contract.
    Plugin,
    /// Policy or trust forbids the operation.
    Refused,
    /// Content is not as expected: a wrong hash, or a corrupt patch.
    Verification,
    /// A run on the file did not finish. It left its journal, or other files,
    /// next to the file, which may be partly changed. Until the file is
    /// recovered (`run::recover_file`), all runs on it are refused. A recovery
    /// that cannot be completed is also of this kind.
    RecoveryNeeded,
    /// A signal arrived, or the run's time limit was reached.
    Interrupted,
    /// The run needs more memory or more threads than it can have.
    OutOfMemory,
    /// Another process changed the file during the run, or is working on it.
    ChangedByOthers,
    /// A bug in the program itself.
    Internal,
}

impl Kind {
    /// The exit code of the process. 0 means success and 1 means `--check` with
    /// changes, so errors start at 2. After code 7, the same command may
    /// succeed later.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::Io | Self::Internal => 2,
            Self::Plugin => 3,
            Self::Refused => 4,
            Self::Verification => 5,
            Self::RecoveryNeeded => 6,
            Self::Interrupted | Self::OutOfMemory | Self::ChangedByOthers => 7,
        }
    }
}

/// What went wrong. `Display` shows what failed, and what the plugin said about
/// it. `source()` leads to the causes, and [`Error::hints`] says what to do
/// next.
///
/// Whoever makes an error escapes the names in its text, with
/// [`shown`](crate::escape::shown()). The causes that native code gives are not
/// escaped.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    what: String,
    /// The plugin's own message, which may have several lines.
    words: Option<String>,
    hints: Vec<String>,
    /// The file that was worked on.
    file: Option<PathBuf>,
    /// The byte that is the reason.
    place: Option<Place>,
    fault: Option<Fault>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The byte that is the reason of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its position in the window that a plugin was shown.
    Window(u32),
    /// Its offset in the file.
    File(u64),
}

/// What a plugin did wrong, where it did not answer with an error of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Fault {
    /// It crashed, ended itself, or answered with what is no value.
    Trap,
    /// Its answer breaks the contract.
    Contract,
    /// Its answer breaks a claim that it has made.
    Claim,
    /// It imports what plugins cannot have.
    Import,
    /// It did not answer in time.
    Time,
    /// It needed more memory than it may have.
    Memory,
}

impl Error {
    /// A failure of this kind. `what` is a lower-case phrase without a full
    /// stop, in which names are escaped.
    #[must_use]
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let (what, words, hints) = (what.into(), None, Vec::new());
        Self(Box::new(Inner { kind, what, words, hints, file: None, place: None, fault: None, source: None }))
    }

    /// A failed operation on a path: "cannot `verb` `path`", caused by
    /// `source`.
    #[must_use]
    pub fn io(verb: &str, path: &Path, source: std::io::Error) -> Self {
        let is_limit = source.kind() == std::io::ErrorKind::FileTooLarge;
        let kind = match source.kind() {
            std::io::ErrorKind::OutOfMemory => Kind::OutOfMemory,
            _ => Kind::Io,
        };
        let may_not_create = verb == "create" && source.kind() == std::io::ErrorKind::PermissionDenied;
        let error = Self::new(kind, format!("cannot {verb} {}", shown(path))).because(source);
        if is_limit {
            error.hint(SIZE_LIMIT)
        } else if may_not_create {
            error.hint("this user must be allowed to write to the directory")
        } else {
            error
        }
    }

    /// [`Error::io`] for `map_err`, which keeps call sites on one line.
    pub fn at(verb: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::io(verb, path, source)
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the user can do about the failure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds that the file is untouched, if the run was stopped or its plugin
    /// failed: both are possible only before anything is written.
    #[must_use]
    pub(crate) fn untouched(self) -> Self {
        const HINT: &str = "the file is untouched";
        let is_early = matches!(self.kind(), Kind::Plugin | Kind::Interrupted);
        if is_early && !self.hints().iter().any(|hint| hint == HINT) { self.hint(HINT) } else { self }
    }

    /// Replaces all hints.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.0.hints = hints.into_iter().collect();
        self
    }

    /// Adds the plugin's own message. It is kept apart from the host's text,
    /// because it may have several lines and contain secrets.
    #[must_use]
    pub fn said(mut self, words: impl Into<String>) -> Self {
        self.0.words = Some(words.into());
        self
    }

    /// Records the byte that is the reason.
    #[must_use]
    pub fn at_place(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Adds where in the file the reason is, if that is recorded. `line` returns
    /// the number of the line that contains an offset.
    #[must_use]
    pub(crate) fn located(self, line: impl FnOnce(u64) -> Option<u64>) -> Self {
        self.located_as(|offset| {
            let line = line(offset).map_or_else(String::new, |line| format!("line {}, ", group_digits(line)));
            format!("{line}offset {}", group_digits(offset))
        })
    }

    /// The same in the words that `describe` returns for an offset.
    #[must_use]
    pub(crate) fn located_as(mut self, describe: impl FnOnce(u64) -> String) -> Self {
        if let Some(Place::File(offset)) = self.0.place.take() {
            self.0.what.push_str(&format!(" at {}", describe(offset)));
        }
        self
    }

    /// Records the file that was worked on, as the user named it, unless a file
    /// is recorded already. The text need not name it.
    #[must_use]
    pub fn on_file(mut self, file: &Path) -> Self {
        self.0.file.get_or_insert_with(|| file.to_owned());
        self
    }

    /// Records what a plugin did wrong.
    #[must_use]
    pub fn of_fault(mut self, fault: Fault) -> Self {
        self.0.fault = Some(fault);
        self
    }

    /// The same failure with a different kind.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Wraps this failure as the cause of a larger one, with the same kind, hints
    /// and fault.
    #[must_use]
    pub fn within(mut self, what: impl Into<String>) -> Self {
        let (hints, file, fault) = (std::mem::take(&mut self.0.hints), self.0.file.take(), self.0.fault);
        let mut outer = Self::new(self.kind(), what).because(self);
        (outer.0.hints, outer.0.file, outer.0.fault) = (hints, file, fault);
        outer
    }

    /// The class of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What failed, without the plugin's message.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The plugin's message about the failure.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.0.words.as_deref()
    }

    /// The byte that is the reason, if that is recorded.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// What a plugin did wrong, if that is the failure.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.0.fault
    }

    /// The file that was worked on, as the user named it. `None` if the failure
    /// is not about one file, or if that was not recorded.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The causes, from the nearest to the last.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        std::iter::successors(self.source(), |&cause| cause.source())
    }

    /// What the user can do next, most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        self.words().map_or(Ok(()), |words| write!(f, ": {words}"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)?;
        self.causes().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn StdError + 'static))
    }
}
