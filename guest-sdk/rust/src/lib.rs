//! Plugins for `runner`, in Rust: native types that mirror the contract in
//! `wit/plugin.wit`, a macro that turns a [`Plugin`] into a component, and a
//! harness that tests it without WebAssembly.
//!
//! ```
//! use runner_plugin::{Edits, File, Framing, Job, Manifest, Params, Plugin, Window};
//!
//! struct Upper;
//!
//! impl Plugin for Upper {
//!     fn describe() -> Manifest {
//!         Manifest::new("upper", "0.1.0", "Writes x as X")
//!     }
//!
//!     fn begin(_: &Params, _: &File<'_>) -> Result<(Self, Job), String> {
//!         Ok((Self, Job::new(Framing::Bytes).literals(["x"]).length_preserving(true)))
//!     }
//!
//!     fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String> {
//!         for (at, _) in window.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'x') {
//!             edits.replace(at..at + 1, b"X");
//!         }
//!         Ok(())
//!     }
//! }
//!
//! runner_plugin::export!(Upper);
//! # fn main() {}
//! ```
//!
//! A plugin is a pure function: the same parameters, file head and window
//! must give the same edits, in any instance and in any order of calls.

mod edits;
mod job;
mod log;
mod manifest;
mod params;
mod records;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wasm;
mod window;

pub use edits::{Change, Edits, Reply, Span};
pub use job::{ByteOrder, Framing, Job, Prefilter};
pub use log::{Level, log};
pub use manifest::{Manifest, ParamKind, ParamSpec};
pub use params::Params;
pub use records::{Delimited, Fixed, LengthPrefixed, Lines, Quoted};
pub use window::{File, Window};

/// What a plugin author writes. [`export!`] makes a component of it.
pub trait Plugin: Sized {
    /// Says what the plugin is. Must always give the same answer.
    fn describe() -> Manifest;

    /// Takes the parameters and looks at the file's head. Called once in
    /// each instance, with the same input, and must give the same answer.
    ///
    /// # Errors
    /// Shown to the user as it is; the file stays untouched.
    fn begin(params: &Params, file: &File<'_>) -> Result<(Self, Job), String>;

    /// Answers for one window: adds to `edits` what is to be changed.
    ///
    /// # Errors
    /// Ends the run with the file untouched.
    fn transform(&mut self, window: &Window<'_>, edits: &mut Edits) -> Result<(), String>;
}

/// Exports a [`Plugin`] as a component of the world `runner:plugin/plugin`.
/// For other targets than WebAssembly it only checks the type.
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
                ) -> ::std::result::Result<$crate::wasm::types::Job, ::std::string::String> {
                    STATE.with(|state| state.begin(params, &file))
                }

                fn transform(
                    window: $crate::wasm::types::Window,
                ) -> ::std::result::Result<$crate::wasm::types::Reply, ::std::string::String> {
                    STATE.with(|state| state.transform(&window))
                }
            }

    $crate::wasm::export_world!(Component with_types_in $crate::wasm::bindings);
        };
    };
}

/// Exports a [`Plugin`] as a component of the world `runner:plugin/plugin`.
/// For other targets than WebAssembly it only checks the type.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: fn() -> $crate::Manifest = <$plugin as $crate::Plugin>::describe;
    };
}
