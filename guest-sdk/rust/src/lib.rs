//! Write plugins for `runner` in Rust, and test them without WebAssembly.
//!
//! `runner` changes files that are too large to load: it shows a file to a
//! sandboxed plugin, window by window, and writes the edits that the plugin
//! answers with. A plugin is a type that implements [`Plugin`], in a `cdylib`
//! crate that passes it to [`export!`].
//!
//! # A whole plugin
//!
//! This one writes the level of log lines in capitals: `level=warn` becomes
//! `level=WARN`.
//!
//! ```
//! use runner_plugin::{Edits, Failure, FileHead, Framing, Job, Manifest, ParamSpec, Params, Plugin, Window};
//!
//! pub struct Capitals {
//!     /// The name of the field and the `=` after it.
//!     key: Vec<u8>,
//! }
//!
//! impl Plugin for Capitals {
//!     fn describe() -> Manifest {
//!         Manifest::new("capitals", "0.1.0", "Writes a field of log lines in capitals")
//!             .param(ParamSpec::text("field", "The name of the field").default("level"))
//!     }
//!
//!     fn begin(params: &Params, _: &FileHead<'_>) -> Result<(Self, Job), Failure> {
//!         let field = params.required("field")?;
//!         if field.is_empty() || field.contains('\n') {
//!             return Err("`field` must be a name".into());
//!         }
//!         let key = format!("{field}=").into_bytes();
//!         let job = Job::new(Framing::lines()).literals([key.clone()]).length_preserving().text();
//!         Ok((Self { key }, job))
//!     }
//!
//!     fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure> {
//!         for (start, line) in window.lines() {
//!             let Some(at) = line.windows(self.key.len()).position(|part| part == self.key) else { continue };
//!             let from = at + self.key.len();
//!             let letters = line[from..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
//!             let value = from..from + letters;
//!             edits.replace(start + value.start..start + value.end, &line[value].to_ascii_uppercase());
//!         }
//!         Ok(())
//!     }
//! }
//!
//! runner_plugin::export!(Capitals);
//!
//! # // The harness is there only with the feature `testing`.
//! # #[cfg(feature = "testing")]
//! # fn main() {
//! // In a test:
//! use runner_plugin::testing::{assert_split_invariant, edit};
//!
//! let output = edit::<Capitals>(&[], b"t=1 level=warn up\nno field\n").unwrap();
//! assert_eq!(output, b"t=1 level=WARN up\nno field\n");
//! assert_split_invariant::<Capitals>(&[], b"level=a\n\nlevel=\nx level=b1 level=c\nlevel=d");
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! # A plugin of records
//!
//! Most plugins look at one record at a time. They implement [`RecordPlugin`] in
//! place of [`Plugin`]: positions are those of the record, `?` takes any error, and
//! with the feature `derive` the parameters are the fields of a type.
//!
//! ```
//! # #[cfg(all(feature = "derive", feature = "testing"))]
//! # mod plugin {
//! use runner_plugin::{Choice, Error, FileHead, Framing, Job, Manifest, Params, Record, RecordEdits, RecordPlugin, Records};
//!
//! #[derive(Params)]
//! pub struct Options {
//!     /// What is replaced
//!     find: String,
//!     /// What replaces it
//!     #[param(default = "*")]
//!     with: String,
//!     /// How it is written
//!     #[param(default = "plain")]
//!     style: Style,
//!     /// Lines that begin with one of these stay as they are
//!     keep: Vec<String>,
//! }
//!
//! #[derive(Choice)]
//! enum Style {
//!     Plain,
//!     UpperCase,
//! }
//!
//! pub struct Words {
//!     options: Options,
//! }
//!
//! impl RecordPlugin for Words {
//!     type Options = Options;
//!
//!     fn describe() -> Manifest {
//!         Manifest::new("words", "0.1.0", "Replaces a word")
//!     }
//!
//!     fn begin(options: Options, _: &FileHead<'_>) -> Result<(Self, Job), Error> {
//!         if options.find.is_empty() {
//!             return Err("`find` must not be empty".into());
//!         }
//!         let job = Job::new(Framing::lines()).literals([options.find.as_str()]).text();
//!         Ok((Self { options }, job))
//!     }
//!
//!     fn record(&mut self, line: &Record<'_>, edits: &mut RecordEdits<'_>) -> Result<(), Error> {
//!         let Options { find, with, style, keep } = &self.options;
//!         if !keep.iter().any(|start| line.bytes.starts_with(start.as_bytes())) {
//!             edits.sub(find.as_str(), |_| match style {
//!                 Style::Plain => with.clone(),
//!                 Style::UpperCase => with.to_uppercase(),
//!             });
//!         }
//!         Ok(())
//!     }
//! }
//!
//! runner_plugin::export!(Records<Words>);
//!
//! # pub fn test() {
//! use runner_plugin::testing::edit;
//!
//! let params = [("find", "cat"), ("with", "dog"), ("style", "upper-case"), ("keep", "#")];
//! let output = edit::<Records<Words>>(&params, b"a cat\n# cat\ncat cat").unwrap();
//! assert_eq!(output, b"a DOG\n# cat\nDOG DOG");
//! # }
//! # }
//! # #[cfg(all(feature = "derive", feature = "testing"))]
//! # fn main() { plugin::test() }
//! # #[cfg(not(all(feature = "derive", feature = "testing")))]
//! # fn main() {}
//! ```
//!
//! A field is required, unless it is an `Option`, a `Vec` (it may be given several
//! times), a `bool` (false), or has a default. Its doc comment is the help.
//! `#[param(name = "..", default = .., secret, from_file)]` says the rest.
//!
//! # Features
//!
//! - `derive`: `#[derive(Params)]` and `#[derive(Choice)]`.
//! - `regex`: [`RecordEdits::sub`] takes a `regex::bytes::Regex`.
//! - `csv` and `json`: fields of CSV, and values of JSON.
//! - `testing`: the native test harness.
//!
//! # The three functions
//!
//! - [`Plugin::describe`] returns the plugin's name and parameters: a
//!   [`Manifest`].
//! - [`Plugin::begin`] reads the [`Params`], may look at the [`FileHead`], and
//!   answers with a [`Job`]: where records end ([`Framing`]), which records
//!   can matter ([`Prefilter`]) and which of their fields ([`Projection`]), and
//!   what the plugin promises ([`Claims`]).
//! - [`Plugin::transform`] walks a [`Window`] and adds [`Edits`].
//!
//! Either may give up with a [`Failure`]. A text converts to one; with
//! [`Failure::at`], the host says at which line and offset of the file.
//!
//! These types come from the crate `runner-contract`, whose documentation also
//! lists the rules that the host enforces.
//!
//! # Rules
//!
//! A plugin is a pure function: the same parameters, file head and window must
//! give the same edits, in any instance and in any order of calls. The host
//! shows windows in parallel and may ask twice. So keep no state between
//! windows, unless the framing is [`Framing::Sequential`], and do not let an
//! edit depend on where a window begins or ends.
//!
//! A plugin has no access to files, the network, clocks or randomness. It can
//! answer, it can [`log`], and it can read a [`Table`] that the user hands to
//! it. A panic is logged, and then ends the run with the file untouched.
//!
//! # Speed
//!
//! The prefilter decides how fast a plugin is. The host searches natively and
//! shows only records that match, many times faster than any plugin could
//! read them. If nearly every record matches, leave it out.
//!
//! # Tests
//!
//! With the feature `testing`, for `dev-dependencies`, the module `testing`
//! runs a plugin natively, against a model of the host. Its
//! `assert_split_invariant` finds the mistakes that only show in large files.
//!
//! # Build
//!
//! ```sh
//! cargo build --release --target wasm32-unknown-unknown
//! ```
//!
//! `runner` accepts the resulting core module, and encodes it as a component
//! when it loads it.

#[cfg(feature = "csv")]
pub mod csv;
#[cfg(feature = "json")]
pub mod json;
mod log;
mod params;
/// The samples of the README are tests.
#[cfg(all(doctest, feature = "csv", feature = "derive", feature = "json"))]
#[doc = include_str!("../README.md")]
mod readme {}
mod record_edits;
mod records;
mod search;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
#[doc(hidden)]
pub mod typed;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wasm;

pub use log::log;
pub use params::Params;
pub use record_edits::RecordEdits;
pub use records::{Error, Record, RecordPlugin, Records};
#[cfg(feature = "regex")]
pub use regex;
#[doc(inline)]
pub use runner_contract::{
    ByteOrder, Change, Claims, Count, Delimited, Edits, Failure, FieldCheck, FileHead, Fixed, Framing,
    HEAD_BYTES, Job, LengthPrefixed, Lines, LogLevel, MAX_CONTEXT_BYTES, MAX_COUNTS, MAX_DELIMITER_BYTES,
    MAX_PREFILTERS, Manifest, ParamKind, ParamSpec, Pattern, Prefilter, Projection, Quoted, RecordMatch,
    Reply, ShownField, Span, TableSpec, Value, Window,
};
#[cfg(feature = "derive")]
pub use runner_plugin_derive::{Choice, Params};
pub use search::{Found, Search};
pub use table::Table;
pub use typed::{FromParams, ParamValue};

/// The trait that a plugin implements. [`export!`] makes a component of it.
pub trait Plugin: Sized {
    /// Describes the plugin. It must always return the same manifest.
    fn describe() -> Manifest;

    /// Starts on a file, with the parameters and the head of the file. The host
    /// calls this once in each instance with the same input, and it must return
    /// the same job.
    ///
    /// # Errors
    /// The message is shown to the user, and the file stays untouched.
    fn begin(params: &Params, file: &FileHead<'_>) -> Result<(Self, Job), Failure>;

    /// Processes one window: adds the changes to `edits`.
    ///
    /// # Errors
    /// The message is shown to the user, and the run ends with the file
    /// untouched.
    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), Failure>;
}

/// Exports a [`Plugin`] as a component of the world `runner:plugin/plugin`.
/// For targets other than WebAssembly it only checks the type.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            ::std::thread_local! {
                static STATE: $crate::wasm::State<$plugin> = const { $crate::wasm::State::new() };
            }

            struct Component;

            impl $crate::wasm::Guest for Component {
                fn describe() -> $crate::wasm::types::Manifest {
                    $crate::wasm::describe::<$plugin>()
                }

                fn begin(
                    params: ::std::vec::Vec<$crate::wasm::types::Param>,
                    file: $crate::wasm::types::File,
                ) -> ::std::result::Result<$crate::wasm::types::Job, $crate::wasm::types::Failure> {
                    STATE.with(|state| state.begin(params, &file))
                }

                fn transform(
                    window: $crate::wasm::types::Window,
                ) -> ::std::result::Result<$crate::wasm::types::Reply, $crate::wasm::types::Failure> {
                    STATE.with(|state| state.transform(&window))
                }
            }

    $crate::wasm::export_world!(Component with_types_in $crate::wasm::bindings);
        };
    };
}

/// Exports a [`Plugin`] as a component of the world `runner:plugin/plugin`.
/// For targets other than WebAssembly it only checks the type.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: fn() -> $crate::Manifest = <$plugin as $crate::Plugin>::describe;
    };
}
