//! One error type. An error says what failed (with path and offset), why (its
//! source chain) and, where there is something to do, what to do next.
//!
//! The kind decides the exit code and nothing else; see [`Kind::exit_code`].

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use crate::escape::shown;

/// What to do where a file must not become so large.
const SIZE_LIMIT: &str = "the filesystem, or the limit of file sizes (`ulimit -f`), allows no larger file";

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The classes of failure a script may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong use: an option, a name, a parameter.
    Usage,
    /// Input or output failed, or the input is not of the form that the plugin
    /// reads. Trying again will not mend it.
    Io,
    /// The plugin cannot be loaded, failed, or broke its contract.
    Plugin,
    /// Policy or trust forbids the operation.
    Refused,
    /// Content is not what it must be: a wrong hash, a corrupt patch.
    Verification,
    /// A journal stands beside the file.
    RecoveryNeeded,
    /// A signal, or the end of the time that the run was given.
    Interrupted,
    /// The run needs more memory, or more threads, than it can have.
    OutOfMemory,
    /// Another process has changed the file meanwhile, or is at work on it.
    ChangedByOthers,
    /// A fault of the program itself.
    Internal,
}

impl Kind {
    /// The process exit code: 0 is success and 1 is `--check` with changes,
    /// so errors start at 2. After 7, the same command may work later.
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

/// What went wrong. `Display` is what failed, and what a plugin says of it;
/// walk `source()` for the causes and [`Error::hints`] for what to do next.
/// Names in it are escaped by whoever shows it, at the latest.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    what: String,
    /// A plugin's own words, which may have several lines.
    words: Option<String>,
    hints: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. `what` is a lower-case fragment without a full
    /// stop.
    #[must_use]
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, what: what.into(), words: None, hints: Vec::new(), source: None }))
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
        let error = Self::new(kind, format!("cannot {verb} {}", shown(path))).because(source);
        if is_limit { error.hint(SIZE_LIMIT) } else { error }
    }

    /// [`Error::io`] for `map_err`, so that call sites stay one line.
    pub fn at(verb: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::io(verb, path, source)
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds a plugin's own words. They are kept apart from the host's: they
    /// may have several lines, and hold what must not be shown.
    #[must_use]
    pub fn said(mut self, words: impl Into<String>) -> Self {
        self.0.words = Some(words.into());
        self
    }

    /// The same failure, of another kind.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// A larger failure that this one is the cause of, with the same kind and
    /// hints.
    #[must_use]
    pub fn within(mut self, what: impl Into<String>) -> Self {
        let hints = std::mem::take(&mut self.0.hints);
        let mut outer = Self::new(self.kind(), what).because(self);
        outer.0.hints = hints;
        outer
    }

    /// The class of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What failed, in the host's words alone.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What a plugin says of it.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.0.words.as_deref()
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
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn StdError + 'static))
    }
}
