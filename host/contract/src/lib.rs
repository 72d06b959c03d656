//! The contract between `runner` and its plugins, as Rust types.
//!
//! `runner` changes files that are too large to load. It cuts a file into
//! windows, shows them to a plugin, and writes the edits that the plugin
//! answers with. The exchange has three steps:
//!
//! 1. *Describe.* The plugin says what it is and which parameters it takes:
//!    a [`Manifest`].
//! 2. *Begin.* The plugin gets the parameters and the start of the file
//!    ([`FileHead`]), and answers with a [`Job`]: where records end
//!    ([`Framing`]), which records can matter ([`Prefilter`]), which fields of
//!    them ([`Projection`]), and what the plugin promises ([`Claims`]).
//! 3. *Transform.* For each [`Window`] the plugin answers with a [`Reply`].
//!    [`Edits`] collects one.
//!
//! The WIT package `runner:plugin` defines the contract for every language.
//! These types express the same in Rust. The host's crates use them, and
//! `runner-plugin` re-exports them to authors of plugins, so there is one set
//! of types on both sides. Each side translates them from and to the bindings
//! that are generated from the WIT file.
//!
//! # A running example
//!
//! A job asks for lines that hold an `x`, and one window is answered:
//!
//! ```
//! use runner_contract::{Change, Edits, Framing, Job, Span, Window};
//!
//! let job = Job::new(Framing::lines()).literals(["x"]).length_preserving();
//! job.validate()?;
//!
//! let bytes = b"an ox\na fox\n";
//! let window = Window::new(4096, bytes).last(true);
//!
//! let mut edits = Edits::new(&window);
//! for (start, line) in window.lines() {
//!     if let Some(at) = line.iter().position(|byte| *byte == b'x') {
//!         edits.replace(start + at..start + at + 1, b"X");
//!     }
//! }
//!
//! let reply = edits.finish()?;
//! let spans = vec![Span { start: 4, end: 5, len: 1 }, Span { start: 10, end: 11, len: 1 }];
//! assert_eq!(reply.change, Change::Edits { spans, bytes: b"XX".to_vec() });
//! # Ok::<(), String>(())
//! ```
//!
//! # Units
//!
//! Every offset, length and size is in bytes. Ranges are half-open: `start` is
//! the first byte, `end` is one past the last one. Offsets of a window count
//! from the start of the file, and positions in an edit from the start of the
//! window.
//!
//! # Purity
//!
//! A plugin is a pure function: the same parameters, file head and window must
//! give the same answer, in any instance and in any order of calls. The host
//! relies on this when it shows windows in parallel.
//!
//! # Who checks what
//!
//! The host trusts no plugin. The types below hold any values; these checks
//! stand between them and a file:
//!
//! | what            | who checks it, and when                                   |
//! |-----------------|-----------------------------------------------------------|
//! | [`Manifest`]    | the host, when it loads the plugin                        |
//! | parameters      | the host, against the manifest, before `begin`            |
//! | [`Job`]         | [`Job::validate`], which the host calls after `begin`     |
//! | [`Reply`]       | the host, against the window and the job, for each window |
//!
//! [`Edits`] checks most rules for a reply too. It does so for the author, who
//! then gets a message that names the mistake; the host does not rely on it.
//!
//! # Features
//!
//! `testing` adds the module `model`, a reference implementation of framings
//! for tests.

mod edits;
mod failure;
mod framing;
mod job;
mod job_check;
mod log_level;
mod manifest;
#[cfg(any(test, feature = "testing"))]
pub mod model;
mod prefilter;
mod projection;
mod records;
mod window;

pub use edits::{Change, Count, Edits, MAX_COUNTS, Reply, Span};
pub use failure::Failure;
pub use framing::{ByteOrder, FieldCheck, Framing, MAX_CHECKS, MAX_CONTEXT_BYTES, MAX_DELIMITER_BYTES};
pub use job::{Claims, Job, MAX_RANGES};
pub use log_level::LogLevel;
pub use manifest::{
    MAX_CHOICES, MAX_DEFAULT_BYTES, MAX_LINE_CHARS, MAX_NAME_BYTES, MAX_PARAMS, MAX_TABLES, Manifest, Param,
    ParamKind, ParamSpec, TableSpec, Value,
};
pub use prefilter::{MAX_PREFILTERS, Pattern, Prefilter};
pub use projection::Projection;
pub use records::{Delimited, Fixed, LengthPrefixed, Lines, Quoted};
pub use window::{FileHead, HEAD_BYTES, RecordMatch, ShownField, Window};
